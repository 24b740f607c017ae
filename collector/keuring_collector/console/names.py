"""The names of machines and colleagues, which this process keeps as texts that a search looks through (ADR 0060).

A database compares a text with 180,000 names one by one, which takes it 30 to 60 ms. Names of machines never change;
those of the latest thousand or two are asked each time. What colleagues are called may be a minute old.
"""

from __future__ import annotations

import itertools
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring_collector.console import readings
from keuring_collector.console.lookups import has
from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from django.db.models import QuerySet

LATEST: Final = 1000  # machines at least; of these a number may be seen before a lower one
KEPT_SECONDS: Final = 600.0  # then names of machines that are gone are let go


class Lines:
    """Texts, each with the number of its row."""

    def __init__(self, numbers: str, text: str) -> None:
        self.numbers = np.fromstring(numbers, dtype=np.int64, sep=",")
        self._text = f"\n{text.lower()}\n".encode()
        self._begins = np.flatnonzero(np.frombuffer(self._text, dtype=np.uint8) == ord("\n"))

    def holding(self, wanted: str, most: int, *, first: bool = False, whole: bool = False) -> list[int]:
        """At most so many rows whose text holds ``wanted``, begins with it (``first``), or is it (``whole``)."""
        if "\n" in wanted:
            return []
        before, after = b"\n" if first or whole else b"", rb"(?=\n)" if whole else rb"[^\n]*"  # a line is found once
        found = re.finditer(before + re.escape(wanted.lower().encode()) + after, self._text)
        places = np.fromiter(map(re.Match.start, itertools.islice(found, most)), dtype=np.int64)
        told: list[int] = self.numbers[np.searchsorted(self._begins, places, side="right") - 1].tolist()
        return told


class Machines:
    """The machines whose name holds a text; for one search."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kept, self._until = _machines()

    def named(self, most: int) -> list[int]:
        """They by name: at most so many, without the latest."""
        return self._kept.holding(self._text, most) if self._kept else []

    @cached_property
    def latest(self) -> list[int]:
        """Those of the latest machines."""
        found = Endpoint.objects.filter(has("host_name", self._text), pk__gt=self._until).order_by()
        return list(found.values_list("pk", flat=True))

    def first(self, most: int) -> list[int]:
        """Where they are many: the latest, and others among which are the ``most`` that come first: of that name, then
        those whose name begins so, then others, each by name.
        """
        found = {*self.latest, *self.named(3 * most)}
        if self._kept:
            found |= {*self._kept.holding(self._text, most, whole=True)}
            found |= {*self._kept.holding(self._text, 2 * most, first=True)}
        return list(found)


def colleagues() -> tuple[Lines, Lines]:
    """The names of all colleagues, and their mail addresses."""
    return lately("names of colleagues", _read_colleagues, lambda told: len(told[0].numbers) > MOST)


def _machines() -> tuple[Lines | None, int]:
    """The names of machines up to a number, and that number."""
    until = (next(iter(_newest()), 0) // LATEST - 1) * LATEST
    if until <= 0:
        return None, 0
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
def _newest() -> QuerySet[Endpoint, int]:
    return Endpoint.objects.order_by("-pk").values_list("pk", flat=True)[:1]
