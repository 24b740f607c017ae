"""Queries of the pages that are asked most, whose SQL Django writes once.

Writing the SQL of a query takes Django longer than most queries take the database (ADR 0058). So what the pages of a
ticket and of a machine ask is written as a function of its values that gives a queryset, and ``prepared`` asks that
function once for each shape of values; from then on only the values change. Filters of a list over a foreign key name
the key's own field (``ticket__pk__in``), as Django turns the values of ``ticket__in`` into numbers too early.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from datetime import date, datetime
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

T = TypeVar("T")
LONGEST: Final = 256  # values of one list; a longer one is asked in Django's usual way
Write = Callable[..., "QuerySet[Any, T]"]
Shape = tuple[object, ...]


class Slot(Expression):
    """Where in the SQL a value comes in."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def as_sql(self, *_context: object, **_named: object) -> tuple[str, Any]:
        """A placeholder, with this slot as its parameter until a value takes its place."""
        return "%s", [self]


class Prepared(Generic[T]):
    """A query as a function of its values: single ones, lists, or None and truths, which are part of its shape.

    ``write`` gives the queryset; it may use its parameters as values of filters and nothing else, save to ask whether
    one is None or true. What ``only`` and ``select_related`` say holds; answers are lists.
    """

    def __init__(self, write: Write[T]) -> None:
        update_wrapper(self, write)
        self._write = write
        self._known: dict[Shape, _Written[T] | None] = {}

    def __call__(self, *values: Any) -> list[T]:
        """What the database answers."""
        if any(isinstance(value, (list, tuple, set, frozenset)) and len(value) > LONGEST for value in values):
            return list(self._write(*values))
        filled = [_filled(value) for value in values]
        shape = (connections[DEFAULT_DB_ALIAS].vendor, *map(_shape, filled))
        if shape not in self._known:
            self._known[shape] = _written(self._write(*_slots(filled)))
        written = self._known[shape]
        return [] if written is None else written.ask(_flat(filled))


def prepared(write: Write[T]) -> Prepared[T]:
    """Makes a function that gives a queryset one that asks it, with SQL that is written once for each shape."""
    return Prepared(write)


class _Written(Generic[T]):
    """A query of one shape, and its SQL."""

    def __init__(self, queryset: QuerySet[Any, T], compiler: Any, sql: str, params: Sequence[object]) -> None:
        self._queryset, self._compiler, self._sql, self._params = queryset, compiler, sql, params

    def ask(self, values: Sequence[object]) -> list[T]:
        connection = connections[DEFAULT_DB_ALIAS]
        params = tuple(
            _adapted(values[each.number], connection) if isinstance(each, Slot) else each for each in self._params
        )
        compiler = copy.copy(self._compiler)
        compiler.connection = connection
        compiler.as_sql = lambda: (self._sql, params)
        found: Any = self._queryset.all()
        found.query.get_compiler = lambda *_args, **_named: compiler
        return list(found)


def _written(queryset: QuerySet[Any, T]) -> _Written[T] | None:
    """The query with its SQL; None when it can find nothing."""
    compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    compiler.connection = None  # that of this thread, which need not live as long
    return _Written(queryset, compiler, sql, params)


def _filled(value: Any) -> Any:
    """A list with its last value repeated until it is as long as a power of two, so that there are few shapes."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        return value
    values = list(value)
    return values + values[-1:] * ((1 << max(0, len(values) - 1).bit_length()) - len(values)) if values else values


def _shape(value: Any) -> object:
    if isinstance(value, list):
        return len(value)
    return value if value is None or isinstance(value, bool) else ""


def _slots(filled: Sequence[Any]) -> list[Any]:
    slots: list[Any] = []
    number = 0
    for value in filled:
        if isinstance(value, list):
            slots.append([Slot(number + each) for each in range(len(value))])
            number += len(value)
        elif value is None or isinstance(value, bool):
            slots.append(value)
        else:
            slots.append(Slot(number))
            number += 1
    return slots


def _flat(filled: Sequence[Any]) -> list[object]:
    flat: list[object] = []
    for value in filled:
        if isinstance(value, list):
            flat += value
        elif value is not None and not isinstance(value, bool):
            flat.append(value)
    return flat


def _adapted(value: object, connection: Any) -> object:
    """A value as the database takes it, as Django's fields would say it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value
