"""Lookups of our own: whether a field holds a text, and whether it is one of many numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Field, Lookup, Q
from django.db.models.lookups import IContains

from keuring_collector.store import names

if TYPE_CHECKING:
    from collections.abc import Collection


@Field.register_lookup
class Holds(IContains):
    """``icontains``, of which PostgreSQL folds capitals as in ASCII where the text is that: in half the time."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """As the lookup that it is a kind of."""
        return IContains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For PostgreSQL."""
        if not self.rhs.isascii():
            return self.as_sql(compiler, connection)
        left, params = compiler.compile(self.lhs)
        pattern = connection.ops.prep_for_like_query(self.rhs.lower())
        return f'LOWER({left} COLLATE "C") LIKE %s', [*params, f"%{pattern}%"]


@Field.register_lookup
class Among(Lookup):
    """``in`` for thousands of numbers, written with commas in between: Django and the databases take them as one value
    (see ``among``).
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For both databases."""
        left, params = compiler.compile(self.lhs)
        sql, value = names.among(connection.vendor, left, self.rhs)
        return sql, [*params, value]


def has(field: str, text: str) -> Q:
    """What makes a field hold a text, in any capitals."""
    return Q(**{f"{field}__holds": text})


def among(field: str, numbers: Collection[int]) -> Q:
    """What makes a field one of many numbers; of none Django knows that without the database."""
    return Q(**{f"{field}__among": ",".join(map(str, numbers))}) if numbers else Q(pk__in=())
