"""What can be wrong with a rule pack, said so that whoever wrote it can mend it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Loc = tuple[str | int, ...]


class Problem(NamedTuple):
    """Something wrong in a file: where (line counts from 1), what, and what would be right."""

    path: Path
    line: int
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}" + (f"; {self.mend}" if self.mend else "")


class RulePackError(Exception):
    """A rule pack cannot be used; ``problems`` lists everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Fault(Exception):  # noqa: N818 - becomes a Problem once its line is known
    """Something wrong at ``loc`` (keys and indices from the top of the file), on the way to becoming a Problem."""

    def __init__(self, loc: Loc, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.loc = loc
        self.what = what
        self.mend = mend


def nearest(word: str, known: Iterable[str], most: int = 20) -> str:
    """Advice on a word that is not known: the nearest one that is, or all of them when they are at most so many."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known are: {', '.join(words)}" if len(words) <= most else ""
