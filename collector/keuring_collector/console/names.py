"""The names of machines and colleagues, which this process keeps as texts that a search looks through (ADR 0060).

A database compares a text with 180,000 names one by one, which takes it 30 to 60 ms. Names of machines never change;
those of the latest thousand or two are asked each time. What colleagues are called may be a minute old.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from django.db.models import Q

from keuring_collector.console import readings
from keuring_collector.console.lookups import has, pattern
from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from numpy.typing import NDArray

Rows: TypeAlias = "NDArray[np.int64]"  # their numbers
LATEST: Final = 1000  # machines at least; of these a number may be seen before a lower one
KEPT_SECONDS: Final = 600.0  # then names of machines that are gone are let go
_NEW_LINE: Final = ord("\n")
_NONE: Final[Rows] = np.zeros(0, dtype=np.int64)


class Lines:
    """Texts, each with the number of its row."""

    def __init__(self, numbers: str, text: str) -> None:
        self.numbers = np.fromstring(numbers, dtype=np.int64, sep=",")
        self._bytes = np.frombuffer(f"\n{text.lower()}\n".encode(), dtype=np.uint8)
        self._begins = np.flatnonzero(self._bytes == _NEW_LINE)
        self._common = np.bincount(self._bytes, minlength=256)

    def holding(self, wanted: str) -> tuple[Rows, NDArray[np.int8]]:
        """The rows whose text holds ``wanted``, in order; and of each 0 if it is that, 1 if it begins so, else 2."""
        letters = wanted.lower().encode()
        if "\n" in wanted:
            return _NONE, _NONE.astype(np.int8)
        # From its rarest letter on: few places are left for the others to be looked at.
        rarest, *others = sorted(range(len(letters)), key=lambda place: self._common[letters[place]])
        places = np.flatnonzero(self._bytes == letters[rarest]) - rarest
        places = places[(places > 0) & (places + len(letters) < len(self._bytes))]
        for other in others:
            places = places[self._bytes[places + other] == letters[other]]
        lines = np.searchsorted(self._begins, places) - 1
        first = np.flatnonzero(np.diff(lines, prepend=-1))  # a line that holds it twice is found once
        lines, places = lines[first], places[first]
        begins = self._bytes[places - 1] == _NEW_LINE
        ends = self._bytes[places + len(letters)] == _NEW_LINE
        return self.numbers[lines], 2 - begins.astype(np.int8) - (begins & ends)

    def first(self, rows: Rows, most: int) -> Rows:
        """Those of these rows that come first in the order of all."""
        among = np.zeros(self.numbers.max(initial=0) + 1, dtype=np.bool_)
        among[rows[rows < len(among)]] = True
        return self.numbers[among[self.numbers]][:most]


class Machines:
    """The machines whose name holds a text; for one search."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kept, self._until = _machines()
        self.named, self._near = self._kept.holding(text)

    @cached_property
    def latest(self) -> Rows:
        """Those of the latest machines; the others are ``named``, in the order of their names."""
        text = self._text
        found = (
            _after(self._until, pattern(text))
            if text.isascii()
            else list(_holding(self._until, has("host_name", text)))
        )
        return np.array(found, dtype=np.int64)

    def first(self, most: int, others: Rows = _NONE) -> Rows:
        """The latest of them and of ``others``, which have another name; and the ``most`` that come first: of that
        name, then those whose name begins so, then those whose name holds it, then others, each by name.
        """
        nearest = self.named[np.argsort(self._near, kind="stable")[:most]]
        return np.concatenate([nearest, self.latest, self._kept.first(others, most), others[others > self._until]])


def colleagues() -> tuple[Lines, Lines]:
    """The names of all colleagues, and their mail addresses."""
    return lately("names of colleagues", _read_colleagues, lambda told: len(told[0].numbers) > MOST)


def _machines() -> tuple[Lines, int]:
    """The names of machines up to a number, and that number."""
    until = (next(iter(_newest()), 0) // LATEST - 1) * LATEST
    if until <= 0:
        return Lines("", ""), 0
    kept = lately(
        ("names of machines", until),
        lambda: _read_machines(until),
        lambda told: len(told.numbers) > MOST,
        seconds=KEPT_SECONDS,
    )
    return kept, until


def _read_colleagues() -> tuple[Lines, Lines]:
    told = readings.store().colleague_names()
    names, addresses = (Lines(told.numbers, column) for column in told.columns)
    return names, addresses


def _read_machines(until: int) -> Lines:
    told = readings.store().machine_names(until)
    return Lines(told.numbers, told.columns[0])


@prepared
def _after(until: Any, like: Any) -> QuerySet[Endpoint, int]:
    return _holding(until, Q(host_name__like=like))


def _holding(until: int, text: Q) -> QuerySet[Endpoint, int]:
    return Endpoint.objects.filter(text, pk__gt=until).order_by().values_list("pk", flat=True)


@prepared
def _newest() -> QuerySet[Endpoint, int]:
    return Endpoint.objects.order_by("-pk").values_list("pk", flat=True)[:1]
