"""Typing errors: the known word that somebody probably meant.

Counted are letters left out, added, replaced, and two beside each other that changed places. The vocabulary is that of
the articles themselves, some thousands of words, so this needs no extension of a database (see docs/adr/0041).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def nearest(word: str, known: Mapping[str, int]) -> str | None:
    """The known word, or beginning of one, with the fewest errors to ``word``; None: none is near.

    Of several, whole words go before beginnings, then letters in another order before other letters, then the one in
    most articles.

    ``known`` says in how many articles each word stands. Short words may differ by one error, longer ones by two.
    """
    limit = allowed(word)
    if not limit:
        return None
    best: tuple[int, bool, int, int, str] | None = None
    letters = Counter(word)
    for other, count in known.items():
        if len(other) < len(word) - limit or _lacking(letters, other) > limit:
            continue
        errors, length = distance(word, other, limit)
        found = (errors, length < len(other), _lacking(letters, other[:length]), -count, other[:length])
        if errors <= limit and (best is None or found < best):
            best = found
    return best[-1] if best else None


def allowed(word: str) -> int:
    """How many errors a word of this length may have: three letters and less could become anything."""
    if len(word) <= 3 or any(letter.isdigit() for letter in word):
        return 0
    return 1 if len(word) <= 5 else 2


def _lacking(letters: Counter[str], other: str) -> int:
    """How many letters of the word the other one lacks: cheap to count, and never more than the errors."""
    return (letters - Counter(other)).total()


def distance(word: str, other: str, limit: int) -> tuple[int, int]:
    """The errors between ``word`` and the beginning of ``other`` that is nearest to it, and how long that is; above
    ``limit`` the errors are ``limit`` + 1. The whole of ``other`` is preferred.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        earlier, before, row = before, row, [i]
        for j, beside in enumerate(other, 1):
            errors = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != beside))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == beside:
                errors = min(errors, earlier[j - 2] + 1)
            row.append(errors)
        if min(row) > limit:
            return limit + 1, len(other)
    if row[-1] <= limit and row[-1] == min(row):
        return row[-1], len(other)
    return min((errors, abs(length - len(word)), length) for length, errors in enumerate(row))[::2]
