"""Lookups of our own: whether a field holds a text and whether it is one of many numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Field, Lookup, Q

from keuring_collector.store import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray


@Field.register_lookup
class Like(Lookup):
    """Whether a text in ASCII is like a ``pattern``. PostgreSQL folds capitals as in ASCII, in half the time."""

    lookup_name = "like"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For both databases."""
        left, params = compiler.compile(self.lhs)
        folded = f'LOWER({left} COLLATE "C")' if connection.vendor == "postgresql" else left
        return f"{folded} LIKE %s ESCAPE '\\'", [*params, self.rhs]


@Field.register_lookup
class Among(Lookup):
    """``in`` for thousands of numbers, which are one value: the text of ``names.Many``."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For both databases."""
        left, params = compiler.compile(self.lhs)
        return names.among(connection.vendor, left), [*params, self.rhs]


@Field.register_lookup
class InBits(Lookup):
    """The same with the bits of ``names.Many``, after how many they are."""

    lookup_name = "in_bits"
    prepare_rhs = False

    def as_sql(self, compiler: Any, _connection: Any) -> tuple[str, Any]:
        """For PostgreSQL."""
        left, params = compiler.compile(self.lhs)
        size, bits = self.rhs
        return names.in_bits(left), [*params, size, bits, *params]


def has(field: str, text: str) -> Q:
    """What makes a field hold a text, in any capitals."""
    return Q(**{f"{field}__like": pattern(text)} if text.isascii() else {f"{field}__icontains": text})


def pattern(text: str) -> str:
    """A text in ASCII as the databases look for it in another."""
    return f"%{connection.ops.prep_for_like_query(text.lower())}%"


def few(numbers: Iterable[int]) -> str:
    """Numbers of a page as the one value of ``among``."""
    return names.few(connection.vendor, list(numbers))


def many(numbers: NDArray[np.int64]) -> names.Many:
    """Many numbers as values of a query."""
    return names.many(connection.vendor, numbers) if len(numbers) else names.Many(None)


def among(field: str, told: names.Many) -> Q:
    """What makes a field one of many numbers; of none Django knows that without the database."""
    if told.text is not None:
        return Q(**{f"{field}__among": told.text})
    return Q(pk__in=()) if told.bits is None else Q(**{f"{field}__in_bits": (told.size, told.bits)})
