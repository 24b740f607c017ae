"""One machine's values: a column per signal, statistic and subject, a row per window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring.report.v1 import report_pb2
from keuring.signals.model import Statistic

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from keuring.signals.model import Signal
    from keuring_collector.demo.plan import Planted
    from keuring_collector.demo.presence import Windows

    Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# Names of platforms by the family that os.type tells.
PLATFORM = {"linux": "linux", "windows": "windows", "darwin": "macos"}


class Sheet:
    """Collects the columns of one machine; a signal that its platform does not have is left out."""

    def __init__(self, windows: Windows, system: str, random: np.random.Generator) -> None:
        self.windows = windows
        self.random = random
        self._platform = PLATFORM[system]
        self._keys: list[tuple[int, str, int]] = []
        self._columns: list[NDArray[np.float32]] = []
        self._places: dict[tuple[int, str, int], int] = {}

    def __len__(self) -> int:
        return len(self.windows)

    def during(self, item: Planted | None) -> NDArray[np.bool_]:
        """In which windows a planted course goes on; none: in none."""
        if item is None:
            return np.zeros(len(self), dtype=bool)
        return (self.windows.start >= item.since) & (self.windows.start < item.until)

    def gauge(
        self,
        signal: Signal,
        subject: str,
        level: ArrayLike,
        swing: float = 0.0,
        least: float = 0.0,
        most: float = float("inf"),
    ) -> None:
        """Adds a level: one number, or one per window. ``swing`` is how far it strays within a window."""
        base = np.broadcast_to(np.asarray(level, dtype=np.float64), len(self))
        for statistic in signal.statistics:
            values = base
            if swing:
                stray = self.random.random(len(self)) * swing
                values = base + {Statistic.MIN: -stray, Statistic.MAX: 2 * stray}.get(statistic, stray - swing / 2)
            self._add(signal, subject, statistic, np.clip(values, least, most))

    def counter(self, signal: Signal, subject: str, growth: ArrayLike) -> None:
        """Adds by how much a counter grew in each window."""
        values = np.broadcast_to(np.asarray(growth, dtype=np.float64), len(self))
        self._add(signal, subject, Statistic.SUM, values)

    def rare(self, signal: Signal, subject: str, per_hour: float) -> None:
        """Adds a counter of what happens ``per_hour`` times, by chance."""
        self.counter(signal, subject, self.random.poisson(per_hour * self.windows.hours))

    def _add(self, signal: Signal, subject: str, statistic: Statistic, values: NDArray[np.float64]) -> None:
        if self._platform not in signal.platforms:
            return
        key = (signal.id, subject, statistic.value)
        self._places[key] = len(self._keys)
        self._keys.append(key)
        self._columns.append(_rounded(signal, values))

    def change(self, signal: Signal, subject: str, change: Change, most: float = float("inf")) -> None:
        """Changes what was added: ``change`` takes a column of a signal and gives the new one, of each statistic."""
        for statistic in signal.statistics:
            place = self._places.get((signal.id, subject, statistic.value))
            if place is not None:
                values = np.clip(change(self._columns[place].astype(np.float64)), 0.0, most)
                self._columns[place] = _rounded(signal, values)

    def dictionary(self) -> bytes:
        """The meaning of the columns, as a serialized SeriesDictionary."""
        subjects = ["", *dict.fromkeys(subject for _, subject, _ in self._keys if subject)]
        place = {subject: number for number, subject in enumerate(subjects)}
        return report_pb2.SeriesDictionary(
            signal_ids=[signal for signal, _, _ in self._keys],
            subject_indices=[place[subject] for _, subject, _ in self._keys],
            statistics=[report_pb2.Statistic.ValueType(statistic) for _, _, statistic in self._keys],
            subjects=subjects,
        ).SerializeToString(deterministic=True)

    def values(self) -> NDArray[np.float32]:
        """All values, windows × columns, little-endian."""
        return np.ascontiguousarray(np.stack(self._columns, axis=1))


def _rounded(signal: Signal, values: NDArray[np.float64]) -> NDArray[np.float32]:
    # The step can be coarser than the value's own noise, as the agent's rounding is.
    rounded = np.round(values / signal.precision) * signal.precision if signal.precision else values
    return rounded.astype("<f4")
