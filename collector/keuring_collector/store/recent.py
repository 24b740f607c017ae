"""The windows of one endpoint that are still in the journal, read once for all of its series."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.store import precision
from keuring_collector.store.block import DAY
from keuring_collector.store.days import OF_DAY, Days

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.journal import Key


class Series(NamedTuple):
    """Values over time: ``times`` are the ends of windows (seconds since 1970), NaN in ``values`` is no sample."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]


class Recent:
    """What an endpoint reported since a moment and was not compacted yet; ``layouts`` are those of its reports."""

    def __init__(
        self, connection: Connection, endpoint: int, since: float, layouts: Mapping[int, Sequence[Key]]
    ) -> None:
        rows = connection.execute(
            "SELECT end_at, layout, samples FROM journal WHERE endpoint_id = ? AND end_at >= ?", (endpoint, since)
        )
        self._layouts = layouts
        found: dict[int, tuple[list[float], list[bytes]]] = {}
        for end, layout, samples in rows:
            ends, reports = found.setdefault(layout, ([], []))
            ends.append(end)
            reports.append(bytes(samples))
        self._windows: dict[int, tuple[NDArray[np.float64], NDArray[np.float32]]] = {
            layout: (np.array(ends, np.float64), np.frombuffer(b"".join(reports), "<f4").reshape(len(reports), -1))
            for layout, (ends, reports) in found.items()
        }

    def series(self, key: Key) -> Series:
        """The windows of one series, oldest first."""
        times, table = self._table([key])
        return Series(times, table[0])

    def days(self, keys: Sequence[Key], until: float) -> list[Days]:
        """Each of these series by the day, as compaction will make it of the windows so far."""
        times, table = self._table(keys)
        days = (times - 1) // DAY
        found: list[list[tuple[int, float, float, float]]] = [[] for _key in keys]
        for day in np.unique(days[times <= until]).tolist():
            for of_key, told in zip(found, _of_day(keys, table[:, (days == day) & (times <= until)]), strict=True):
                if told is not None:
                    of_key.append((int(day), *told))
        return [Days(*zip(*rows, strict=True)) if rows else Days() for rows in found]

    def _table(self, keys: Sequence[Key]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """When windows ended, in order, and a row of their values for each key."""
        times, tables = [np.array([], np.float64)], [np.empty((len(keys), 0))]
        for layout, (ends, reports) in self._windows.items():
            places = {key: place for place, key in enumerate(self._layouts.get(layout, ()))}
            table = np.full((len(keys), len(ends)), np.nan)
            for row, key in enumerate(keys):
                if key in places:
                    table[row] = reports[:, places[key]]
            times.append(ends)
            tables.append(table)
        at, chosen = np.unique(np.concatenate(times), return_index=True)
        multiplier, divisor = np.array([precision.factors(key[0]) for key in keys]).T[:, :, np.newaxis]
        steps = precision.to_steps(np.concatenate(tables, axis=1)[:, chosen], multiplier, divisor)
        return at, precision.from_steps(steps, multiplier, divisor)


def _of_day(keys: Sequence[Key], table: NDArray[np.float64]) -> Iterator[tuple[float, float, float] | None]:
    """What the windows of one day come to for each series: its value, lowest and highest; None: nothing measured."""
    measured = ~np.isnan(table)
    count = measured.sum(axis=1)
    total = np.where(measured, table, 0.0).sum(axis=1)
    last = table.shape[1] - 1 - measured[:, ::-1].argmax(axis=1)
    columns = {
        "last": table[np.arange(len(table)), last].tolist(),
        "minimum": np.where(measured, table, np.inf).min(axis=1).tolist(),
        "mean": (total / np.maximum(count, 1)).tolist(),
        "maximum": np.where(measured, table, -np.inf).max(axis=1).tolist(),
        "total": total.tolist(),
    }
    for row, (key, windows) in enumerate(zip(keys, count.tolist(), strict=True)):
        value = columns[OF_DAY.get(key[1], "last")][row]
        yield (value, columns["minimum"][row], columns["maximum"][row]) if windows else None
