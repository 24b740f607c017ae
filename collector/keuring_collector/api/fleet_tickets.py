"""Fleet tickets: one problem of many machines, and what is done to it as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from keuring_collector.api import auth, bodies
from keuring_collector.api.bodies import Identity  # noqa: TC001 - ninja asks for it
from keuring_collector.api.problems import Problem
from keuring_collector.api.schemas import ERRORS
from keuring_collector.console import readings
from keuring_collector.desk import gathering, scope
from keuring_collector.desk.acting import NotUnderstood

if TYPE_CHECKING:
    from keuring_collector.desk.models import FleetTicket, Staff

router = Router(tags=["fleet tickets"])
MOST = 500
REFUSED = {**ERRORS, 409: Problem}


class Shared(Schema):
    """What its machines have in common: a fact by its name in the catalogue."""

    signal: str
    subject: str
    value: str


class FleetRow(Schema):
    """A fleet ticket; ``tickets``: those of it that the token's owner may see."""

    id: int
    cause: str
    by_hand: bool
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    owner: str
    common: list[Shared]
    tickets: list[int]


class Some(Schema):
    """Tickets by their numbers."""

    tickets: list[Identity] = Field(min_length=1, max_length=MOST)


class Reason(Schema):
    """Why these are not one problem."""

    reason: Annotated[str, Field(min_length=1, max_length=bodies.LONGEST_TEXT, pattern=bodies.NO_NUL)]


def _row(found: FleetTicket, staff: Staff) -> FleetRow:
    same = ("cause", "by_hand", "opened_at", "updated_at", "closed_at")
    told: dict[str, Any] = {name: getattr(found, name) for name in same}
    shared = [
        Shared(**{name: str(each.get(name, "")) for name in ("signal", "subject", "value")}) for each in found.common
    ]
    children = scope.tickets(staff).filter(parent=found).order_by("pk").values_list("pk", flat=True)
    return FleetRow(
        id=found.pk, owner=found.owner.get_username() if found.owner else "", common=shared,
        tickets=list(children[:MOST]), **told,
    )  # fmt: skip


def _seen(request: HttpRequest, fleet: int) -> FleetTicket:
    found = scope.fleet_tickets(auth.staff_of(request)).select_related("owner").filter(pk=fleet).first()
    if found is None:
        raise Http404("There is no such fleet ticket, or none of its tickets is for you to see.")
    return found


def _chosen(staff: Staff, numbers: list[int]) -> list[int]:
    seen = set(scope.tickets(staff).filter(pk__in=numbers).values_list("pk", flat=True))
    if missing := [number for number in numbers if number not in seen]:
        raise NotUnderstood("body.tickets", f"Ticket {missing[0]} is not there, or not for you to see.")
    return sorted(seen)


@router.get(
    "/fleet-tickets", auth=auth.READ, response={200: list[FleetRow], **ERRORS}, operation_id="list_fleet_tickets"
)
def fleet_tickets(
    request: HttpRequest, state: Annotated[Literal["open", "closed"], Query()] = "open"
) -> list[FleetRow]:
    """The fleet tickets, the newest first; at most two hundred."""
    staff = auth.staff_of(request)
    found = scope.fleet_tickets(staff).filter(closed_at__isnull=state == "open").select_related("owner")
    return [_row(each, staff) for each in found.order_by("-opened_at", "-pk")[:200]]


@router.post("/fleet-tickets", auth=auth.ACT, response={200: FleetRow, **REFUSED}, operation_id="gather_tickets")
def gather(request: HttpRequest, body: Some) -> FleetRow:
    """Puts tickets together under a new fleet ticket."""
    staff = auth.staff_of(request)
    chosen = _chosen(staff, body.tickets)
    return _row(gathering.gather_by_hand(readings.store(), chosen, actor=staff, now=timezone.now()), staff)


@router.get(
    "/fleet-tickets/{fleet}", auth=auth.READ, response={200: FleetRow, **ERRORS}, operation_id="get_fleet_ticket"
)
def fleet_ticket(request: HttpRequest, fleet: Identity) -> FleetRow:
    """One fleet ticket."""
    return _row(_seen(request, fleet), auth.staff_of(request))


@router.post(
    "/fleet-tickets/{fleet}/take", auth=auth.ACT, response={200: FleetRow, **REFUSED}, operation_id="take_fleet_ticket"
)
def take(request: HttpRequest, fleet: Identity) -> FleetRow:
    """Makes the token's owner its owner."""
    staff = auth.staff_of(request)
    gathering.take(_seen(request, fleet).pk, actor=staff, now=timezone.now())
    return _row(_seen(request, fleet), staff)


@router.post(
    "/fleet-tickets/{fleet}/note", auth=auth.ACT, response={200: FleetRow, **REFUSED}, operation_id="note_fleet_ticket"
)
def note(request: HttpRequest, fleet: Identity, body: bodies.Note) -> FleetRow:
    """Adds a note."""
    staff = auth.staff_of(request)
    gathering.note(_seen(request, fleet).pk, actor=staff, now=timezone.now(), text=body.text)
    return _row(_seen(request, fleet), staff)


@router.post(
    "/fleet-tickets/{fleet}/leave", auth=auth.ACT, response={200: FleetRow, **REFUSED},
    operation_id="take_out_of_fleet_ticket",
)  # fmt: skip
def leave(request: HttpRequest, fleet: Identity, body: Some) -> FleetRow:
    """Takes tickets out; they stand alone again."""
    staff = auth.staff_of(request)
    found = _seen(request, fleet)
    gathering.leave(found.pk, _chosen(staff, body.tickets), actor=staff, now=timezone.now())
    found.refresh_from_db()
    return _row(found, staff)


@router.post(
    "/fleet-tickets/{fleet}/dissolve", auth=auth.ACT, response={200: FleetRow, **REFUSED},
    operation_id="dissolve_fleet_ticket",
)  # fmt: skip
def dissolve(request: HttpRequest, fleet: Identity, body: Reason) -> FleetRow:
    """Says that these are not one problem: all of its tickets stand alone again, for a month at least."""
    staff = auth.staff_of(request)
    found = _seen(request, fleet)
    gathering.dissolve(found.pk, actor=staff, now=timezone.now(), reason=body.reason)
    found.refresh_from_db()
    return _row(found, staff)
