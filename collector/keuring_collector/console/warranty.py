"""The warranty of one machine, as its page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER
from keuring_collector.fleet import warranties

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from keuring_collector.store.facts import StoredFact


@dataclass(frozen=True, slots=True)
class Warranty:
    """What is told of a machine's warranty. ``serial`` empty: the machine tells no serial number."""

    serial: str
    ends: date | None
    is_over: bool


def of(known: Iterable[StoredFact], now: datetime) -> Warranty:
    """The warranty of the machine with these facts."""
    serial = serial_of(known)
    ends = warranties.of(serial) if serial else None
    return Warranty(serial, ends, ends is not None and ends < timezone.localtime(now).date())


def serial_of(known: Iterable[StoredFact]) -> str:
    """The serial number that a machine with these facts tells; empty when it tells none."""
    return next((str(fact.value) for fact in known if fact.signal == KEURING_HARDWARE_SERIAL_NUMBER.id), "")
