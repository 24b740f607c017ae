"""What leaves the house: the chat channels, and what became of every mail and message of the last thirty days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import audit
from keuring_collector.desk.models import Outgoing
from keuring_collector.desk.roles import Right
from keuring_collector.service.announcing import letters

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from keuring_collector.desk.models import Staff

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One mail or message. ``title`` is of messages alone: what a mail says is between the desk and whoever gets it."""

    at: datetime
    to: str
    is_chat: bool
    title: str
    state: Outgoing.State
    error: str
    attempts: int


@requires(Right.SETTINGS)
@require_safe
def outgoing(request: HttpRequest) -> HttpResponse:
    """The page."""
    rows = lately()
    context = {"channels": settings.KEURING.chat, "rows": rows, "most": SHOWN if len(rows) == SHOWN else 0}
    return render(request, "console/outgoing.html", context)


def lately() -> list[Row]:
    """The mails and messages that were made last, the newest first."""
    kept = Outgoing.objects.order_by("-pk")[:SHOWN]
    return [
        Row(
            each.sent_at or each.ready_at, each.chat or each.to, bool(each.chat), each.subject if each.chat else "",
            each.state, each.error, each.attempts,
        )
        for each in kept
    ]  # fmt: skip


@requires(Right.SETTINGS)
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Puts a message that tries a channel into the outbox, like any other; this page tells what becomes of it."""
    try_channel(request.POST.get("channel", ""), staff_of(request))
    messages.success(request, _("Within half a minute it is sent. Look again below to see what became of it."))
    return redirect("outgoing")


def try_channel(name: str, staff: Staff) -> None:
    """Puts the message that tries a channel into the outbox. Raises Http404."""
    channel = settings.KEURING.chat_by_name.get(name)
    if channel is None:
        raise Http404(_("There is no such chat channel; somebody took it out of the settings."))
    title, text = letters.trial(channel.language)
    now = timezone.now()
    Outgoing.objects.create(chat=channel.name, subject=title, body=text, ready_at=now)
    audit.record_now(staff, "chat.tested", "", {"name": channel.name})
