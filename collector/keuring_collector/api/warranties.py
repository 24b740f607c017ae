"""Until when machines are under warranty, told by the program that knows: by serial number."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest  # noqa: TC002 - ninja asks for it
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER
from keuring_collector.api import auth
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing
from keuring_collector.console import readings
from keuring_collector.console.views.warranty import write_down
from keuring_collector.console.warranty import serial_of
from keuring_collector.desk import audit, scope, wording
from keuring_collector.fleet import warranties
from keuring_collector.fleet.serials import canonical

router = Router(tags=["machines"])


class NewWarranty(Schema):
    """The last day of a warranty."""

    serial: Annotated[str, Field(max_length=80)]
    ends: date


class NewWarranties(Schema):
    """Several at once."""

    warranties: Annotated[list[NewWarranty], Field(min_length=1, max_length=500)]


class ToldWarranties(Schema):
    """How many were new, changed or as they were; ``not_known``: of machines that are yet to enrol, kept for then."""

    added: int
    changed: int
    unchanged: int
    not_known: int


class Ends(Schema):
    """The last day of a machine's warranty; null: none is known."""

    ends: date | None


@router.post(
    "/machines/{identity}/warranty", auth=auth.ACT, response={204: None, **ERRORS, 409: ERRORS[404]},
    operation_id="tell_warranty_of_machine",
)  # fmt: skip
def tell_of_machine(request: HttpRequest, identity: UUID, body: Ends) -> Nothing:
    """Tells until when one machine is under warranty, or takes that away."""
    staff, now = auth.staff_of(request), timezone.now()
    endpoint = scope.machine(scope.endpoints(staff), identity)
    serial = serial_of(readings.store().facts(endpoint.pk))
    if not serial:
        raise ProblemError(409, "This machine tells no serial number, so no warranty can be kept of it.", "identity")
    try:
        ends = warranties.day(body.ends.isoformat(), wording.local_day(now)) if body.ends else None
    except ValueError as error:
        raise ProblemError(422, f"{error}.", "body.ends", "Send the last day of the warranty.") from error
    write_down(endpoint, serial, ends, staff)
    return NOTHING


@router.post("/warranties", auth=auth.ACT, response={200: ToldWarranties, **ERRORS}, operation_id="tell_warranties")
def tell(request: HttpRequest, body: NewWarranties) -> ToldWarranties:
    """Tells until when machines are under warranty, all or none. Whoever sees some departments may tell of the machines
    in them; of machines that are yet to enrol, only who sees all.
    """
    staff, now = auth.staff_of(request), timezone.now()
    ids = None if staff.department_ids is None else list(scope.endpoints(staff).values_list("pk", flat=True))
    told = {
        canonical(str(value)) for value in readings.store().facts_of(KEURING_HARDWARE_SERIAL_NUMBER.id, ids).values()
    }
    rows: dict[str, warranties.Row] = {}
    for number, each in enumerate(body.warranties):
        where = f"body.warranties.{number}"
        try:
            serial = warranties.serial(each.serial)
        except ValueError as error:
            raise ProblemError(422, f"{error}.", f"{where}.serial", "Send it as it stands on the machine.") from error
        try:
            ends = warranties.day(each.ends.isoformat(), wording.local_day(now))
        except ValueError as error:
            raise ProblemError(422, f"{error}.", f"{where}.ends", "Send the last day of the warranty.") from error
        if ids is not None and serial not in told:
            raise ProblemError(
                422, "No machine that you see tells this serial number.", f"{where}.serial", "Look at /api/machines."
            )
        if rows.setdefault(serial, warranties.Row(number, serial, ends)).ends != ends:
            raise ProblemError(422, "This serial number stands here with two days.", f"{where}.ends", "Keep one.")
    todo = warranties.plan(rows.values(), told)
    if todo.changes:
        warranties.apply(todo, now)
        audit.record_now(staff, "warranties.imported", "", {"warranties": todo.changes})
    return ToldWarranties(
        added=len(todo.added), changed=len(todo.changed), unchanged=todo.unchanged, not_known=len(todo.strange)
    )
