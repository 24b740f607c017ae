"""What rows share that are put together here and not by a template: moments, addresses and plates."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from keuring_collector.desk import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime


def plate(name: str) -> SafeString:
    """A machine's name, set like a number plate."""
    return mark_safe(f'<span class="plate">{escape(name)}</span>')  # noqa: S308 - escaped


def near(moment: datetime | date, now: datetime) -> SafeString:
    """A day as a distance ("over 3 weken"), its date on hover."""
    return _time(wording.local_day(moment).isoformat(), wording.day(moment, now), wording.distance(moment, now))


def day(moment: datetime | date, now: datetime) -> SafeString:
    """A date, its distance on hover."""
    return _time(wording.local_day(moment).isoformat(), wording.distance(moment, now), wording.day(moment, now))


def clock(moment: datetime, now: datetime) -> SafeString:
    """A date with its time of the day; its distance on hover."""
    return _time(_minute(moment), wording.distance(moment, now), wording.clock(moment, now))


def age(moment: datetime, now: datetime) -> SafeString:
    """How old something is, in short; the moment itself on hover."""
    return _time(_minute(moment), wording.clock(moment, now), wording.age(moment, now))


def ago(moment: datetime, now: datetime) -> SafeString:
    """How long ago, in words; the moment itself on hover."""
    return _time(_minute(moment), wording.clock(moment, now), wording.ago(moment, now))


def _minute(moment: datetime) -> str:
    return wording.local(moment).isoformat(timespec="minutes")


def _time(at: str, title: str, text: str) -> SafeString:
    told = f'<time datetime="{at}" title="{escape(title)}">{escape(text)}</time>'
    return mark_safe(told)  # noqa: S308 - escaped


def addresses(name: str, *keys: object) -> Callable[[object], str]:
    """Where the pages of one kind are, by their last key, asked once: Django takes as long for one as a row takes.

    The last of ``keys`` is a sample, which does not stand in the address after that; numbers and names that need no
    quoting there can take its place.
    """
    before, _sample, after = reverse(name, args=keys).rpartition(str(keys[-1]))
    return lambda key: f"{before}{key}{after}"


def machine_addresses() -> Callable[[object], str]:
    """Where machines have their pages, by their identity."""
    return addresses("machine", UUID(int=0))


def joined(rows: Iterable[str]) -> SafeString:
    """Rows of HTML, each of whose texts is escaped, made in one language."""
    with wording.one_language():
        return mark_safe("".join(rows))  # noqa: S308 - every text is escaped where it is put in
