"""IT reports as they were issued, answers to their sections, and what IT plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Path, Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import Identity  # noqa: TC001 - ninja asks for it
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS
from keuring_collector.service.it_report import answering, issuing, pdf, planning
from keuring_collector.service.models import ItComment, ItReport, PlannedChange

router = Router(tags=["IT reports"])
Number = Annotated[str, Path(max_length=10, pattern=r"^\d{4}-W?\d{2}$")]
Words = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class ItReportRow(Schema):
    """One report in a list. ``last_day`` is the last day that it is about."""

    number: str
    kind: Literal["week", "month"]
    first_day: date
    last_day: date
    issued_on: date
    machines: int


class ReportTable(Schema):
    """A table of a section; ``tickets`` are the numbers of the tickets that its rows tell of, where they do."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    tickets: list[int]


class ReportAnswer(Schema):
    """What somebody answered to a section."""

    section: str
    author: str
    on: date
    text: str


class ReportSection(Schema):
    """One section, in one language."""

    name: str
    title: str
    lead: list[str]
    tables: list[ReportTable]
    notes: list[str]


class ItReportFull(ItReportRow):
    """A report as it was issued, in one language, and the answers to it."""

    language: Literal["nl", "en"]
    digest: str
    sections: list[ReportSection]
    answers: list[ReportAnswer]


class NewAnswer(Schema):
    """An answer to a section; whoever stands in it as @name gets a mail."""

    section: Annotated[str, Field(max_length=40)]
    text: Words


class PlanKept(Schema):
    """A planned change. ``when`` null: not known yet."""

    id: int
    title: str
    about: str
    when: date | None
    state: Literal["planned", "done", "cancelled"]


class NewPlan(Schema):
    """A change to write down."""

    title: Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
    about: Words = ""
    when: date | None = None


class Settle(Schema):
    """What became of a change."""

    state: Literal["planned", "done", "cancelled"]


@router.get(
    "/it-reports", auth=auth.REPORTS, response={200: list[ItReportRow], **ERRORS}, operation_id="list_it_reports"
)
def reports(request: HttpRequest) -> list[ItReportRow]:
    """All reports, the newest first; none for who sees some departments only."""
    return [ItReportRow(**_row(each)) for each in issuing.seen_by(auth.staff_of(request))]


@router.get(
    "/it-reports/{number}", auth=auth.REPORTS, response={200: ItReportFull, **ERRORS}, operation_id="get_it_report"
)
def report(request: HttpRequest, number: Number, language: Literal["nl", "en"] = "en") -> ItReportFull:
    """One report."""
    found = _find(request, number)
    return ItReportFull(
        **_row(found), language=language, digest=found.digest, sections=found.content[language],
        answers=[_answer(each) for each in found.comments.select_related("author")],
    )  # fmt: skip


@router.get(
    "/it-reports/{number}/pdf", auth=auth.REPORTS, response={200: bytes, **ERRORS}, operation_id="get_it_report_pdf",
    openapi_extra={"responses": {200: {"description": "The report.", "content": {"application/pdf": {
        "schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
def document(request: HttpRequest, number: Number, language: Literal["nl", "en"] = "en") -> HttpResponse:
    """One report as PDF."""
    found = _find(request, number)
    made = HttpResponse(pdf.build(found, language), content_type="application/pdf")
    made.headers["Content-Disposition"] = f'attachment; filename="it-report-{found.number}-{language}.pdf"'
    return made


@router.post(
    "/it-reports/{number}/answers",
    auth=auth.ANSWER,
    response={200: ReportAnswer, **ERRORS},
    operation_id="answer_it_report",
)
def answer(request: HttpRequest, number: Number, body: NewAnswer) -> ReportAnswer:
    """Answers to a section."""
    found = _find(request, number)
    try:
        made = answering.answer(found, body.section, body.text, actor=auth.staff_of(request), now=timezone.now())
    except answering.AnswerError as error:
        raise ProblemError(422, str(error), "body", "Name a section of this report, and write a text.") from error
    return _answer(made)


@router.get("/planned-changes", auth=auth.REPORTS, response={200: list[PlanKept], **ERRORS}, operation_id="list_plans")
def plans(request: HttpRequest) -> list[PlanKept]:
    """What IT plans, the nearest day first."""
    return [] if auth.staff_of(request).limited else [_plan(each) for each in PlannedChange.objects.all()]


@router.post("/planned-changes", auth=auth.PLAN, response={200: PlanKept, **ERRORS}, operation_id="write_plan")
def write(request: HttpRequest, body: NewPlan) -> PlanKept:
    """Writes down a planned change."""
    staff = auth.staff_of(request)
    if staff.limited:
        raise ProblemError(403, "You see some departments only; plans are of the whole organisation.", "token", "")
    values = {"title": body.title, "about": body.about, "when": body.when.isoformat() if body.when else ""}
    try:
        return _plan(planning.write(values, actor=staff, now=timezone.now()))
    except planning.PlanError as error:
        raise ProblemError(422, str(error), f"body.{error.field}", "") from error


@router.post(
    "/planned-changes/{change}/settle", auth=auth.PLAN, response={200: PlanKept, **ERRORS}, operation_id="settle_plan"
)
def settle(request: HttpRequest, change: Identity, body: Settle) -> PlanKept:
    """Says what became of a planned change."""
    staff = auth.staff_of(request)
    found = None if staff.limited else PlannedChange.objects.filter(pk=change).first()
    if found is None:
        raise Http404("There is no such planned change, or you see some departments only.")
    planning.settle(found, body.state, actor=staff, now=timezone.now())
    found.refresh_from_db()
    return _plan(found)


def _find(request: HttpRequest, number: str) -> ItReport:
    found = next((each for each in issuing.seen_by(auth.staff_of(request)) if each.number == number), None)
    if found is None:
        raise Http404("There is no IT report with that number, or you see some departments only.")
    return found


def _row(report: ItReport) -> dict[str, Any]:
    return {
        "number": report.number, "kind": report.kind, "first_day": report.starts,
        "last_day": date.fromordinal(report.ends.toordinal() - 1), "issued_on": _day(report.issued_at),
        "machines": report.content["machines"],
    }  # fmt: skip


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _answer(comment: ItComment) -> ReportAnswer:
    author = comment.author.shown_name if comment.author else ""
    return ReportAnswer(section=comment.section, author=author, on=_day(comment.at), text=comment.text)


def _plan(change: PlannedChange) -> PlanKept:
    told: Any = {name: getattr(change, name) for name in ("title", "about", "when", "state")}
    return PlanKept(id=change.pk, **told)
