"""APK reports: how the fleet stands, what is due, one report as it was issued, and whether a report is genuine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Exists, F, OuterRef
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keuring_collector.console import fleet_counts, pack, readings, table_rows
from keuring_collector.console.limits import Attempts
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.desk import audit, scope
from keuring_collector.desk.counts import DUE_AHEAD
from keuring_collector.desk.inspection import issuing, mailing, pdf
from keuring_collector.desk.inspection.words import WORDS
from keuring_collector.desk.models import Inspection
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Department, Endpoint
from keuring_collector.service.mood import keeping

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from keuring_collector.desk.models import Staff

MOST_DUE: Final = 50
MOST_SHOWN: Final = 50
_NUMBER: Final = re.compile(r"(?a:(\d{4})-?(\d{6,12}))")
CHECKS: Final = Attempts(most=20, period=60.0)
ORDER: Final = (
    Inspection.Outcome.FAIL, Inspection.Outcome.ADVICE, Inspection.Outcome.PASS, Inspection.Outcome.UNMEASURABLE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """How many machines of a group have which stamp; ``never``: those without a report."""

    department: Department | None
    counts: list[tuple[str, str, int]]  # outcome, its name, machines
    never: int
    address: str


@requires(Right.LOOK)
@require_safe
def inspections(request: HttpRequest) -> HttpResponse:
    """The fleet and its departments by their stamps, what is due this month, and the newest reports."""
    now = timezone.now()
    chosen = request.GET.get("department", "")
    outcome = request.GET.get("outcome", "")
    staff = staff_of(request)
    answer = fleet_counts.ask("inspections", staff, now)
    departments = _departments(staff.department_ids)
    rows = _standings(answer.content, departments)
    ahead = now + DUE_AHEAD
    due = _due(staff.department_ids, ahead, ahead - issuing.SETTLED, timezone.localtime(ahead).date())
    context: dict[str, Any] = {
        "rows": table_rows.standings(rows),
        "order": [(value.value, value.label) for value in ORDER],
        "reports": table_rows.reports(_newest(staff, chosen, outcome), now),
        "count": _count(answer.content["outcomes"], chosen, outcome),
        "due": table_rows.due(due[:MOST_DUE], now),
        "more_due": answer.content["due"] - MOST_DUE if len(due) > MOST_DUE else 0,
        "department": chosen,
        "departments": [(str(each.pk), each.name) for each in departments],
        "outcome": outcome,
        "is_filtered": bool(chosen or outcome),
        "counted_at": answer.counted_at,
    }
    return render(request, "console/inspections.html", context)


def _newest(staff: Staff, department: str, outcome: str) -> list[Inspection]:
    """The newest reports of machines that are in use; of a department or with an outcome, unless empty."""
    return _shown(
        _current(staff.department_ids, number(department), outcome if outcome in Inspection.Outcome.values else None)
    )


@prepared
def _current(departments: Any, department: Any, outcome: Any) -> QuerySet[Inspection, int]:
    machine = scope.endpoints_of(departments).filter(pk=OuterRef("endpoint_id"), state=Endpoint.State.ACTIVE)
    if department is not None:
        machine = machine.filter(department=department)
    # Each report is asked for its machine, and not the machines for their reports, of which there are many more.
    found = Inspection.objects.filter(Exists(machine), current=True)
    if outcome is not None:
        found = found.filter(outcome=outcome)
    return found.values_list("pk", flat=True)[:MOST_SHOWN]


@prepared
def _shown(numbers: Any) -> QuerySet[Inspection]:
    of_machine = ("endpoint__host_name", "endpoint__simulated", "endpoint__colleague__name")
    told = Inspection.objects.filter(pk__in=numbers).select_related("endpoint__colleague")
    return told.only("issued_at", "outcome", "valid_until", *of_machine)


@prepared
def _due(departments: Any, now: Any, settled: Any, day: Any) -> QuerySet[Any]:
    found = (
        issuing.due_on(now, settled, day)
        .annotate(comes=F("comes"))
        .only("uuid", "host_name", "colleague__name", "department__name")
    )
    return (found if departments is None else found.filter(department__pk__in=departments))[: MOST_DUE + 1]


@prepared
def _departments(departments: Any) -> QuerySet[Department]:
    return scope.departments(scope.Reach(departments))


def _count(told: Iterable[tuple[int | None, str, int]], department: str, outcome: str) -> int:
    """How many of the newest reports are of a department and have an outcome; empty: of all."""
    chosen = number(department)
    return sum(
        count
        for pk, found, count in told
        if (chosen is None or pk == chosen) and (outcome not in Inspection.Outcome.values or found == outcome)
    )


def _standings(told: Mapping[str, Any], departments: Iterable[Department]) -> list[Standing]:
    """All machines that somebody may see first, then each department with machines."""
    machines: dict[int | None, int] = dict(told["machines"])
    counts: dict[int | None, dict[str, int]] = {}
    for pk, outcome, count in told["outcomes"]:
        counts.setdefault(pk, {})[outcome] = count
    whole = {value.value: sum(of.get(value, 0) for of in counts.values()) for value in ORDER}
    rows = [_standing(None, whole, sum(machines.values()), "")]
    for department in departments:
        if department.pk in machines:
            own = counts.get(department.pk, {})
            rows.append(_standing(department, own, machines[department.pk], f"?department={department.pk}"))
    return rows


def _standing(department: Department | None, counts: Mapping[str, int], machines: int, address: str) -> Standing:
    told = [(value.value, str(value.label), counts.get(value, 0)) for value in ORDER]
    return Standing(department, told, machines - sum(count for *_, count in told), address)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a report in the reader's language; ``before``: its outcome last time, where that was another."""

    outcome: str
    text: str
    told: Mapping[str, Any]
    before: str


def _numbered(typed: str) -> tuple[int, str]:
    """The row and the number of a report as somebody typed it: spaces, another dash or none. 0 for what is none."""
    match = _NUMBER.fullmatch(re.sub(r"\s+", "", re.sub(r"[\u2010-\u2015\u2212_./]", "-", typed)))
    return (int(match[2]), f"{match[1]}-{match[2]}") if match else (0, "")


def _inspection(staff: Staff, typed: str) -> Inspection:
    pk, number = _numbered(typed)
    found = get_object_or_404(
        Inspection.objects.filter(endpoint__in=scope.endpoints(staff)).select_related(
            "endpoint__colleague", "endpoint__department", "issued_by"
        ),
        pk=pk,
    )
    if found.number != number:
        raise Http404(_("There is no report with that number."))
    return found


@requires(Right.LOOK)
@require_safe
def inspection(request: HttpRequest, number: str) -> HttpResponse:
    """One report, as it was issued."""
    found = _inspection(staff_of(request), number)
    language = (get_language() or "nl")[:2]
    content = found.content
    short: Any = WORDS[language]["short"]
    before: Mapping[str, str] = content["previous"].get("items", {})
    told = [
        Item(
            item["outcome"],
            short[item["outcome"]],
            item[language],
            short[before[item["item"]]] if before.get(item["item"], item["outcome"]) != item["outcome"] else "",
        )
        for item in content["items"]
    ]
    context: dict[str, Any] = {
        "inspection": found,
        "endpoint": found.endpoint,
        "report": content,
        "items": told,
        "stamp": WORDS[language]["stamp"][found.outcome],  # type: ignore[index]
        "code": pdf.code(found.digest),
        "genuine": issuing.is_unchanged(found),
        "newer": None if found.current else Inspection.objects.filter(endpoint=found.endpoint, current=True).first(),
    }
    return render(request, "console/inspection.html", context)


def _check_address(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("check"))


@requires(Right.LOOK)
@require_safe
def document(request: HttpRequest, number: str) -> HttpResponse:
    """The report as PDF, in the language of the address or the reader."""
    found = _inspection(staff_of(request), number)
    language = request.GET.get("language", "")
    language = language if language in WORDS else (get_language() or "nl")[:2]
    response = HttpResponse(pdf.build(found, language, _check_address(request)), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="apk-{found.number}-{language}.pdf"'
    return response


@requires(Right.ACT)
@require_POST
def inspect(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """Inspects a machine now."""
    staff = staff_of(request)
    found = scope.endpoints(staff).select_related("department", "colleague")
    endpoint = get_object_or_404(found, uuid=identity)
    days = settings.KEURING.inspection_days
    try:
        made = issuing.issue(readings.store(), pack.current().pack, endpoint, timezone.now(), days, staff)
    except issuing.SilentError:
        messages.error(request, _("This machine has not reported yet, so there is nothing to inspect."))
        return HttpResponseRedirect(reverse("machine", args=[identity]))
    except issuing.RestingError:
        told = _("A colleague objected: this machine is not inspected until the privacy officer has answered.")
        messages.error(request, told)
        return HttpResponseRedirect(reverse("machine", args=[identity]))
    messages.success(request, _("Inspected; the report is below."))
    return HttpResponseRedirect(reverse("inspection", args=[made.number]))


@requires(Right.ACT)
@require_POST
def mail(request: HttpRequest, number: str) -> HttpResponse:
    """Mails a report to the colleague whose machine it is."""
    found = _inspection(staff_of(request), number)
    try:
        mail_to_colleague(found, staff_of(request), request.build_absolute_uri("/").rstrip("/"))
    except mailing.NobodyError:
        messages.error(request, _("Nobody is known to use this machine, so there is nobody to mail to."))
    except OSError as error:
        messages.error(request, _("The mail server did not take the mail: %(error)s") % {"error": error})
    else:
        messages.success(request, _("Mailed."))
    return HttpResponseRedirect(reverse("inspection", args=[found.number]))


def mail_to_colleague(found: Inspection, staff: Staff, console: str) -> None:
    """Mails a report, with the link that asks how they feel; ``console``: where it stands, without a last slash.

    Raises NobodyError, and OSError when the mail server does not take it.
    """
    department = found.endpoint.department
    mood = f"{console}{reverse('mood_answer', args=[keeping.token(department)])}" if department else ""
    mailing.send(found, timezone.now(), f"{console}{reverse('check')}", mood)
    audit.record_now(staff, "report.mailed", found.subject)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Whether a report that somebody holds is genuine; for everybody who has its number and code."""
    number, code = request.POST.get("number", "").strip()[:40], request.POST.get("code", "").strip()[:200]
    context: dict[str, Any] = {"number": number, "code": code, "asked": request.method == "POST"}
    if request.method != "POST":
        return render(request, "console/check.html", context)
    moment = timezone.now()
    if CHECKS.begin(request.META.get("REMOTE_ADDR", ""), moment.timestamp()):
        context["refused"] = True
        return render(request, "console/check.html", context, status=429)
    found = _genuine(number, code)
    if found is not None:
        language = (get_language() or "nl")[:2]
        context |= {
            "found": found,
            "altered": not issuing.is_unchanged(found),
            "stamp": WORDS[language]["stamp"][found.outcome],  # type: ignore[index]
        }
    return render(request, "console/check.html", context)


def _genuine(number: str, code: str) -> Inspection | None:
    """The report with this number whose digest begins with this code; at least what is printed must be given."""
    (pk, spelled), digits = _numbered(number), re.sub(r"[^0-9a-z]", "", code.lower())
    if not re.fullmatch(r"[0-9a-f]{16,64}", digits):
        return None
    found = Inspection.objects.select_related("endpoint").filter(pk=pk).first()
    if found is None or found.number != spelled or not found.digest.startswith(digits):
        return None
    return found
