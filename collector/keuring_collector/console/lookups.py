"""Lookups of our own: whether a field holds a text, and whether it is one of many numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Field, Lookup, Q
from django.db.models.lookups import IContains

from keuring_collector.store import names

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    """``in`` for thousands of numbers, which Django takes as one value: the bytes of an array (see ``among``)."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For both databases."""
        left, params = compiler.compile(self.lhs)
        sql, values = names.among(connection.vendor, left, np.frombuffer(self.rhs, dtype=np.int64))
        return sql, [*params, *values]


def has(field: str, text: str) -> Q:
    """What makes a field hold a text, in any capitals."""
    return Q(**{f"{field}__holds": text})


def among(field: str, numbers: NDArray[np.int64]) -> Q:
    """What makes a field one of many numbers; of none Django knows that without the database."""
    return Q(**{f"{field}__among": numbers.tobytes()}) if len(numbers) else Q(pk__in=())
