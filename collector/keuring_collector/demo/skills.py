"""What the simulated desk can do, and what some of it mean to learn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_collector.demo.staff import STAFF
from keuring_collector.desk import wording
from keuring_collector.desk.models import Staff
from keuring_collector.service.models import GrowthStep, StaffSkill
from keuring_collector.service.skills import profiles

if TYPE_CHECKING:
    from keuring_collector.rulepack import RulePack

LEAD: Final = "noor"
# By login, and the administrator of the demo under "": (skill, level, whether the lead confirmed it).
SAID: Final = {
    "hidde": (
        ("workplace", 3, True), ("hardware", 2, True), ("network", 1, False), ("explaining", 2, True),
        ("coaching", 2, False), ("bad-news", 1, False),
    ),
    "noor": (("workplace", 2, False), ("security", 2, False), ("listening", 3, False), ("explaining", 3, False)),
    "cas": (
        ("hardware", 3, True), ("workplace", 2, True), ("visiting", 3, True), ("listening", 2, True),
        ("linux", 1, False),
    ),
    "": (("linux", 2, False), ("security", 2, False), ("writing", 2, False), ("workplace", 2, False)),
}  # fmt: skip


class Planned(NamedTuple):
    """One step of somebody's growth plan; days from now, and who put it down."""

    of: str
    by: str
    skill: str
    goal: int
    how: str
    until: int
    state: str = "open"


GROWTH: Final = (
    Planned("hidde", "noor", "bad-news", 2, "Twee gesprekken meelopen met Noor, daarna zelf een.", 60),
    Planned("hidde", "hidde", "network", 2, "Met de netwerkmensen drie bureaus nameten.", 90),
    Planned("cas", "cas", "linux", 2, "Elke vrijdag een uur oefenen op de proefmachine.", 120),
    Planned("cas", "noor", "explaining", 2, "Vijf tickets uitleggen zonder vaktaal; Hidde luistert mee.", -20, "done"),
    Planned("", "", "coaching", 2, "Een tip per week zelf gaan vertellen.", 45),
)


def write(pack: RulePack, now: float) -> None:
    """Writes it all; what is there already stays. ``now``: seconds since 1970."""
    if StaffSkill.objects.exists():
        return
    moment = datetime.fromtimestamp(now, UTC)
    people = _people()
    for login, levels in SAID.items():
        if (person := people.get(login)) is None:
            continue
        profiles.say(person, {skill: level for skill, level, _confirmed in levels}, pack, moment - timedelta(days=50))
        for skill, _level, confirmed in levels:
            if confirmed:
                profiles.confirm(people[LEAD], person, skill, moment - timedelta(days=44))
    for step in GROWTH:
        if step.of in people:
            at = moment - timedelta(days=40)
            GrowthStep.objects.create(
                staff=people[step.of], skill=step.skill, goal=step.goal, how=step.how, state=step.state,
                until=wording.local_day(moment) + timedelta(days=step.until), made_by=people[step.by],
                made_at=at, changed_at=at,
            )  # fmt: skip


def _people() -> dict[str, Staff]:
    """The simulated desk by login, and the demo's administrator, if there is one, under ""."""
    found = {}
    for login, first, last, role in STAFF:
        defaults = {"first_name": first, "last_name": last, "role": role}
        found[login], _made = Staff.objects.get_or_create(username=login, defaults=defaults)
    other = Staff.objects.exclude(username__in=found).order_by("pk").first()
    return found if other is None else {**found, "": other}
