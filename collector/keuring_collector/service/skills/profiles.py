"""Who can what: people say it of themselves, and a team lead confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.desk.models import Staff
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import Level, StaffSkill
from keuring_collector.service.skills import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.rulepack import RulePack


def leads(viewer: Staff, person: Staff) -> bool:
    """Whether ``viewer`` is a team lead of ``person``: never of themselves, nor of who sees more than they do."""
    if viewer.pk == person.pk or not viewer.may(Right.TEAM):
        return False
    own, theirs = viewer.department_ids, person.department_ids
    return own is None or (theirs is not None and theirs <= own)


def team(viewer: Staff | None = None, among: Iterable[Staff] | None = None) -> list[Staff]:
    """Who works on tickets, in the order of their names; with ``viewer`` those whom they lead. ``among``: all who are
    active, where they are read already.
    """
    everybody = Staff.objects.filter(is_active=True) if among is None else among
    found = [person for person in everybody if person.may(Right.ACT)]
    _read_departments([person for person in found if person.limited])
    if viewer is not None:
        found = [person for person in found if leads(viewer, person)]
    return sorted(found, key=lambda person: (person.shown_name.casefold(), person.pk))


def _read_departments(people: Iterable[Staff]) -> None:
    """Reads at once what these people are limited to."""
    found: dict[int, set[int]] = {person.pk: set() for person in people}
    for pk, department in _limits(list(found)) if found else ():
        found[pk].add(department)
    for person in people:
        person.department_ids = frozenset(found[person.pk])


@prepared
def _limits(people: Any) -> QuerySet[Any, tuple[int, int]]:
    return Staff.departments.through.objects.filter(staff__pk__in=people).values_list("staff", "department")


def say(person: Staff, levels: Mapping[str, int], pack: RulePack, now: datetime) -> int:
    """What somebody says of themselves: a level for each skill, 0 for none; how many changed.

    What was confirmed stays so only as long as the level is the confirmed one. Raises NotUnderstood.
    """
    known = catalogue.everything(pack)
    for slug, level in levels.items():
        if slug not in known or level not in (0, *Level.values):
            raise NotUnderstood(slug, _("Choose one of the steps, for a skill of the list."))
    before = {each.skill: each for each in StaffSkill.objects.filter(staff=person)}
    changed = []
    with transaction.atomic():
        for slug, level in levels.items():
            row = before.get(slug)
            if (row.level if row else 0) == level:
                continue
            changed.append(slug)
            if level == 0 and row is not None:
                row.delete()
            else:
                StaffSkill.objects.update_or_create(staff=person, skill=slug, defaults={"level": level, "said_at": now})
        if changed:
            audit.record_now(person, "skill.said", f"staff/{person.get_username()}", {"skills": sorted(changed)})
    return len(changed)


def confirm(lead: Staff, person: Staff, slug: str, now: datetime) -> None:
    """Confirms what somebody says of a skill. Raises NotPossible for who does not lead them, or says nothing of it."""
    if not leads(lead, person):
        raise NotPossible(_("Only a team lead confirms a skill, and never their own."))
    with transaction.atomic():
        row = StaffSkill.objects.select_for_update().filter(staff=person, skill=slug).first()
        if row is None:
            raise NotPossible(_("They say nothing of that skill any more. Look at the page again."))
        row.confirmed_level, row.confirmed_by, row.confirmed_at = row.level, lead, now
        row.save()
        audit.record_now(lead, "skill.confirmed", f"staff/{person.get_username()}", {"skill": slug})


def levels_of(person: Staff) -> dict[str, StaffSkill]:
    """What somebody says of themselves, by skill."""
    return {each.skill: each for each in StaffSkill.objects.filter(staff=person).select_related("confirmed_by")}
