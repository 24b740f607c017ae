"""What is kept of one machine: each signal with what it is for, what it could tell, and its last value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from keuring.signals.catalogue import BY_ID
from keuring.signals.model import Kind, Privacy
from keuring_collector.desk import signals, wording
from keuring_collector.store import subject as hot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from keuring.signals.model import Signal
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import Store

CLASSES: Final[Mapping[Privacy, _StrPromise]] = {
    Privacy.HARDWARE: pgettext_lazy("privacy class", "parts"),
    Privacy.SOFTWARE: pgettext_lazy("privacy class", "software"),
    Privacy.IDENTITY: pgettext_lazy("privacy class", "names the machine"),
    Privacy.PRESENCE: pgettext_lazy("privacy class", "could tell when you work"),
}
MEANINGS: Final[Mapping[Privacy, _StrPromise]] = {
    Privacy.HARDWARE: _("The health of parts. It says nothing about you."),
    Privacy.SOFTWARE: _("Which software is on the machine and how it fares, not what you do with it."),
    Privacy.IDENTITY: _("Names this one machine, as its serial number does."),
    Privacy.PRESENCE: _("Could tell when you work. The desk sees it by the day, and never finer."),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """One signal. ``values``: (part, last value in words), those of a fact; of what is measured how many series."""

    label: str
    purpose: str
    privacy: Privacy
    values: list[tuple[str, str]]
    series: int
    by_kind: Kind

    @property
    def class_name(self) -> str:
        """What it could tell, in words."""
        return str(CLASSES[self.privacy])


def kept(store: Store, endpoint: Endpoint, now: datetime) -> list[tuple[str, list[Kept]]]:
    """Everything that is kept of a machine's signals, by subject area."""
    facts: dict[int, list[tuple[str, str]]] = {}
    for fact in store.facts(endpoint.pk):
        if fact.signal in BY_ID:
            told = wording.reading(fact.value, BY_ID[fact.signal].name, now)
            facts.setdefault(fact.signal, []).append((fact.subject, told))
    series: dict[int, set[str]] = {}
    for signal, _statistic, subject in store.keys(endpoint.pk):
        series.setdefault(signal, set()).add(subject)
    happened = {event.signal for event in store.events(endpoint.pk, 0.0, now.timestamp())}
    sections: dict[int, list[Kept]] = {}
    for number in sorted({*facts, *series, *happened, *hot.signals(store.connection, endpoint.pk)} & set(BY_ID)):
        known = BY_ID[number]
        sections.setdefault(signals.section(known.name), []).append(
            Kept(
                signals.label(known.name), purpose(known), known.privacy, facts.get(number, []),
                len(series.get(number, ())), known.kind,
            )
        )  # fmt: skip
    return [(str(signals.section_title(place)), sections[place]) for place in sorted(sections)]


def purpose(signal: Signal) -> str:
    """What a signal is for, in the language in force; the catalogue's own words are English."""
    return pgettext("purpose", signal.purpose)
