"""What the frame around every page shows: where one is, how many tickets are open, what is wrong with the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from keuring_collector.console import marks, pack
from keuring_collector.console.faults import said
from keuring_collector.console.middleware import THEME_COOKIE, THEMES
from keuring_collector.console.permission import home_of
from keuring_collector.desk import scope
from keuring_collector.desk.counting import counted_lately
from keuring_collector.desk.models import Notice, Staff, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.service.skills import catalogue

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise
    from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail."""

    name: str  # of its route
    title: _StrPromise
    icon: str
    covers: tuple[str, ...]  # routes below it
    on_phone: bool = True
    right: Right = Right.LOOK


PLACES: Final = (
    Place("today", _("Today"), "today", ("today",)),
    Place("queue", _("Queue"), "queue", ("queue", "ticket", "ticket_act", "ticket_message", "fleet_ticket", "waiting")),
    Place("machines", _("Machines"), "machine", ("machines", "machine", "signal")),
    Place("departments", _("Departments"), "department", ("departments", "department"), on_phone=False),
    Place("models", _("Models"), "models", ("models", "model"), on_phone=False),
    Place("software", _("Software"), "software", ("software", "program"), on_phone=False),
    # visits and mood
    Place(
        "visits",
        _("Visits"),
        "visit",
        ("visits", "visits_department", "visits_change", "round", "round_change", "stop", "mood"),
        on_phone=False,
    ),
    Place("inspections", _("Inspections"), "stamp", ("inspections", "inspection"), on_phone=False),
    Place(
        "knowledge",
        _("Knowledge"),
        "book",
        (
            "knowledge",
            "article",
            "article_new",
            "article_edit",
            "article_versions",
            "article_review",
            "article_pictures",
        ),
        on_phone=False,
    ),
    Place(
        "announcements",
        _("Announcements"),
        "announce",
        (
            *("announcements", "announcement", "announcement_new", "announcement_edit", "announcement_versions"),
            *("announcement_publish", "announcement_withdraw", "promises", "promise_make"),
        ),
        on_phone=False,
    ),
    Place(
        "rules",
        _("Rules"),
        "rule",
        ("rules", "rule", "start", "backtests", "backtest", "backtest_new", "backtest_save"),
        on_phone=False,
    ),
    Place("tips", _("Tips"), "tip", ("tips",), on_phone=False),
    Place(
        "skills",
        _("Skills"),
        "skill",
        ("skills", "skills_short", "skills_asked", "skills_team", "skills_who", "skills_person"),
        on_phone=False,
        right=Right.ACT,
    ),
    Place("scoreboard", _("Scoreboard"), "score", ("scoreboard",), on_phone=False),
    Place(
        "it_reports",
        _("IT report"),
        "file",
        ("it_reports", "it_report", "it_plan", "it_answer"),
        on_phone=False,
        right=Right.REPORTS,
    ),
    Place("quiet", _("Quiet times"), "quiet", ("quiet", "quiet_make"), on_phone=False),
    Place("problems", _("Put aside"), "aside", ("problems",), on_phone=False),
)
# At the foot of the rail.
FOOT: Final = (
    Place(
        "staff",
        _("People"),
        "people",
        ("staff", "staff_add", "person", "staff_assign", "staff_switch", "staff_reset"),
        on_phone=False,
        right=Right.STAFF,
    ),
    Place(
        "message_templates",
        _("Messages"),
        "mail",
        ("message_templates", "message_template", "message_template_new"),
        on_phone=False,
        right=Right.TEXTS,
    ),
    Place(
        "settings",
        _("Settings"),
        "settings",
        ("settings", "collector_settings", "token_make"),
        on_phone=False,
        right=Right.OWN_ACCOUNT,
    ),
    Place(
        "objections", _("Objections"), "aside", ("objections", "objection_answer"), on_phone=False, right=Right.AUDIT
    ),
    Place("audit", _("Audit"), "audit", ("audit",), on_phone=False, right=Right.AUDIT),
)


class Shown(NamedTuple):
    """A place as the rail shows it."""

    name: str
    title: str
    icon: SafeString
    url: str
    on_phone: bool


def _shown(places: tuple[Place, ...], staff: Staff) -> list[Shown]:
    return [_told(place.name, get_language()) for place in places if staff.may(place.right)]


@cache
def _told(name: str, _language: str | None) -> Shown:
    place = next(place for place in (*PLACES, *FOOT) if place.name == name)
    return Shown(place.name, str(place.title), marks.icon(place.icon), reverse(place.name), place.on_phone)


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of the frame; only what an anonymous reader may see when nobody has signed in."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    context: dict[str, Any] = {
        "now": timezone.now(),
        "theme": theme if theme in THEMES else "auto",
        "themes": (("auto", _("Auto")), ("light", _("Light")), ("dark", _("Dark"))),
        "languages": (("nl", "Nederlands"), ("en", "English")),
        "language": (get_language() or "nl")[:2],
        "here": request.get_full_path(),
        "home": reverse("queue"),
    }
    staff = getattr(request, "user", None)
    if isinstance(staff, Staff) and not staff.must_change_password:
        match = request.resolver_match
        name = match.url_name if match else ""
        open_tickets = scope.tickets(staff).filter(state__in=Ticket.OPEN, closed_at=None)
        context |= {
            "places": _shown(PLACES, staff),
            "foot": _shown(FOOT, staff),
            "place": next((place.name for place in (*PLACES, *FOOT) if name in place.covers), ""),
            "home": reverse(home_of(staff)),
            "may_look": staff.may(Right.LOOK),
            "may_act": staff.may(Right.ACT),
            "may_lead": staff.may(Right.TEAM),
            "may_change_rules": staff.may(Right.RULES),
            "unseen": Notice.objects.filter(staff=staff, seen_at=None).count(),
            "open_tickets": counted_lately(("open", staff.department_ids), open_tickets),
            # Asked for by pages with rows of tickets alone.
            "known_skills": SimpleLazyObject(lambda: catalogue.everything(pack.current().pack)),
            "pack_problems": [
                each._replace(what=said(each.what), mend=said(each.mend)) for each in pack.current().problems[:3]
            ],
        }
    return context
