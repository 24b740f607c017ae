"""My workplace, the colleague's own page; and for the privacy officer the objections that were made there."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keuring_collector.console import colleague, pack, readings
from keuring_collector.console.colleague import for_colleague
from keuring_collector.console.limits import Attempts
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.deeds import MOODS
from keuring_collector.desk import audit, scope
from keuring_collector.desk.acting import ActionError, NotPossible
from keuring_collector.desk.inspection import pdf
from keuring_collector.desk.inspection.words import WORDS
from keuring_collector.desk.models import Inspection, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import Objection, TipChance
from keuring_collector.service.mood import keeping as keep_mood
from keuring_collector.service.tips import offering
from keuring_collector.service.workplace import entering, objecting, sections
from keuring_collector.service.workplace import export as exporting
from keuring_collector.service.workplace import stored as keeping

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponseBase

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.workplace.whose import Whose

ASKED: Final = Attempts(most=5, period=60.0)
TRIED: Final = Attempts(most=20, period=60.0)
SHOWN: Final = 200


def _language() -> str:
    language = (get_language() or "nl")[:2]
    return language if language in WORDS else "en"


@login_not_required
@require_http_methods(["GET", "POST"])
def door(request: HttpRequest) -> HttpResponse:
    """How a colleague comes in: by the organisation's sign-in service, or by a link that is sent to their machine."""
    context: dict[str, Any] = {"provider": settings.KEURING.oidc_name if settings.KEURING.oidc_issuer else ""}
    if request.method != "POST":
        return render(request, "console/workplace_door.html", context)
    now = timezone.now()
    if wait := ASKED.begin(request.META.get("REMOTE_ADDR", ""), now.timestamp()):
        response = render(request, "console/workplace_door.html", {**context, "wait": int(wait) + 1}, status=429)
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response

    def address(secret: str) -> str:
        return request.build_absolute_uri(reverse("workplace_enter", args=[secret]))

    name = request.POST.get("machine", "").replace("\0", "").strip()[:64]
    entering.ask(readings.store(), name, address, now)
    # Whether there is such a machine is told to the machine alone.
    return render(request, "console/workplace_door.html", {**context, "asked": name})


@login_not_required
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest, secret: str) -> HttpResponse:
    """A link of a notice. Opening it shows a button: what looks at links ahead must not use it up."""
    if request.method != "POST":
        return render(request, "console/workplace_enter.html", {"secret": secret})
    now = timezone.now()
    wait = TRIED.begin(request.META.get("REMOTE_ADDR", ""), now.timestamp())
    endpoint = None if wait else entering.redeem(secret, now)
    if endpoint is None:
        return render(request, "console/workplace_enter.html", {"secret": secret, "over": True}, status=404)
    colleague.begin(request, endpoint=endpoint)
    return redirect("workplace")


@for_colleague
@require_safe
def home(request: HttpRequest, whose: Whose) -> HttpResponse:
    """The page itself."""
    return _home(request, whose, "", 200)


def _home(request: HttpRequest, whose: Whose, fault: str, status: int) -> HttpResponse:
    here = sections.Here(whose, readings.store(), pack.current().pack, _language(), timezone.now())
    made = ((section, section.make(here)) for section in sections.SECTIONS)
    context = {
        "whose": whose,
        "sections": [(section, {**told, "section": section}) for section, told in made if told is not None],
        "moods": MOODS,
        "fault": fault,
        "typed": request.POST.get("reason", "") if fault else "",
        "raw_days": settings.KEURING.raw_retention_days,
        "daily_days": settings.KEURING.daily_retention_days,
    }
    return render(request, "console/workplace.html", context, status=status)


@for_colleague
@require_safe
def stored(request: HttpRequest, whose: Whose, identity: uuid.UUID) -> HttpResponse:
    """Everything that is kept of one machine, and why."""
    endpoint = whose.machine(identity)
    if endpoint is None:
        raise Http404(_("This is not one of your machines."))
    context = {
        "endpoint": endpoint,
        "groups": keeping.kept(readings.store(), endpoint, timezone.now()),
        "missing": len(readings.store().unmeasured(endpoint.pk)),
        "meanings": [(keeping.CLASSES[each], keeping.MEANINGS[each]) for each in keeping.CLASSES],
        "raw_days": settings.KEURING.raw_retention_days,
        "daily_days": settings.KEURING.daily_retention_days,
    }
    return render(request, "console/workplace_stored.html", context)


@for_colleague
@require_safe
def report(request: HttpRequest, whose: Whose, number: str) -> HttpResponse:
    """An APK report of one of the machines, as PDF."""
    found = next(
        (each for each in Inspection.objects.filter(endpoint__in=whose.machine_ids) if each.number == number), None
    )
    if found is None:
        raise Http404(_("This is not a report of one of your machines."))
    address = request.build_absolute_uri(reverse("check"))
    response = HttpResponse(pdf.build(found, _language(), address), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="apk-{found.number}.pdf"'
    return response


@for_colleague
@require_POST
def export(_request: HttpRequest, whose: Whose) -> HttpResponseBase:
    """Everything as one ZIP file."""
    now, keuring = timezone.now(), settings.KEURING
    audit.flush()  # looks of the last second belong to it
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    exporting.write(file, whose, readings.store(), now, (keuring.raw_retention_days, keuring.daily_retention_days))
    file.seek(0)
    for endpoint in whose.machines:
        audit.record(None, "workplace.exported", audit.machine(endpoint))
    name = f"keuring-{timezone.localtime(now).date().isoformat()}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@for_colleague
@require_POST
def object_to(request: HttpRequest, whose: Whose) -> HttpResponse:
    """Objects to the judging of one machine."""
    endpoint = whose.machines.filter(pk=number(request.POST.get("machine", "")) or 0).first()
    if endpoint is None:
        return _home(request, whose, _("Choose one of your machines."), 422)
    try:
        made = objecting.make(whose, endpoint, request.POST.get("reason", "").replace("\0", ""), timezone.now())
    except objecting.ObjectionError as error:
        return _home(request, whose, str(error), 422)
    messages.success(
        request,
        _("Your objection is written down. From now on no finding of %(machine)s becomes a ticket, and open ones rest.")
        % {"machine": made.endpoint.host_name},
    )  # fmt: skip
    return redirect(reverse("workplace") + "#rights")


@for_colleague
@require_POST
def mood(request: HttpRequest, whose: Whose) -> HttpResponse:
    """How a colleague feels, counted with their department."""
    department = whose.department
    if department is None:
        raise Http404(_("No department is known to be yours."))
    value, line = number(request.POST.get("mood", "")) or 0, request.POST.get("mood_line", "").replace("\0", "")
    try:
        keep_mood.answer_once(whose.person, department, value, line, timezone.now())
    except ActionError as error:
        return _home(request, whose, str(error.message), 409 if isinstance(error, NotPossible) else 422)
    messages.success(request, _("Thank you. It counts for your department this month, without your name."))
    return redirect(reverse("workplace") + "#mood")


@for_colleague
@require_POST
def tip(request: HttpRequest, whose: Whose) -> HttpResponse:
    """A tip is not for them; it never comes back."""
    chances = TipChance.objects.select_related("endpoint__colleague", "endpoint__department")
    chance = chances.filter(pk=number(request.POST.get("tip", "")) or 0, endpoint__in=whose.machine_ids).first()
    if chance is None:
        raise Http404(_("There is no such tip."))
    offering.put_aside(None, chance, timezone.now())
    messages.success(request, _("Put aside: you will not see this tip again."))
    return redirect(reverse("workplace"))


@for_colleague
@require_POST
def leave(request: HttpRequest, _whose: Whose) -> HttpResponse:
    """Closes the page in this browser."""
    colleague.end(request)
    return redirect("workplace_door")


@requires(Right.AUDIT)
@require_safe
def objections(request: HttpRequest) -> HttpResponse:
    """The objections of colleagues: those that wait for an answer first, the nearest term first."""
    return _objections(request, 0, "", 200)


def _seen(staff: Staff) -> Any:
    return scope.about_machines(Objection.objects.all(), staff).select_related("endpoint", "colleague", "answered_by")


def _objections(request: HttpRequest, pk: int, fault: str, status: int) -> HttpResponse:
    found = _seen(staff_of(request))
    resting = Prefetch("endpoint__tickets", Ticket.objects.filter(state=Ticket.State.RESTING), to_attr="at_rest")
    context = {
        "waiting": list(found.filter(state=Objection.State.OPEN).prefetch_related(resting)),
        "answered": list(found.exclude(state=Objection.State.OPEN).order_by("-answered_at")[:SHOWN]),
        "today": timezone.localdate(),
        "refused": pk,
        "fault": fault,
        "typed": request.POST.get("answer", "") if fault else "",
    }
    return render(request, "console/objections.html", context, status=status)


@requires(Right.AUDIT)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers one."""
    staff = staff_of(request)
    objection = get_object_or_404(_seen(staff), pk=pk)
    decided = request.POST.get("decision", "")
    if decided not in ("uphold", "refuse"):
        return _objections(request, pk, _("Choose whether you uphold it or refuse it."), 422)
    try:
        text = request.POST.get("answer", "").replace("\0", "")
        objecting.answer(objection, uphold=decided == "uphold", text=text, actor=staff, now=timezone.now())
    except objecting.ObjectionError as error:
        return _objections(request, pk, str(error), 422)
    messages.success(request, _("The answer is written down; the colleague sees it on My workplace."))
    return redirect("objections")
