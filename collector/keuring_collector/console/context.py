"""What the frame around every page shows: where one is, how many tickets are open, what is wrong with the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from keuring_collector.console import pack
from keuring_collector.console.faults import said
from keuring_collector.console.middleware import THEME_COOKIE, THEMES
from keuring_collector.console.permission import home_of
from keuring_collector.desk import scope
from keuring_collector.desk.models import Notice, Staff, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.desk.starting import counted

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail."""

    name: str  # of its route
    title: _StrPromise
    icon: str
    covers: tuple[str, ...]  # routes below it
    on_phone: bool = True
    right: Right = Right.LOOK

    @property
    def url(self) -> str:
        """Where it leads."""
        return reverse(self.name)


PLACES: Final = (
    Place("today", _("Today"), "today", ("today",)),
    Place("queue", _("Queue"), "queue", ("queue", "ticket", "ticket_act", "ticket_message", "fleet_ticket", "waiting")),
    Place("machines", _("Machines"), "machine", ("machines", "machine", "signal")),
    Place("departments", _("Departments"), "department", ("departments", "department"), on_phone=False),
    Place("models", _("Models"), "models", ("models", "model"), on_phone=False),
    Place("software", _("Software"), "software", ("software", "program"), on_phone=False),
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
        mine, open_tickets = (
            Notice.objects.filter(staff=staff, seen_at=None),
            scope.tickets(staff).filter(state__in=Ticket.OPEN, closed_at=None),
        )
        unseen, opened = Staff.objects.values_list(counted(mine), counted(open_tickets)).get(pk=staff.pk)
        context |= {
            "places": [place for place in PLACES if staff.may(place.right)],
            "foot": [place for place in FOOT if staff.may(place.right)],
            "place": next((place.name for place in (*PLACES, *FOOT) if name in place.covers), ""),
            "home": reverse(home_of(staff)),
            "may_look": staff.may(Right.LOOK),
            "may_act": staff.may(Right.ACT),
            "may_change_rules": staff.may(Right.RULES),
            "unseen": unseen,
            "open_tickets": opened,
            "pack_problems": [
                each._replace(what=said(each.what), mend=said(each.mend)) for each in pack.current().problems[:3]
            ],
        }
    return context
