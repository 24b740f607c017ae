"""What WMI, the registry and Windows' clocks write, as plain values; None for what is empty or makes no sense."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

Row = Mapping[str, object]  # one object of WMI, or the values of one registry key, by name

_MOMENT: Final = re.compile(r"^(\d{14})\.(\d{6})([+-]\d{3}|[+-]\*\*\*|\*{4})$")
_TICKS: Final = 10_000_000  # of FILETIME in a second
_TO_1970: Final = 11_644_473_600  # seconds from 1601, where FILETIME begins
_LATEST: Final = 4_102_444_800.0  # the year 2100; a later date is none


def number(row: Row, name: str) -> float | None:
    """WMI writes numbers of 64 bits as text."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(row: Row, name: str) -> int | None:
    """A whole number; numbers of 32 bits without sign come as negative ones through COM, and are put right."""
    found = number(row, name)
    if found is None or found != int(found):
        return None
    return int(found) + (1 << 32 if -(1 << 31) <= found < 0 else 0)


def text(row: Row, name: str) -> str | None:
    """A text with single spaces."""
    value = row.get(name)
    return " ".join(value.replace("\0", " ").split()) or None if isinstance(value, str) else None


def flag(row: Row, name: str) -> bool | None:
    """Yes or no."""
    value = row.get(name)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def listed(row: Row, name: str) -> tuple[object, ...]:
    """Several values."""
    value = row.get(name)
    return tuple(value) if isinstance(value, list | tuple) else ()


def characters(row: Row, name: str) -> str | None:
    """A text that WMI gives as a list of character codes, filled up with zeros."""
    codes = [code for code in listed(row, name) if isinstance(code, int) and 0 < code < 0xD800]
    return " ".join("".join(map(chr, codes)).split()) or None


def moment(value: object) -> float | None:
    """A time as WMI writes it (20130813153755.000000+120; the end in minutes from UTC), in seconds since 1970."""
    if isinstance(value, datetime):  # pywin32 gives some so
        return _sane((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    match = _MOMENT.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    minutes = 0 if "*" in match[3] else int(match[3])
    try:
        zone = timezone(timedelta(minutes=minutes))
        return _sane(datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None


def filetime(value: object) -> float | None:
    """A FILETIME (a number, or its eight bytes as the registry may keep it), in seconds since 1970."""
    if isinstance(value, bytes):
        value = int.from_bytes(value[:8], "little") if len(value) >= 8 else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return _sane(value / _TICKS - _TO_1970) if 0 < value < 1 << 63 else None


def _sane(seconds: float) -> float | None:
    return seconds if 0 < seconds < _LATEST else None
