"""What a fuzz target is: a function that swallows any bytes, and bytes to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import SearchStrategy

Result = TypeVar("Result")


def attempt(refusing: type[Exception], call: Callable[[], Result]) -> tuple[Result | None, str]:
    """What the call gave, or why it was refused; any other error is a finding."""
    try:
        return call(), ""
    except refusing as error:
        refusal = str(error)
    assert refusal, f"{refusing.__name__} says nothing"
    return None, refusal


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads what strangers write.

    ``swallow`` must return for every input: errors that the code is meant to raise are caught in it, and what it
    returns is checked there; anything it raises is a finding. ``shaped`` draws inputs that get past the first check.
    """

    name: str
    swallow: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    shaped: Callable[[], SearchStrategy[bytes]]
