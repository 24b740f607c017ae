"""The small charts of a machine under each other, by subject area.

Only those that are seen first are drawn with the machine's page: a machine has dozens, and drawing them takes longer
than all the rest of the page. The other areas are folded, and drawn when somebody opens one.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Kind
from keuring_collector.console import charts, figures, readings
from keuring_collector.console.numbers import number
from keuring_collector.console.stretches import PERIODS
from keuring_collector.desk import signals
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.placeholders import main_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from keuring_collector.console.readings import Reading, Track
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store.journal import Layouts

FINE_PERIODS: Final = (1, 7)  # shorter than this is only to be seen by the window
DRAWN_FIRST: Final = 12  # charts, in whole areas; the first area always


@dataclass(frozen=True, slots=True)
class Chosen:
    """The days that an address asks for, up to ``now`` (seconds since 1970), and whether they show windows."""

    now: float
    days: int
    has_open: bool

    @property
    def start(self) -> float:
        """When the charts begin."""
        return self.now - self.days * readings.DAY

    @property
    def closer(self) -> bool:
        """Finer than a day: a look that is written down."""
        return self.has_open and self.days in FINE_PERIODS

    @property
    def axis(self) -> SafeString:
        """The axis that the charts share."""
        return charts.axis(self.start, self.now)

    @property
    def periods(self) -> list[tuple[int, str, bool]]:
        """What can be chosen: (days, in words, whether it may be)."""
        return [
            (days, ngettext("%(n)s day", "%(n)s days", days) % {"n": days}, self.has_open or days not in FINE_PERIODS)
            for days in PERIODS
        ]


@dataclass(frozen=True, slots=True)
class Section:
    """The signals of one area: the charts of those with a course, and the names of those that stayed at zero. With an
    ``address`` they are not drawn here but there; ``count`` is how many there are.
    """

    title: str
    count: int
    charts: SafeString
    quiet: list[str]
    address: str = ""


def choose(asked: Mapping[str, str], now: datetime, *, has_open: bool) -> Chosen:
    """The period of an address; 30 days when it names none that may be shown."""
    days = number(asked.get("days", "")) or 30
    days = days if days in PERIODS else 30
    return Chosen(now.timestamp(), days if has_open or days not in FINE_PERIODS else 30, has_open)


def about(tickets: Iterable[Ticket]) -> set[int]:
    """The areas that open tickets are about, which whoever opens the page came for; lines must be fetched already."""
    lines = (line for ticket in tickets if ticket.state in Ticket.OPEN for line in ticket.findings if line.active)
    names = {item["signal"] for line in lines if (item := main_evidence(line))}
    return {signals.section(name) for name in names if name in BY_NAME}


def sections(endpoint: Endpoint, chosen: Chosen, wanted: set[int]) -> list[Section]:
    """All areas of a machine: drawn when seen first or ``wanted``, else with the address where they are."""
    layouts = readings.store().layouts(endpoint.pk)
    listed = _by_place(endpoint, layouts)
    drawn, room = set[int](), DRAWN_FIRST
    for place, tracks in listed.items():
        room -= len(tracks)
        if place == len(signals.SECTIONS) or (room < 0 and drawn):
            break  # the agent itself, which is last, is for those who look for it
        drawn.add(place)
    drawn |= wanted & listed.keys()
    read = _read(endpoint, [track for place in sorted(drawn) for track in listed[place]], chosen, layouts)
    found = []
    for place, tracks in listed.items():
        if place in drawn:
            section = _drawn(endpoint, place, tracks, read, chosen)
            found += [section] if section.charts or section.quiet else []
        else:
            address = reverse("machine_signals", args=[endpoint.uuid, place]) + f"?days={chosen.days}"
            found.append(Section(signals.section_title(place), len(tracks), SafeString(""), [], address))
    return found


def section(endpoint: Endpoint, place: int, chosen: Chosen) -> Section | None:
    """One area, drawn; None when the machine never reported anything of it."""
    layouts = readings.store().layouts(endpoint.pk)
    tracks = _by_place(endpoint, layouts).get(place)
    return None if tracks is None else _drawn(endpoint, place, tracks, _read(endpoint, tracks, chosen, layouts), chosen)


def _by_place(endpoint: Endpoint, layouts: Layouts) -> dict[int, list[Track]]:
    listed = readings.tracks(endpoint.pk, layouts)
    return {place: list(tracks) for place, tracks in groupby(listed, lambda each: signals.section(each.signal.name))}


def _read(endpoint: Endpoint, tracks: list[Track], chosen: Chosen, layouts: Layouts) -> dict[Track, Reading]:
    fine = [track for track in tracks if _is_fine(track, chosen)]
    others = [] if chosen.days == 1 else [track for track in tracks if track not in fine]
    read = readings.all_by_day(endpoint.pk, others, chosen.start, chosen.now, layouts) if others else {}
    return read | {track: readings.by_window(track, chosen.start, chosen.now) for track in fine}


def _is_fine(track: Track, chosen: Chosen) -> bool:
    return chosen.closer and readings.allows_windows(track.signal, has_open_ticket=True)


def _drawn(
    endpoint: Endpoint, place: int, tracks: list[Track], read: Mapping[Track, Reading], chosen: Chosen
) -> Section:
    shown, quiet, closer = [], [], figures.closer(endpoint, chosen.days)
    for track in tracks:
        drawn = figures.small(track, read[track], chosen.start, chosen.now) if track in read else None
        if drawn is None:
            continue
        signal, label = track.signal, signals.label(track.signal.name)
        if drawn.is_zero:
            quiet.append(f"{label} ({track.subject})" if track.subject else label)
            continue
        if signal.kind is Kind.COUNTER and not _is_fine(track, chosen):
            label = _("%(signal)s, a day") % {"signal": label}
        shown.append(_multiple(label, track.subject, closer(signal, track.subject), drawn))
    html = mark_safe("".join(shown))  # noqa: S308 - every text in it is escaped where it is put in
    return Section(signals.section_title(place), len(tracks), html, quiet)


def _multiple(label: str, subject: str, address: str, drawn: figures.Small) -> str:
    """One small chart in the column of signals."""
    about = f' <span class="soft">{escape(subject)}</span>' if subject else ""
    name = f'<div class="name"><a href="{escape(address)}">{escape(label)}</a>{about}</div>'
    last = f'<div class="last"><output class="reading">{escape(drawn.last)}</output></div>'
    return f'<div class="multiple" data-figure>{name}<div class="drawn">{drawn.svg}</div>{last}</div>'
