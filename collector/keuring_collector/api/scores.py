"""What tickets were worth, and incidents of another system, so that what no ticket announced counts too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest  # noqa: TC002 - ninja reads it
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS
from keuring_collector.console import pack
from keuring_collector.console.views.incidents import imported
from keuring_collector.console.views.scoreboard import rows_of
from keuring_collector.desk import audit, incidents, scope
from keuring_collector.desk.models import Incident
from keuring_collector.rulepack.problems import nearest

router = Router(tags=["scores"])
Words = Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f]*$")]


class Score(Schema):
    """The score of a rule, a model or a department over the last twelve months; shares are from 0 to 1."""

    key: str
    name: str
    tickets: int
    verdicts: int
    judged: int
    right: float | None
    right_low: float | None
    right_high: float | None
    too_early_to_tell: bool
    lead_days: float | None
    incidents: int
    missed: int
    tickets_per_100_machines_per_month: float | None
    days_to_verdict: float | None


class NewIncident(Schema):
    """An incident of another system. ``at`` with a time zone; ``number`` is its own there."""

    machine: UUID
    cause: Words
    at: datetime
    number: Words = ""


class NewIncidents(Schema):
    """Several at once."""

    incidents: Annotated[list[NewIncident], Field(min_length=1, max_length=500)]


Why = Literal["category", "machine", "no_machine"]


class CauseCount(Schema):
    """How many incidents a cause had."""

    cause: str
    incidents: int


class Source(Schema):
    """The ITSM that incidents are read from. ``error`` is for who may see the settings; ``failed`` for all."""

    name: str
    read_up_to: datetime
    looked_at: datetime | None
    read: int
    added: int
    failed: bool
    error: str


class IncidentsLeftOut(Schema):
    """Incidents that count for nothing for the same reason; ``machine``: the name that is not known."""

    why: Why
    category: str
    machine: str
    incidents: int


class NotCounted(Schema):
    """One of those."""

    number: str
    at: datetime
    category: str
    why: Why


class AllIncidents(Schema):
    """The incidents of twelve months; what was left out is told to who sees all departments."""

    total: int
    causes: list[CauseCount]
    source: Source | None
    left_out: int
    groups: list[IncidentsLeftOut]
    newest: list[NotCounted]


class Imported(Schema):
    """How many were new, and how many were there already."""

    added: int
    unchanged: int


@router.get("/scoreboard", auth=auth.READ, response={200: list[Score], **ERRORS}, operation_id="get_scoreboard")
def scoreboard(request: HttpRequest, by: Literal["rule", "model", "department"] = "rule") -> list[Score]:
    """The scoreboard, of what the token's owner may see."""
    found = []
    for row in rows_of(by, auth.staff_of(request), timezone.now()):
        score, share = row.score, row.score.precision
        found.append(
            Score(
                key=row.key,
                name=row.name,
                tickets=score.tickets,
                verdicts=score.verdicts,
                judged=share.of if share else 0,
                right=share.share if share else None,
                right_low=share.low if share else None,
                right_high=share.high if share else None,
                too_early_to_tell=score.is_early,
                lead_days=row.lead_days,
                incidents=score.incidents,
                missed=score.missed,
                tickets_per_100_machines_per_month=score.per_hundred,
                days_to_verdict=row.days_to_verdict,
            )
        )
    return found


@router.get("/incidents", auth=auth.READ, response={200: AllIncidents, **ERRORS}, operation_id="list_incidents")
def imported_incidents(request: HttpRequest) -> AllIncidents:
    """What was imported in the last twelve months, by cause, and what was left out and why."""
    told = imported(auth.staff_of(request))
    source = told["source"]
    return AllIncidents(
        total=told["total"], causes=[CauseCount(cause=cause, incidents=n) for cause, _label, n in told["causes"]],
        source=source and Source(
            name=source.name, read_up_to=source.since, looked_at=source.looked_at, read=source.read,
            added=source.added, failed=bool(source.error), error=source.error if told["may_see_error"] else "",
        ),
        left_out=told["left"],
        groups=[
            IncidentsLeftOut(why=why, category=category, machine=machine, incidents=n)
            for why, category, machine, n in told["groups"]
        ],
        newest=[
            NotCounted(number=each.number, at=each.at, category=each.category, why=each.why) for each in told["newest"]
        ],
    )  # fmt: skip


@router.post("/incidents", auth=auth.ACT, response={200: Imported, **ERRORS}, operation_id="import_incidents")
def import_incidents(request: HttpRequest, body: NewIncidents) -> Imported:
    """Imports incidents, all or none; one that is there already stays as it is."""
    staff, now = auth.staff_of(request), timezone.now()
    causes = {rule.cause for rule in pack.current().pack.rules.values()}
    wanted = {each.machine for each in body.incidents}
    machines = dict(scope.endpoints(staff).filter(uuid__in=wanted).values_list("uuid", "pk"))
    found = []
    for number, each in enumerate(body.incidents):
        where = f"body.incidents.{number}"
        if each.machine not in machines:
            raise ProblemError(422, "There is no such machine.", f"{where}.machine", "Look at /api/machines.")
        if each.cause not in causes:
            raise ProblemError(422, "No rule has this cause.", f"{where}.cause", nearest(each.cause, causes))
        try:
            at = incidents.moment(each.at.isoformat(), now)
        except ValueError as error:
            raise ProblemError(422, f"{error}.", f"{where}.at", "Send when it happened.") from error
        found.append(
            Incident(endpoint_id=machines[each.machine], cause=each.cause, at=at, number=each.number, imported_at=now)
        )
    added = incidents.add(found)
    audit.record_now(staff, "incidents.imported", "", {"incidents": added})
    return Imported(added=added, unchanged=len(found) - added)
