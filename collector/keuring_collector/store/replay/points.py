"""Daily points: as one window a day where windows are no longer kept, and as what was known before."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from keuring_collector.engine.model import LAST, MAX, MEAN, MIN, SUM, SeriesKey
from keuring_collector.engine.strip import Strip
from keuring_collector.store.block import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.model import Event, Fact, Layout
    from keuring_collector.store.connection import Connection

COLUMNS: Final = {LAST: "last", MIN: "minimum", MEAN: "mean", MAX: "maximum", SUM: "total"}


class Days(NamedTuple):
    """Days since 1970, rising, with a row of ``table`` each and a column per key of ``layout``."""

    day: NDArray[np.int64]
    layout: Layout
    table: NDArray[np.float64]

    @property
    def start(self) -> NDArray[np.float64]:
        """When each day began."""
        return self.day.astype(np.float64) * DAY

    def place(self, time: float) -> int:
        """The day of a moment, or the next that is there; -1: before all of them."""
        if time < self.day[0] * DAY:
            return -1
        return int(np.searchsorted(self.day, int((time - 0.001) // DAY)))

    def strip(self, endpoint: int, facts: Mapping[int, list[Fact]], events: Mapping[int, list[Event]]) -> Strip:
        """The days as windows, each as long as the day, and received when it ended."""
        start = self.start
        end = start + DAY
        return Strip(endpoint, self.layout, start, end, end, self.table, facts, events)


def series(
    connection: Connection,
    endpoint: int,
    keys: Sequence[SeriesKey],
    days: tuple[int, int],
    aggregates: Mapping[tuple[int, int], str],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The days in [first, last] of which any of ``keys`` has a point, and a table with a column per key."""
    found: list[NDArray[np.float64]] = []
    for key in keys:
        column = aggregates.get((key.signal, key.statistic), COLUMNS[key.statistic])
        rows = connection.execute(
            f"SELECT day, {column} FROM daily WHERE endpoint_id = ? AND signal_id = ? AND subject = ? "
            "AND statistic = ? AND day >= ? AND day <= ? ORDER BY day",
            (endpoint, key.signal, key.subject, key.statistic, *days),
        )
        found.append(np.fromiter(chain.from_iterable(rows), np.float64, 2 * len(rows)).reshape(-1, 2))
    if not found or not any(len(each) for each in found):
        return np.array([], np.int64), np.full((0, len(keys)), np.nan)
    first = found[0][:, 0]
    if all(np.array_equal(each[:, 0], first) for each in found):
        return first.astype(np.int64), np.stack([each[:, 1] for each in found], axis=1)
    day = np.unique(np.concatenate([each[:, 0] for each in found]))
    table = np.full((len(day), len(keys)), np.nan)
    for place, each in enumerate(found):
        table[np.searchsorted(day, each[:, 0]), place] = each[:, 1]
    return day.astype(np.int64), table


def before(
    connection: Connection, endpoint: int, day: int | None, signals: Collection[int] | None
) -> dict[SeriesKey, NDArray[np.float64]]:
    """The points of days before ``day`` (None: all) by series, for ``Known``."""
    wanted, parameters = "endpoint_id = ?", [endpoint]
    if day is not None:
        wanted, parameters = f"{wanted} AND day < ?", [*parameters, day]
    found: dict[SeriesKey, list[Sequence[float]]] = defaultdict(list)
    for one in [None] if signals is None else signals:
        rows = connection.execute(
            "SELECT signal_id, statistic, subject, day, last, minimum, mean, maximum, total FROM daily "
            f"WHERE {wanted}{'' if one is None else ' AND signal_id = ?'} ORDER BY signal_id, statistic, subject, day",
            parameters if one is None else [*parameters, one],
        )
        for signal, statistic, subject, *point in rows:
            found[SeriesKey(signal, statistic, subject)].append(point)
    return {key: np.array(rows, np.float64) for key, rows in found.items()}
