"""Starting in a real fleet: first the rules only report, then the desk switches them on one by one.

``DeskState`` and ``RuleSwitch`` say how far it is; the write path reads them (store.holds).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import Count, Max, OuterRef, Subquery

from keuring_collector.desk.counting import MOST, counted_lately, lately
from keuring_collector.desk.models import Demotion, DeskState, RuleSwitch, Ticket, Waiting
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Endpoint
from keuring_collector.store.holds import allowed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff

log = structlog.get_logger(__name__)


def prepare(intake_days: float, budget: float, time_zone: str, *, fresh: bool) -> None:
    """Tells every process what the settings say. ``fresh``: a new collector, whose desk starts rule by rule.

    A collector that worked before there was such a thing goes on as it did: all its rules open tickets.
    """
    with transaction.atomic():
        state, made = DeskState.objects.get_or_create(
            id=1,
            defaults={
                "rule_by_rule": fresh and intake_days > 0,
                "intake_days": intake_days,
                "budget": budget,
                "time_zone": time_zone,
            },
        )
        told = (intake_days, budget, time_zone)
        if not made and told != (state.intake_days, state.budget, state.time_zone):
            state.intake_days, state.budget, state.time_zone = told
            state.save()


@dataclass(frozen=True, slots=True)
class Start:
    """How far a desk is. ``until``: when the intake ends or ended; None: before the first machine, or there is none."""

    rule_by_rule: bool
    intake: bool
    until: dt.datetime | None
    budget: float
    allowed: int
    open_tickets: int
    waiting: dict[str, int]

    @property
    def is_full(self) -> bool:
        """Whether the budget is used up."""
        return bool(self.budget) and self.open_tickets >= self.allowed


def start(now: dt.datetime) -> Start:
    """How far the desk is at ``now``."""
    machines = Endpoint.objects.filter(state=Endpoint.State.ACTIVE)
    opened = Ticket.objects.filter(state__in=Ticket.OPEN, closed_at=None)
    state = next(iter(_states()), None)
    waiting = lately(("waiting", None), lambda: dict(_waiting()), lambda told: sum(told.values()) > MOST)
    if state is None:
        return Start(
            rule_by_rule=False, intake=False, until=None, budget=0.0, allowed=0, open_tickets=0, waiting=waiting
        )
    has_intake = state.rule_by_rule and state.intake_days > 0
    until = state.first + timedelta(days=state.intake_days) if has_intake and state.first else None
    return Start(
        rule_by_rule=state.rule_by_rule,
        intake=has_intake and (until is None or now < until),
        until=until,
        budget=state.budget,
        allowed=allowed(counted_lately(("machines", None), lambda: machines), state.budget),
        open_tickets=counted_lately(("open", None), lambda: opened),
        waiting=waiting,
    )


@prepared
def _states() -> QuerySet[DeskState, Any]:
    first = Endpoint.objects.order_by("enrolled_at").values("enrolled_at")[:1]
    return DeskState.objects.annotate(first=Subquery(first)).order_by("pk")[:1]


@prepared
def _waiting() -> QuerySet[Waiting, tuple[str, int]]:
    return Waiting.objects.order_by().values("why").annotate(n=Count("id")).values_list("why", "n")


def only_reports(rule: str) -> bool:
    """Whether the desk keeps a rule from opening tickets, for now or on purpose."""
    switch_of = RuleSwitch.objects.filter(rule=rule).first()
    return not switch_of.opens if switch_of else DeskState.objects.filter(rule_by_rule=True).exists()


@dataclass(frozen=True, slots=True)
class WouldOpen:
    """What a rule has waiting: findings, on how many machines, and the tickets that they would be."""

    findings: int
    machines: int
    tickets: int
    gravest: int


def would_open() -> dict[str, WouldOpen]:
    """What each rule would open if nothing but the desk's own choices held it back; by the rule's id."""
    joining = dict(_joining())
    return {
        rule: WouldOpen(findings, machines, machines - joining.get(rule, 0), gravest)
        for rule, findings, machines, gravest in _by_rule()
    }


@prepared
def _by_rule() -> QuerySet[Waiting, Any]:
    counted = Waiting.objects.order_by().values("rule")
    found = counted.annotate(findings=Count("id"), machines=Count("endpoint", distinct=True), gravest=Max("severity"))
    return found.values_list("rule", "findings", "machines", "gravest")


@prepared
def _joining() -> QuerySet[Waiting, tuple[str, int]]:
    """A rule has one cause, so its tickets are its machines, but for these, which have an open one already."""
    opened = Ticket.objects.filter(
        endpoint=OuterRef("endpoint"), cause=OuterRef("cause"), state__in=Ticket.OPEN, closed_at=None
    )
    # Asked of each that waits; of "is there one" PostgreSQL would make a table of all open tickets first.
    found = Waiting.objects.alias(opened=Subquery(opened.values("pk")[:1])).filter(opened__isnull=False)
    joins = found.order_by().values("rule")
    return joins.annotate(n=Count("endpoint", distinct=True)).values_list("rule", "n")


def switch(rules: Iterable[str], *, opens: bool, actor: Staff | None, now: dt.datetime) -> int:
    """Lets rules open tickets, or only report; returns how many. What waits for them is opened by the job ``admit``.

    ``actor`` None: Keuring itself (see demotion). What a person decides ends a demotion.
    """
    count = 0
    for rule in rules:
        with transaction.atomic():
            RuleSwitch.objects.update_or_create(rule=rule[:36], defaults={"opens": opens, "at": now, "by": actor})
            if actor is not None:
                Demotion.objects.filter(rule=rule[:36], ended_at=None).update(ended_at=now, ended_by=actor)
        log.info("rule switched", rule=rule, opens=opens, by=actor.get_username() if actor else "")
        count += 1
    return count


def finish(*, actor: Staff) -> None:
    """Ends starting: every rule opens tickets from now on, but for those that were switched off by hand."""
    log.info("starting is over", by=actor.get_username())
    DeskState.objects.filter(id=1).update(rule_by_rule=False)
