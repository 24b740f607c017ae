"""Numbers in addresses and forms: whatever somebody typed there is a number that a database can hold, or none."""

from __future__ import annotations

from typing import Final

MOST_DIGITS: Final = 18  # those of a row's number fit


def number(text: str) -> int | None:
    """The number that ``text`` writes in plain digits; None when it is none (``"²".isdigit()`` is true) or too long."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
