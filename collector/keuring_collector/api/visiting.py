"""What stands fixed of visits: a department's places and visiting hours, days without visits, and proposing a round.

Its operations stand in the router of visits.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any, Literal

from django.http import HttpRequest  # noqa: TC002 - ninja reads it
from ninja import Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import Problem, ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing
from keuring_collector.api.visits import router as visits
from keuring_collector.console.views import visits as page
from keuring_collector.desk.models import Staff

REFUSED = {**ERRORS, 409: Problem}
Words = Annotated[str, Field(max_length=100, pattern=NO_NUL)]


class Holiday(Schema):
    """A day on which no visiting hour is held."""

    id: int
    day: date
    reason: str


class NewHoliday(Schema):
    """A day to leave out, and why; calendars show it."""

    day: date
    reason: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]


class OnDay(Schema):
    """A day on which the visiting hour is held."""

    day: date


class RoundMade(Schema):
    """What was made."""

    id: int


class Sits(Schema):
    """A colleague."""

    id: int
    name: str


class Place(Schema):
    """A place, and who sits there."""

    id: int
    building: str
    floor: str
    room: str
    colleagues: list[Sits]


class Hour(Schema):
    """A visiting hour of each week; ``weekday`` 0: Monday; ``clock``: when it begins, on the desk's clock."""

    id: int
    weekday: int
    clock: str
    minutes: int
    visitor: str
    first_on: date


class HourLeftOut(Schema):
    """A day on which a visiting hour is not held."""

    id: int
    hour: int
    day: date
    reason: str


class Visited(Schema):
    """A department's places in walking order, who sits at none of them, and its visiting hours."""

    places: list[Place]
    unplaced: list[Sits]
    hours: list[Hour]
    left_out: list[HourLeftOut]


class VisitedChange(Schema):
    """What is done to a department's places and hours. ``place``: for earlier, later, remove-place, and seat (of
    ``colleague``; without a place: as imported). ``hour``: for change, end and leave-out. ``exception``: to hold again.
    ``visitor``: the name that they sign in with.
    """

    do: Literal[
        "add-place", "earlier", "later", "remove-place", "seat", "make", "change", "end", "leave-out", "hold-again"
    ]
    building: Words = ""
    floor: Words = ""
    room: Words = ""
    place: Identity | None = None
    colleague: Identity | None = None
    hour: Identity | None = None
    exception: Identity | None = None
    weekday: Annotated[int, Field(ge=0, le=6)] | None = None
    clock: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None
    visitor: Annotated[str, Field(max_length=150, pattern=NO_NUL)] = ""
    first_on: date | None = None
    day: date | None = None
    reason: Words = ""

    def typed(self) -> dict[str, str]:
        """As the form of the console sends it. Raises ProblemError for a visitor who is not at the desk."""
        told = {name: "" if (value := getattr(self, name)) is None else str(value) for name in page.FIELDS}
        visitor = Staff.objects.filter(username=self.visitor, is_active=True).first() if self.visitor else None
        if self.visitor and visitor is None:
            raise ProblemError(422, "Nobody of that name works at the desk.", "body.visitor", "GET /api/staff.")
        return told | {"visitor": str(visitor.pk) if visitor else ""}


@visits.get("/visits/holidays", auth=auth.READ, response={200: list[Holiday], **ERRORS}, operation_id="list_holidays")
def holidays(request: HttpRequest) -> list[Holiday]:  # noqa: ARG001 - ninja's
    """The days to come on which no visiting hour is held."""
    return [Holiday(id=each.pk, day=each.day, reason=each.reason) for each in page.holidays()]


@visits.post("/visits/holidays", auth=auth.ACT, response={204: None, **REFUSED}, operation_id="make_holiday")
def make_holiday(request: HttpRequest, body: NewHoliday) -> Nothing:
    """Leaves out all visiting hours of a day; for who sees all departments."""
    page.make_holiday(auth.staff_of(request), body.day, body.reason)
    return NOTHING


@visits.post(
    "/visits/holidays/{holiday}/end", auth=auth.ACT, response={204: None, **REFUSED}, operation_id="end_holiday"
)
def end_holiday(request: HttpRequest, holiday: Identity) -> Nothing:
    """Holds the visiting hours of such a day again."""
    page.end_holiday(auth.staff_of(request), holiday)
    return NOTHING


@visits.post(
    "/visits/hours/{hour}/propose", auth=auth.ACT, response={200: RoundMade, **REFUSED}, operation_id="propose_round"
)
def propose(request: HttpRequest, hour: Identity, body: OnDay) -> RoundMade:
    """Makes the round of a visiting hour on a day, or brings it up to date."""
    return RoundMade(id=page.round_on(auth.staff_of(request), hour, body.day).pk)


@visits.get(
    "/visits/departments/{department}", auth=auth.READ, response={200: Visited, **ERRORS},
    operation_id="get_visited_department",
)  # fmt: skip
def department(request: HttpRequest, department: Identity) -> Visited:
    """A department as visits know it."""
    return _visited(page.department_of(auth.staff_of(request), department))


@visits.post(
    "/visits/departments/{department}/change", auth=auth.ACT, response={200: Visited, **REFUSED},
    operation_id="change_visited_department",
)  # fmt: skip
def change(request: HttpRequest, department: Identity, body: VisitedChange) -> Visited:
    """Changes a department's places or visiting hours."""
    staff = auth.staff_of(request)
    found = page.department_of(staff, department)
    page.change_department(found, body.do, body.typed(), staff)
    return _visited(found)


def _visited(found: Any) -> Visited:
    told = page.of_department(found)
    return Visited(
        places=[
            Place(id=each.pk, building=each.building, floor=each.floor, room=each.room, colleagues=_sitting(people))
            for each, people in told["rooms"]
        ],
        unplaced=_sitting(told["unplaced"]),
        hours=[
            Hour(
                id=each.pk, weekday=each.weekday, minutes=each.minutes, first_on=each.first_on,
                clock=time(each.from_minute // 60, each.from_minute % 60).isoformat("minutes"),
                visitor=each.visitor.get_username() if each.visitor else "",
            )
            for each in page.held_in(found)
        ],
        left_out=[
            HourLeftOut(id=each.pk, hour=each.hour_id, day=each.day, reason=each.reason) for each in told["exceptions"]
        ],
    )  # fmt: skip


def _sitting(people: list[Any]) -> list[Sits]:
    return [Sits(id=each.pk, name=each.name) for each in people]
