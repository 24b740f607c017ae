"""The message to a ticket's colleague: chosen from the templates, filled in, changed, and sent or copied."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from keuring_collector.console import pack
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number, read_day
from keuring_collector.console.views.deeds import somebody
from keuring_collector.desk import scope, texts
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import colleagues, knowledge
from keuring_collector.service.messages import filling, sending, templates

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from django.http import HttpRequest

FIRST: Final = "visit"  # the template that is proposed


@dataclass(frozen=True, slots=True)
class Choice:
    """What a message is made of: which template, in which language, who comes, and when."""

    template: templates.Template | None
    language: str
    day: dt.date | None
    who: Staff


def choice(ticket: Ticket, typed: Mapping[str, str], staff: Staff) -> Choice:
    """What was chosen, else what is likely: the colleague's language, the planned day, the ticket's owner."""
    colleague = ticket.endpoint.colleague
    language = typed.get("language", "")
    every = templates.every()
    asked = typed.get("template") or ("done" if ticket.state == Ticket.State.RESOLVED else FIRST)
    return Choice(
        next((each for each in every if each.key == asked), every[0] if every else None),
        language if language in LANGUAGES else (colleague.language if colleague else settings.KEURING.language),
        read_day(typed["day"]) if typed.get("day") else ticket.planned_for,
        somebody(number(typed.get("who", ""))) or ticket.owner or staff,
    )


def compose(ticket: Ticket, chosen: Choice, now: dt.datetime, address: str) -> filling.Filled:
    """The message of a choice; ``address`` is where the console is found, ending in a slash."""
    if chosen.template is None:
        return filling.Filled("", "")
    lines = list(ticket.lines.all())
    line, state = texts.headline(ticket, lines), pack.current()
    rule = state.rule(line.rule) if line else None
    if line is not None:
        line.ticket = ticket
    found = knowledge.read(state.pack, rule.article, chosen.language) if rule and rule.article else None
    told = _article(found, address) if found and colleagues.may_read(found) else ""
    source = filling.Source(ticket, line, rule, chosen.who, chosen.day, told)
    return filling.fill(chosen.template, source, chosen.language, now)


def _article(found: knowledge.Read, address: str) -> str:
    """Where the article is read without signing in; where that is not wanted, the article itself."""
    if settings.KEURING.public_pages:
        return f"{found.title}: {address}{reverse('help_article', args=[found.language, found.slug])[1:]}"
    return f"{found.title}\n\n{colleagues.plain(found.markdown)}"


@requires(Right.ACT)
@require_http_methods(["GET", "HEAD", "POST"])
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST sends what was written."""
    staff, now = staff_of(request), timezone.now()
    seen = scope.tickets(staff).select_related("endpoint__colleague", "owner").prefetch_related("lines")
    ticket = seen.filter(pk=pk).first()
    if ticket is None:
        raise Http404(_("There is no such ticket, or it belongs to a department that you do not see."))
    if request.method != "POST":
        chosen = choice(ticket, request.GET.dict(), staff)
        return _page(request, ticket, chosen, compose(ticket, chosen, now, request.build_absolute_uri("/")))
    written = filling.Filled(request.POST.get("subject", ""), request.POST.get("text", ""))
    step = uuid.uuid4()
    try:
        sending.send(ticket.pk, actor=staff, now=now, subject=written.subject, text=written.body, step=step)
    except ActionError as error:
        where = error.field if isinstance(error, NotUnderstood) else ""
        chosen = choice(ticket, request.POST.dict(), staff)
        return _page(request, ticket, chosen, written, str(error.message), where, 422 if where else 409)
    messages.success(request, _("Sent in a minute. Until then you can take it back."), extra_tags=f"undo:{step}")
    return HttpResponseRedirect(reverse("ticket", args=[pk]))


def _page(
    request: HttpRequest, ticket: Ticket, chosen: Choice, written: filling.Filled, wrong: str = "", where: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    colleague = ticket.endpoint.colleague
    context: dict[str, Any] = {
        "ticket": ticket,
        "colleague": colleague,
        "chosen": chosen,
        "written": written,
        "blank": filling.BLANK.search(written.subject + written.body),
        "templates": [(each.key, each.texts[chosen.language].name) for each in templates.every()],
        "message_languages": (("nl", "Nederlands"), ("en", "English")),
        "people": Staff.objects.filter(is_active=True).order_by("first_name", "username"),
        "today": timezone.localdate(),
        "wrong": wrong,
        "where": where,
        "may_change": staff_of(request).may(Right.TEXTS),
        "replies": bool(staff_of(request).email),
    }
    return render(request, "console/message.html", context, status=status)
