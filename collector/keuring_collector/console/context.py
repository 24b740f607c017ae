"""What the frame around every page shows: where one is, how many tickets are open, what is wrong with the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from keuring_collector.console import pack, places
from keuring_collector.console.faults import said
from keuring_collector.console.middleware import THEME_COOKIE, THEMES
from keuring_collector.console.permission import home_of
from keuring_collector.desk import scope
from keuring_collector.desk.counting import counted_lately
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.service.skills import catalogue

if TYPE_CHECKING:
    from django.http import HttpRequest


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
        name = (match.url_name if match else "") or ""
        opened = scope.tickets(staff).filter(state__in=Ticket.OPEN, closed_at=None)
        count = counted_lately(("open", staff.department_ids), opened)
        context |= {
            **places.links(staff, places.of_route(name), _tallies(staff.unseen_notices, count)),
            "home": reverse(home_of(staff)),
            "may_look": staff.may(Right.LOOK),
            "may_act": staff.may(Right.ACT),
            "may_lead": staff.may(Right.TEAM),
            "may_change_rules": staff.may(Right.RULES),
            # Asked for by pages with rows of tickets alone.
            "known_skills": SimpleLazyObject(lambda: catalogue.everything(pack.current().pack)),
            "pack_problems": [
                each._replace(what=said(each.what), mend=said(each.mend)) for each in pack.current().problems[:3]
            ],
        }
    return context


def _tallies(unseen: int, opened: int) -> dict[str, str]:
    """What stands beside places of the rail: how many notices are for the reader, and how many tickets are open."""
    told = {"today": (unseen, _("for you")), "queue": (opened, _("open"))}
    return {
        place: f'<span class="tally">{count}<span class="unseen"> {word}</span></span>'
        for place, (count, word) in told.items()
        if count
    }
