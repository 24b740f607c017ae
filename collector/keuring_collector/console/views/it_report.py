"""The IT reports: the list with what IT plans, one report as it was issued with the answers to it, and its PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import scope
from keuring_collector.desk.roles import Right
from keuring_collector.service.it_report import answering, issuing, pdf, planning
from keuring_collector.service.models import ItReport, PlannedChange

if TYPE_CHECKING:
    from django.http import HttpRequest

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.models import ItComment

SHOWN: Final = 60
_EMPTY_PLAN: Final = {"title": "", "about": "", "when": ""}


@dataclass(frozen=True, slots=True)
class Shown:
    """One section as the page tells it: its tables with, for each row, the address of its ticket (may be empty)."""

    name: str
    title: str
    lead: list[str]
    tables: list[dict[str, Any]]
    notes: list[str]
    comments: list[ItComment]


@requires(Right.REPORTS)
@require_safe
def it_reports(request: HttpRequest) -> HttpResponse:
    """All reports, the newest first, and what IT plans."""
    return _list(request, _EMPTY_PLAN, {}, 200)


def _list(request: HttpRequest, filled: dict[str, str], faults: dict[str, str], status: int) -> HttpResponse:
    staff = staff_of(request)
    reports = [(each, pdf.span(each), _first(each)) for each in issuing.seen_by(staff)[:SHOWN]]
    context = {
        "reports": reports,
        "limited": staff.limited,
        "changes": [] if staff.limited else PlannedChange.objects.select_related("made_by"),
        "states": PlannedChange.State.choices,
        "may_plan": staff.may(Right.PLANS) and not staff.limited,
        "filled": filled,
        "faults": faults,
    }
    return render(request, "console/it_reports.html", context, status=status)


def _first(report: ItReport) -> str:
    """What the report says first."""
    sections = report.content[_language()]
    return sections[0]["lead"][0] if sections and sections[0]["lead"] else ""


def _language() -> str:
    language = (get_language() or "nl")[:2]
    return language if language in issuing.LANGUAGES else "en"


def find(staff: Staff, number: str) -> ItReport:
    """The report of that number. Raises Http404 when there is none, or none that the reader may see."""
    found = next((each for each in issuing.seen_by(staff) if each.number == number), None)
    if found is None:
        raise Http404(_("There is no IT report with that number, or you see some departments only."))
    return found


@requires(Right.REPORTS)
@require_safe
def report(request: HttpRequest, number: str) -> HttpResponse:
    """One report, with the answers to each section."""
    return _page(request, find(staff_of(request), number), "", "", 200)


def _page(request: HttpRequest, found: ItReport, section: str, fault: str, status: int) -> HttpResponse:
    staff = staff_of(request)
    comments: dict[str, list[ItComment]] = {}
    for comment in found.comments.select_related("author"):
        comments.setdefault(comment.section, []).append(comment)
    context = {
        "report": found,
        "span": pdf.span(found),
        "machines": found.content["machines"],
        "sections": [
            Shown(
                each["name"], each["title"], each["lead"],
                [_linked(table, staff) for table in each["tables"]],
                each["notes"], comments.get(each["name"], []),
            )
            for each in found.content[_language()]
        ],
        "genuine": issuing.is_unchanged(found),
        "refused": section,
        "fault": fault,
        "typed": request.POST.get("text", "") if fault else "",
    }  # fmt: skip
    return render(request, "console/it_report.html", context, status=status)


def _linked(table: dict[str, Any], staff: Staff) -> dict[str, Any]:
    """A table whose rows know the address of their ticket, for who may open tickets."""
    tickets = table["tickets"] if staff.may(Right.LOOK) else []
    seen = set(scope.tickets(staff).filter(pk__in=tickets).values_list("pk", flat=True))
    rows = []
    for place, cells in enumerate(table["rows"]):
        ticket = tickets[place] if place < len(tickets) and tickets[place] in seen else None
        address = reverse("ticket", args=[ticket]) if ticket else ""
        told = [
            {"text": text, "column": name, "number": at in table["numbers"]}
            for at, (name, text) in enumerate(zip(table["columns"], cells, strict=True))
        ]
        rows.append({"cells": told, "address": address})
    heads = [{"text": name, "number": at in table["numbers"]} for at, name in enumerate(table["columns"])]
    return {"caption": table["caption"], "heads": heads, "rows": rows}


@requires(Right.REPORTS)
@require_safe
def document(request: HttpRequest, number: str) -> HttpResponse:
    """The report as PDF, in the reader's language."""
    found = find(staff_of(request), number)
    response = HttpResponse(pdf.build(found, _language()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="it-report-{found.number}.pdf"'
    return response


@requires(Right.REPORTS)
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Answers to a section."""
    found = find(staff_of(request), number)
    section, text = request.POST.get("section", ""), request.POST.get("text", "").replace("\0", "")
    try:
        answering.answer(found, section, text, actor=staff_of(request), now=timezone.now())
    except answering.AnswerError as error:
        return _page(request, found, section, str(error), 422)
    messages.success(request, _("Your answer stands below the section. Who you mentioned gets a mail."))
    return redirect(f"{reverse('it_report', args=[found.number])}#{section}")


@requires(Right.PLANS)
@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    """Writes down a planned change."""
    staff = staff_of(request)
    if staff.limited:
        raise Http404(_("There is no IT report with that number, or you see some departments only."))
    filled = {name: request.POST.get(name, "").replace("\0", "") for name in _EMPTY_PLAN}
    try:
        planning.write(dict(filled), actor=staff, now=timezone.now())
    except planning.PlanError as error:
        return _list(request, filled, {error.field: str(error.message)}, 422)
    messages.success(request, _("The change is written down; the next report tells it."))
    return redirect("it_reports")


@requires(Right.PLANS)
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what became of a planned change."""
    staff = staff_of(request)
    changes = PlannedChange.objects.none() if staff.limited else PlannedChange.objects.all()
    change = get_object_or_404(changes, pk=pk)
    try:
        planning.settle(change, request.POST.get("state", ""), actor=staff, now=timezone.now())
    except planning.PlanError as error:
        messages.error(request, str(error.message))
    return redirect("it_reports")
