"""When notices may be shown: "mon-fri 08:00-18:00", by the machine's own clock."""

from __future__ import annotations

import re
import time
from typing import Final, NamedTuple

from keuring_agent.errors import ConfigError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = r"([a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)"
_HOUR, _DAY = 60, 1440  # minutes


class Span(NamedTuple):
    """Days of the week (0: Monday) and minutes of the day, the last one not included."""

    days: frozenset[int]
    since: int
    until: int


def parse(text: str) -> tuple[Span, ...]:
    """Spans, separated by commas; none for "". Raises ConfigError."""
    return tuple(_span(part.strip()) for part in text.split(",")) if text.strip() else ()


def _span(text: str) -> Span:
    found = re.fullmatch(_SPAN, text.lower())
    if found is not None and {found[1], found[2] or found[1]} <= set(_DAYS):
        first, last = _DAYS.index(found[1]), _DAYS.index(found[2] or found[1])
        hours = [int(part) for part in found.groups()[2:]]
        since, until = hours[0] * _HOUR + hours[1], hours[2] * _HOUR + hours[3]
        if first <= last and since < until <= _DAY and max(hours[1], hours[3]) < _HOUR:
            return Span(frozenset(range(first, last + 1)), since, until)
    raise ConfigError(f"'{text}' are no hours; write days and times as in \"mon-fri 08:00-18:00\", from early to late")


def within(spans: tuple[Span, ...], now: float) -> bool:
    """Whether a time (seconds since 1970) lies in one of them, as the machine's clock shows it."""
    local = time.localtime(now)
    minute = local.tm_hour * _HOUR + local.tm_min
    return any(local.tm_wday in span.days and span.since <= minute < span.until for span in spans)
