"""Samples become windows: one value per series for what happened between two moments.

A window lasts as long as the monotonic clock says and is stamped by the wall clock; when the two disagree (the
machine slept, or its clock was set), the window ends early, at its last sample, so that no window spans a jump.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring.signals.model import Statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keuring.signals.model import Signal
    from keuring_agent.sensors.base import EventSeen, FactKey, Readings, Value

FORGET_AFTER: Final = 86400.0  # a series without a sample for a day leaves the dictionary
MOST_EVENTS: Final = 500  # in one window; the collector takes a thousand


class SeriesKey(NamedTuple):
    """What one value is: catalogue id, subject, statistic."""

    signal: int
    subject: str
    statistic: int


class WindowReport(NamedTuple):
    """One window, complete: what a report on the wire says, and no more.

    ``values`` belong to ``series`` one by one, NaN where there was no sample. ``facts`` is None-valued for what is
    gone. Times are seconds since 1970.
    """

    start: float
    duration: float
    boot_id: str
    series: tuple[SeriesKey, ...]
    values: Sequence[float]
    facts: Mapping[FactKey, Value | None]
    events: Sequence[EventSeen]
    unmeasured: Mapping[FactKey, str]


class _Samples:
    """Running last, minimum, mean and maximum."""

    __slots__ = ("count", "last", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.count = 0
        self.last = self.total = 0.0
        self.minimum, self.maximum = math.inf, -math.inf

    def add(self, value: float) -> None:
        self.count += 1
        self.last = value
        self.total += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)

    def statistic(self, which: Statistic) -> float:
        if which is Statistic.LAST:
            return self.last
        if which is Statistic.MEAN:
            return self.total / self.count
        if which is Statistic.MIN:
            return self.minimum
        return self.maximum if which is Statistic.MAX else self.total


def rounded(value: float, precision: float) -> float:
    """``value`` in steps of the catalogue's precision; what is finer is noise."""
    if not precision or not math.isfinite(value):
        return value
    return round(value / precision) * precision


class Window:
    """The window that is being filled. Remembers across windows what counters stood at and which series there are."""

    def __init__(self) -> None:
        self._totals: dict[tuple[int, str], float] = {}
        self._seen: dict[SeriesKey, float] = {}  # when it last had a sample, monotonic
        self._series: tuple[SeriesKey, ...] = ()
        self._samples: dict[tuple[int, str], tuple[Signal, _Samples]] = {}
        self._events: dict[tuple[int, str, tuple[tuple[str, str], ...]], EventSeen] = {}

    def add(self, readings: Readings, *, from_zero: bool = False) -> None:
        """Takes one pass over the sensors. ``from_zero``: counters began with the agent itself, and at nothing."""
        for signal, subject, value in readings.gauges:
            self._sample(signal, subject).add(value)
        for signal, subject, total in readings.counters:
            before = self._totals.get((signal.id, subject), 0.0 if from_zero else None)
            self._totals[signal.id, subject] = total
            if before is not None:
                # A total that fell began again at nothing.
                self._sample(signal, subject).add(total - before if total >= before else total)
        for event in readings.events:
            key = (event.signal.id, event.subject, event.attributes)
            known = self._events.get(key)
            if known is not None:
                event = event._replace(times=known.times + event.times, time=max(known.time, event.time))  # noqa: PLW2901
            elif len(self._events) >= MOST_EVENTS:
                continue
            self._events[key] = event

    def _sample(self, signal: Signal, subject: str) -> _Samples:
        key = (signal.id, subject)
        found = self._samples.get(key)
        if found is None:
            found = self._samples[key] = (signal, _Samples())
        return found[1]

    def restrict(self, permits: Callable[[int], bool]) -> None:
        """Forgets all of signals (catalogue ids) that may not leave any more, what was sampled already among it."""
        self._samples = {key: value for key, value in self._samples.items() if permits(key[0])}
        self._events = {key: value for key, value in self._events.items() if permits(key[0])}
        self._totals = {key: value for key, value in self._totals.items() if permits(key[0])}
        self._seen = {key: seen for key, seen in self._seen.items() if permits(key.signal)}
        self._series = tuple(sorted(self._seen))

    def discard(self) -> None:
        """Forgets what was added since the last close; where counters stand is remembered."""
        self._samples.clear()
        self._events.clear()

    def forget(self) -> None:
        """Forgets that too: the next totals say by how much nothing has grown."""
        self.discard()
        self._totals.clear()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added since the last close."""
        return not self._samples and not self._events

    def events(self) -> Sequence[EventSeen]:
        """What happened so far."""
        return tuple(self._events.values())

    def close(
        self,
        start: float,
        duration: float,
        boot_id: str,
        now: float,
        facts: Mapping[FactKey, Value | None],
        unmeasured: Mapping[FactKey, str],
    ) -> WindowReport:
        """Ends the window; ``now`` is monotonic. The next one starts empty."""
        found: dict[SeriesKey, float] = {}
        for (identity, subject), (signal, samples) in self._samples.items():
            for which in signal.statistics:
                found[SeriesKey(identity, subject, int(which))] = rounded(samples.statistic(which), signal.precision)
        series = self._dictionary(found, now)
        report = WindowReport(
            start,
            duration,
            boot_id,
            series,
            [found.get(key, math.nan) for key in series],
            dict(facts),
            tuple(self._events.values()),
            dict(unmeasured),
        )
        self._samples.clear()
        self._events.clear()
        return report

    def _dictionary(self, found: Mapping[SeriesKey, float], now: float) -> tuple[SeriesKey, ...]:
        """The series in force, sorted: the same ones give the same bytes, also after a restart."""
        changed = False
        for key in found:
            changed = changed or key not in self._seen
            self._seen[key] = now
        for key in [key for key, seen in self._seen.items() if now - seen > FORGET_AFTER]:
            del self._seen[key]
            changed = True
        if changed:
            self._series = tuple(sorted(self._seen))
        return self._series
