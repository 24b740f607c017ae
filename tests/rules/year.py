"""Plays a year of a simulated fleet through the decoder and the engine, as a collector would, and counts tickets.

Nothing of it needs a database: what is usual among peers is made of the daily points that compaction would have made,
by the engine's own functions, and judged by from the day after.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from keuring_collector import rulepack
from keuring_collector.demo import fleet as fleets
from keuring_collector.demo import year
from keuring_collector.demo.courses import facts
from keuring_collector.demo.plan import OUTCOMES, SIGNALS, Outcome
from keuring_collector.engine import Fleet
from keuring_collector.engine.baselines import Answer, Baselines, answer, group_of
from keuring_collector.engine.daily import DAY, day_of
from keuring_collector.engine.model import LAST, MAX, MEAN, MIN, Change, Finding, Severity, Window
from keuring_collector.ingest import decode
from keuring_collector.rulepack.backtest import tickets as backtest
from keuring_collector.rulepack.reads import questions_of, signals_of
from keuring_collector.store import precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Planted
    from keuring_collector.engine.baselines import Group, Question
    from keuring_collector.rulepack import RulePack

    Rows = list[tuple[Question, Group, Answer]]
    Points = dict[Question, dict[tuple[int, str], tuple[NDArray[np.int64], NDArray[np.float64]]]]

NOW: Final = datetime(2026, 6, 17, 14, 3, tzinfo=UTC).timestamp()  # a Wednesday afternoon
PLANS: Final = {"healthy": year.HEALTHY, "sick": year.SICK}
BATCH: Final = 4096


class Simulation(NamedTuple):
    """Which fleet: ``plan`` is "healthy" or "sick"."""

    plan: str
    machines: int
    seed: int = fleets.SEED
    days: int = year.DAYS


class Told(NamedTuple):
    """A finding that was told, of one machine (its index)."""

    machine: int
    at: float
    rule: str
    subject: str
    change: Change
    severity: int


class Ticket(NamedTuple):
    """One cause on one machine, opened by a rule about a subject."""

    machine: int
    cause: str
    opened: float
    rule: str
    subject: str


class Found(NamedTuple):
    """How a planted problem was found: by which rule (None: it was not), how many seconds before it hindered, and how
    many before it did a ticket was opened (NaN: none was).
    """

    machine: Machine
    item: Planted
    rule: str | None
    lead: float
    ticket_lead: float


class Played(NamedTuple):
    """What a year gave. ``cpu``: seconds of all processes."""

    told: list[Told]
    windows: int
    cpu: float


@cache
def simulate(simulation: Simulation) -> fleets.Fleet:
    """The fleet itself."""
    plan = PLANS[simulation.plan]
    return fleets.Fleet(NOW, simulation.machines, simulation.days, simulation.seed, plan=plan)


@cache
def pack() -> RulePack:
    """The shipped rules."""
    return rulepack.load()


def questions() -> list[Question]:
    """What the rules want to know of the fleet."""
    return sorted({question for rule in pack().compiled.rules for question in questions_of(rule)})


def play(simulation: Simulation, processes: int = 1, machines: Sequence[int] | None = None) -> Played:
    """Plays the whole year, of the whole fleet or of some ``machines``; what is usual is that of the whole fleet."""
    shares = [list(range(first, simulation.machines, processes)) for first in range(processes)]
    if processes == 1:
        points, before = _points(simulation, shares[0])
        return _joined([_judge(simulation, usual(simulation, [points]), machines or shares[0])], before)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(partial(_points, simulation), shares))
        rows = usual(simulation, [points for points, _ in found])
        parts = list(pool.map(partial(_judge, simulation, rows), shares))
    return _joined(parts, sum(cpu for _, cpu in found))


def _joined(parts: Sequence[Played], before: float) -> Played:
    told = sorted((each for part in parts for each in part.told), key=lambda each: (each.machine, each.at))
    return Played(told, sum(part.windows for part in parts), before + sum(part.cpu for part in parts))


# What is usual


def _points(simulation: Simulation, indices: Sequence[int]) -> tuple[Points, float]:
    """The daily points of some machines that questions ask for, and the CPU seconds that it took."""
    begun = time.process_time()
    fleet, asked = simulate(simulation), questions()
    found: Points = {question: {} for question in asked}
    for index in indices:
        record = fleet.record(fleet.machines[index])
        if not len(record.windows):
            continue
        keys = decode.understand(record.series).layout.keys
        days, first = np.unique(day_of(record.windows.end), return_index=True)
        for column, key in enumerate(keys):
            for question in asked:
                if (key.signal, key.statistic) == (question.signal, question.statistic):
                    factors = precision.factors(key.signal)
                    raw = record.values[:, column].astype(np.float64)
                    values = precision.from_steps(precision.to_steps(raw, *factors), *factors)
                    found[question][index, key.subject] = (days, _of_days(values, first, question.aggregate))
    return found, time.process_time() - begun


def _of_days(values: NDArray[np.float64], first: NDArray[np.int64], aggregate: int) -> NDArray[np.float64]:
    count = np.diff(np.append(first, len(values)))
    if aggregate == LAST:
        return values[first + count - 1]
    if aggregate == MIN:
        return np.minimum.reduceat(values, first)
    if aggregate == MAX:
        return np.maximum.reduceat(values, first)
    total: NDArray[np.float64] = np.add.reduceat(values, first)
    return total / count if aggregate == MEAN else total


def usual(simulation: Simulation, pieces: Sequence[Points]) -> Rows:
    """The answers of every night, from the daily points of all machines; each holds from the day after it was made."""
    fleet, rows = simulate(simulation), []
    known = [_facts(machine) for machine in fleet.machines]
    last = int(NOW // DAY)
    for question in questions():
        points = {key: value for piece in pieces for key, value in piece[question].items()}
        groups = {
            key: group for key in points if (group := group_of(known[key[0]], question.facts, key[1])) is not None
        }
        nights = np.arange(last - simulation.days + question.days, last)
        begins = {key: np.searchsorted(days, nights - question.days).tolist() for key, (days, _) in points.items()}
        ends = {key: np.searchsorted(days, nights).tolist() for key, (days, _) in points.items()}
        listed = {key: values.tolist() for key, (_, values) in points.items()}
        for place, night in enumerate(nights.tolist()):
            recent = {key: values[begins[key][place] : ends[key][place]] for key, values in listed.items()}
            answers = answer(question, night + 1, {key: each for key, each in recent.items() if each}, groups)
            rows += [(question, group, each) for group, each in answers.items()]
    return rows


def _facts(machine: Machine) -> dict[tuple[int, str], object]:
    found: dict[tuple[int, str], object] = {}
    for fact in facts.steady(machine, NOW):
        which = fact.WhichOneof("value")
        found[fact.signal_id, fact.subject] = getattr(fact, which) if which else None
    return found


# Judging


def _judge(simulation: Simulation, rows: Rows, indices: Sequence[int]) -> Played:
    begun = time.process_time()
    simulated, rules = simulate(simulation), pack()
    decoder, engine = decode.Decoder(), Fleet(rules.compiled)
    engine.use_baselines(Baselines(rows))
    told, windows = [], 0
    for batch in simulated.batches(DAY, [simulated.machines[index] for index in indices]):
        for start in range(0, len(batch), BATCH):
            received = [decode.Received(d.machine, d.report, d.received, d.sent) for d in batch[start : start + BATCH]]
            decoded = [_window(each) for each in decoder.decode(received)]
            windows += len(decoded)
            told += [
                Told(each.endpoint, each.at, each.rule, each.subject, each.change, each.severity)
                for each in engine.judge(decoded)
            ]
    return Played(told, windows, time.process_time() - begun)


def _window(decoded: decode.Decoded | decode.Unusable) -> Window:
    if isinstance(decoded, decode.Unusable):
        raise decoded
    assert not decoded.problems
    assert decoded.window is not None
    return decoded.window


# Tickets


def tickets(told: Iterable[Told], maturities: frozenset[str]) -> list[Ticket]:
    """The tickets that findings of rules of these maturities open: one per machine and cause at a time."""
    by_cause: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    for each in told:
        rule = pack().rules[each.rule]
        if rule.maturity.value in maturities and rule.maturity.opens_tickets:
            change = each.change if opens(each) else Change.CLEARED
            severity = Severity(each.severity)
            finding = Finding(change, each.rule, each.machine, each.subject, each.at, each.at, severity)
            by_cause[each.machine, rule.cause].append(finding)
    found = []
    for (machine, cause), findings in sorted(by_cause.items()):
        for ticket in backtest.tickets(findings, cause, {}):
            first = ticket.story[0].detail
            name = pack().rules[first["rule"]].name
            found.append(Ticket(machine, cause, ticket.opened_at, name, first["subject"]))
    return found


def opens(told: Told) -> bool:
    """Whether a finding opens a ticket, or keeps it open."""
    rule = pack().rules[told.rule]
    least = max(Severity[rule.ticket_from.name], Severity.WATCH)
    return told.change is not Change.CLEARED and told.severity >= least


def found(simulation: Simulation, told: Iterable[Told]) -> list[Found]:
    """What was found of what is planted, and when.

    Found is a finding of a rule that opens tickets or gives tips and reads one of the problem's signals, about its
    subject, after it began; also one that is not grave enough for a ticket yet.
    """
    reads = {rule.id: signals_of(rule) for rule in pack().compiled.rules}
    by_machine: dict[int, list[Told]] = defaultdict(list)
    for each in told:
        by_machine[each.machine].append(each)
    results = []
    for machine in simulate(simulation).machines:
        for item in machine.planted:
            if OUTCOMES[item.problem] not in (Outcome.TICKET, Outcome.TIP):
                continue
            wanted = {signal.id for signal in SIGNALS[item.problem]}
            right = [
                each
                for each in by_machine[machine.index]
                if each.at >= item.since
                and each.change is not Change.CLEARED
                and reads[each.rule] & wanted
                and (not item.subject or each.subject in (item.subject, ""))
                and pack().rules[each.rule].maturity.opens_tickets
            ]
            first = min(right, key=lambda each: each.at, default=None)
            ticket = min((each.at for each in right if opens(each)), default=float("nan"))
            rule = pack().rules[first.rule].name if first else None
            lead = item.hinders - first.at if first else float("nan")
            results.append(Found(machine, item, rule, lead, item.hinders - ticket))
    return results
