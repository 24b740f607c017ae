"""How right tickets were: each is held against what became of the machine, and what became of machines against them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from keuring_collector.rulepack.backtest.asked import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keuring_collector.rulepack.backtest.asked import Outcome
    from keuring_collector.rulepack.backtest.tickets import Ticket
    from keuring_collector.store.desk import Past

AFTER: Final = 14 * DAY  # what happens this soon after a ticket closed is still what it was about
RIGHT: Final = ("right", "known")
FORESEEABLE: Final = frozenset({"crossing", "urgent", "self_test", "io_errors", "incident"})


class Result(Enum):
    """What a ticket proved to be."""

    HIT = "hit"  # the problem came in time, or the desk said so
    EARLY = "early"  # the problem came, but too long after; or the desk said so
    WRONG = "wrong"  # the desk said so
    NOTHING = "nothing"  # there was time enough, and no problem came that is known of
    ACTED = "acted"  # somebody worked on the ticket of that time, so that it could not come true
    UNDECIDED = "undecided"  # history ends too soon after


@dataclass(frozen=True, slots=True)
class Judged:
    """A ticket and what it proved to be; ``lead`` in seconds from opening to ``outcome``.

    ``because`` is the kind of the outcome, "desk: " and the verdict, or empty. ``at_start``: it stood already when the
    history of the machine began, so its opening says nothing about when.
    """

    ticket: Ticket
    result: Result
    because: str = ""
    outcome: Outcome | None = None
    lead: float | None = None
    at_start: bool = False


def assess(
    tickets: Sequence[Ticket],
    outcomes: Iterable[Outcome],
    past: Iterable[Past],
    spans: Mapping[int, tuple[float, float]],
    horizon: float,
) -> tuple[list[Judged], list[Outcome]]:
    """Each ticket judged, and the outcomes that no ticket announced; ``spans``: begin and end of what was replayed."""
    came: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in sorted(outcomes, key=lambda each: (each.at, each.kind)):
        came[outcome.endpoint].append(outcome)
    had: dict[int, list[Past]] = defaultdict(list)
    for each in past:
        had[each.endpoint].append(each)
    judged = [
        _judge(ticket, came[ticket.endpoint], had[ticket.endpoint], spans[ticket.endpoint], horizon)
        for ticket in tickets
    ]
    mine: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        mine[ticket.endpoint].append(ticket)
    missed: list[Outcome] = []
    for endpoint in sorted(came):
        missed += _missed(came[endpoint], mine[endpoint], spans.get(endpoint))
    return judged, missed


def first_told(ticket: Ticket) -> float:
    """The event time at which the ticket was first true."""
    return min(line.first_at for line in ticket.lines.values())


def _about(ticket: Ticket, outcome: Outcome) -> bool:
    return outcome.subject in ticket.subjects or "" in (outcome.subject, *ticket.subjects)


def _covers(ticket: Ticket, outcome: Outcome) -> bool:
    """Whether the outcome came while the ticket was open, or soon after."""
    end = float("inf") if ticket.closed_at is None else ticket.closed_at + AFTER
    return _about(ticket, outcome) and first_told(ticket) <= outcome.at <= end


def _judge(
    ticket: Ticket, outcomes: Sequence[Outcome], past: Sequence[Past], span: tuple[float, float], horizon: float
) -> Judged:
    begin, end = span
    at_start = first_told(ticket) - begin <= DAY
    outcome = next((each for each in outcomes if _covers(ticket, each)), None)
    lead = None if outcome is None else outcome.at - first_told(ticket)
    same = [each for each in past if _overlaps(ticket, each)]
    verdict = next((each.verdict for each in same if each.verdict), "")
    if verdict:
        result = Result.HIT if verdict in RIGHT else Result(verdict)
        return Judged(ticket, result, f"desk: {verdict}", outcome, lead, at_start)
    if outcome is not None and lead is not None:
        return Judged(ticket, Result.EARLY if lead > horizon else Result.HIT, outcome.kind, outcome, lead, at_start)
    if any(each.touched for each in same):
        return Judged(ticket, Result.ACTED, at_start=at_start)
    late = first_told(ticket) + horizon <= end
    return Judged(ticket, Result.NOTHING if late else Result.UNDECIDED, at_start=at_start)


def _overlaps(ticket: Ticket, past: Past) -> bool:
    end = float("inf") if ticket.closed_at is None else ticket.closed_at
    return ticket.opened_at <= (float("inf") if past.closed_at is None else past.closed_at) and past.opened_at <= end


def _missed(outcomes: Sequence[Outcome], tickets: Sequence[Ticket], span: tuple[float, float] | None) -> list[Outcome]:
    """Outcomes without a ticket before them; those that follow each other on one subject are one problem."""
    found: list[Outcome] = []
    for outcome in outcomes:
        if outcome.kind not in FORESEEABLE or span is None or not span[0] + DAY < outcome.at <= span[1]:
            continue
        again = any(each.subject == outcome.subject and outcome.at - each.at < AFTER for each in found)
        if not again and not any(_covers(ticket, outcome) for ticket in tickets):
            found.append(outcome)
    return found
