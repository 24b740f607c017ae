"""Dates as others write them, without strptime, which would cost the resident agent 0.4 MB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def iso(text: str) -> float | None:
    """Seconds since 1970 of a date or time in ISO 8601, UTC where no zone is told; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def local(text: str) -> float | None:
    """The same, in the machine's own zone where none is told."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def american(text: str) -> float | None:
    """Of "12/31/2024", as BIOSes write it."""
    month, _, rest = text.partition("/")
    day, _, year = rest.partition("/")
    return iso(f"{year}-{month:0>2}-{day:0>2}")


def named(text: str) -> float | None:
    """Of "07 Dec 2023 03-24 -0500", as ClamAV writes it."""
    parts = text.split()
    if len(parts) != 5 or parts[1].lower() not in _MONTHS:
        return None
    day, month, year, clock, zone = parts
    return iso(f"{year}-{_MONTHS.index(month.lower()) + 1:02}-{day:0>2}T{clock.replace('-', ':')}:00{zone}")
