"""What became of tickets on which nobody acted: whether the problem came, as the machine's own history tells.

Only of those, else prevention would count as error. Judged as a backtest judges its tickets (rulepack.backtest), so
that both mean the same by right, too early and nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import F, Q

from keuring_collector.desk.models import Incident, Ticket, TicketLine, TicketOutcome
from keuring_collector.rulepack.backtest import assess, language, outcomes, tickets
from keuring_collector.rulepack.backtest.asked import DAY, HORIZON, Outcome
from keuring_collector.rulepack.compile import compile_rule
from keuring_collector.rulepack.reads import signals_of
from keuring_collector.store.replay import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

    from keuring_collector.rulepack import Rule, RulePack
    from keuring_collector.store import Store

AGAIN: Final = timedelta(days=1)  # so long after a look, an undecided ticket is looked at again
OLDEST: Final = timedelta(seconds=2 * HORIZON)  # history of machines ends some day
MOST: Final = 5000
AT_ONCE: Final = 200
BEFORE: Final = 30 * DAY  # of history before the ticket, so that a limit is seen to be crossed
Result = TicketOutcome.Result
RESULTS: Final = {
    assess.Result.HIT: Result.CAME,
    assess.Result.EARLY: Result.EARLY,
    assess.Result.NOTHING: Result.NOTHING,
}


def untouched(now: datetime) -> QuerySet[Ticket]:
    """The tickets on which nobody acted and of which it can still be told, those first that were never looked at."""
    told = Q(outcome=None) | Q(outcome__result=Result.UNDECIDED, outcome__looked_at__lte=now - AGAIN)
    return (
        Ticket.objects.filter(told, touched=False, verdict="", parent=None, opened_at__gte=now - OLDEST)
        .exclude(state__in=[Ticket.State.MERGED, Ticket.State.RESTING])
        .order_by(F("outcome__looked_at").asc(nulls_first=True), "pk")
    )


def judge(store: Store, pack: RulePack, now: datetime, stop: Callable[[], bool]) -> int:
    """Looks at what became of tickets, until all were looked at or ``stop``; returns how many are decided now."""
    decided = 0
    waiting = list(untouched(now).values_list("pk", flat=True)[:MOST])
    for first in range(0, len(waiting), AT_ONCE):
        for ticket in Ticket.objects.filter(pk__in=waiting[first : first + AT_ONCE]).prefetch_related("lines"):
            if stop():
                return decided
            result, outcome = _outcome(store, pack, ticket, now)
            TicketOutcome.objects.update_or_create(
                ticket=ticket,
                defaults={
                    "looked_at": now,
                    "result": result,
                    "kind": outcome.kind if outcome else "",
                    "came_at": datetime.fromtimestamp(outcome.at, UTC) if outcome else None,
                },
            )
            decided += result != Result.UNDECIDED
    return decided


def _outcome(store: Store, pack: RulePack, ticket: Ticket, now: datetime) -> tuple[Result, Outcome | None]:
    """What became of one ticket. Undecided: history is too short yet, or cannot tell for rules such as these."""
    rules = [pack.rules[rule] for rule in {line.rule for line in ticket.lines.all()} if rule in pack.rules]
    seen, span = _seen(store, rules, ticket, now)
    if not rules or span is None:
        return Result.UNDECIDED, None
    came = [*_incidents(ticket), *_urgent(ticket), *(seen or ())]
    (judged,), _missed = assess.assess([_as_played(ticket)], came, (), {ticket.endpoint_id: span}, HORIZON)
    if judged.result is assess.Result.NOTHING and seen is None:
        return Result.UNDECIDED, None
    return RESULTS.get(judged.result, Result.UNDECIDED), judged.outcome


def _incidents(ticket: Ticket) -> list[Outcome]:
    found = Incident.objects.filter(endpoint=ticket.endpoint_id, cause=ticket.cause).values_list("at", flat=True)
    return [Outcome(ticket.endpoint_id, "incident", at.timestamp()) for at in found]


def _urgent(ticket: Ticket) -> list[Outcome]:
    """What other rules of the cause than those that opened the ticket found to be urgent."""
    openers = [line.rule for line in ticket.lines.all() if line.since <= ticket.opened_at]
    found = TicketLine.objects.filter(
        ticket__endpoint=ticket.endpoint_id, ticket__cause=ticket.cause, severity=Ticket.Severity.URGENT
    ).exclude(rule__in=openers)
    return [
        Outcome(ticket.endpoint_id, "urgent", since.timestamp(), subject)
        for subject, since in found.values_list("subject", "since")
    ]


def _seen(
    store: Store, rules: Sequence[Rule], ticket: Ticket, now: datetime
) -> tuple[list[Outcome] | None, tuple[float, float] | None]:
    """What the machine's history tells, None when it cannot; and from when to when it was looked at, None: never."""
    compiled = [compile_rule(rule) for rule in rules]
    watches = [outcomes.Watch(store.connection, rule, each) for rule, each in zip(rules, compiled, strict=True)]
    begin, end = ticket.opened_at.timestamp() - BEFORE, now.timestamp()
    if not any(watch.sees for watch in watches):
        return None, (begin, end)
    columns = {key: name for rule in rules for key, name in language.aggregates(rule).items()}
    reader = Reader(store.connection, set().union(*map(signals_of, compiled)), columns)
    history = reader.read(ticket.endpoint_id, begin, end, seeds=False)
    strips = [strip for strip in history.strips if len(strip)]
    if not strips:
        return None, None
    subjects = {line.subject for line in ticket.lines.all()}
    found = [outcome for watch in watches for outcome in watch.outcomes(history, subjects)]
    return found, (float(strips[0].start[0]), float(strips[-1].end[-1]))


def _as_played(ticket: Ticket) -> tickets.Ticket:
    """The ticket as backtests have them."""
    lines = {
        (line.rule, line.subject): tickets.Line(
            line.rule, line.subject, line.severity, line.since.timestamp(), line.judged_at.timestamp(), None, (), (),
            first_at=ticket.opened_at.timestamp(),
        )
        for line in ticket.lines.all()
    }  # fmt: skip
    closed = ticket.closed_at.timestamp() if ticket.closed_at else None
    return tickets.Ticket(
        ticket.endpoint_id, ticket.cause, ticket.severity, ticket.opened_at.timestamp(), None, closed, lines=lines
    )
