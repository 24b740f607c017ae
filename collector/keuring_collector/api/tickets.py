"""Tickets: the queue with its filters, one ticket with its findings and history, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from ninja import File, Query, Router, Schema, UploadedFile
from pydantic import Field

from keuring_collector.api import auth, bodies
from keuring_collector.api.bodies import Identity
from keuring_collector.api.schemas import ERRORS, MachineRef, Texts, machine_ref
from keuring_collector.console import chronicle, listing, pack
from keuring_collector.desk import actions, files, links, merging, scope, texts
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.service.messages import sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.console.pack import PackState

router = Router(tags=["tickets"])
SEVERITIES: Final = {severity.value: severity.name.lower() for severity in Ticket.Severity}
Severity = Literal["tip", "watch", "soon", "urgent"]


class Expected(Schema):
    """When it is expected to happen, and the interval that holds it 8 times out of 10."""

    at: datetime
    low: datetime | None
    high: datetime | None


class TicketRow(Schema):
    """One ticket in a list. Send ``stamp`` back as ``seen`` with an action: it is refused when somebody was first."""

    id: int
    state: str
    severity: str
    cause: str
    title: Texts
    machine: MachineRef
    owner: str
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    expected: Expected | None
    planned_for: date | None
    snoozed_until: datetime | None
    verdict: str
    reopened: int
    stamp: str


class Finding(Schema):
    """One finding: a rule that is, or was, true for one part of the machine."""

    id: int
    rule: str
    subject: str
    severity: str
    active: bool
    since: datetime
    snoozed_until: datetime | None
    expected: Expected | None
    title: Texts
    advice: list[str]
    evidence: list[dict[str, Any]]
    evidence_now: list[dict[str, Any]]


class Happening(Schema):
    """One thing that happened to a ticket."""

    at: datetime
    who: str
    kind: str
    what: str
    text: str


class Linked(Schema):
    """A ticket in the ITSM that this one belongs to."""

    id: int
    number: str
    url: str


class Attached(Schema):
    """A file beside the ticket; ``size`` in bytes."""

    id: int
    name: str
    kind: str
    size: int


class TicketFull(TicketRow):
    """One ticket with all that is known of it; ``merged_into``: the ticket that took it in."""

    findings: list[Finding]
    history: list[Happening]
    links: list[Linked]
    files: list[Attached]
    dismissal_reason: str
    merged_into: int | None


class TicketPage(Schema):
    """Fifty tickets, and how many there are."""

    items: list[TicketRow]
    count: int
    page: int
    pages: int


class Filters(Schema):
    """Which tickets, in which order; as in the address of the queue."""

    state: Literal["open", "new", "planned", "snoozed", "closed"] = "open"
    severity: list[Severity] = Field(default_factory=list, max_length=4)
    department: Annotated[int, Field(ge=1, le=10**9 - 1)] | None = None
    cause: str = Field("", max_length=60, pattern=r"^[^\x00]*$")
    owner: str = Field("", pattern=r"^(me|nobody|[0-9]{1,9})?$")
    rule: str = Field("", max_length=36, pattern=r"^[^\x00]*$", description="The id of a rule.")
    q: str = Field("", max_length=100, pattern=r"^[^\x00]*$")
    simulated: Literal["", "hide", "only"] = ""
    sort: Literal["when", "severity", "machine", "newest"] = "when"
    page: Annotated[int, Field(ge=1, le=10**6)] = 1


def _expected(of: Ticket | TicketLine) -> Expected | None:
    return Expected(at=of.expected_at, low=of.expected_low, high=of.expected_high) if of.expected_at else None


def _title(line: TicketLine | None, ticket: Ticket, state: PackState, now: datetime) -> Texts:
    if line is None:
        return Texts(nl=str(ticket), en=str(ticket))
    rule, moment = state.rule(line.rule), texts.moment_of_reading(ticket, now)
    return Texts(**{code: texts.title(line, rule, code, moment) for code in ("nl", "en")})


def _row(ticket: Ticket, state: PackState, now: datetime) -> dict[str, Any]:
    lines = ticket.findings
    for line in lines:
        line.ticket = ticket
    return {
        "id": ticket.pk,
        "state": ticket.state,
        "severity": SEVERITIES[ticket.severity],
        "cause": ticket.cause,
        "title": _title(texts.headline(ticket, lines), ticket, state, now),
        "machine": machine_ref(ticket.endpoint),
        "owner": ticket.owner.get_username() if ticket.owner else "",
        "opened_at": ticket.opened_at,
        "updated_at": ticket.updated_at,
        "closed_at": ticket.closed_at,
        "expected": _expected(ticket),
        "planned_for": ticket.planned_for,
        "snoozed_until": ticket.snoozed_until,
        "verdict": ticket.verdict,
        "reopened": ticket.reopened,
        "stamp": actions.stamp(ticket),
    }


def _full(ticket: Ticket, now: datetime) -> TicketFull:
    state, language = pack.current(), _language()
    moment = texts.moment_of_reading(ticket, now)
    findings = []
    for line in ticket.findings:
        rule = state.rule(line.rule)
        line.ticket = ticket
        findings.append(
            Finding(
                id=line.pk,
                rule=rule.name if rule else line.rule,
                subject=line.subject,
                severity=SEVERITIES[line.severity],
                active=line.active,
                since=line.since,
                snoozed_until=line.snoozed_until,
                expected=_expected(line),
                title=_title(line, ticket, state, now),
                advice=[str(step) for step in texts.advice(line, rule, language, moment)],
                evidence=line.evidence,
                evidence_now=line.evidence_now,
            )
        )
    history = [
        Happening(at=entry.at, who=entry.who, kind=entry.kind, what=entry.what, text=entry.text)
        for entry in chronicle.entries(ticket, now)
    ]
    return TicketFull(
        **_row(ticket, state, now),
        findings=findings,
        history=history,
        links=[Linked(id=each.pk, number=each.number, url=each.url) for each in ticket.links.all()],
        files=[
            Attached(id=each.pk, name=each.name, kind=each.kind, size=each.size)
            for each in ticket.attachments.defer("content")
        ],
        dismissal_reason=ticket.dismissal_reason,
        merged_into=ticket.merged_into_id,
    )


def _language() -> str:
    return (get_language() or "nl")[:2]


def _ticket(request: HttpRequest, number: int) -> Ticket:
    found = scope.tickets(auth.staff_of(request)).select_related("endpoint__colleague", "endpoint__department", "owner")
    try:
        return found.prefetch_related("lines").get(pk=number)
    except Ticket.DoesNotExist:
        raise Http404("There is no such ticket, or it belongs to a department that you do not see.") from None


@router.get("/tickets", auth=auth.READ, response={200: TicketPage, **ERRORS}, operation_id="list_tickets")
def tickets(request: HttpRequest, filters: Query[Filters]) -> TicketPage:
    """The queue: fifty tickets on a page."""
    graded = {name: value for value, name in SEVERITIES.items()}
    choices = listing.Choices(
        state=filters.state,
        severity=tuple(sorted({graded[name] for name in filters.severity}, reverse=True)),
        department=str(filters.department or ""),
        cause=filters.cause,
        owner=filters.owner,
        simulated=filters.simulated,
        rule=filters.rule,
        q=filters.q.strip(),
        sort=filters.sort,
        page=filters.page,
    )
    now, state = timezone.now(), pack.current()
    found = listing.page(choices, auth.staff_of(request), now, exactly=True)
    items = [TicketRow(**_row(ticket, state, now)) for ticket in found.tickets]
    return TicketPage(items=items, count=found.count, page=found.choices.page, pages=found.pages)


@router.get("/tickets/{number}", auth=auth.READ, response={200: TicketFull, **ERRORS}, operation_id="get_ticket")
def ticket(request: HttpRequest, number: Identity) -> TicketFull:
    """One ticket, with its findings and its history."""
    return _full(_ticket(request, number), timezone.now())


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a ticket, with which body; without one it takes a file, as multipart form data."""

    do: Callable[..., object]
    body: type[bodies.Body] | None


# One line makes one operation: POST /api/tickets/{number}/NAME.
ACTIONS: Final[dict[str, Action]] = {
    "take": Action(actions.take, bodies.Seen),
    "assign": Action(actions.assign, bodies.Assign),
    "release": Action(actions.release, bodies.Seen),
    "plan": Action(actions.plan, bodies.Plan),
    "snooze": Action(actions.snooze, bodies.Snooze),
    "snooze-line": Action(actions.snooze_line, bodies.SnoozeLine),
    "wake-line": Action(actions.wake_line, bodies.Line),
    "resolve": Action(actions.resolve, bodies.Resolve),
    "dismiss": Action(actions.dismiss, bodies.Dismiss),
    "judge": Action(actions.judge, bodies.Judge),
    "note": Action(actions.note, bodies.Note),
    "message": Action(sending.send, bodies.Message),
    "merge": Action(merging.merge, bodies.Merge),
    "attach": Action(files.attach, None),
    "remove-file": Action(files.remove, bodies.RemoveFile),
    "link": Action(links.link, bodies.Link),
    "unlink": Action(links.unlink, bodies.Unlink),
}


def _done(request: HttpRequest, number: int, action: Action, arguments: dict[str, Any]) -> TicketFull:
    _ticket(request, number)
    now = timezone.now()
    action.do(number, actor=auth.staff_of(request), now=now, **arguments)
    return _full(_ticket(request, number), now)


def _operation(action: Action) -> Callable[..., TicketFull]:
    def told(request: HttpRequest, number: int, body: bodies.Body) -> TicketFull:
        return _done(request, number, action, body.arguments())

    def sent(request: HttpRequest, number: int, file: UploadedFile) -> TicketFull:
        # One byte more than may be kept is enough to know that it is too large.
        upload = files.Upload(file.name or "", file.read(files.LARGEST + 1))
        return _done(request, number, action, {"upload": upload})

    operation: Callable[..., TicketFull] = told if action.body else sent
    last = {"body": action.body} if action.body else {"file": File[UploadedFile]}
    operation.__annotations__ = {"request": HttpRequest, "number": Identity, **last}
    operation.__doc__ = (action.do.__doc__ or "").replace("``actor``", "the token's owner").partition(" Raises")[0]
    return operation


for _name, _action in ACTIONS.items():
    router.post(
        f"/tickets/{{number}}/{_name}",
        auth=auth.ACT,
        response={200: TicketFull, **ERRORS, 409: ERRORS[404]},
        operation_id=f"{_name.replace('-', '_')}_ticket",
        summary=_name.replace("-", " ").capitalize(),
    )(_operation(_action))
