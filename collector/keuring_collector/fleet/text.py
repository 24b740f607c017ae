"""Text that came from outside, made harmless: no control characters, no characters that turn the reading direction."""

from __future__ import annotations

import unicodedata
from typing import Final

# Marks, embeddings, overrides and isolates of the bidirectional algorithm, and the line and paragraph separators.
_TURNING: Final = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_harmful(character: str) -> bool:
    """Whether a character can forge a line of a log, or make a text read as something that it is not."""
    return character in _TURNING or unicodedata.category(character) in ("Cc", "Cs")


def printable(text: str, limit: int) -> str:
    """The text without harmful characters and outer white space, at most ``limit`` characters of it."""
    if text.isascii() and text.isprintable():
        return text.strip()[:limit].rstrip()
    return "".join(character for character in text if not is_harmful(character)).strip()[:limit].rstrip()


def escaped(text: str) -> str:
    """The text with harmful characters written as \\uXXXX, so that a log shows that they were there."""
    if text.isprintable():
        return text
    return "".join(f"\\u{ord(character):04x}" if is_harmful(character) else character for character in text)
