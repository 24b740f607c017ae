"""The names of all machines and colleagues, as the database puts them together (a row for each would take ten times as
long to read), and what is asked with the many numbers that are found among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.store.connection import Connection

_WEIGHED: Final = 2000


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


def among(vendor: str, column: str, numbers: str) -> tuple[str, str]:
    """SQL that asks whether a column is one of ``numbers`` (with commas in between), and the one value that it takes.

    PostgreSQL weighs each number of an array as it plans, and would look for each of many by an index; so of more than
    some these are looked up in a table of their own, which "is true" keeps from becoming a join.
    """
    if vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))", f"[{numbers}]"
    if numbers.count(",") < _WEIGHED:
        return f"{column} = ANY(CAST(%s AS bigint[]))", f"{{{numbers}}}"
    return f"({column} IN (SELECT unnest(CAST(%s AS bigint[])))) IS TRUE", f"{{{numbers}}}"


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
