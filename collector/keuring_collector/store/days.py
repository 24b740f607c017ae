"""Series by the day, as charts show them: from daily points, which compaction makes."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring.signals.model import Statistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.journal import Key


class Days(NamedTuple):
    """One statistic of one series by the day, oldest first: what it was, and its lowest and highest window.

    ``days`` are days since 1970.
    """

    days: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()


# What of a day's summary is the value of each statistic; of all others it is the last one.
OF_DAY: Final[Mapping[int, str]] = {
    Statistic.MIN: "minimum",
    Statistic.MEAN: "mean",
    Statistic.MAX: "maximum",
    Statistic.SUM: "total",
}
_VALUE: Final = (
    f"CASE daily.statistic {' '.join(f'WHEN {each:d} THEN {name}' for each, name in OF_DAY.items())} ELSE last END"
)


def days(connection: Connection, endpoint: int, keys: Sequence[Key], between: tuple[int, int]) -> dict[Key, Days]:
    """Each of these series of an endpoint that has daily points from one day to another.

    Each is found by its whole key, so that points of other days are not read: they are kept for years.
    """
    if not keys:
        return {}
    # Numbers stand in the statement itself: with few values to fill in, psycopg remembers how to.
    wanted = ", ".join(f"({place}, {key[0]:d}, {key[1]:d}, ?)" for place, key in enumerate(keys))
    rows = connection.execute(
        f"WITH wanted (place, of_signal, of_statistic, of_subject) AS (VALUES {wanted}) "
        f"SELECT place, day, {_VALUE}, minimum, maximum FROM wanted JOIN daily ON endpoint_id = ? "
        "AND signal_id = of_signal AND statistic = of_statistic AND subject = of_subject AND day >= ? AND day <= ?",
        (*[key[2] for key in keys], endpoint, *between),
    )
    rows.sort()  # they mostly are: databases go from one series to the next
    return {keys[place]: Days(*list(zip(*of_key, strict=True))[1:]) for place, of_key in groupby(rows, itemgetter(0))}


def days_of(
    connection: Connection,
    endpoints: Sequence[int],
    signal: int,
    subject: str,
    statistic: int,
    between: tuple[int, int],
) -> list[tuple[int, float]]:
    """(day, value) of one series on at most a few hundred machines."""
    marks = ", ".join("?" * len(endpoints))
    return connection.execute(
        f"SELECT day, {_VALUE} FROM daily WHERE endpoint_id IN ({marks}) "
        "AND signal_id = ? AND subject = ? AND statistic = ? AND day >= ? AND day <= ?",
        (*endpoints, signal, subject, statistic, *between),
    )
