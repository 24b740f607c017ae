"""The windows of one endpoint that are still in the journal, read once for all of its series."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.store import journal, precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection


class Series(NamedTuple):
    """Values over time: ``times`` are the ends of windows (seconds since 1970), NaN in ``values`` is no sample."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]


class Recent:
    """What an endpoint reported since a moment and was not compacted yet."""

    def __init__(self, connection: Connection, endpoint: int, since: float) -> None:
        rows = connection.execute(
            "SELECT end_at, layout, samples FROM journal WHERE endpoint_id = ? AND end_at >= ?", (endpoint, since)
        )
        self._keys = journal.layouts(connection, endpoint) if rows else {}
        found: dict[int, tuple[list[float], list[bytes]]] = {}
        for end, layout, samples in rows:
            ends, reports = found.setdefault(layout, ([], []))
            ends.append(end)
            reports.append(bytes(samples))
        self._windows: dict[int, tuple[NDArray[np.float64], NDArray[np.float32]]] = {
            layout: (np.array(ends, np.float64), np.frombuffer(b"".join(reports), "<f4").reshape(len(reports), -1))
            for layout, (ends, reports) in found.items()
        }

    def series(self, key: journal.Key) -> Series:
        """The windows of one series, layout by layout."""
        times, values = [np.array([], np.float64)], [np.array([], np.float64)]
        for layout, (ends, reports) in self._windows.items():
            keys = self._keys.get(layout, ())
            if key in keys:
                times.append(ends)
                values.append(reports[:, keys.index(key)].astype(np.float64))
        factors = precision.factors(key[0])
        steps = precision.to_steps(np.concatenate(values), *factors)
        return Series(np.concatenate(times), precision.from_steps(steps, *factors))
