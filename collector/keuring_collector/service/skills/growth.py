"""Growth plans: what somebody means to learn, how, and until when.

A plan is read and changed by whom it is of and by their team lead, and by nobody else: every way to one leads through
``plan`` and ``_allowed`` here, no search or export reads the table, and the audit keeps that a plan was looked at or
changed, never what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.service.models import GrowthStep, Level
from keuring_collector.service.models.skills import LONGEST_TEXT
from keuring_collector.service.skills import catalogue
from keuring_collector.service.skills.profiles import leads

if TYPE_CHECKING:
    from datetime import date, datetime

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack


def may_see(viewer: Staff, person: Staff) -> bool:
    """Whether somebody may see a plan: one's own, and those of whom one leads."""
    return viewer.pk == person.pk or leads(viewer, person)


def plan(viewer: Staff, person: Staff) -> list[GrowthStep]:
    """The steps, those that go on first. Raises NotPossible for whom it is not for. A lead's look is written down."""
    _allowed(viewer, person)
    if viewer.pk != person.pk:
        audit.record(viewer, "growth.viewed", f"staff/{person.get_username()}")
    steps = GrowthStep.objects.filter(staff=person).select_related("made_by")
    return sorted(
        steps, key=lambda step: (step.state != GrowthStep.State.OPEN, step.until is None, step.until, step.pk)
    )


def _allowed(viewer: Staff, person: Staff) -> None:
    if not may_see(viewer, person):
        raise NotPossible(_("A growth plan is for whom it is of and their team lead alone."))


def add(
    actor: Staff, person: Staff, *, skill: str, goal: int, how: str, until: date | None, pack: RulePack, now: datetime
) -> GrowthStep:
    """Adds a step. Raises NotPossible for whom the plan is not for, and NotUnderstood."""
    _allowed(actor, person)
    how = " ".join(how.split())
    if skill not in catalogue.everything(pack):
        raise NotUnderstood("skill", _("Choose a skill of the list."))
    if goal not in Level.values:
        raise NotUnderstood("goal", _("Choose how far they want to come."))
    if len(how) > LONGEST_TEXT or not how.isprintable():
        raise NotUnderstood("how", _("That is longer than fits (300 characters). Shorten it a little."))
    if until is not None and until < timezone.localtime(now).date():
        raise NotUnderstood("until", _("That date has passed. Choose a later one."))
    with transaction.atomic():
        step = GrowthStep.objects.create(
            staff=person, skill=skill, goal=goal, how=how, until=until, made_by=actor, made_at=now, changed_at=now
        )
        audit.record_now(actor, "growth.changed", f"staff/{person.get_username()}")
    return step


def turn(actor: Staff, person: Staff, pk: int, state: str, now: datetime) -> None:
    """Marks a step as reached, let go, or going on again. Raises NotPossible, and NotUnderstood for no such state."""
    _allowed(actor, person)
    if state not in GrowthStep.State.values:
        raise NotUnderstood("state", _("A step goes on, is reached, or is let go."))
    with transaction.atomic():
        if not GrowthStep.objects.filter(staff=person, pk=pk).update(state=state, changed_at=now):
            raise NotPossible(_("That step is not there any more. Look at the page again."))
        audit.record_now(actor, "growth.changed", f"staff/{person.get_username()}")
