"""Visits and mood: rounds with their stops, what became of them, who has not seen us for long, moods of groups."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing
from keuring_collector.console import pack
from keuring_collector.console.views.visits import rounds_of, seen, sources
from keuring_collector.desk import scope
from keuring_collector.desk.acting import LONGEST_TEXT
from keuring_collector.service.models import Round, Stop
from keuring_collector.service.mood import showing
from keuring_collector.service.mood.keeping import LONGEST_LINE
from keuring_collector.service.visiting import outcomes
from keuring_collector.service.visiting import rounds as walking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keuring_collector.desk.models import Staff

router = Router(tags=["visits"])


class Topic(Schema):
    """One thing that a stop is about; ``days``: since when somebody was not seen, or a machine not heard of.
    ``tip``: what an outcome calls a tip that is no ticket.
    """

    kind: str
    ticket: int | None
    days: int | None
    text: str
    tip: int | None


class StopRow(Schema):
    """Somebody to see. ``version`` goes back as ``seen`` with an outcome, so that nobody overwrites another's."""

    id: int
    colleague: str
    machine: str
    place: str
    minutes: int
    fits: bool
    topics: list[Topic]
    outcome: str
    back_on: date | None
    note: str
    version: int


class RoundRow(Schema):
    """A round."""

    id: int
    department: int
    visitor: str
    starts_at: datetime
    minutes: int
    state: str


class RoundFull(RoundRow):
    """A round with its stops, in walking order; those for which there is no time come last."""

    stops: list[StopRow]


class WorkBody(Schema):
    """What is done about a ticket of the stop: a verdict with which it is resolved, or ``plan`` with a day."""

    ticket: Identity
    do: Literal["right", "early", "wrong", "known", "plan"]
    day: date | None = None
    seen: str | None = Field(None, max_length=200)


class TipBody(Schema):
    """What is done about a tip of the stop: it was told in person, or is not for them and never comes back."""

    tip: Identity
    do: Literal["told", "aside"]


class OutcomeBody(Schema):
    """What became of a stop. ``key`` names this telling: sent again under the same key it counts once."""

    key: UUID
    outcome: Literal["helped", "away", "back"]
    note: str = Field("", max_length=LONGEST_TEXT, pattern=NO_NUL)
    back_on: date | None = None
    mood: Annotated[int, Field(ge=1, le=5)] | None = None
    mood_line: str = Field("", max_length=LONGEST_LINE, pattern=NO_NUL)
    work: list[WorkBody] = Field(default_factory=list, max_length=20)
    seen: Annotated[int, Field(ge=0, le=10**6)] | None = None
    tips: list[TipBody] = Field(default_factory=list, max_length=20)


class StopAnswer(Schema):
    """``conflicts``: what somebody else had done already; ``again``: this key came before."""

    conflicts: list[str]
    again: bool = False


class Unseen(Schema):
    """When a department last saw us; null: never."""

    department: int
    name: str
    last_seen: date | None
    is_long: bool


class MoodRow(Schema):
    """A group's mood in a month, of five answers and more; ``department`` null: everybody."""

    month: date
    department: int | None
    answers: int
    mean: float


def _round(found: Round) -> dict[str, Any]:
    return {
        "id": found.pk,
        "department": found.department_id,
        "visitor": found.visitor.get_username() if found.visitor else "",
        "starts_at": found.starts_at,
        "minutes": found.minutes,
        "state": found.state,
    }


def _stop(stop: Stop, tickets: set[int]) -> StopRow:
    return StopRow(
        id=stop.pk,
        colleague=stop.colleague.name if stop.colleague else "",
        machine=stop.endpoint.host_name if stop.endpoint else "",
        place=str(stop.place) if stop.place else "",
        minutes=stop.minutes,
        fits=stop.fits,
        topics=[
            Topic(kind=item.kind, ticket=item.ticket_id, days=item.days, text=item.text, tip=item.chance_id)
            for item in stop.items.all()
            if item.ticket_id is None or item.ticket_id in tickets
        ],
        outcome=stop.outcome,
        back_on=stop.back_on,
        note=stop.note,
        version=stop.version,
    )


class RoundChange(Schema):
    """What is done to a round; ``stop`` for what is done to one of its stops. To ``add`` one: a colleague of the
    department by their id, or what to do, and the minutes it takes.
    """

    do: Literal["start", "finish", "again", "add", "take-away", "take-in", "earlier", "later", "undo"]
    stop: Identity | None = None
    colleague: Identity | None = None
    about: str = Field("", max_length=200, pattern=NO_NUL)
    minutes: Annotated[int, Field(ge=1, le=480)] | None = None


def _add(found: Round, body: RoundChange) -> object:
    colleague = found.department.colleague_set.filter(pk=body.colleague).first() if body.colleague else None
    if body.colleague and colleague is None:
        raise ProblemError(
            422, "There is no such colleague in this department.", "body.colleague", "GET /api/visits/departments/ID."
        )
    return walking.add(found.pk, colleague=colleague, about=body.about, minutes=body.minutes)


OF_A_ROUND: Final[Mapping[str, Callable[[Round, RoundChange, Staff, datetime], object]]] = {
    "start": lambda found, _body, staff, _now: walking.start(found.pk, actor=staff),
    "finish": lambda found, _body, _staff, now: walking.finish(found.pk, now=now),
    "again": lambda found, _body, _staff, _now: walking.again(found.pk, sources(found.department)),
    "add": lambda found, body, _staff, _now: _add(found, body),
}
OF_A_STOP: Final[Mapping[str, Callable[[Round, int, Staff, datetime], object]]] = {
    "take-away": lambda found, stop, _staff, _now: walking.take_away(found.pk, stop),
    "take-in": lambda found, stop, _staff, _now: walking.take_in(found.pk, stop),
    "earlier": lambda found, stop, _staff, _now: walking.move(found.pk, stop, earlier=True),
    "later": lambda found, stop, _staff, _now: walking.move(found.pk, stop, earlier=False),
    "undo": lambda _found, stop, staff, now: outcomes.take_back(stop, actor=staff, now=now),
}


@router.get("/visits/rounds", auth=auth.READ, response={200: list[RoundRow], **ERRORS}, operation_id="list_rounds")
def rounds(request: HttpRequest, day: date | None = None) -> list[RoundRow]:
    """The rounds of a day, today if none is asked for."""
    chosen = day or timezone.localdate()
    return [RoundRow(**_round(each)) for each in rounds_of(auth.staff_of(request)).filter(day=chosen)]


@router.get("/visits/rounds/{number}", auth=auth.READ, response={200: RoundFull, **ERRORS}, operation_id="get_round")
def one(request: HttpRequest, number: Identity) -> RoundFull:
    """One round, with whom to see and what about."""
    staff = auth.staff_of(request)
    found = rounds_of(staff).filter(pk=number).first()
    if found is None:
        raise Http404("There is no such round, or it goes past a department that you do not see.")
    stops = found.stops.filter(removed=False).select_related("colleague", "endpoint", "place").prefetch_related("items")
    wanted = {item.ticket_id for stop in stops for item in stop.items.all() if item.ticket_id}
    tickets = set(scope.tickets(staff).filter(pk__in=wanted).values_list("pk", flat=True))
    return RoundFull(**_round(found), stops=[_stop(stop, tickets) for stop in stops])


@router.post(
    "/visits/rounds/{number}/change", auth=auth.ACT, response={204: None, **ERRORS, 409: ERRORS[404]},
    operation_id="change_round",
)  # fmt: skip
def change(request: HttpRequest, number: Identity, body: RoundChange) -> Nothing:
    """Starts, finishes or proposes a round anew, or adds, moves, takes away, takes in or takes back a stop of it."""
    staff, now = auth.staff_of(request), timezone.now()
    found = rounds_of(staff).filter(pk=number).first()
    if found is None:
        raise Http404("There is no such round, or it goes past a department that you do not see.")
    if body.do in OF_A_STOP:
        if body.stop is None or not found.stops.filter(pk=body.stop).exists():
            raise ProblemError(422, "Name a stop of this round.", "body.stop", "GET the round for its stops.")
        OF_A_STOP[body.do](found, body.stop, staff, now)
    else:
        OF_A_ROUND[body.do](found, body, staff, now)
    return NOTHING


@router.post(
    "/visits/stops/{number}/outcome", auth=auth.ACT, response={200: StopAnswer, **ERRORS, 409: ERRORS[404]},
    operation_id="report_stop",
)  # fmt: skip
def outcome(request: HttpRequest, number: Identity, body: OutcomeBody) -> dict[str, Any]:
    """Notes what became of a stop, once for each key, with what it means for its tickets."""
    staff = auth.staff_of(request)
    if not Stop.objects.filter(pk=number, round__in=rounds_of(staff)).exists():
        raise Http404("There is no such stop, or it belongs to a department that you do not see.")
    work = tuple(outcomes.Work(each.ticket, each.do, each.day, each.seen) for each in body.work)
    tips = tuple(outcomes.Tip(each.tip, each.do) for each in body.tips)
    told = outcomes.Told(body.outcome, body.note, body.back_on, body.mood, body.mood_line, work, body.seen, tips)
    return outcomes.report(number, told, actor=staff, now=timezone.now(), key=body.key, pack=pack.current().pack)


@router.get(
    "/visits/seen", auth=auth.READ, response={200: list[Unseen], **ERRORS}, operation_id="list_departments_seen"
)
def last_seen(request: HttpRequest) -> list[Unseen]:
    """When each department last saw us, the longest ago first."""
    return [
        Unseen(department=each.department.pk, name=each.department.name, last_seen=each.last, is_long=each.is_long)
        for each in seen(auth.staff_of(request), timezone.localdate())
    ]


@router.get("/mood", auth=auth.READ, response={200: list[MoodRow], **ERRORS}, operation_id="list_moods")
def moods(request: HttpRequest) -> list[MoodRow]:
    """Moods of the last twelve months that are over, of groups of five answers and more."""
    staff = auth.staff_of(request)
    visible = set(scope.departments(staff).values_list("pk", flat=True))
    found = []
    for month in showing.months(timezone.now()):
        groups: list[tuple[int | None, showing.Mood]] = [
            (pk, mood) for pk, mood in month.departments.items() if pk in visible
        ]
        if month.total is not None and staff.department_ids is None:
            groups.append((None, month.total))
        found += [
            MoodRow(month=month.first, department=pk, answers=mood.answers, mean=round(mood.mean, 2))
            for pk, mood in groups
        ]
    return found
