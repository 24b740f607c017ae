"""Serial numbers of machines, written in one way."""

from __future__ import annotations


def canonical(text: str) -> str:
    """A serial number in capitals and without spaces: as labels, lists of suppliers and firmware mean the same."""
    return "".join(text.split()).upper()
