"""One ticket: its story on the left, what to do on the right, and the actions at its foot."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from dataclasses import field as made
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.contrib import messages
from django.db.models import Exists, F, OuterRef
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import articles, chronicle, facts, pack, readings, similar, stories, table_rows
from keuring_collector.console.choosing import colleagues_at_the_desk, givable, seeing
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.deeds import DEEDS, MOODS, Call
from keuring_collector.desk import actions, causes, files, quiet, scope, texts
from keuring_collector.desk.models import Attachment, Notice, Quiet, Staff, Ticket, TicketLine, TicketLink
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import Article, Promise
from keuring_collector.service.skills import routing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

VERDICTS: Final = (
    ("right", gettext_lazy("Right"), gettext_lazy("it was, or would have become, a problem")),
    ("early", gettext_lazy("Too early"), gettext_lazy("true, but there was no hurry yet")),
    ("wrong", gettext_lazy("Wrong"), gettext_lazy("there was nothing the matter")),
    ("known", gettext_lazy("Known already"), gettext_lazy("we were working on it")),
)


# What was refused stands in the panel of the action at the foot, where that is shown; else above the ticket.
PANELS_OPEN: Final = frozenset({"assign", "plan", "snooze", "note", "dismiss", "resolve"})
PANELS_CLOSED: Final = frozenset({"note", "judge"})
BESIDE: Final = 6  # other tickets of the machine that are shown
HELPED: Final = 3  # words about what helped before


@dataclass(frozen=True, slots=True)
class Attempt:
    """An action that was refused: what was tried, why not, and what was filled in."""

    action: str
    message: str
    field: str = ""
    typed: Mapping[str, str] = made(default_factory=dict)


class Has(NamedTuple):
    """What of that which few tickets have a ticket has; see _seen."""

    files: bool
    links: bool
    promises: bool
    drafts: bool
    unseen: bool  # notices for the reader


def _page(
    request: HttpRequest, ticket: Ticket, now: datetime, attempt: Attempt | None = None, status: int = 200
) -> HttpResponse:
    language = (get_language() or "nl")[:2]
    staff = staff_of(request)
    state = pack.current()
    told = stories.story(ticket, state, language, now)
    if told.looked_closely:
        readings.note_look(staff, ticket.endpoint, ticket=ticket.pk)
    first, moment = told.first, texts.moment_of_reading(ticket, now)
    line, rule = (first.line, first.rule) if first else (None, None)
    has = Has(**{name: getattr(ticket, f"has_{name}") for name in Has._fields})
    is_open, model = ticket.state in Ticket.OPEN, facts.model(ticket.endpoint)
    numbers, before = _beside(ticket.endpoint_id, ticket.pk), similar.before(staff, ticket)
    alike = similar.of(ticket, before)
    read = stories.read([*numbers, *(each.pk for each in alike)])
    others = _open_first([read[pk] for pk in numbers if pk in read])
    beside = [stories.row(other, state, language, now) for other in others]
    article, related = articles.beside(state, rule, model, language)
    people = colleagues_at_the_desk()
    if has.unseen:
        staff.unseen_notices -= Notice.objects.filter(staff=staff, ticket=ticket, seen_at=None).update(seen_at=now)
    context: dict[str, Any] = {
        "ticket": ticket,
        "story": told,
        "first": first,
        "is_open": is_open,
        "is_gone": is_open and not any(finding.line.active for finding in told.findings),
        "cause": causes.cause_label(ticket.cause),
        "advice": texts.advice(line, rule, language, moment) if line else [],
        "say": _say(line, rule, ticket, moment) if line else [],
        "article": article,
        "related": related,
        "writes": staff.may(Right.RULES),
        "drafts": ticket.articles.all() if has.drafts and staff.may(Right.RULES) else (),
        "help": routing.suggest([ticket], state.pack, now, people) if is_open and staff.may(Right.ACT) else None,
        "card": facts.card(ticket.endpoint, readings.store().facts(ticket.endpoint_id), now),
        "quiets": [each for each in quiet.applying(ticket.endpoint, model, now) if _about(each[0], ticket)],
        "others": table_rows.others(beside, now),
        "hosts": [row for row in beside if row.ticket.state in Ticket.OPEN] if is_open else [],
        "similar": table_rows.similar(similar.rows(alike, read, state, language, now)),
        "people": givable(
            person for person in seeing(people, ticket.endpoint.department_id) if person.pk != ticket.owner_id
        ),
        "files": _files(ticket.pk) if has.files else (),
        "links": _links(ticket.pk) if has.links else (),
        "several": sum(1 for finding in told.findings if finding.line.active) > 1,
        "tomorrow": timezone.localtime(now).date() + timedelta(days=1),
        "helped": before.helped[:HELPED],
        "history": chronicle.entries(ticket, now),
        "stamp": actions.stamp(ticket),
        "verdicts": [(number, *verdict) for number, verdict in enumerate(VERDICTS, 1)],
        "promised": _promises(ticket.pk) if has.promises else (),
        "attempt": attempt,
        "refused_above": attempt and attempt.action not in (PANELS_OPEN if is_open else PANELS_CLOSED),
        "moods": MOODS,
        "is_mine": ticket.owner_id == staff.pk,
        "today": timezone.localtime(now).date(),
    }
    return render(request, "console/ticket.html", context, status=status)


def _about(quiet_time: Quiet, ticket: Ticket) -> bool:
    return quiet_time.cause in ("", ticket.cause)


@prepared
def _beside(endpoint: Any, but: Any) -> QuerySet[Ticket, int]:
    """The other tickets of a machine that are shown."""
    others = Ticket.objects.filter(endpoint=endpoint).exclude(pk=but)
    newest = others.order_by(F("closed_at").asc(nulls_first=True), "-severity", "-opened_at")
    return newest.values_list("pk", flat=True)[:BESIDE]


@prepared
def _files(ticket: Any) -> QuerySet[Attachment]:
    return Attachment.objects.filter(ticket=ticket).defer("content")


@prepared
def _links(ticket: Any) -> QuerySet[TicketLink]:
    return TicketLink.objects.filter(ticket=ticket)


@prepared
def _promises(ticket: Any) -> QuerySet[Promise]:
    return Promise.objects.filter(ticket=ticket).select_related("made_by")


def _open_first(tickets: list[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=lambda ticket: ticket.state not in Ticket.OPEN)


def _say(line: Any, rule: Any, ticket: Ticket, moment: datetime) -> list[tuple[str, str, str]]:
    """What to say, the colleague's own language first: (language, its name, the text)."""
    colleague = ticket.endpoint.colleague
    first = colleague.language if colleague else "nl"
    order = sorted((("nl", "Nederlands"), ("en", "English")), key=lambda pair: pair[0] != first)
    said = [(code, name, texts.say(line, rule, code, moment)) for code, name in order]
    return [row for row in said if row[2]]


def _ticket(staff: Staff, pk: int) -> Ticket:
    for found in _seen(*scope.reach(staff), pk, staff.pk):
        found.findings = _lines(pk)
        return found
    raise Http404(_("There is no such ticket, or it belongs to a department that you do not see."))


@prepared
def _seen(departments: Any, answers: bool, pk: Any, reader: Any) -> QuerySet[Ticket]:
    """The ticket, and whether it has what few tickets have, so that nothing more is asked for where it has not."""
    own = OuterRef("pk")
    found = scope.tickets_of(departments, answers).filter(pk=pk)
    return found.select_related("endpoint__colleague", "endpoint__department", "owner").annotate(
        has_files=Exists(Attachment.objects.filter(ticket=own)),
        has_links=Exists(TicketLink.objects.filter(ticket=own)),
        has_promises=Exists(Promise.objects.filter(ticket=own)),
        has_drafts=Exists(Article.objects.filter(from_ticket=own)),
        has_unseen=Exists(Notice.objects.filter(ticket=own, staff=reader, seen_at=None)),
    )


@prepared
def _lines(ticket: Any) -> QuerySet[TicketLine]:
    return TicketLine.objects.filter(ticket=ticket)


@requires(Right.LOOK)
@require_safe
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """The ticket page."""
    return _page(request, _ticket(staff_of(request), pk), timezone.now())


@requires(Right.ACT)
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Does one action and goes back to the ticket; what was refused comes back with what was typed."""
    deed = DEEDS.get(action)
    if deed is None:
        raise Http404(_("There is no such action."))
    staff, now = staff_of(request), timezone.now()
    _ticket(staff, pk)
    call = Call(request, pk, staff, now, request.POST.get("seen"), uuid.uuid4())
    try:
        deed.do(call)
    except Ticket.DoesNotExist as error:
        raise Http404(_("There is no such ticket.")) from error
    except actions.NotUnderstood as error:
        return _refused(request, pk, action, now, str(error.message), 422, error.field)
    except actions.ActionError as error:
        return _refused(request, pk, action, now, str(error.message), 409)
    messages.success(request, deed.done, extra_tags=f"undo:{call.step}" if deed.undoable else "")
    if told := deed.beware(call):
        messages.warning(request, told)
    return HttpResponseRedirect(reverse("ticket", args=[pk]))


def _refused(
    request: HttpRequest, pk: int, action: str, now: datetime, message: str, status: int, where: str = ""
) -> HttpResponse:
    fields = ("day", "until", "text", "reason", "verdict", "to", "number", "url", "line", "into")
    typed = {name: request.POST.get(name, "") for name in fields}
    return _page(request, _ticket(staff_of(request), pk), now, Attempt(action, message, where, typed), status)


@requires(Right.LOOK)
@require_safe
def attachment(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A file beside a ticket, to be saved; never shown in the page, whatever it is."""
    found = get_object_or_404(Attachment, ticket=_ticket(staff_of(request), pk), pk=number)
    response = HttpResponse(bytes(found.content), content_type=found.kind)
    name = files.name_to_save(found)
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or "attachment"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
