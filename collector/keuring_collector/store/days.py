"""Series by the day, as charts show them: from daily points, which compaction makes."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring.signals.model import Statistic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from keuring_collector.store.connection import Connection


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
    f"CASE statistic {' '.join(f'WHEN {each:d} THEN {name}' for each, name in OF_DAY.items())} ELSE last END"
)


def days(
    connection: Connection, endpoint: int, signals: Collection[int], subject: str | None, between: tuple[int, int]
) -> dict[tuple[int, str], dict[int, Days]]:
    """By series (signal, subject) and statistic; of one ``subject``, or of all."""
    about = "" if subject is None else "AND subject = ? "
    rows = connection.execute(
        f"SELECT signal_id, subject, statistic, day, {_VALUE}, minimum, maximum FROM daily "
        f"WHERE endpoint_id = ? AND signal_id IN ({_marks(signals)}) {about}AND day >= ? AND day <= ? "
        "ORDER BY signal_id, subject, statistic, day",
        (endpoint, *signals, *([] if subject is None else [subject]), *between),
    )
    found: dict[tuple[int, str], dict[int, Days]] = {}
    for (signal, of, statistic), of_statistic in groupby(rows, itemgetter(0, 1, 2)):
        columns = list(zip(*of_statistic, strict=True))
        found.setdefault((signal, of), {})[statistic] = Days(*columns[3:])
    return found


def days_of(
    connection: Connection,
    endpoints: Sequence[int],
    signal: int,
    subject: str,
    statistic: int,
    between: tuple[int, int],
) -> list[tuple[int, float]]:
    """(day, value) of one series on at most a few hundred machines."""
    return connection.execute(
        f"SELECT day, {_VALUE} FROM daily WHERE endpoint_id IN ({_marks(endpoints)}) "
        "AND signal_id = ? AND subject = ? AND statistic = ? AND day >= ? AND day <= ?",
        (*endpoints, signal, subject, statistic, *between),
    )


def _marks(values: Collection[int]) -> str:
    return ", ".join("?" * len(values))
