"""Business hours as they are written in the settings: "Mon-Fri 08:00-18:00", parts parted by commas."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT = "Mon-Fri 08:00-18:00"
_PART = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d?):(\d\d)-(\d\d?):(\d\d)")
_DAY_MINUTES = 24 * 60


class Opening(NamedTuple):
    """A stretch of one day of the week: 0 is Monday, times are seconds after local midnight."""

    weekday: int
    begin: float
    end: float


def parse(text: str) -> tuple[Opening, ...]:
    """The openings of a week, in order, without overlap. ValueError says what is wrong."""
    found: list[Opening] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip().lower())
        if match is None or match[1] not in DAYS or (match[2] or match[1]) not in DAYS:
            raise ValueError(f"'{part.strip()}' is no stretch of the week; write it as in '{DEFAULT}'")
        first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
        begin, end = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
        if last < first or not 0 <= begin < end <= _DAY_MINUTES or int(match[4]) > 59 or int(match[6]) > 59:
            raise ValueError(f"'{part.strip()}' ends before it begins, or is no time of the day")
        found += [Opening(day, begin * 60.0, end * 60.0) for day in range(first, last + 1)]
    found.sort()
    for one, other in pairwise(found):
        if one.weekday == other.weekday and other.begin < one.end:
            raise ValueError(f"two stretches of {DAYS[one.weekday].title()} overlap")
    return tuple(found)
