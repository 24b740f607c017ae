"""Who could help with a ticket: a suggestion to whoever hands it out, never a judgement of people.

Somebody fits who may work on it, sees the machine's department, and can do alone what it asks of machines. They stand
in the order of their names, with what they can do and how much they have on hand in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.prepared import prepared
from keuring_collector.service.models import Level, StaffSkill
from keuring_collector.service.skills import catalogue, profiles, workload
from keuring_collector.service.skills.needs import Needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff, Ticket
    from keuring_collector.rulepack import RulePack
    from keuring_collector.service.skills.catalogue import Known


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who could help: what of the asked skills they can do or are learning, and a word for their load."""

    person: Staff
    can: tuple[Known, ...]
    learning: tuple[Known, ...]
    confirmed: bool  # everything that they can do here
    load: workload.Load


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``needs``: what is asked. ``fitting`` can do all that it asks of machines; ``partly`` a part of it, or are
    learning it; both by name. ``nobody``: what nobody can do alone who could get the ticket.
    """

    needs: tuple[Known, ...]
    fitting: tuple[Helper, ...]
    partly: tuple[Helper, ...]
    nobody: tuple[Known, ...]


def suggest(
    tickets: Sequence[Ticket], pack: RulePack, now: datetime, among: Iterable[Staff] | None = None
) -> Suggestion:
    """Who could help with all of these tickets; their endpoint and lines must be fetched already. ``among``: all who
    are active, where they are read already.
    """
    asking = Needs(pack)
    wanted = set().union(*(asking.of_ticket(ticket) for ticket in tickets)) if tickets else set()
    needs = tuple(catalogue.named(wanted, catalogue.everything(pack)))
    people = [person for person in profiles.team(among=among) if _sees(person, tickets)]
    loads = _loads(people, now)
    said: dict[int, dict[str, StaffSkill]] = {}
    for row in _said(wanted, [person.pk for person in people]):
        said.setdefault(row.staff_id, {})[row.skill] = row
    helpers = [
        _helper(person, needs, said.get(person.pk, {}), loads.get(person.pk, workload.Load())) for person in people
    ]
    technical = {each.slug for each in needs if each.is_technical}
    fitting = tuple(each for each in helpers if technical <= {skill.slug for skill in each.can})
    partly = tuple(each for each in helpers if each not in fitting and (each.can or each.learning))
    able = {skill.slug for each in helpers for skill in each.can}
    return Suggestion(needs, fitting, partly, tuple(each for each in needs if each.slug not in able))


@prepared
def _said(skills: Any, people: Any) -> QuerySet[StaffSkill]:
    return StaffSkill.objects.filter(skill__in=skills, staff__pk__in=people)


def _helper(person: Staff, needs: Iterable[Known], said: dict[str, StaffSkill], load: workload.Load) -> Helper:
    can = tuple(each for each in needs if each.slug in said and said[each.slug].level >= Level.ALONE)
    learning = tuple(each for each in needs if each.slug in said and said[each.slug].level == Level.LEARNING)
    confirmed = bool(can) and all(said[each.slug].is_confirmed for each in can)
    return Helper(person, can, learning, confirmed, load)


def _loads(people: Iterable[Staff], now: datetime) -> dict[int, workload.Load]:
    """How much they have on hand. Where that is much altogether, the words for it may be a minute old."""
    asked = list(people)
    return lately(
        ("loads", tuple(person.pk for person in asked)),
        lambda: workload.of(asked, now),
        lambda found: sum(load.total for load in found.values()) > MOST,
    )


def _sees(person: Staff, tickets: Iterable[Ticket]) -> bool:
    """Whether somebody's departments hold the machines of all these tickets."""
    ids = person.department_ids
    return ids is None or all(ticket.endpoint.department_id in ids for ticket in tickets)
