"""Trying a rule on the fleet's own history, and saving what proved good."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keuring_collector.console import asking, pack
from keuring_collector.console.faults import said
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import audit, scope
from keuring_collector.desk import backtests as queue
from keuring_collector.desk.acting import NotPossible
from keuring_collector.desk.models import Backtest, Incident
from keuring_collector.desk.roles import Right
from keuring_collector.rulepack import RulePackError, editing
from keuring_collector.rulepack.backtest import html
from keuring_collector.rulepack.calendar import calendar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from django.http import HttpRequest

    from keuring_collector.console.asking import Asked, Fault
    from keuring_collector.desk.models import Staff

SHOWN: Final = 50
MOST_ROWS: Final = 100  # of a list in the answer; the whole report has all
STUCK: Final = dt.timedelta(minutes=1)  # somebody free looks every few seconds


def _language() -> str:
    return (get_language() or "nl")[:2]


@requires(Right.RULES)
@require_safe
def backtests(request: HttpRequest) -> HttpResponse:
    """What was tried lately."""
    found = scope.backtests(staff_of(request)).select_related("asked_by").defer("text", "before", "answer")
    return render(request, "console/backtests.html", {"rows": found[:SHOWN], "kept": queue.KEPT.days})


@requires(Right.RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form, for a rule of the pack (?rule=), one that is new, or one that was tried before (?from=)."""
    staff, now, rules = staff_of(request), timezone.now(), pack.current().pack
    if request.method == "POST":
        asked, row = ask(request.POST, staff)
        return HttpResponseRedirect(reverse("backtest", args=[row.pk])) if row else _form(request, asked, 422)
    earlier = number(request.GET.get("from", ""))
    if earlier is not None:
        return _form(request, asking.again(rules, get_object_or_404(scope.backtests(staff), pk=earlier)))
    name = request.GET.get("rule", "")
    if name and name not in rules.by_name:
        raise Http404(_("There is no such rule in the pack."))
    return _form(request, asking.first(rules, name, now))


def ask(typed: Mapping[str, str], staff: Staff) -> tuple[Asked, Backtest | None]:
    """Puts what was typed into the queue; no row when something is wrong with it."""
    asked, row = asking.read(typed, pack.current().pack, staff, timezone.now())
    if row is not None:
        with transaction.atomic():
            queue.ask(row, asking.departments_of(asked, staff))
            audit.record_now(staff, "rule.tried", f"rule/{row.rule}", {"backtest": row.pk})
    return asked, row


def _form(request: HttpRequest, asked: Asked, status: int = 200) -> HttpResponse:
    staff = staff_of(request)
    context = {
        "asked": asked,
        "departments": [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")],
        "models": asking.models(staff),
        "limited": staff.department_ids is not None,
        "incidents": Incident.objects.filter(endpoint__in=scope.endpoints(staff)).count(),
    }
    return render(request, "console/backtest_new.html", context, status=status)


def _row(request: HttpRequest, pk: int) -> Backtest:
    found = scope.backtests(staff_of(request)).select_related("asked_by", "saved_by")
    return get_object_or_404(found, pk=pk)


@requires(Right.RULES)
@require_safe
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one is, or its answer."""
    return _page(request, _row(request, pk))


def _page(request: HttpRequest, row: Backtest, faults: list[Fault] | None = None, status: int = 200) -> HttpResponse:
    told = None
    if row.answer:
        data = json.loads(row.answer)
        told = html.part(data, _language(), lambda identity: reverse("machine", args=[identity]), MOST_ROWS)
    context = {
        "row": row,
        "about": _about(row),
        "exists": row.rule in pack.current().pack.by_name,
        "answer": mark_safe(told) if told else "",  # noqa: S308 - escaped where it is made
        "error": said(_(row.error)) if row.error else "",
        "savable": place_of(row) is not None,
        "faults": faults or [],
        **progress_of(row),
    }
    return render(request, "console/backtest.html", context, status=status)


def _about(row: Backtest) -> str:
    """Which machines, in words."""
    names = [] if row.everything else [each.name for each in row.departments.all()]
    parts = [*names, *([row.model] if row.model else [])]
    return ", ".join(parts) or _("all machines")


def place_of(row: Backtest) -> Path | None:
    """Where the rule can be saved; None when it says nothing else than the file, or nobody here may write that."""
    directory: Path | None = settings.KEURING.rules_directory
    done = row.state == Backtest.State.DONE and row.saved_at is None and row.text != row.before
    return directory if done and editing.writable(directory) else None


def progress_of(row: Backtest) -> dict[str, Any]:
    """How far it is; ``left`` in seconds, when that can be told."""
    now, left = timezone.now(), None
    if row.machines and row.machines_done and row.began_at:
        each = (now - row.began_at).total_seconds() / row.machines_done
        left = each * (row.machines - row.machines_done)
    before = Q(asked_at__lt=row.asked_at, search=row.search)
    before |= Q(search=False) if row.search else Q(search=True, state=Backtest.State.RUNNING)
    ahead = Backtest.objects.filter(before, state__in=Backtest.OPEN).count()
    running = Backtest.objects.filter(state=Backtest.State.RUNNING).exists()
    return {
        "row": row,
        "open": row.state in Backtest.OPEN,
        "ahead": ahead,
        "left": None if left is None else max(1, round(left)),
        "minutes": None if left is None else round(left / 60),
        "stuck": row.state == Backtest.State.WAITING and not running and now - row.asked_at > STUCK,
    }


@requires(Right.RULES)
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one is, as the part of its page that changes."""
    return render(request, "console/parts/backtest_progress.html", progress_of(_row(request, pk)))


@requires(Right.RULES)
@require_safe
def whole(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole report, to keep or to send: a page that needs nothing else."""
    row = _row(request, pk)
    if not row.answer:
        raise Http404(_("There is no answer yet."))
    return _file(html.page(json.loads(row.answer), _language()), f"{row.rule}-{row.pk}.html", "text/html")


@requires(Right.RULES)
@require_safe
def text(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The rule that was tried ("tried"), or what its file held then ("before")."""
    row = _row(request, pk)
    if version not in ("tried", "before") or (version == "before" and not row.before):
        raise Http404
    told, name = (row.text, row.rule) if version == "tried" else (row.before, f"{row.rule}-before-{row.pk}")
    return _file(told, f"{name}.yaml", "application/yaml")


def _file(content: str, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=f"{kind}; charset=utf-8", headers=headers)


@requires(Right.RULES)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops one."""
    row = _row(request, pk)
    if not queue.cancel(row.pk, timezone.now()):
        messages.error(request, _("It had ended already."))
    return HttpResponseRedirect(reverse("backtest", args=[row.pk]))


@requires(Right.RULES)
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts the rule that was tried into the pack."""
    row = _row(request, pk)
    try:
        put_into_pack(row, staff_of(request))
        messages.success(request, _("Saved. Machines are judged by it within seconds; the old version is kept here."))
    except RulePackError as error:
        return _page(request, row, asking.faults(error, row.text, f"{row.rule}.yaml"), 422)
    except NotPossible as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(reverse("backtest", args=[row.pk]))


def put_into_pack(row: Backtest, staff: Staff) -> None:
    """Puts the rule that was tried into the pack. Raises RulePackError, or NotPossible where none can be written."""
    directory = place_of(row)
    if directory is None:
        raise NotPossible(_("This cannot be saved here. Download it, and put it into the folder of rules."))
    in_force = settings.KEURING
    row.saved_at, row.saved_by = timezone.now(), staff
    detail = {"backtest": row.pk, "from": asking.mark(row.before) if row.before else "", "to": asking.mark(row.text)}
    try:
        with transaction.atomic():
            row.save(update_fields=["saved_at", "saved_by"])
            audit.record_now(staff, "rule.saved", f"rule/{row.rule}", detail)
            # Last: when it cannot be written, nobody reads that it was.
            place = calendar(in_force.time_zone, in_force.business_hours)
            editing.save(directory, row.text, row.before, place)
    except RulePackError:
        row.saved_at = None
        raise
    except OSError as error:
        row.saved_at = None
        raise NotPossible(_("The file could not be written: %(error)s") % {"error": error}) from error
