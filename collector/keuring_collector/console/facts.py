"""What is known of a machine, in words: the card beside a ticket and the facts on its own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from keuring.reasons import told
from keuring.signals import catalogue
from keuring.signals.catalogue import BY_ID
from keuring_collector.console import readings
from keuring_collector.desk import signals, wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store.facts import StoredFact, Value

FRESH_DAYS: Final = 1  # heard of today or yesterday
QUIET_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Contact:
    """When a machine was last heard of, by the day: finer would tell when somebody works."""

    text: str
    level: str  # "fresh", "quiet", "lost" or "never"
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One fact in words."""

    label: str
    subject: str
    value: str


@dataclass(frozen=True, slots=True)
class Card:
    """The short version of a machine."""

    endpoint: Endpoint
    model: str
    system: str
    processor: str
    memory: str
    contact: Contact


def contact(received_at: float | None, now: datetime) -> Contact:
    """When a machine was last heard of, from its head (seconds since 1970; None or 0: never)."""
    if not received_at:
        return Contact(_("never"), "never")
    moment = datetime.fromtimestamp(received_at, UTC)
    day = wording.local_day(moment)
    days = (wording.local_day(now) - day).days
    level = "fresh" if days <= FRESH_DAYS else "quiet" if days <= QUIET_DAYS else "lost"
    return Contact(wording.distance(min(moment, now), now), level, day)


def contacts(endpoints: Iterable[int], now: datetime) -> dict[int, Contact]:
    """When each of these machines was last heard of."""
    chosen = list(endpoints)
    heads = readings.store().heads(chosen)
    return {pk: contact(heads[pk].received_at if pk in heads else None, now) for pk in chosen}


def _text(values: Mapping[tuple[int, str], Value], signal: int) -> str:
    value = values.get((signal, ""))
    return str(value) if value not in (None, "") else ""


def model(endpoint: Endpoint) -> str:
    """The model of a machine, as it told it; empty when it is not known."""
    return endpoint.model


def card(endpoint: Endpoint, stored: Iterable[StoredFact], now: datetime) -> Card:
    """The card of one machine, of which these facts are known."""
    values = {(fact.signal, fact.subject): fact.value for fact in stored}
    head = readings.store().heads([endpoint.pk]).get(endpoint.pk)
    vendor = _text(values, catalogue.KEURING_HARDWARE_VENDOR.id)
    model = _text(values, catalogue.KEURING_HARDWARE_MODEL.id)
    system = (_text(values, catalogue.OS_NAME.id), _text(values, catalogue.OS_VERSION.id))
    track = readings.Track(endpoint.pk, catalogue.SYSTEM_MEMORY_LIMIT, "", frozenset({1}))
    size = readings.latest(track, head) if head else None
    return Card(
        endpoint,
        model if model.startswith(vendor) else f"{vendor} {model}".strip(),
        " ".join(part for part in system if part),
        _text(values, catalogue.KEURING_CPU_MODEL.id),
        wording.amount(size, "By") if size else "",
        contact(head.received_at if head else None, now),
    )


def rows(stored: Iterable[StoredFact], now: datetime) -> list[tuple[str, list[Row]]]:
    """The facts of a machine in sections; what is gone is left out."""
    sections: dict[int, list[Row]] = {}
    for fact in sorted(stored, key=lambda fact: (fact.signal, fact.subject)):
        signal = BY_ID.get(fact.signal)
        if signal is None or fact.value is None or readings.is_by_day_only(signal):
            continue
        text = wording.reading(fact.value, signal.name, now, "fact")
        row = Row(signals.label(signal.name), fact.subject, text)
        sections.setdefault(signals.section(signal.name), []).append(row)
    return [(signals.section_title(place), sections[place]) for place in sorted(sections)]


def missing(stored: Iterable[tuple[int, str, str]]) -> list[tuple[str, list[str]]]:
    """What cannot be measured on a machine, in words, by the agent's reason: (reason, signals)."""
    said = told((get_language() or "nl")[:2])
    reasons: dict[str, list[str]] = {}
    for signal, subject, reason in stored:
        if signal in BY_ID:
            name = signals.label(BY_ID[signal].name)
            reasons.setdefault(reason, []).append(f"{name} ({subject})" if subject else name)
    return sorted((said(reason), sorted(names)) for reason, names in reasons.items())
