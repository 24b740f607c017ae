"""The tips of the simulated fleet: what its machines show now, and what was offered over the last months.

The past follows from the machines' order, never from chance. Each colleague had one tip at most, so nobody had two in a
week.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from keuring_collector.demo.courses.updates import PROGRAMS
from keuring_collector.desk import wording
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.models import TipChance, TipOffer
from keuring_collector.service.tips import chances, rules
from keuring_collector.service.tips.outcomes import WITHIN
from keuring_collector.store import open_store

if TYPE_CHECKING:
    from keuring_collector.rulepack import RulePack

WEEKS: Final = 22
EVERY: Final = 2  # each how many-th machine had a tip
# What became of them, again and again: most that people hear of, they mend.
_BECAME: Final = ("gone", "stayed", "gone", "aside", "gone", "stayed", "gone", "missed")
_SUBJECTS: Final = {"program_behind": PROGRAMS[0].name}
Outcome = TipOffer.Outcome


def write(url: str, pack: RulePack, now: float) -> None:
    """Looks at the machines and writes the past down. ``now``: seconds since 1970."""
    if TipOffer.objects.exists():
        return
    moment = datetime.fromtimestamp(now, UTC)
    store = open_store(url)
    try:
        chances.look(store, pack, moment, bool)
    finally:
        store.close()
    _past(pack, wording.local_day(moment))


def _past(pack: RulePack, today: date) -> None:
    known = [rule for rule in rules.tips(pack).values() if rules.is_offered(rule)]
    machines = Endpoint.objects.filter(simulated=True, chances=None).select_related("colleague").order_by("pk")
    made: list[TipOffer] = []
    gone: list[TipChance] = []
    for number, machine in enumerate(list(machines)[::EVERY]):
        rule, outcome = known[number % len(known)], Outcome(_BECAME[(number + number // len(known)) % len(_BECAME)])
        offered = _working(today - timedelta(days=7 * (WEEKS - number % WEEKS) - number % 5))
        late = offered + WITHIN + timedelta(days=10)
        ended = offered + timedelta(days=3 + number % 19) if outcome is Outcome.GONE else late
        if ended >= today or offered + WITHIN >= today:
            continue  # what goes on is what the machines really show
        gone.append(
            TipChance(
                endpoint=machine,
                rule=rule.id,
                subject=_SUBJECTS.get(rule.name, ""),
                since=offered - timedelta(days=20 + number % 60),
                seen_on=ended,
                gone_on=ended,
            )
        )
        made.append(
            TipOffer(
                endpoint=machine,
                colleague=machine.colleague,
                rule=rule.id,
                subject=_SUBJECTS.get(rule.name, ""),
                way=TipOffer.Way.VISIT if number % 6 == 0 else TipOffer.Way.NOTICE,
                offered_on=offered,
                sent=True,
                reached_on=None if outcome is Outcome.MISSED else offered,
                outcome=outcome,
                why="only" if number % 3 else "longest",
                among=1 if number % 3 else 2,
                decided_on=ended if outcome is Outcome.GONE else offered + WITHIN,
            )
        )
    with transaction.atomic():
        TipChance.objects.bulk_create(gone)
        TipOffer.objects.bulk_create(made)


def _working(day: date) -> date:
    """The day, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
