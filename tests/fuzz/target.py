"""What a fuzz target is: a function that swallows any bytes, and bytes to begin with."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

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


def folder(purpose: str) -> Path:
    """A new directory for inputs that must be files; gone when this process ends."""
    made = Path(tempfile.mkdtemp(prefix=f"keuring-fuzz-{purpose}-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def lines_of(seeds: Sequence[bytes]) -> SearchStrategy[bytes]:
    """Lines of the seeds in any order, with other text between."""
    known = sorted({line for seed in seeds for line in seed.split(b"\n")})
    return st.lists(st.sampled_from(known) | st.binary(max_size=40), max_size=12).map(b"\n".join)


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
