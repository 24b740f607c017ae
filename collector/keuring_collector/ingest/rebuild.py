"""Brings the engine's state of one endpoint to where its journal is."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.model import Event, Fact, Layout, SeriesKey, Window
from keuring_collector.store import compaction, facts, journal, precision, tickets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine import Fleet
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.journal import Head


def rebuild(connection: Connection, fleet: Fleet, endpoint: int, head: Head) -> int:
    """Puts the endpoint into ``fleet`` as of ``head``; returns the position of the snapshot it came from (0: none).

    With a usable snapshot only the journal since is replayed; what the replayed reports brought about then is in the
    tickets already, so the findings are not looked at. A snapshot of another pack or engine is no use: then the state
    begins with the daily points of history and the facts of before the journal, the whole journal is replayed in
    silence, and what is true at its end is told with the next report.
    """
    kept = journal.snapshot(connection, endpoint)
    usable = fleet.restore(endpoint, None if kept is None else kept[1])
    if kept is None:
        return 0
    if usable:
        replay(connection, fleet, endpoint, after=kept[0])
    else:
        _seed(connection, fleet, endpoint, head)
        replay(connection, fleet, endpoint, after=-1, silent=True)
        _adopt(connection, fleet, endpoint, head)
    return kept[0]


def _adopt(connection: Connection, fleet: Fleet, endpoint: int, head: Head) -> None:
    """Tells the engine what is told already, so that its end will be; lines whose rule is no more end here."""
    for rule, subject, since, severity in tickets.standing(connection, endpoint):
        if not fleet.adopt(endpoint, rule, subject, since, severity):
            tickets.withdraw(connection, endpoint, rule, subject, head.end_at)


def _seed(connection: Connection, fleet: Fleet, endpoint: int, head: Head) -> None:
    """What was known before the oldest report in the journal: daily points, events, and facts as they were then."""
    series: dict[SeriesKey, list[Sequence[float]]] = defaultdict(list)
    for row in compaction.daily_points(connection, endpoint):
        series[SeriesKey(*row[:3])].append(row[3:])
    for key, points in series.items():
        table = np.array(points, np.float64)
        fleet.seed(endpoint, key, table[:, 0].astype(np.int64), *(table[:, column] for column in range(1, 6)))
    entries = journal.entries(connection, endpoint)
    first = entries[0].position if entries else head.position + 1
    begin = entries[0].start_at if entries else head.end_at
    events = [_event(event) for position, event in facts.events_after(connection, endpoint) if position < first]
    fleet.seed_events(endpoint, events, begin)
    known = {
        (fact.signal, fact.subject): fact.value
        for position, fact in facts.changes(connection, endpoint)
        if position < first
    }
    before = [Fact(signal, subject, value) for (signal, subject), value in known.items()]
    nothing = np.array([], np.float64)
    fleet.judge([Window(endpoint, begin, begin, math.inf, head.boot_id, Layout(()), nothing, before)])


def replay(connection: Connection, fleet: Fleet, endpoint: int, after: int, *, silent: bool = False) -> None:
    """Judges the reports beyond position ``after`` once more, as they were; ``silent``: as if they came in late."""
    entries = journal.entries(connection, endpoint, after=after)
    layouts = {number: Layout(_keys(keys)) for number, keys in journal.layouts(connection, endpoint).items()}
    factors = {number: _factors(layout) for number, layout in layouts.items()}
    changed: dict[int, list[Fact]] = defaultdict(list)
    for position, fact in facts.changes(connection, endpoint, after):
        changed[position].append(Fact(fact.signal, fact.subject, fact.value))
    happened: dict[int, list[Event]] = defaultdict(list)
    for position, event in facts.events_after(connection, endpoint, after):
        happened[position].append(_event(event))
    windows = []
    for entry in entries:
        multiplier, divisor = factors[entry.layout]
        steps = precision.to_steps(entry.values(), multiplier, divisor)
        windows.append(
            Window(
                endpoint=endpoint,
                start=entry.start_at,
                end=entry.end_at,
                received=math.inf if silent else entry.received_at,
                boot_id=entry.boot_id,
                layout=layouts[entry.layout],
                values=precision.from_steps(steps, multiplier, divisor),
                facts=changed.get(entry.position, ()),
                events=happened.get(entry.position, ()),
            )
        )
    if windows:
        fleet.judge(windows)


def _event(event: facts.StoredEvent) -> Event:
    return Event(event.signal, event.subject, event.observed_at, event.count, event.attributes)


def _keys(keys: Sequence[journal.Key]) -> tuple[SeriesKey, ...]:
    return tuple(SeriesKey(*key) for key in keys)


def _factors(layout: Layout) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    table = np.array([precision.factors(key.signal) for key in layout.keys], np.float64).reshape(-1, 2)
    return np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])
