"""The choices of lists in forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keuring_collector.desk.models import Staff
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet


class Option(NamedTuple):
    """One choice of a list."""

    value: str
    text: str
    chosen: bool


def options(pairs: Sequence[tuple[str, str]], chosen: str, everything: str) -> list[Option]:
    """The pairs (value, text) as choices, after one that narrows nothing down."""
    return [Option("", everything, not chosen), *(Option(value, text, value == chosen) for value, text in pairs)]


@prepared
def colleagues_at_the_desk() -> QuerySet[Staff]:
    """All who are active, by name."""
    return Staff.objects.filter(is_active=True).order_by("first_name", "username")


@prepared
def _seeing(department: Any) -> QuerySet[Staff, int]:
    return Staff.objects.filter(departments__pk=department).values_list("pk", flat=True)


def seeing(people: list[Staff], department: int | None) -> list[Staff]:
    """Those of them who see the machines of a department; ``None``: those of no department."""
    if not any(person.limited for person in people):
        return people
    limited_to_it = () if department is None else _seeing(department)
    return [person for person in people if not person.limited or person.pk in limited_to_it]


def givable(people: Iterable[Staff]) -> list[Option]:
    """Those of them to whom tickets can be given."""
    return [
        Option(str(person.pk), person.first_name or person.get_username(), chosen=False)
        for person in people
        if person.may(Right.ACT)
    ]
