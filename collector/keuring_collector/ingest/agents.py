"""What agents say of themselves, added up over the fleet for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals import catalogue
from keuring_collector import metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.ingest.decode import Columns

PUBLISH_SECONDS: Final = 10.0
_SUMS: Final = {
    catalogue.KEURING_AGENT_CPU_TIME.id: metrics.AGENT_CPU,
    catalogue.KEURING_AGENT_SENSOR_FAILURES.id: metrics.AGENT_SENSOR_FAILURES,
    catalogue.KEURING_AGENT_FLUSH_FAILURES.id: metrics.AGENT_FLUSH_FAILURES,
}
_LEVELS: Final = {
    catalogue.KEURING_AGENT_MEMORY_RSS.id: metrics.AGENT_MEMORY,
    catalogue.KEURING_AGENT_SPOOL_REPORTS.id: metrics.AGENT_SPOOLED,
}
_STATISTICS: Final = ("median", "p95", "max")
_SIGNALS: Final = (*_SUMS, *_LEVELS)


class AgentHealth:
    """Collects cheaply per report, and publishes now and then."""

    def __init__(self) -> None:
        self._places: dict[int, list[tuple[int, int]]] = {}
        self._sums: dict[int, float] = dict.fromkeys(_SUMS, 0.0)
        self._levels: dict[int, dict[int, float]] = {signal: {} for signal in _LEVELS}
        self._published = 0.0

    def note(self, endpoint: int, columns: Columns, values: NDArray[np.float64]) -> None:
        """Takes what a report says of its agent."""
        places = self._places.get(columns.number)
        if places is None:
            places = [(key.signal, index) for index, key in enumerate(columns.layout.keys) if key.signal in _SIGNALS]
            self._places[columns.number] = places
        for signal, index in places:
            value = float(values[index])
            if value == value:  # not NaN
                if signal in _SUMS:
                    self._sums[signal] += value
                else:
                    self._levels[signal][endpoint] = value

    def publish(self, now: float) -> None:
        """Hands what was collected to the metrics; ``now`` in seconds of any steady clock."""
        if now - self._published < PUBLISH_SECONDS:
            return
        self._published = now
        for signal, counter in _SUMS.items():
            counter.inc(max(0.0, self._sums[signal]))
            self._sums[signal] = 0.0
        for signal, gauge in _LEVELS.items():
            latest = list(self._levels[signal].values())
            if latest:
                for statistic, value in zip(_STATISTICS, np.quantile(latest, (0.5, 0.95, 1)), strict=True):
                    gauge.labels(statistic).set(float(value))
