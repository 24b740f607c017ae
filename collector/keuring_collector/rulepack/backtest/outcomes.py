"""What became of machines, as their own history tells: limits that were crossed, disks that failed, parts replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals import catalogue
from keuring_collector.rulepack.backtest import language
from keuring_collector.rulepack.backtest.asked import DAY, Outcome
from keuring_collector.rulepack.reads import signals_of
from keuring_collector.store import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledRule
    from keuring_collector.engine.model import SeriesKey
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.replay import History

APART: Final = 14 * DAY  # a limit that is crossed again sooner was crossed once
PASSED: Final = catalogue.KEURING_SMART_PASSED.id
IO_ERROR: Final = catalogue.KEURING_DISK_IO_ERROR.id
SERIAL: Final = catalogue.KEURING_SMART_SERIAL_NUMBER.id


class Watch:
    """Looks for outcomes that the problem of one rule may have."""

    def __init__(self, connection: Connection, rule: Rule, compiled: CompiledRule) -> None:
        self._connection = connection
        self._limits = {(each.signal, each.statistic): each for each in language.limits(rule)}
        read = signals_of(compiled)
        disk = any(catalogue.BY_ID[signal].subject == "device" for signal in read)
        # What the rule itself looks at is no outcome of it.
        self._passed = PASSED if disk and PASSED not in read else 0
        self._errors = IO_ERROR if disk and IO_ERROR not in read else 0
        self._identities = language.identities(rule) | ({SERIAL} if disk else set())

    @property
    def sees(self) -> bool:
        """Whether the history of a machine can tell that the problem came."""
        return bool(self._limits or self._passed or self._errors or self._identities)

    def outcomes(self, history: History, applying: set[str] | None) -> list[Outcome]:
        """Those of one endpoint, oldest first; crossings only of the subjects in ``applying`` (None: of all)."""
        if not history.strips:
            return []
        found = [each for each in self._crossings(history) if applying is None or each.subject in applying]
        found += self._failures(history.endpoint)
        begin, end = float(history.strips[0].start[0]), float(history.strips[-1].end[-1])
        return sorted((each for each in found if begin <= each.at <= end), key=lambda each: (each.at, each.kind))

    def _crossings(self, history: History) -> Iterator[Outcome]:
        if not self._limits:
            return
        keys = dict.fromkeys(
            key for strip in history.strips for key in strip.layout.keys if (key.signal, key.statistic) in self._limits
        )
        for key in keys:
            limit = self._limits[key.signal, key.statistic]
            ends, values = _course(history, key)
            beyond = limit.sign * values >= limit.sign * limit.limit
            last = float("-inf")
            for at in ends[1:][beyond[1:] & ~beyond[:-1]].tolist():
                if at - last >= APART:
                    yield Outcome(history.endpoint, "crossing", at, key.subject)
                last = at

    def _failures(self, endpoint: int) -> Iterator[Outcome]:
        if self._passed or self._identities:
            known: dict[tuple[int, str], facts.Value] = {}
            for _, fact in facts.changes(self._connection, endpoint):
                before = known.get((fact.signal, fact.subject))
                if fact.value is not None:  # what cannot be read for a while is not another part
                    known[fact.signal, fact.subject] = fact.value
                if fact.signal == self._passed and fact.value is False:
                    yield Outcome(endpoint, "self_test", fact.observed_at, fact.subject)
                if fact.signal in self._identities and None not in (before, fact.value) and before != fact.value:
                    yield Outcome(endpoint, "replaced", fact.observed_at, fact.subject)
        if self._errors:
            last: dict[str, float] = {}
            for event in facts.events(self._connection, endpoint, 0.0, 1e15):
                if event.signal != self._errors:
                    continue
                if event.observed_at - last.get(event.subject, float("-inf")) >= APART:
                    yield Outcome(endpoint, "io_errors", event.observed_at, event.subject)
                last[event.subject] = event.observed_at


def _course(history: History, key: SeriesKey) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The known values of one series, in order, and when their windows ended."""
    ends, values = [np.array([], np.float64)], [np.array([], np.float64)]
    for strip in history.strips:
        if key in strip.layout.keys:
            column = strip.values[:, strip.layout.keys.index(key)]
            known = ~np.isnan(column)
            ends.append(strip.end[known])
            values.append(column[known])
    return np.concatenate(ends), np.concatenate(values)
