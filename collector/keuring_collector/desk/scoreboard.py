"""What tickets were worth, in numbers. Pure: what is counted comes in, and nothing here reads a clock or a table.

*Right* are the verdicts "right" and "known already" (the problem was there, if not news) and outcomes in which the
problem came within the horizon. *Not right* are "wrong", "too early" (somebody went for nothing yet), and outcomes in
which it did not come, or came long after. A verdict counts before an outcome. The children of one fleet ticket that
got the same judgement are one: somebody judged once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.rulepack import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DAY: Final = 86400.0
MONTH: Final = 365.25 / 12 * DAY
AFTER: Final = 14 * DAY  # what happens this soon after a ticket closed is still what it was about
FEW: Final = 10  # with fewer judgements it is too early to tell
VERDICTS: Final[Mapping[str, bool]] = {"right": True, "known": True, "early": False, "wrong": False}
OUTCOMES: Final[Mapping[str, bool]] = {"came": True, "early": False, "nothing": False}


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket, as far as it counts. Times are seconds since 1970; ``month`` is that of its opening: "2026-08".

    ``verdict`` and ``outcome`` may be empty, ``came_at``: when the problem came; ``fleet``: the fleet ticket it is part
    of.
    """

    id: int
    endpoint: int
    cause: str
    opened_at: float
    month: str
    closed_at: float | None = None
    verdict: str = ""
    outcome: str = ""
    came_at: float | None = None
    fleet: int | None = None

    @property
    def right(self) -> bool | None:
        """Whether it was right; None: nobody knows."""
        return VERDICTS[self.verdict] if self.verdict in VERDICTS else OUTCOMES.get(self.outcome)


@dataclass(frozen=True, slots=True)
class Happened:
    """An incident: of which machine and cause, when."""

    endpoint: int
    cause: str
    at: float


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a trend: tickets opened in it, and of those judged how many were right."""

    name: str
    opened: int
    right: int
    judged: int


@dataclass(frozen=True, slots=True)
class Score:
    """What some tickets were worth. Lengths of time are seconds; None: there is nothing to tell it from."""

    tickets: int
    verdicts: int  # by people; of a fleet ticket one
    precision: wilson.Share | None
    lead: float | None
    leads: int
    missed: int
    incidents: int
    per_hundred: float | None  # tickets per hundred machines per month
    to_verdict: float | None
    months: Sequence[Month] = field(default_factory=tuple)

    @property
    def is_early(self) -> bool:
        """Whether it is too early to tell."""
        return self.precision is None or self.precision.of < FEW


def revived(told: Mapping[str, Any]) -> Score:
    """A score from what ``dataclasses.asdict`` made of it, also when that went through JSON."""
    share, months = told["precision"], tuple(Month(**month) for month in told["months"])
    return Score(**{**told, "precision": None if share is None else wilson.Share(*share), "months": months})


def score(cases: Sequence[Case], incidents: int, missed: int, machine_months: float, months: Sequence[str]) -> Score:
    """The score of ``cases``, all opened within ``months``; ``missed`` of the ``incidents`` had no ticket before."""
    judged = judgements(cases)
    right = sum(1 for each in judged if each.right)
    leads = [each.came_at - each.opened_at for each in cases if each.came_at is not None]
    closed = [each.closed_at - each.opened_at for each in cases if each.verdict and each.closed_at is not None]
    return Score(
        tickets=len(cases),
        verdicts=sum(1 for each in judged if each.verdict),
        precision=wilson.share(right, len(judged)),
        lead=median(leads) if leads else None,
        leads=len(leads),
        missed=missed,
        incidents=incidents,
        per_hundred=100 * len(cases) / machine_months if machine_months > 0 else None,
        to_verdict=median(closed) if closed else None,
        months=_trend(cases, judged, months),
    )


def judgements(cases: Iterable[Case]) -> list[Case]:
    """The cases of which it is known whether they were right; of a fleet ticket one for each judgement."""
    found: dict[tuple[str, int, bool], Case] = {}
    for each in cases:
        if each.right is not None:
            key = ("one", each.id, True) if each.fleet is None else ("fleet", each.fleet, each.right)
            found.setdefault(key, each)
    return list(found.values())


def _trend(cases: Iterable[Case], judged: Iterable[Case], months: Sequence[str]) -> list[Month]:
    opened = Counter(each.month for each in cases)
    known, right = Counter[str](), Counter[str]()
    for each in judged:
        known[each.month] += 1
        right[each.month] += bool(each.right)
    return [Month(name, opened[name], right[name], known[name]) for name in months]


def missed(incidents: Iterable[Happened], cases: Iterable[Case]) -> list[Happened]:
    """The incidents that no ticket announced: none of that cause was open on the machine, or closed shortly before."""
    told: dict[tuple[int, str], list[Case]] = defaultdict(list)
    for each in cases:
        told[each.endpoint, each.cause].append(each)
    return [each for each in incidents if not any(covers(case, each.at) for case in told[each.endpoint, each.cause])]


def covers(case: Case, at: float) -> bool:
    """Whether something that happened at ``at`` is what the ticket was about."""
    return case.opened_at <= at and (case.closed_at is None or at <= case.closed_at + AFTER)


def is_below(found: wilson.Share | None, verdicts: int, floor: float) -> bool:
    """Whether a rule should fall to advice: even its upper bound is below ``floor`` after enough verdicts of people."""
    return found is not None and verdicts >= FEW and found.high < floor


def machine_months(enrolled: Iterable[float], since: float, until: float) -> float:
    """How long machines were looked after in a period, together, in months of the same length."""
    return sum(max(0.0, until - max(since, begun)) for begun in enrolled) / MONTH
