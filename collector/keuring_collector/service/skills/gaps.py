"""Which skills the work asks and the desk has, and what to learn next. Skills are compared, not people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import scope
from keuring_collector.service.models import Level, SkillNeed, StaffSkill, TipChance
from keuring_collector.service.skills import catalogue, profiles
from keuring_collector.service.skills.needs import Needs
from keuring_collector.service.tips.chances import still

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack
    from keuring_collector.service.skills.catalogue import Known

MONTHS: Final = 6  # of desk.counts.SKILL_DAYS
MUCH_EACH: Final = 60  # more work than that for each who can do it, in the period, is much
STATES: Final[Mapping[str, _StrPromise]] = {
    "missing": _("nobody can do it"),
    "single": _("one person can do it"),
    "tight": _("few people for so much work"),
    "enough": _("enough people"),
    "idle": _("nothing asked for it"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One skill: how many tickets of the period asked it, how many visits ahead, and who can do it or is learning."""

    skill: Known
    tickets: int
    visits: int
    can: tuple[Staff, ...]
    learning: tuple[Staff, ...]

    @property
    def demand(self) -> int:
        """All that asks for it."""
        return self.tickets + self.visits

    @property
    def state(self) -> str:
        """A key of STATES."""
        if not self.demand:
            return "idle"
        if len(self.can) < 2:
            return "single" if self.can else "missing"
        return "tight" if self.demand > MUCH_EACH * len(self.can) else "enough"

    @property
    def told(self) -> str:
        """The same in words."""
        return str(STATES[self.state])

    @property
    def is_short(self) -> bool:
        """Whether somebody should learn it."""
        return self.state in ("missing", "single", "tight")


def report(viewer: Staff, pack: RulePack, now: datetime, told: Mapping[str, Any]) -> list[Gap]:
    """Every skill, what is short first, and of that what most work asks; the work within what ``viewer`` may see, as
    desk.counts.skills told it.
    """
    asking, known = Needs(pack), catalogue.everything(pack)
    tickets, visits = _tickets(told, asking), _visits(viewer, told, asking, now)
    people = {person.pk: person for person in profiles.team()}
    can: dict[str, list[Staff]] = {}
    learning: dict[str, list[Staff]] = {}
    rows = {(row.staff_id, row.skill): row.level for row in StaffSkill.objects.filter(staff__in=people)}
    for pk, person in people.items():  # in the order of names
        for slug in known:
            if level := rows.get((pk, slug)):
                (can if level >= Level.ALONE else learning).setdefault(slug, []).append(person)
    found = [
        Gap(skill, tickets.get(slug, 0), visits.get(slug, 0), tuple(can.get(slug, ())), tuple(learning.get(slug, ())))
        for slug, skill in known.items()
    ]
    order = list(STATES)
    return sorted(found, key=lambda gap: (order.index(gap.state), -gap.demand, gap.skill.name.casefold()))


def _tickets(told: Mapping[str, Any], asking: Needs) -> dict[str, int]:
    """How many tickets of the last months asked for each skill."""
    found = dict(told["skills"])
    for cause, n in told["causes"].items():
        for skill in set(asking.set_for(SkillNeed.Kind.CAUSE, cause)) - asking.by_rules(cause):
            found[skill] = found.get(skill, 0) + n
    return found


def _visits(viewer: Staff, told: Mapping[str, Any], asking: Needs, now: datetime) -> dict[str, int]:
    """How many visits ahead ask for each skill: planned tickets, inspections that come up, tips to bring along."""
    chances = scope.about_machines(TipChance.objects.filter(still(timezone.localtime(now).date())), viewer)
    tips = chances.values("endpoint").distinct().count()
    found: dict[str, int] = {}
    for about, n in (("ticket", told["planned"]), ("inspection", told["inspections"]), ("tip", tips)):
        for skill in asking.of_visit(about):
            found[skill] = found.get(skill, 0) + n
    return found


def learn_next(gaps: Iterable[Gap], person: Staff, most: int = 3) -> list[Gap]:
    """What somebody could learn next: what the desk is short of and they cannot do alone yet."""
    return [gap for gap in gaps if gap.is_short and all(each.pk != person.pk for each in gap.can)][:most]
