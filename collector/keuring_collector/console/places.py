"""Where one can go in the console: the rail at the side, put together by what it is for, and its foot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from keuring_collector.console import marks
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise
    from django.utils.safestring import SafeString

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
    """A place as the rail shows it."""

    name: str
    title: str
    icon: SafeString
    url: str
    on_phone: bool


def groups(staff: Staff) -> list[tuple[str, list[Shown]]]:
    """What somebody may go to, by group; groups with nothing in them are left out."""
    found = ((str(title), shown(places, staff)) for title, places in GROUPS)
    return [(title, places) for title, places in found if places]


def shown(places: Iterable[Place], staff: Staff) -> list[Shown]:
    """Those of ``places`` that somebody may go to."""
    return [_told(place, get_language()) for place in places if staff.may(place.right)]


def of_route(name: str) -> str:
    """The place that a route belongs to; empty where there is none."""
    return next((place.name for place in EVERY if name == place.name or name in place.covers), "")


@cache
def _told(place: Place, _language: str | None) -> Shown:
    return Shown(place.name, str(place.title), marks.icon(place.icon), reverse(place.name), place.on_phone)
