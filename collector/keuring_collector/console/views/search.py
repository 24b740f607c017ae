"""The one search of the frame, and what the command palette offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import pack, seeking, stories
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.sought import Sought
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest


@requires(Right.LOOK)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Everything that a text is found in, by kind, ten of each."""
    staff, now, language = staff_of(request), timezone.now(), (get_language() or "nl")[:2]
    text, state = seeking.clean(request.GET.get("q", "")), pack.current()
    context: dict[str, Any] = {"sought": text, "is_short": len(text) < seeking.SHORTEST and not text.isdigit()}
    if not context["is_short"]:
        sought = Sought(text, by_mail=True)
        machines = sought.first_machines(staff, seeking.SHOWN + 1)
        tickets, more = seeking.tickets(staff, sought)
        programs, counted_at = seeking.programs(text, now)
        context |= {
            "machines": seeking.machines(machines[: seeking.SHOWN]),
            "more_machines": len(machines) > seeking.SHOWN,
            "colleagues": seeking.colleagues(staff, sought),
            "rows": [stories.row(ticket, state, language, now) for ticket in tickets],
            "more_tickets": more,
            "articles": seeking.articles(state, text, language),
            "programs": programs,
            "counted_at": counted_at,
        }
        kinds = ("machines", "colleagues", "rows", "articles", "programs")
        context["is_nothing"] = not any(context[kind] for kind in kinds)
    return render(request, "console/search.html", context)


@requires(Right.LOOK)
@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """The suggestions as JSON: a list of kind, text, about and url."""
    text = seeking.clean(request.GET.get("q", ""))
    names = {"machine": _("machine"), "article": _("article")}
    found = seeking.suggestions(staff_of(request), text, (get_language() or "nl")[:2])
    told = [
        {"kind": names[kind], "text": hit.text, "about": hit.about, "url": hit.url}
        for kind, hits in found.items()
        for hit in hits
    ]
    return JsonResponse({"found": told})
