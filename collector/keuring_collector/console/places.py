"""Where one can go in the console: the rail at the side, put together by what it is for, and its foot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from keuring_collector.console import marks
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail."""

    name: str  # of its route
    title: _StrPromise
    icon: str
    covers: tuple[str, ...] = ()  # other routes that belong to it
    on_phone: bool = False  # in the bar of a phone, where there is room for three
    right: Right = Right.LOOK


_WORK: Final = (
    Place("today", _("Today"), "today", on_phone=True),
    Place(
        "queue",
        _("Queue"),
        "queue",
        ("ticket", "ticket_act", "ticket_message", "fleet_ticket", "waiting"),
        on_phone=True,
    ),
    Place(
        "visits",
        _("Visits"),
        "visit",
        ("visits_department", "visits_change", "round", "round_change", "stop", "mood"),
        on_phone=True,
    ),
    Place("inspections", _("Inspections"), "stamp", ("inspection",)),
)
_FLEET: Final = (
    Place("machines", _("Machines"), "machine", ("machine", "signal")),
    Place("departments", _("Departments"), "department", ("department",)),
    Place("models", _("Models"), "models", ("model",)),
    Place("software", _("Software"), "software", ("program",)),
)
_SHARING: Final = (
    Place(
        "announcements",
        _("Announcements"),
        "announce",
        (
            *("announcement", "announcement_new", "announcement_edit", "announcement_versions"),
            *("announcement_publish", "announcement_withdraw", "promises", "promise_make"),
        ),
    ),
    Place(
        "knowledge",
        _("Knowledge"),
        "book",
        ("article", "article_new", "article_edit", "article_versions", "article_review", "article_pictures"),
    ),
    Place("tips", _("Tips"), "tip"),
    Place(
        "skills",
        _("Skills"),
        "skill",
        ("skills_short", "skills_asked", "skills_team", "skills_who", "skills_person"),
        right=Right.ACT,
    ),
)
_LEARNING: Final = (
    Place("rules", _("Rules"), "rule", ("rule", "start", "backtests", "backtest", "backtest_new", "backtest_save")),
    Place("scoreboard", _("Scoreboard"), "score", ("incidents",)),
    Place("it_reports", _("IT report"), "file", ("it_report", "it_plan", "it_answer"), right=Right.REPORTS),
    Place("quiet", _("Quiet times"), "quiet", ("quiet_make",)),
    Place("problems", _("Put aside"), "aside"),
)
GROUPS: Final = (
    (_("Work"), _WORK),
    (_("Machines and programs"), _FLEET),
    (_("Colleagues"), _SHARING),
    (_("Rules and results"), _LEARNING),
)
# At the foot of the rail.
FOOT: Final = (
    Place(
        "staff",
        _("People"),
        "people",
        ("staff_add", "person", "staff_assign", "staff_switch", "staff_reset"),
        right=Right.STAFF,
    ),
    Place("message_templates", _("Messages"), "mail", ("message_template", "message_template_new"), right=Right.TEXTS),
    Place(
        "settings",
        _("Settings"),
        "settings",
        ("collector_settings", "token_make", "outgoing", "chat_test"),
        right=Right.OWN_ACCOUNT,
    ),
    Place("objections", _("Objections"), "aside", ("objection_answer",), right=Right.AUDIT),
    Place("audit", _("Audit"), "audit", right=Right.AUDIT),
)
EVERY: Final = (*(place for _title, places in GROUPS for place in places), *FOOT)


class Shown(NamedTuple):
    """A place as it is shown; ``html``: its icon and its title."""

    name: str
    html: str
    url: str
    on_phone: bool

    def link(self, current: str = "", more: str = "") -> str:
        """The link to it, told as the page that is open when it is the ``current`` one; ``more`` HTML stands in it."""
        here = ' aria-current="page"' if self.name == current else ""
        return f'<a href="{self.url}"{here}>{self.html}{more}</a>'


def groups(staff: Staff) -> list[tuple[str, list[Shown]]]:
    """What somebody may go to, by group; groups with nothing in them are left out."""
    found = ((str(title), shown(places, staff)) for title, places in GROUPS)
    return [(title, places) for title, places in found if places]


def links(staff: Staff, current: str, tallies: Mapping[str, str]) -> dict[str, SafeString]:
    """The lists of places of a page's frame; each page has all of them, so they are put together here.

    ``tallies``: what stands beside a place of the rail, as HTML, by its name.
    """
    rail, foot = groups(staff), shown(FOOT, staff)
    everything = [place for _title, group in rail for place in group]
    return {
        "rail": _joined(_group(n, *each, current, tallies) for n, each in enumerate(rail, 1)),
        "foot": _joined(f"<li>{place.link(current)}</li>" for place in foot),
        "on_phone": _joined(place.link(current) for place in everything if place.on_phone),
        "in_menu": _joined(place.link() for place in (*everything, *foot) if place in foot or not place.on_phone),
    }


def _joined(parts: Iterable[str]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - titles are escaped in _told, and the rest is ours


def _group(number: int, title: str, group: Iterable[Shown], current: str, tallies: Mapping[str, str]) -> str:
    items = "".join(f"<li>{place.link(current, tallies.get(place.name, ''))}</li>" for place in group)
    return (
        f'<p class="rail-title" id="rail-{number}">{escape(title)}</p><ul aria-labelledby="rail-{number}">{items}</ul>'
    )


def shown(places: Iterable[Place], staff: Staff) -> list[Shown]:
    """Those of ``places`` that somebody may go to."""
    return [_told(place, get_language()) for place in places if staff.may(place.right)]


def of_route(name: str) -> str:
    """The place that a route belongs to; empty where there is none."""
    return next((place.name for place in EVERY if name == place.name or name in place.covers), "")


@cache
def _told(place: Place, _language: str | None) -> Shown:
    html = marks.icon(place.icon) + escape(str(place.title))
    return Shown(place.name, html, reverse(place.name), place.on_phone)
