"""When a Mac was made, from its serial number: a code for the half year and one for the week until 2021."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from keuring_agent.host.readings import NotMeasurable

# Of twelve characters the fourth is the half year, from 2010 on and once more from 2020 on; the fifth the week in it.
_HALVES: Final = "CDFGHJKLMNPQRSTVWXYZ"
_WEEKS: Final = "123456789CDFGHJKLMNPQRTVWXY"
_FIRST_YEAR: Final = 2010
_TWICE: Final = 4  # half years whose code came back, until serial numbers stopped telling anything
_AGAIN: Final = 10  # years later
_DECADE: Final = 2000  # of eleven characters the third is the year in this decade, and two digits the week
_RANDOM: Final = "this serial number does not tell when the machine was made (those since 2021 do not)"


def made(serial: str | None, *, recent: bool) -> float:
    """Seconds since 1970, to the week. ``recent``: the system is one that no Mac of 2011 or before can run."""
    if serial is None:
        raise NotMeasurable("the machine tells no serial number, by which its age could be known")
    if len(serial) == 12 and serial[3] in _HALVES and serial[4] in _WEEKS:
        half, week = _HALVES.index(serial[3]), _WEEKS.index(serial[4])
        year = _FIRST_YEAR + half // 2 + (_AGAIN if recent and half < _TWICE else 0)
        return _monday(year, week + (26 if half % 2 else 0))
    digits = serial[2:5]
    if len(serial) == 11 and digits.isascii() and digits.isdecimal() and 1 <= int(digits[1:]) <= 53:
        year = _DECADE + int(digits[0])
        return _monday(year + (10 if year < _DECADE + 3 else 0), int(digits[1:]) - 1)
    raise NotMeasurable(_RANDOM)


def _monday(year: int, weeks: int) -> float:
    return (datetime(year, 1, 1, tzinfo=UTC) + timedelta(weeks=weeks)).timestamp()
