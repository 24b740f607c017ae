"""For the privacy officer: objections of colleagues, and all that is kept of a machine or a colleague in one file.

A token needs the scope *privacy* for both, whatever else it has; each export stands in the audit under its owner.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import Problem, ProblemError
from keuring_collector.api.schemas import ERRORS, MachineRef, machine_ref
from keuring_collector.console import readings
from keuring_collector.desk import audit, scope
from keuring_collector.desk.models import Ticket
from keuring_collector.service.models import Objection
from keuring_collector.service.workplace import export, objecting, whose

if TYPE_CHECKING:
    from collections.abc import Iterator

router = Router(tags=["privacy"])
AT_ONCE: Final = 2**16  # bytes of a file that are read at a time


class ObjectionRow(Schema):
    """An objection to a machine being judged; ``tickets`` rest until it is answered, before ``answer_by``."""

    id: int
    machine: MachineRef
    state: Literal["open", "upheld", "refused"]
    made_at: datetime
    answer_by: date
    reason: str
    tickets: list[int]
    answer: str
    answered_at: datetime | None
    answered_by: str


class Answer(Schema):
    """The decision, and what the colleague reads of it."""

    decision: Literal["uphold", "refuse"]
    text: Annotated[str, Field(min_length=1, max_length=objecting.LONGEST_TEXT, pattern=NO_NUL)]


def _row(found: Objection) -> ObjectionRow:
    same = ("state", "made_at", "answer_by", "reason", "answer", "answered_at")
    told: dict[str, Any] = {name: getattr(found, name) for name in same}
    resting = found.endpoint.tickets.filter(state=Ticket.State.RESTING).order_by("pk").values_list("pk", flat=True)
    return ObjectionRow(
        id=found.pk, machine=machine_ref(found.endpoint), tickets=list(resting),
        answered_by=found.answered_by.get_username() if found.answered_by else "", **told,
    )  # fmt: skip


def _seen(request: HttpRequest) -> Any:
    found = Objection.objects.filter(endpoint__in=scope.endpoints(auth.staff_of(request)))
    return found.select_related("endpoint__department", "endpoint__colleague", "answered_by")


@router.get(
    "/objections", auth=auth.PRIVACY, response={200: list[ObjectionRow], **ERRORS}, operation_id="list_objections"
)
def objections(
    request: HttpRequest, state: Annotated[Literal["", "open", "upheld", "refused"], Query()] = ""
) -> list[ObjectionRow]:
    """The objections, the nearest term first; at most two hundred."""
    found = _seen(request)
    return [_row(each) for each in (found.filter(state=state) if state else found)[:200]]


@router.post(
    "/objections/{objection}/answer", auth=auth.PRIVACY,
    response={200: ObjectionRow, **ERRORS, 409: Problem}, operation_id="answer_objection",
)  # fmt: skip
def answer(request: HttpRequest, objection: Identity, body: Answer) -> ObjectionRow:
    """Answers one, for good; the colleague is mailed, and the tickets that rested go on or are closed."""
    found = _seen(request).filter(pk=objection).first()
    if found is None:
        raise Http404("There is no such objection, or it is about a machine that you do not see.")
    if found.state != Objection.State.OPEN:
        raise ProblemError(409, "This objection was answered already.", "objection", "An answer is for good.")
    try:
        objecting.answer(
            found, uphold=body.decision == "uphold", text=body.text, actor=auth.staff_of(request), now=timezone.now()
        )
    except objecting.ObjectionError as error:
        raise ProblemError(422, str(error), "body.text") from error
    return _row(_seen(request).get(pk=objection))


@router.get(
    "/machines/{identity}/subject-export", auth=auth.PRIVACY,
    response={200: bytes, **ERRORS}, operation_id="export_subject",
    openapi_extra={"responses": {200: {"description": "A ZIP file.", "content": {"application/zip": {
        "schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
def export_subject(request: HttpRequest, identity: UUID, colleague: bool = False) -> StreamingHttpResponse:
    """All that is kept of a machine, as its colleague gets it on My workplace; with ``colleague`` of all of theirs."""
    staff, now, keuring = auth.staff_of(request), timezone.now(), settings.KEURING
    seen = scope.endpoints(staff)
    endpoint = scope.machine(seen.select_related("colleague"), identity)
    found = whose.of_machine(endpoint)
    if colleague and endpoint.colleague is not None:
        found = whose.of_colleague(endpoint.colleague)
        if set(found.machine_ids) - set(seen.filter(pk__in=found.machine_ids).values_list("pk", flat=True)):
            raise ProblemError(
                403, "Some of this colleague's machines belong to departments that you do not see.", "query.colleague",
                "Export the machines one by one, or ask who sees all departments.",
            )  # fmt: skip
    audit.flush()  # looks of the last second belong to it
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it to its end closes it
    export.write(file, found, readings.store(), now, (keuring.raw_retention_days, keuring.daily_retention_days))
    file.seek(0)
    for each in found.machines:
        audit.record_now(staff, "workplace.exported", audit.machine(each), {"by": "api"})
    name = f"keuring-{timezone.localtime(now).date().isoformat()}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_read(file), content_type="application/zip", headers=headers)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(AT_ONCE):
            yield chunk
