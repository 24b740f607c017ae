"""The choices of lists in forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_collector.desk.models import Staff


class Option(NamedTuple):
    """One choice of a list."""

    value: str
    text: str
    chosen: bool


def options(pairs: Sequence[tuple[str, str]], chosen: str, everything: str) -> list[Option]:
    """The pairs (value, text) as choices, after one that narrows nothing down."""
    return [Option("", everything, not chosen), *(Option(value, text, value == chosen) for value, text in pairs)]


def givable(people: Iterable[Staff]) -> list[Option]:
    """Those to whom tickets can be given."""
    return [Option(str(person.pk), person.first_name or person.get_username(), chosen=False) for person in people]
