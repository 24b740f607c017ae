"""Machines, what is known of one, and the course of its signals: by the day, as on the console."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.db.models import Count, Q
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from keuring.signals.catalogue import BY_ID, BY_NAME, KEURING_HARDWARE_MODEL
from keuring_collector.api import auth
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS, MachineRef, machine_ref
from keuring_collector.console import readings
from keuring_collector.desk import audit, scope, signals, wording
from keuring_collector.desk.models import Ticket
from keuring_collector.fleet.models import Endpoint

router = Router(tags=["machines"])
PAGE: Final = 50
FINEST_DAYS: Final = 7  # as on the console


class MachineRow(MachineRef):
    """One machine in a list. ``last_heard`` is a day: finer would tell when somebody works."""

    state: str
    model: str
    last_heard: date | None
    open_tickets: int


class MachinePage(Schema):
    """Fifty machines, and how many there are."""

    items: list[MachineRow]
    count: int
    page: int
    pages: int


class Fact(Schema):
    """One thing that a machine told of itself."""

    signal: str
    subject: str
    value: str | float | bool | None


class SignalRef(Schema):
    """A signal that a machine reports, of one of its parts."""

    name: str
    subject: str
    unit: str


class Missing(Schema):
    """A signal that cannot be measured there, and why."""

    signal: str
    subject: str
    reason: str


class MachineFull(MachineRow):
    """One machine with what is known of it."""

    enrolled_at: datetime
    facts: list[Fact]
    signals: list[SignalRef]
    missing: list[Missing]


class Point(Schema):
    """One day (or window) of a signal."""

    at: datetime
    value: float
    low: float | None
    high: float | None


class Course(Schema):
    """A signal's course, oldest first."""

    signal: str
    subject: str
    unit: str
    by: Literal["day", "window"]
    points: list[Point]


class MachineFilters(Schema):
    """Which machines."""

    q: str = Field("", max_length=100, pattern=r"^[^\x00]*$")
    department: Annotated[int, Field(ge=1, le=10**9 - 1)] | None = None
    simulated: Literal["", "hide", "only"] = ""
    page: Annotated[int, Field(ge=1, le=10**6)] = 1


def _heard(received_at: float | None) -> date | None:
    return wording.local_day(datetime.fromtimestamp(received_at, UTC)) if received_at else None


def _row(endpoint: Any, heard: float | None, model: str) -> dict[str, Any]:
    return {
        **machine_ref(endpoint).model_dump(),
        "state": endpoint.state,
        "model": model,
        "last_heard": _heard(heard),
        "open_tickets": endpoint.open_tickets,
    }


def _counted(request: HttpRequest) -> Any:
    found = scope.endpoints(auth.staff_of(request)).select_related("colleague", "department")
    return found.annotate(open_tickets=Count("tickets", filter=Q(tickets__state__in=Ticket.OPEN)))


def _machine(request: HttpRequest, identity: UUID) -> Any:
    return scope.machine(_counted(request), identity)


@router.get("/machines", auth=auth.READ, response={200: MachinePage, **ERRORS}, operation_id="list_machines")
def machines(request: HttpRequest, filters: Query[MachineFilters]) -> MachinePage:
    """The machines that report, by name; fifty on a page."""
    found = _counted(request).filter(state=Endpoint.State.ACTIVE)
    if filters.department:
        found = found.filter(department_id=filters.department)
    if filters.simulated:
        found = found.filter(simulated=filters.simulated == "only")
    if text := filters.q.strip():
        named = Q(host_name__icontains=text) | Q(colleague__name__icontains=text) | Q(department__name__icontains=text)
        found = found.filter(named)
    count = found.count()
    pages = max(1, -(-count // PAGE))
    page = min(filters.page, pages)
    shown = list(found.order_by("host_name", "pk")[(page - 1) * PAGE : page * PAGE])
    store = readings.store()
    heads = store.heads([endpoint.pk for endpoint in shown])
    items = [
        MachineRow(**_row(each, heads[each.pk].received_at if each.pk in heads else None, each.model)) for each in shown
    ]
    return MachinePage(items=items, count=count, page=page, pages=pages)


@router.get("/machines/{identity}", auth=auth.READ, response={200: MachineFull, **ERRORS}, operation_id="get_machine")
def machine(request: HttpRequest, identity: UUID) -> MachineFull:
    """One machine: facts, the signals it reports, and what it cannot measure. The look is written down."""
    endpoint, store = _machine(request, identity), readings.store()
    audit.record(auth.staff_of(request), "machine.viewed", audit.machine(endpoint), _by(request))
    stored = [fact for fact in store.facts(endpoint.pk) if fact.value is not None and fact.signal in BY_ID]
    head = store.heads([endpoint.pk]).get(endpoint.pk)
    model = next((str(fact.value) for fact in stored if fact.signal == KEURING_HARDWARE_MODEL.id), "")
    return MachineFull(
        **_row(endpoint, head.received_at if head else None, model),
        enrolled_at=endpoint.enrolled_at,
        facts=[
            Fact(signal=BY_ID[fact.signal].name, subject=fact.subject, value=fact.value)
            for fact in stored
            if not readings.is_by_day_only(BY_ID[fact.signal])
        ],
        signals=[
            SignalRef(name=track.signal.name, subject=track.subject, unit=track.signal.unit)
            for track in readings.tracks(endpoint.pk, store.layouts(endpoint.pk))
        ],
        missing=[
            Missing(signal=BY_ID[signal].name, subject=subject, reason=reason)
            for signal, subject, reason in store.unmeasured(endpoint.pk)
            if signal in BY_ID
        ],
    )


@router.get(
    "/machines/{identity}/signals/{name}",
    auth=auth.SIGNALS,
    response={200: Course, **ERRORS},
    operation_id="get_signal",
)
def signal(
    request: HttpRequest,
    identity: UUID,
    name: str,
    subject: Annotated[str, Query(max_length=256, pattern=r"^[^\x00]*$")] = "",
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    by: Literal["day", "window"] = "day",
) -> Course:
    """A signal's course. By the window only over at most seven days, on a machine with an open ticket, and never for
    signals that tell when somebody works; each look is written down.
    """
    endpoint, found = _machine(request, identity), BY_NAME.get(name)
    if found is None or not signals.is_measured(found):
        raise Http404("There is no such signal; see protos/keuring/signals/SIGNALS.md.")
    known = readings.tracks(endpoint.pk, readings.store().layouts(endpoint.pk))
    track = next((each for each in known if each.signal is found and each.subject == subject), None)
    if track is None:
        raise Http404("This machine has never reported that signal, or not of this subject.")
    staff, at = auth.staff_of(request), timezone.now().timestamp()
    start = at - days * readings.DAY
    audit.record(staff, "machine.viewed", audit.machine(endpoint), {"signal": name, **_by(request)})
    if by == "day":
        read = readings.by_day(track, start, at)
    else:
        if days > FINEST_DAYS or not readings.allows_windows(found, has_open_ticket=endpoint.open_tickets > 0):
            raise ProblemError(
                403,
                "By the window only over at most seven days, while the machine has an open ticket, and never for "
                "signals of the presence class.",
                "query.by",
                "Ask for by=day.",
            )
        readings.note_look(staff, endpoint, signal=name, days=days, **_by(request))
        read = readings.by_window(track, start, at)
    points = [
        Point(
            at=datetime.fromtimestamp(point.time, UTC),
            value=point.value,
            low=_number(point.low),
            high=_number(point.high),
        )
        for point in read.points
    ]
    return Course(signal=name, subject=subject, unit=found.unit, by=by, points=points)


def _number(value: float) -> float | None:
    return None if value != value else value


def _by(request: HttpRequest) -> dict[str, str]:
    return {"token": request.auth.name}  # type: ignore[attr-defined]
