"""APK reports: the newest of each machine, one as it was issued, as PDF, issuing one now and mailing it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import Identity  # noqa: TC001 - ninja asks for it
from keuring_collector.api.problems import Problem, ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing
from keuring_collector.console import pack, readings
from keuring_collector.console.views.inspections import mail_to_colleague
from keuring_collector.desk import scope
from keuring_collector.desk.inspection import issuing, mailing, pdf
from keuring_collector.desk.models import Inspection

router = Router(tags=["inspections"])
MOST = 500
Number = Annotated[str, Field(pattern=r"^\d{4}-\d{6,12}$")]
Outcome = Literal["pass", "advice", "fail", "unmeasurable"]


class ReportRow(Schema):
    """An APK report in a list. ``current``: no newer one is there of its machine."""

    number: str
    machine: UUID
    outcome: Outcome
    issued_at: datetime
    valid_until: date | None
    next_due: date
    current: bool


class ReportFull(ReportRow):
    """A report as it was issued, in both languages. ``genuine``: it is unchanged since."""

    digest: str
    genuine: bool
    content: dict[str, Any]


def _row(found: Inspection) -> dict[str, Any]:
    same = ("number", "outcome", "issued_at", "valid_until", "next_due", "current")
    return {**{name: getattr(found, name) for name in same}, "machine": found.endpoint.uuid}


def _full(found: Inspection) -> ReportFull:
    genuine = issuing.is_unchanged(found)
    return ReportFull(**_row(found), digest=found.digest, genuine=genuine, content=found.content)


def _found(request: HttpRequest, report: str) -> Inspection:
    seen = Inspection.objects.filter(endpoint__in=scope.endpoints(auth.staff_of(request)))
    pk = int(report.partition("-")[2])
    found = seen.select_related("endpoint__colleague", "endpoint__department").filter(pk=pk).first()
    if found is None or found.number != report:
        raise Http404("There is no report with that number, or it is of a machine that you do not see.")
    return found


@router.get("/inspections", auth=auth.READ, response={200: list[ReportRow], **ERRORS}, operation_id="list_inspections")
def inspections(
    request: HttpRequest, outcome: Annotated[Literal["", "pass", "advice", "fail", "unmeasurable"], Query()] = "",
    department: Identity | None = None, due_before: date | None = None, after: Identity | None = None,
) -> list[ReportRow]:  # fmt: skip
    """The newest report of each machine, by their numbers, at most five hundred; go on with ``after``, the last part
    of the last number.
    """
    found = Inspection.objects.filter(current=True, endpoint__in=scope.endpoints(auth.staff_of(request)))
    wanted: dict[str, Any] = {
        "outcome": outcome, "endpoint__department": department, "next_due__lt": due_before, "pk__gt": after,
    }  # fmt: skip
    found = found.filter(**{name: value for name, value in wanted.items() if value}).defer("content")
    return [ReportRow(**_row(each)) for each in found.select_related("endpoint").order_by("pk")[:MOST]]


@router.get(
    "/inspections/{report}", auth=auth.READ, response={200: ReportFull, **ERRORS}, operation_id="get_inspection"
)
def inspection(request: HttpRequest, report: Number) -> ReportFull:
    """One report."""
    return _full(_found(request, report))


@router.get(
    "/inspections/{report}/pdf", auth=auth.READ, response={200: bytes, **ERRORS}, operation_id="get_inspection_pdf",
    openapi_extra={"responses": {200: {"description": "The report.", "content": {"application/pdf": {
        "schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
def document(request: HttpRequest, report: Number, language: Literal["nl", "en"] = "en") -> HttpResponse:
    """One report as PDF."""
    found = _found(request, report)
    made = HttpResponse(pdf.build(found, language, _check_address()), content_type="application/pdf")
    made.headers["Content-Disposition"] = f'attachment; filename="apk-{found.number}-{language}.pdf"'
    return made


@router.post(
    "/machines/{identity}/inspect", auth=auth.ACT, response={200: ReportFull, **ERRORS, 409: Problem},
    operation_id="inspect_machine",
)  # fmt: skip
def inspect(request: HttpRequest, identity: UUID) -> ReportFull:
    """Inspects a machine now, and issues the report."""
    staff = auth.staff_of(request)
    endpoint = scope.machine(scope.endpoints(staff).select_related("department", "colleague"), identity)
    days = settings.KEURING.inspection_days
    try:
        made = issuing.issue(readings.store(), pack.current().pack, endpoint, timezone.now(), days, staff)
    except issuing.SilentError as error:
        raise ProblemError(
            409, "This machine has not reported yet.", "identity", "Wait for its first report."
        ) from error
    except issuing.RestingError as error:
        raise ProblemError(
            409, "A colleague objected.", "identity", "Wait until the privacy officer has answered."
        ) from error
    return _full(_found(request, made.number))


@router.post(
    "/inspections/{report}/mail", auth=auth.ACT, response={204: None, **ERRORS, 409: Problem},
    operation_id="mail_inspection",
)  # fmt: skip
def mail(request: HttpRequest, report: Number) -> Nothing:
    """Mails a report to the colleague whose machine it is."""
    found = _found(request, report)
    try:
        mail_to_colleague(found, auth.staff_of(request), _address())
    except mailing.NobodyError as error:
        raise ProblemError(409, "Nobody is known to use this machine.", "report", "Import who uses it.") from error
    except OSError as error:
        raise ProblemError(503, f"The mail server did not take the mail: {error}", "", "Try again later.") from error
    return NOTHING


def _address() -> str:
    return f"https://{settings.KEURING.public_name}:{settings.KEURING.console_port}"


def _check_address() -> str:
    return f"{_address()}/check/"
