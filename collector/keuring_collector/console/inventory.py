"""What a machine is made of over time: which facts changed, on which day, and the programs that are on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from keuring.signals import catalogue
from keuring.signals.catalogue import BY_ID
from keuring_collector.console import readings
from keuring_collector.desk import signals, wording
from keuring_collector.desk.counts import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from keuring_collector.store.facts import StoredFact, Value

BEHIND: Final = catalogue.KEURING_SOFTWARE_VERSIONS_BEHIND.id
# They move with every week that goes well: no news.
_ROUTINE: Final = (
    catalogue.KEURING_UPDATES_CHECKED.id,
    catalogue.KEURING_UPDATES_LAST_INSTALLED.id,
    catalogue.KEURING_REBOOT_PENDING.id,
    catalogue.KEURING_MALWARE_PROTECTION_UPDATED.id,
    catalogue.KEURING_BACKUP_SUCCEEDED.id,
    BEHIND,
)
SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that had another value at the end of a day than at its beginning."""

    day: str
    label: str
    subject: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program on a machine, since which day it has this version, and in words how far that is behind (or nothing)."""

    name: str
    version: str
    since: str
    behind: str


def programs(stored: Iterable[StoredFact], now: datetime) -> list[Program]:
    """The programs of a machine by name."""
    found: dict[str, Program] = {}
    known = list(stored)
    behind = {fact.subject: int(fact.value) for fact in known if fact.signal == BEHIND and fact.value}
    for fact in known:
        if fact.signal in PROGRAMS and fact.value is not None and fact.subject not in found:
            since = wording.day(datetime.fromtimestamp(fact.observed_at, UTC), now)
            count = behind.get(fact.subject, 0)
            late = ngettext("%(n)s version behind", "%(n)s versions behind", count) % {"n": count} if count else ""
            found[fact.subject] = Program(fact.subject, str(fact.value), since, late)
    return sorted(found.values(), key=lambda program: program.name.casefold())


def changes(stored: Iterable[StoredFact], now: datetime) -> list[Change]:
    """What changed, the newest first and by the day; what a machine told on its first day is no change."""
    days: dict[tuple[date, int, str], tuple[Value, Value]] = {}
    last: dict[tuple[int, str], Value] = {}
    first_day: date | None = None
    for fact in stored:
        signal = BY_ID.get(fact.signal)
        if signal is None or fact.signal in _ROUTINE or readings.is_by_day_only(signal):
            continue
        day = wording.local_day(datetime.fromtimestamp(fact.observed_at, UTC))
        first_day = first_day or day
        part = (fact.signal, fact.subject)
        if day != first_day:
            before = days.get((day, *part), (last.get(part), None))[0]
            days[day, *part] = (before, fact.value)
        last[part] = fact.value
    moved = [(key, pair) for key, pair in days.items() if pair[0] != pair[1]]
    moved.sort(key=lambda item: (item[0][0], item[0][1], item[0][2]), reverse=True)
    return [
        Change(wording.day(day, now), signals.label(BY_ID[signal].name), subject, *_told(signal, pair, now))
        for (day, signal, subject), pair in moved[:SHOWN]
    ]


def _told(signal: int, pair: tuple[Value, Value], now: datetime) -> tuple[str, str]:
    absent = (pgettext("fact", "not there"), _("gone"))
    name = BY_ID[signal].name
    before, after = (
        nothing if value is None else wording.reading(value, name, now, "fact")
        for value, nothing in zip(pair, absent, strict=True)
    )
    return before, after
