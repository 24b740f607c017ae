"""The names of all machines and colleagues, as the database puts them together (a row for each would take ten times as
long to read), and what is asked with the many numbers that are found among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection

_WEIGHED: Final = 2000
_LARGEST: Final = 1 << 24  # number that has a bit: two megabytes of them


class Listed(NamedTuple):
    """Numbers of rows with commas in between, and each of their columns as lines in the same order."""

    numbers: str
    columns: list[str]


def machines(connection: Connection, until: int) -> Listed:
    """The names of machines with numbers up to ``until``, in their order (of which there is an index, hence the +)."""
    return _listed(connection, ["host_name"], "fleet_endpoint WHERE +id <= ? ORDER BY host_name, id", (until,))


def colleagues(connection: Connection) -> Listed:
    """The names and mail addresses of colleagues."""
    return _listed(connection, ["name", "mail"], "fleet_colleague", ())


def models(connection: Connection, most: int) -> list[str]:
    """The models of machines that are active: from one to the next by the index, at most so many."""
    rows = connection.execute(
        "WITH RECURSIVE told(model) AS (SELECT min(model) FROM fleet_endpoint WHERE state = 'active' UNION ALL "
        "SELECT (SELECT min(model) FROM fleet_endpoint WHERE state = 'active' AND model > told.model) "
        "FROM told WHERE told.model IS NOT NULL) SELECT model FROM told WHERE model IS NOT NULL LIMIT ?",
        (most,),
    )
    return [row[0] for row in rows]


class Many(NamedTuple):
    """Many numbers as values of a query: all of them in a text, or of each up to the largest whether it is among them,
    in a bit each, with how many bits that are.
    """

    text: str | None
    size: int | None = None
    bits: bytes | None = None


def few(vendor: str, numbers: list[int]) -> str:
    """These numbers as a text; of hundreds that are given one by one, drivers and databases look at each."""
    told = str(numbers)
    return told if vendor == "sqlite" else f"{{{told[1:-1]}}}"


def many(vendor: str, numbers: NDArray[np.int64]) -> Many:
    """These numbers as the database takes them.

    PostgreSQL weighs each number of an array as it plans, and would look for each of many by an index; so it is told of
    more than some in bits.
    """
    if vendor == "sqlite" or len(numbers) < _WEIGHED or numbers.max() > _LARGEST:
        return Many(few(vendor, numbers.tolist()))
    bits = np.zeros(int(numbers.max()) + 1, dtype=np.bool_)
    bits[numbers] = True
    return Many(None, len(bits), np.packbits(bits, bitorder="little").tobytes())


def among(vendor: str, column: str) -> str:
    """SQL that asks whether a column is one of many numbers, which are given as a text."""
    return (
        f"{column} IN (SELECT value FROM json_each(%s))"
        if vendor == "sqlite"
        else f"{column} = ANY(CAST(%s AS bigint[]))"
    )


def in_bits(column: str) -> str:
    """The same for PostgreSQL, where they are given as how many bits there are, and these."""
    return f"CASE WHEN {column} < %s THEN get_bit(%s, {column}) = 1 ELSE false END"


def _listed(connection: Connection, columns: Sequence[str], source: str, values: Sequence[object]) -> Listed:
    told = _asked(connection, columns, source, values)
    if any(text.count("\n") != told.numbers.count(",") for text in told.columns):  # one of them is itself of two lines
        single = [f"replace({column}, '\n', ' ')" for column in columns]
        told = _asked(connection, single, source, values)
    return told


def _asked(connection: Connection, columns: Sequence[str], source: str, values: Sequence[object]) -> Listed:
    if connection.vendor == "postgresql":
        together = ["string_agg(CAST(id AS text), ',')", *(f"string_agg({column}, '\n')" for column in columns)]
    else:
        together = ["group_concat(id)", *(f"group_concat({column}, '\n')" for column in columns)]
    rows = connection.execute(f"SELECT {', '.join(together)} FROM (SELECT * FROM {source}) AS told", values)
    numbers, *lines = rows[0]
    return Listed(numbers or "", [text or "" for text in lines])
