"""Counts that stop: above a thousand nobody needs the number, and a million rows take long to count.

Where a page does tell a number above a thousand, it may be a minute old (``lately``): then one more or less misleads
nobody, and of fewer every one is counted each time.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from django.db.models import QuerySet

T = TypeVar("T")
MOST: Final = 1000
KEPT_SECONDS: Final = 60.0
_KEPT_MOST: Final = 500  # answers; whoever asks for more has them counted
_lock = threading.Lock()
_kept: dict[Hashable, tuple[float, Any]] = {}  # until when, and what was told


class Count(int):
    """How many there are. Above MOST it is only known that there are more, and as text it says so."""

    def __str__(self) -> str:
        return f"{MOST}+" if self.is_more else int.__repr__(self)

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self > MOST


def bounded(found: QuerySet[Any]) -> Count:
    """How many rows there are; at most MOST + 1 are read."""
    return Count(found.order_by()[: MOST + 1].count())


def counted_lately(about: Hashable, rows: Callable[[], QuerySet[Any]]) -> int:
    """How many rows there are; of more than MOST at most a minute ago."""
    return lately(about, lambda: rows().count(), lambda count: count > MOST)


def lately(about: Hashable, make: Callable[[], T], many: Callable[[T], bool], *, seconds: float = KEPT_SECONDS) -> T:
    """What ``make`` tells; where that is about ``many``, as this process was told within the last minute.

    ``about`` names the question: what was asked, and of whose rows. Numbers say themselves when they are many.
    ``seconds``: how long it is kept instead.
    """
    key, now = (str(connection.settings_dict["NAME"]), about), time.monotonic()
    with _lock:
        kept = _kept.get(key)
    if kept is not None and now < kept[0]:
        told: T = kept[1]
        return told
    told = make()
    if many(told):
        with _lock:
            for old in [each for each, (until, _told) in _kept.items() if until <= now]:
                del _kept[old]
            if len(_kept) >= _KEPT_MOST:
                _kept.clear()
            _kept[key] = (now + seconds, told)
    return told


def forget() -> None:
    """Lets go of what was told lately; for whoever puts another database in place."""
    with _lock:
        _kept.clear()
