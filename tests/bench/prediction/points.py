"""How many points a rule's risk gives to recorded drives: what the engine would say, for all changes at once.

Only what can rise at changes alone is understood: levels above a limit, growth within a period or since enrolment, and
`all` and `any` of those. tests/bench/test_bench_drives.py holds it against the engine, change by change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring.signals.model import Statistic
from keuring_collector.engine import growth
from keuring_collector.engine.compiled import Combination, CompiledRule, Growth, How

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.prediction.drive_records import Bools, Floats, Records, Times

_APART = 1 << 40  # seconds; further than any two times lie apart


class Moments(NamedTuple):
    """When drives are looked at: ``row`` is the change whose levels hold then. By drive, then by time."""

    drive: Times
    time: Times
    row: Times


def moments(records: Records, since: int, until: int | None = None) -> Moments:
    """Every change from ``since`` (to before ``until``), and ``since`` itself for the drives that are there then."""
    until = int(records.until.max()) + 1 if until is None else until
    changes = np.flatnonzero((records.time >= since) & (records.time < until))
    standing = np.flatnonzero((records.time < since) & (records.until > since))
    row = np.concatenate([standing, changes])
    time = np.maximum(records.time[row], since)
    order = np.lexsort((time, records.drive[row]))
    return Moments(records.drive[row][order], time[order], row[order])


def of_risk(rule: CompiledRule, records: Records, at: Moments) -> Times:
    """The points at each moment. ValueError when the rule is no risk, or holds what is not understood here."""
    if not isinstance(rule.source, Combination) or rule.source.how is not How.RISK:
        raise ValueError(f"'{rule.name}' is no risk")
    total = np.zeros(len(at.row), np.int64)
    for part in rule.source.parts:
        total += int(part.points) * holds(part.rule, records, at)
    return total


def holds(rule: CompiledRule, records: Records, at: Moments) -> Bools:
    """Where a condition is true. ValueError when it is not understood."""
    source = rule.source
    if isinstance(source, Combination) and source.how in (How.ALL, How.ANY):
        join = np.logical_and if source.how is How.ALL else np.logical_or
        together, *others = [holds(part.rule, records, at) for part in source.parts]
        for other in others:
            together = join(together, other)
        return together
    if any(term.sign < 0 or term.slope or term.minus_signal for term in rule.terms) or rule.hold:
        raise ValueError(f"'{rule.name}': only what lies above a limit, without a hold, can be replayed from changes")
    if isinstance(source, Growth):
        if source.count_days or any(lane.statistic != Statistic.LAST for lane in source.lanes):
            raise ValueError(f"'{rule.name}': only growth of levels can be replayed from changes")
        first, *floors = rule.terms
        found = grown(records, [lane.signal for lane in source.lanes], source.period, at) > first.limit
    elif source is None:
        found, floors = np.ones(len(at.row), bool), list(rule.terms)
    else:
        raise ValueError(f"'{rule.name}': {type(source).__name__} cannot be replayed from changes")
    for term in floors:
        found &= records.levels[term.signal][at.row] > term.limit
    return found


def grown(records: Records, signals: Sequence[int], period: float, at: Moments) -> Floats:
    """How much levels rose, all added up: in the thirty parts of ``period`` seconds that end with the present one."""
    risen = sum((_risen(records, signal) for signal in signals), np.zeros(len(records.time)))
    before = records.start[at.row]
    if np.isfinite(period):
        width = period / growth.BUCKETS
        oldest = np.ceil((np.floor(at.time / width) - (growth.BUCKETS - 1)) * width - 1e-6).astype(np.int64)
        place = records.drive * _APART + records.time
        last = np.searchsorted(place, at.drive * _APART + np.maximum(oldest, 0), side="left") - 1
        before = np.maximum(before, last)
    return risen[at.row] - risen[before]


def _risen(records: Records, signal: int) -> Floats:
    """By how much a level rose up to each change, falls not counted; only differences within a drive mean anything."""
    level = records.levels[signal]
    rise = np.concatenate([[0.0], np.maximum(np.diff(level), 0.0)])
    rise[records.start == np.arange(len(level))] = 0.0
    return np.cumsum(np.nan_to_num(rise))
