"""The latest known values of one signal over many machines: from the journal, else from the daily points.

A value that is measured less often than every two hours is known here once its day is compacted, two or three days on:
reading back further in the journal would read whole reports of the whole fleet for one number.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from keuring_collector.store import precision
from keuring_collector.store.block import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection, Row
    from keuring_collector.store.journal import Key

AT_ONCE: Final = 500  # endpoints in one question
BACK: Final = 24  # windows of the journal that are looked at: two hours of five minutes


class Latest(NamedTuple):
    """A value and when it was measured, in seconds since 1970; of a daily point the end of its day."""

    value: float
    at: float


def latest_of(
    connection: Connection, signal: int, statistic: int, endpoints: Iterable[int], since: float
) -> dict[tuple[int, str], Latest]:
    """{(endpoint, subject): its latest value that was measured since a moment}."""
    chosen = sorted(set(endpoints))
    found: dict[tuple[int, str], Latest] = {}
    for first in range(0, len(chosen), AT_ONCE):
        some = chosen[first : first + AT_ONCE]
        found |= _of_days(connection, signal, statistic, some, since)
        found |= _of_journal(connection, signal, statistic, some, since)
    return found


def value(connection: Connection, key: Key, endpoint: int, since: float) -> float | None:
    """The latest value of one series that was measured since a moment; None when there is none."""
    signal, statistic, subject = key
    for ask in (_of_journal, _of_days):
        found = ask(connection, signal, statistic, [endpoint], since).get((endpoint, subject))
        if found is not None:
            return found.value
    return None


# The parts of a machine are found by leaps over the key, so that a year of points costs what a week does.
_DAYS: Final = """
WITH RECURSIVE part (endpoint_id, subject) AS (
    SELECT head.endpoint_id, (SELECT min(daily.subject) FROM daily
        WHERE daily.endpoint_id = head.endpoint_id AND daily.signal_id = ?)
    FROM endpoint_head AS head WHERE head.endpoint_id IN ({marks}) AND head.end_at >= ?
    UNION ALL
    SELECT part.endpoint_id, (SELECT min(daily.subject) FROM daily
        WHERE daily.endpoint_id = part.endpoint_id AND daily.signal_id = ? AND daily.subject > part.subject)
    FROM part WHERE part.subject IS NOT NULL
)
SELECT part.endpoint_id, part.subject, newest.day, newest.last FROM part JOIN daily AS newest
ON newest.endpoint_id = part.endpoint_id AND newest.signal_id = ? AND newest.subject = part.subject
AND newest.statistic = ? AND newest.day = (SELECT max(daily.day) FROM daily
    WHERE daily.endpoint_id = part.endpoint_id AND daily.signal_id = ? AND daily.subject = part.subject
    AND daily.statistic = ?)
WHERE newest.day >= ?
"""
_NEWEST: Final = """
SELECT head.endpoint_id, head.epoch, head.layout, layout.keys, head.end_at, (SELECT journal.samples FROM journal
    WHERE journal.endpoint_id = head.endpoint_id AND journal.epoch = head.epoch AND journal.layout = head.layout
    ORDER BY journal.sequence DESC LIMIT 1)
FROM endpoint_head AS head JOIN layout ON layout.endpoint_id = head.endpoint_id AND layout.layout = head.layout
WHERE head.endpoint_id IN ({marks}) AND head.end_at >= ?
"""


def _of_days(
    connection: Connection, signal: int, statistic: int, some: Sequence[int], since: float
) -> dict[tuple[int, str], Latest]:
    # The day in which ``since`` lies counts when it ended later.
    sql = _DAYS.format(marks=_marks(some))
    rows = connection.execute(
        sql, (signal, *some, since, signal, signal, statistic, signal, statistic, int(since // DAY))
    )
    return {(endpoint, subject): Latest(value, (day + 1) * DAY) for endpoint, subject, day, value in rows}


def _of_journal(
    connection: Connection, signal: int, statistic: int, some: Sequence[int], since: float
) -> dict[tuple[int, str], Latest]:
    found = {}
    for row in connection.execute(_NEWEST.format(marks=_marks(some)), (*some, since)):
        columns = _columns(row[3], signal, statistic)
        if not columns or row[5] is None:
            continue
        values = _rounded(np.frombuffer(bytes(row[5]), "<f4"), columns, signal)
        if np.isnan(values).any():
            found.update(_back(connection, row, columns, signal, since))
        else:
            for (_index, subject), value in zip(columns, values.tolist(), strict=True):
                found[row[0], subject] = Latest(value, row[4])
    return found


def _back(
    connection: Connection, head: Row, columns: Sequence[tuple[int, str]], signal: int, since: float
) -> dict[tuple[int, str], Latest]:
    """The same where the newest report lacks something: from the last ones that have it."""
    endpoint, epoch, layout = head[:3]
    found: dict[tuple[int, str], Latest] = {}
    for end, samples in connection.execute(
        "SELECT end_at, samples FROM journal WHERE endpoint_id = ? AND epoch = ? AND layout = ? AND end_at >= ? "
        f"ORDER BY sequence DESC LIMIT {BACK}",
        (endpoint, epoch, layout, since),
    ):
        values = _rounded(np.frombuffer(bytes(samples), "<f4"), columns, signal).tolist()
        for (_index, subject), value in zip(columns, values, strict=True):
            if value == value:  # not NaN
                found.setdefault((endpoint, subject), Latest(value, end))
        if len(found) == len(columns):
            break
    return found


@lru_cache(maxsize=1024)
def _columns(keys: str, signal: int, statistic: int) -> tuple[tuple[int, str], ...]:
    """(place in a report, subject) of a signal; of machines that are alike the layout is read once."""
    return tuple(
        (index, key[2]) for index, key in enumerate(json.loads(keys)) if key[0] == signal and key[1] == statistic
    )


def _rounded(samples: NDArray[np.float32], columns: Sequence[tuple[int, str]], signal: int) -> NDArray[np.float64]:
    factors = precision.factors(signal)
    values = samples[[index for index, _subject in columns]].astype(np.float64)
    return precision.from_steps(precision.to_steps(values, *factors), *factors)


def _marks(some: Sequence[int]) -> str:
    return ", ".join("?" * len(some))
