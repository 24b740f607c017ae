"""Quiet times, what waits for them, and the rules that open no tickets yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import Problem
from keuring_collector.api.schemas import ERRORS
from keuring_collector.desk import quiet, scope
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.models import Quiet, Waiting

router = Router(tags=["quiet times"])
PAST: int = 30  # days for which those that are over are listed
MOST = 500


class Weekly(Schema):
    """Every week: 0 is Monday; from so many minutes after midnight on, for so many."""

    weekday: int = Field(ge=0, le=6)
    from_minute: int = Field(ge=0, lt=24 * 60)
    minutes: int = Field(ge=1, le=24 * 60)


class NewQuiet(Schema):
    """Which machines (empty: any) are left alone about which cause (empty: all), from when until when, and why."""

    kind: Literal["maintenance", "silence"]
    reason: Annotated[str, Field(min_length=1, max_length=400, pattern=NO_NUL)]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    department: Identity | None = None
    model: Annotated[str, Field(max_length=256, pattern=NO_NUL)] = ""
    host_name: Annotated[str, Field(max_length=64, pattern=NO_NUL)] = ""
    cause: Annotated[str, Field(max_length=60, pattern=NO_NUL)] = ""
    weekly: Weekly | None = None


class QuietRow(Schema):
    """A quiet time. ``in_force_until`` is null when it is not in force now."""

    id: int
    kind: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    in_force_until: datetime | None
    department: int | None
    model: str
    host_name: str
    machine: UUID | None
    cause: str
    weekly: Weekly | None


class WaitingRow(Schema):
    """A finding that would have opened a ticket, and what it waits for."""

    machine: UUID
    rule: str
    subject: str
    cause: str
    since: datetime
    why: str
    quiet: int | None


def _row(found: Quiet) -> QuietRow:
    same = ("kind", "reason", "starts_at", "ends_at", "model", "host_name", "cause")
    told: dict[str, Any] = {name: getattr(found, name) for name in same}
    weekly = None
    if found.weekday is not None and found.from_minute is not None and found.minutes is not None:
        weekly = Weekly(weekday=found.weekday, from_minute=found.from_minute, minutes=found.minutes)
    return QuietRow(
        id=found.pk, in_force_until=quiet.in_force(found, timezone.now()), department=found.department_id,
        machine=found.endpoint.uuid if found.endpoint else None, weekly=weekly, **told,
    )  # fmt: skip


@router.get("/quiet-times", auth=auth.READ, response={200: list[QuietRow], **ERRORS}, operation_id="list_quiet_times")
def quiet_times(request: HttpRequest) -> list[QuietRow]:
    """Those that hold, will hold, or ended in the last thirty days."""
    since = timezone.now() - timedelta(days=PAST)
    found = scope.quiet_times(auth.staff_of(request)).filter(ends_at__gt=since).select_related("endpoint")
    return [_row(each) for each in found.order_by("-starts_at", "-pk")[:MOST]]


@router.post("/quiet-times", auth=auth.ACT, response={200: QuietRow, **ERRORS}, operation_id="make_quiet_time")
def make(request: HttpRequest, body: NewQuiet) -> QuietRow:
    """Makes one; it holds within half a minute."""
    staff = auth.staff_of(request)
    department = scope.departments(staff).filter(pk=body.department).first() if body.department else None
    if department is None and (body.department or staff.department_ids is not None):
        raise NotUnderstood("body.department", "Name a department that you see.")
    weekly = (body.weekly.weekday, body.weekly.from_minute, body.weekly.minutes) if body.weekly else None
    same = body.model_dump(include={"kind", "reason", "starts_at", "ends_at", "model", "host_name", "cause"})
    return _row(quiet.make(actor=staff, now=timezone.now(), department=department, weekly=weekly, **same))


@router.post(
    "/quiet-times/{quiet_time}/end", auth=auth.ACT, response={200: QuietRow, **ERRORS, 409: Problem},
    operation_id="end_quiet_time",
)  # fmt: skip
def end(request: HttpRequest, quiet_time: Identity) -> QuietRow:
    """Ends one now; what waited for it is told soon."""
    staff = auth.staff_of(request)
    if not scope.quiet_times(staff).filter(pk=quiet_time).exists():
        raise Http404("There is no such quiet time, or it is of a department that you do not see.")
    return _row(quiet.end(quiet_time, actor=staff, now=timezone.now()))


@router.get("/waiting", auth=auth.READ, response={200: list[WaitingRow], **ERRORS}, operation_id="list_waiting")
def waiting(request: HttpRequest) -> list[WaitingRow]:
    """The findings that wait, the oldest first; at most five hundred."""
    found = scope.about_machines(Waiting.objects.all(), auth.staff_of(request)).select_related("endpoint")
    return [
        WaitingRow(
            machine=each.endpoint.uuid, rule=each.rule, subject=each.subject, cause=each.cause, since=each.since,
            why=each.why, quiet=each.quiet_id,
        )
        for each in found.order_by("since", "pk")[:MOST]
    ]  # fmt: skip
