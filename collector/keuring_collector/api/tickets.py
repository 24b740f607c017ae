"""Tickets: the queue with its filters, one ticket with its findings and history, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Query, Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.schemas import ERRORS, MachineRef, Texts, machine_ref
from keuring_collector.console import chronicle, listing, pack
from keuring_collector.desk import actions, scope, texts
from keuring_collector.desk.acting import LONGEST_TEXT
from keuring_collector.desk.models import Ticket, TicketLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.console.pack import PackState

router = Router(tags=["tickets"])
SEVERITIES: Final = {severity.value: severity.name.lower() for severity in Ticket.Severity}
Severity = Literal["tip", "watch", "soon", "urgent"]
Identity = Annotated[int, Field(ge=1, le=2**63 - 1)]


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

    rule: str
    subject: str
    severity: str
    active: bool
    since: datetime
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


class TicketFull(TicketRow):
    """One ticket with all that is known of it."""

    findings: list[Finding]
    history: list[Happening]
    dismissal_reason: str


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
    lines = list(ticket.lines.all())
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
    for line in ticket.lines.all():
        rule = state.rule(line.rule)
        line.ticket = ticket
        findings.append(
            Finding(
                rule=rule.name if rule else line.rule,
                subject=line.subject,
                severity=SEVERITIES[line.severity],
                active=line.active,
                since=line.since,
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
        **_row(ticket, state, now), findings=findings, history=history, dismissal_reason=ticket.dismissal_reason
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


class Seen(Schema):
    """``seen``: the ticket's stamp as it was read; without it the action is done whatever happened meanwhile."""

    seen: str | None = Field(None, max_length=200)


class Plan(Seen):
    """The day on which the work is to be done."""

    day: date


class Snooze(Seen):
    """The day on which the ticket comes back."""

    until: date


class Resolve(Seen):
    """The verdict, and what helped."""

    verdict: Literal["right", "early", "wrong", "known"]
    text: str = Field("", max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")


class Dismiss(Seen):
    """The verdict, and why nothing was done."""

    verdict: Literal["right", "early", "wrong", "known"]
    reason: str = Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")


class Note(Schema):
    """What is to be remembered."""

    text: str = Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a ticket, with which body; its fields are the function's arguments."""

    do: Callable[..., Ticket]
    body: type[Schema]


# One line makes one operation: POST /api/tickets/{number}/NAME.
ACTIONS: Final[dict[str, Action]] = {
    "take": Action(actions.take, Seen),
    "plan": Action(actions.plan, Plan),
    "snooze": Action(actions.snooze, Snooze),
    "resolve": Action(actions.resolve, Resolve),
    "dismiss": Action(actions.dismiss, Dismiss),
    "note": Action(actions.note, Note),
}


def _operation(action: Action) -> Callable[..., TicketFull]:
    def operation(request: HttpRequest, number: int, body: Schema) -> TicketFull:
        _ticket(request, number)
        now = timezone.now()
        action.do(number, actor=auth.staff_of(request), now=now, **body.model_dump())
        return _full(_ticket(request, number), now)

    operation.__annotations__ = {"request": HttpRequest, "number": Identity, "body": action.body}
    operation.__doc__ = (action.do.__doc__ or "").replace("``actor``", "the token's owner").partition(" Raises")[0]
    return operation


for _name, _action in ACTIONS.items():
    router.post(
        f"/tickets/{{number}}/{_name}",
        auth=auth.ACT,
        response={200: TicketFull, **ERRORS, 409: ERRORS[404]},
        operation_id=f"{_name}_ticket",
    )(_operation(_action))
