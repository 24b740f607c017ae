"""Round numbers for axes: values in the unit that people read them in, and moments in the desk's time zone."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import get_language

from keuring_collector.desk import wording

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY: Final = 86400.0
MOST_LABELS: Final = 6
_FACTORS: Final[dict[str, tuple[float, ...]]] = {
    "1": (0.01,),
    "By": (1024.0**4, 1024.0**3, 1024.0**2, 1024.0, 1.0),
    "Hz": (1e9, 1e6, 1e3, 1.0),
    "bit/s": (1e9, 1e6, 1e3, 1.0),
    "s": (DAY, 3600.0, 60.0, 1.0, 0.001),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from ``low`` to ``high`` with its labelled places."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Where a value lies, 0 at ``low`` and 1 at ``high``."""
        return (value - self.low) / (self.high - self.low)


def _step(span: float, most: int) -> float:
    """The smallest of 1, 2, 2.5, 5 × 10ⁿ that cuts ``span`` into at most ``most`` pieces."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(size * power for size in (1, 2, 2.5, 5, 10, 20) if span / (size * power) <= most)


def values(lowest: float, highest: float, unit: str, most: int = 4) -> Scale:
    """An axis for values in ``unit`` (UCUM) that holds ``lowest`` to ``highest``; at most ``most`` steps.

    It starts at zero when the values come near it, so that a small change does not look like a large one.
    """
    biggest = max(abs(lowest), abs(highest))
    factor = next((size for size in _FACTORS.get(unit, (1.0,)) if biggest >= size), _FACTORS.get(unit, (1.0,))[-1])
    low, high = lowest / factor, highest / factor
    if low >= 0 and low < 0.6 * high:
        low = 0.0
    if high - low < 1e-9 * max(1.0, abs(high)):
        full = 100.0 if unit == "1" and 0 < high <= 100 else high * 1.25
        low, high = (0.0, 1.0) if abs(high) < 1e-9 else sorted((0.0, full))
    step = _step(high - low, most)
    if unit.startswith("{"):
        step = max(1.0, step)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    ticks = tuple(
        (n * step * factor, wording.amount(n * step * factor, unit) if n else "0") for n in range(first, last + 1)
    )
    return Scale(first * step * factor, last * step * factor, ticks)


_SHORT_DAY: Final = defaultdict(lambda: "j M", nl="j b")  # Dutch months have no capital
_STEPS: Final = (
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 5, 7, 14, 28, 61, 91, 182, 365)),
)


def moments(start: float, end: float, most: int = MOST_LABELS) -> Scale:
    """A time axis (seconds since 1970) with at most ``most`` labels, on whole hours or midnights of the desk."""
    return _moments(start, end, most, get_language())


@lru_cache(maxsize=64)  # charts that stand under each other share it
def _moments(start: float, end: float, most: int, _language: str | None) -> Scale:
    step = next((size for size in _STEPS if (end - start) / size.total_seconds() <= most), _STEPS[-1])
    by_hour = step < timedelta(days=1)
    first = timezone.localtime(datetime.fromtimestamp(start, UTC))
    at = first.replace(hour=first.hour if by_hour else 0, minute=0, second=0, microsecond=0)
    if by_hour:
        at -= timedelta(hours=at.hour % max(1, int(step.total_seconds() // 3600)))
    ticks: list[tuple[float, str]] = []
    while at.timestamp() <= end:
        # The margins keep a label from being cut off by an edge.
        if start + 0.03 * (end - start) <= at.timestamp() <= end - 0.03 * (end - start):
            ticks.append((at.timestamp(), date_format(at, "H:i") if by_hour else short_day(at)))
        at = _later(at, step)
    return Scale(start, end, tuple(ticks[:most]))


def _later(at: datetime, step: timedelta) -> datetime:
    """``step`` later by the wall clock, so that midnights stay midnights when the clock changes."""
    if step < timedelta(days=1):
        return timezone.localtime(at.astimezone(UTC) + step)
    return (at.replace(tzinfo=None) + step).replace(tzinfo=at.tzinfo)


def short_day(moment: datetime) -> str:
    """ "14 dec", in the desk's time zone."""
    return date_format(timezone.localtime(moment), _SHORT_DAY[(get_language() or "en")[:2]])


def extent(values: Iterable[float]) -> tuple[float, float] | None:
    """The lowest and highest finite number; None when there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else None
