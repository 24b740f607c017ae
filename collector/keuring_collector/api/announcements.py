"""Announcements and promises: what the console's pages do with them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import Problem, ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing, Texts
from keuring_collector.console import readings
from keuring_collector.console.views.announcements import FEWEST_READS, meant
from keuring_collector.console.views.promises import is_overdue
from keuring_collector.desk import scope
from keuring_collector.desk.roles import Right
from keuring_collector.service import promises as register
from keuring_collector.service.announcing import audience, current, measured, timing, writing
from keuring_collector.service.models import Announcement, Promise

if TYPE_CHECKING:
    from keuring_collector.desk.models import Staff

router = Router(tags=["announcements"])
MOST: Final = 200
REFUSED: Final = {**ERRORS, 409: Problem}  # of what is no longer as it was
When = Literal["date", "period", "unknown"]
Line = Annotated[str, Field(max_length=256, pattern=NO_NUL)]
Body = Annotated[str, Field(max_length=writing.LONGEST_BODY, pattern=NO_NUL)]
Reason = Annotated[str, Field(max_length=400, pattern=NO_NUL)]


class FactTest(Schema):
    """A fact of the catalogue that says nothing of people, and what it is to be."""

    signal: Line
    operator: Literal["in", "not_in", "below", "from"] = "in"
    values: list[Line] = Field(min_length=1, max_length=audience.MOST)


class MeasuredTest(Schema):
    """A measured value of the catalogue that says nothing of people, compared with one with its unit ("5 GB"), as it
    was known last within so many days. ``part``: of which volume, battery, …, with stars; empty: any.
    """

    signal: Line
    comparison: Literal["below", "above", "at_most", "at_least"]
    value: Annotated[str, Field(max_length=60, pattern=NO_NUL)]
    part: Line = ""
    days: int = Field(measured.USUAL_DAYS, ge=1, le=measured.LONGEST_DAYS)


class Selection(Schema):
    """Which machines are meant: those of which all of it is true; empty: all. ``software`` may hold stars;
    ``departments`` are ids; ``cause``: with an open ticket of it.
    """

    software: Line = ""
    version_from: Line = ""
    version_below: Line = ""
    facts: list[FactTest] = Field(default_factory=list, max_length=20)
    measured: list[MeasuredTest] = Field(default_factory=list, max_length=measured.MOST)
    cause: Line = ""
    departments: list[Identity] = Field(default_factory=list, max_length=audience.MOST)

    def chosen(self) -> audience.Selection:
        """As the service has it."""
        facts = tuple(audience.Fact(each.signal, each.operator, tuple(each.values)) for each in self.facts)
        texts = self.model_dump(include={"software", "version_from", "version_below", "cause"})
        levels = tuple(measured.Measured(**each.model_dump()) for each in self.measured)
        return audience.Selection(
            **texts, facts=facts, measured=levels, departments=tuple(sorted(set(self.departments)))
        )


class Said(Schema):
    """One language. ``must`` empty: there is nothing that colleagues need to do."""

    title: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""
    means: Body = ""
    must: Body = ""
    why: Body = ""


class New(Schema):
    """An announcement as it is to be. ``chats``: names of chat channels, which reach whoever reads them. ``note`` and
    ``tell_again`` are for changes of what is published; ``seen``: the version that was read.
    """

    nl: Said = Said()
    en: Said = Said()
    when: When
    starts_on: date | None = None
    ends_on: date | None = None
    tell_by: date | None = None
    audience: Selection = Selection()
    channels: list[Literal["mail", "machine"]] = Field([], max_length=2)
    chats: list[Annotated[str, Field(max_length=40, pattern=NO_NUL)]] = Field([], max_length=50)
    public: bool = False
    remind_days: int = Field(3, ge=0, le=writing.MOST_REMIND_DAYS)
    note: Reason = ""
    tell_again: bool = False
    seen: int | None = Field(None, ge=0, le=2**31 - 1)

    def content(self) -> writing.Content:
        """As the service has it."""
        texts = {
            (part, language): getattr(said, part)
            for language, said in (("nl", self.nl), ("en", self.en))
            for part in writing.PARTS
        }
        same = self.model_dump(include={"when", "starts_on", "ends_on", "tell_by", "public", "remind_days", "note"})
        return writing.Content(
            texts=texts, selection=self.audience.chosen(), channels=self.channels, chats=self.chats,
            tell_again=self.tell_again, **same,
        )  # fmt: skip


class Withdraw(Schema):
    """Why it does not happen."""

    why: Annotated[str, Field(min_length=1, max_length=400, pattern=NO_NUL)]


class Row(Schema):
    """An announcement in a list."""

    id: int
    state: Literal["draft", "published", "withdrawn"]
    title: Texts
    when: When
    starts_on: date | None
    ends_on: date | None
    tell_by: date | None
    over: bool
    version: int
    changed_at: datetime
    published_at: datetime | None


class Changed(Schema):
    """One version: when, and what its author said about it."""

    number: int
    at: datetime
    by: str
    note: str


class Full(Row):
    """An announcement in full, as Markdown. ``reads`` is told from five on."""

    nl: Said
    en: Said
    audience: dict[str, Any]
    channels: list[str]
    chats: list[str]
    public: bool
    remind_days: int
    withdrawn_why: str
    versions: list[Changed]
    reads: int | None


class Audience(Schema):
    """Who is meant now, of the machines that the token's owner sees. ``colleagues`` is null for one to four."""

    machines: int
    colleagues: int | None
    examples: list[UUID]


class PromiseRow(Schema):
    """A promise. ``overdue``: its day has passed and nobody said what became of it, which counts as not kept."""

    id: int
    kind: Literal["date", "tell_by", "hand"]
    state: Literal["open", "kept", "broken", "withdrawn"]
    overdue: bool
    due_on: date
    text: str
    reason: str
    announcement: int | None
    ticket: int | None


class NewPromise(Schema):
    """What was promised, by which day, and on which ticket or to which department."""

    text: Annotated[str, Field(min_length=1, max_length=register.LONGEST, pattern=NO_NUL)]
    due_on: date
    ticket: Identity | None = None
    department: Identity | None = None


class Close(Schema):
    """What became of a promise; of one that was not kept, why."""

    state: Literal["kept", "broken", "withdrawn"]
    reason: Reason = ""


def _row(found: Announcement) -> dict[str, Any]:
    same = ("state", "when", "starts_on", "ends_on", "tell_by", "version", "changed_at", "published_at")
    return {
        **{name: getattr(found, name) for name in same},
        "id": found.pk,
        "title": Texts(nl=found.title_nl, en=found.title_en),
        "over": timing.is_over(found, timezone.localdate()),
    }


def _said(found: Announcement, language: str) -> Said:
    return Said(**{part: found.text(part, language) for part in writing.PARTS})


def _full(found: Announcement) -> Full:
    versions = [
        Changed(number=each.number, at=each.at, by=each.by.get_username() if each.by else "", note=each.note)
        for each in found.versions.select_related("by")
    ]
    same = ("audience", "channels", "chats", "public", "remind_days", "withdrawn_why")
    rest: dict[str, Any] = {**_row(found), **{name: getattr(found, name) for name in same}}
    reads = found.reads if found.reads >= FEWEST_READS else None
    return Full(nl=_said(found, "nl"), en=_said(found, "en"), versions=versions, reads=reads, **rest)


def _found(staff: Staff, number: int) -> Announcement:
    for each in current.seen_by(staff):
        if each.pk == number and (each.state != Announcement.State.DRAFT or staff.may(Right.ACT)):
            return each
    raise Http404("There is no such announcement, or it is for departments that you do not see.")


@router.get("/announcements", auth=auth.READ, response={200: list[Row], **ERRORS}, operation_id="list_announcements")
def announcements(request: HttpRequest, over: bool = False) -> list[Row]:
    """The announcements, the newest first; without ``over`` those that are still coming, and drafts for who acts."""
    staff = auth.staff_of(request)
    rows = [
        Row(**_row(each))
        for each in current.seen_by(staff)
        if each.state != Announcement.State.DRAFT or staff.may(Right.ACT)
    ]
    return [row for row in rows if over or not row.over][:MOST]


@router.post(
    "/announcements/audience", auth=auth.ACT, response={200: Audience, **ERRORS}, operation_id="preview_audience"
)
def preview(request: HttpRequest, body: Selection) -> Audience:
    """Who would be meant."""
    found = meant(audience.checked(body.chosen()), auth.staff_of(request))
    few = 0 < found.colleagues < audience.FEWEST
    examples = [each.uuid for each in found.examples]
    return Audience(machines=found.machines, colleagues=None if few else found.colleagues, examples=examples)


@router.post("/announcements", auth=auth.ACT, response={200: Full, **ERRORS}, operation_id="write_announcement")
def write(request: HttpRequest, body: New) -> Full:
    """Makes a draft."""
    return _full(writing.save(None, body.content(), actor=auth.staff_of(request), now=timezone.now()))


@router.get(
    "/announcements/{number}", auth=auth.READ, response={200: Full, **ERRORS}, operation_id="get_announcement"
)  # fmt: skip
def announcement(request: HttpRequest, number: Identity) -> Full:
    """One announcement, with its versions."""
    return _full(_found(auth.staff_of(request), number))


@router.post(
    "/announcements/{number}", auth=auth.ACT, response={200: Full, **REFUSED}, operation_id="change_announcement"
)
def change(request: HttpRequest, number: Identity, body: New) -> Full:
    """Makes a new version; of what is published only with the right to publish."""
    staff = auth.staff_of(request)
    found = _found(staff, number)
    if found.state != Announcement.State.DRAFT and not staff.may(Right.ANNOUNCE):
        raise ProblemError(403, f"This needs the right '{Right.ANNOUNCE.value}'.", "token", "Ask who may publish.")
    return _full(writing.save(found, body.content(), actor=staff, now=timezone.now(), seen=body.seen))


@router.post(
    "/announcements/{number}/publish", auth=auth.ANNOUNCE, response={200: Full, **REFUSED},
    operation_id="publish_announcement",
)  # fmt: skip
def publish(request: HttpRequest, number: Identity) -> Full:
    """Publishes a draft; from then on colleagues are told."""
    staff = auth.staff_of(request)
    return _full(writing.publish(_found(staff, number), actor=staff, now=timezone.now()))


@router.post(
    "/announcements/{number}/withdraw", auth=auth.ANNOUNCE, response={200: Full, **REFUSED},
    operation_id="withdraw_announcement",
)  # fmt: skip
def withdraw(request: HttpRequest, number: Identity, body: Withdraw) -> Full:
    """Withdraws one; who was told is told so."""
    staff = auth.staff_of(request)
    return _full(writing.withdraw(_found(staff, number), body.why, actor=staff, now=timezone.now()))


@router.post(
    "/announcements/{number}/discard", auth=auth.ACT, response={204: None, **REFUSED},
    operation_id="discard_announcement",
)  # fmt: skip
def discard(request: HttpRequest, number: Identity) -> Nothing:
    """Throws a draft away."""
    staff = auth.staff_of(request)
    writing.discard(_found(staff, number), actor=staff)
    return NOTHING


@router.get(
    "/machines/{identity}/announcements", auth=auth.READ, response={200: list[Row], **ERRORS},
    operation_id="list_announcements_of_machine",
)  # fmt: skip
def of_machine(request: HttpRequest, identity: UUID) -> list[Row]:
    """What is announced for a machine and not over, the nearest first."""
    endpoint = scope.machine(scope.endpoints(auth.staff_of(request)), identity)
    return [Row(**_row(each)) for each in current.for_machine(endpoint, readings.store(), timezone.now())]


def _promise(promise: Promise) -> PromiseRow:
    same = ("kind", "state", "due_on", "reason")
    rest: dict[str, Any] = {name: getattr(promise, name) for name in same}
    return PromiseRow(
        id=promise.pk,
        overdue=is_overdue(promise, timezone.localdate()),
        text=promise.text or str(promise.announcement or ""),
        announcement=promise.announcement_id,
        ticket=promise.ticket_id,
        **rest,
    )


@router.get("/promises", auth=auth.READ, response={200: list[PromiseRow], **ERRORS}, operation_id="list_promises")
def promises(
    request: HttpRequest, state: Annotated[Literal["", "open", "kept", "broken", "withdrawn"], Query()] = ""
) -> list[PromiseRow]:
    """The promises by the day on which they are due, the last two hundred."""
    found = register.seen_by(auth.staff_of(request)).order_by("-due_on", "-pk")
    return [_promise(each) for each in (found.filter(state=state) if state else found)[:MOST]]


@router.post("/promises", auth=auth.ACT, response={200: PromiseRow, **ERRORS}, operation_id="make_promise")
def make(request: HttpRequest, body: NewPromise) -> PromiseRow:
    """Writes a promise down."""
    staff = auth.staff_of(request)
    ticket = scope.tickets(staff).filter(pk=body.ticket).first() if body.ticket else None
    department = scope.departments(staff).filter(pk=body.department).first() if body.department else None
    if (body.ticket and ticket is None) or (body.department and department is None):
        where = "body.ticket" if body.ticket and ticket is None else "body.department"
        raise ProblemError(422, "It is not there, or not for you to see.", where, "Look at /api/openapi.json.")
    if ticket is None and department is None and staff.department_ids is not None:
        raise ProblemError(422, "You see only some departments.", "body.department", "Name one of them.")
    return _promise(
        register.make(
            body.text, body.due_on, actor=staff, now=timezone.now(), ticket=ticket, department=department
        )
    )  # fmt: skip


@router.post(
    "/promises/{number}/close", auth=auth.ACT, response={200: PromiseRow, **REFUSED}, operation_id="close_promise"
)
def close(request: HttpRequest, number: Identity, body: Close) -> PromiseRow:
    """Says what became of a promise."""
    staff = auth.staff_of(request)
    if not register.seen_by(staff).filter(pk=number).exists():
        raise Http404("There is no such promise, or it is not for you to see.")
    return _promise(register.close(number, body.state, body.reason, actor=staff, now=timezone.now()))
