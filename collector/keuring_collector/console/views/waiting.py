"""What waits before it opens a ticket, and why; and starting in a real fleet, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import drawing, pack, table_rows
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import causes, scope, starting, texts
from keuring_collector.desk.models import RuleSwitch, Waiting
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from keuring_collector.console.pack import PackState
    from keuring_collector.rulepack import Rule

SHOWN: Final = 100
_TOLD: Final = (
    "cause", "rule", "subject", "severity", "why", "waiting_since", "expected_at", "evidence",
    "endpoint__uuid", "endpoint__host_name", "endpoint__simulated", "endpoint__colleague__name",
    "endpoint__department__name", "quiet__kind", "quiet__reason",
    "quiet__made_by__first_name", "quiet__made_by__username",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One finding that waits."""

    waiting: Waiting
    title: SafeString
    cause: str
    why: str


def _row(waiting: Waiting, state: PackState, language: str, now: dt.datetime) -> Row:
    rule = state.rule(waiting.rule)
    # A line of a ticket that is not there yet, with what the words of one are made of.
    line: Any = SimpleNamespace(
        ticket=waiting, subject=waiting.subject, expected_at=waiting.expected_at, evidence=waiting.evidence,
        evidence_now=waiting.evidence,
    )  # fmt: skip
    title = texts.title_html(line, rule, language, now, drawing.plate(waiting.endpoint.host_name))
    why = str(Waiting.Why(waiting.why).label)
    return Row(waiting, title, causes.cause_label(waiting.cause), why)


def _waiting(departments: Any, why: Any) -> QuerySet[Waiting]:
    found = scope.about_machines(Waiting.objects.all(), scope.Reach(departments))
    return found if why is None else found.filter(why=why)


@prepared
def _first(departments: Any, why: Any) -> QuerySet[Waiting, int]:
    ordered = _waiting(departments, why).order_by(
        "-severity", F("expected_at").asc(nulls_last=True), "waiting_since", "pk"
    )
    return ordered.values_list("pk", flat=True)[:SHOWN]


@prepared
def _numbered(numbers: Any) -> QuerySet[Waiting]:
    told = Waiting.objects.filter(pk__in=numbers).only(*_TOLD)
    return told.select_related("endpoint__colleague", "endpoint__department", "quiet__made_by")


@requires(Right.LOOK)
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits, the most urgent first."""
    now, language = timezone.now(), (get_language() or "nl")[:2]
    why = request.GET.get("why", "")
    departments, state = staff_of(request).department_ids, pack.current()
    asked = departments, why if why in Waiting.Why.values else None
    # All of them are put in order; only those that are shown are read.
    which = _first(*asked)
    read = {each.pk: each for each in _numbered(which)}
    begun = starting.start(now)
    context = {
        "rows": table_rows.waiting([_row(read[pk], state, language, now) for pk in which if pk in read], now),
        "count": _waiting(*asked).count(),
        "shown": SHOWN,
        "start": begun,
        "reasons": [
            (value, label, begun.waiting[value], value == why)
            for value, label in Waiting.Why.choices
            if begun.waiting.get(value)
        ],
        "why": why,
    }
    return render(request, "console/waiting.html", context)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule on the page of starting; ``decided``: whether somebody chose."""

    rule: Rule
    title: SafeString
    severity: int
    opens: bool
    decided: RuleSwitch | None
    would: starting.WouldOpen | None


@requires(Right.LOOK)
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Each rule, what it would open, and whether it may."""
    state, language = pack.current(), (get_language() or "nl")[:2]
    now = timezone.now()
    begun, would = starting.start(now), starting.would_open()
    switches = {each.rule: each for each in RuleSwitch.objects.select_related("by")}
    rows = []
    for rule in state.pack.rules.values():
        if not rule.maturity.opens_tickets:
            continue
        decided = switches.get(str(rule.id))
        opens = decided.opens if decided else not begun.rule_by_rule
        title = texts.example(texts.in_language(rule.title, language), language)
        rows.append(RuleRow(rule, title, int(rule.severity.grade), opens, decided, would.get(str(rule.id))))
    rows.sort(key=lambda row: (row.opens, row.would is None, -row.severity, row.would.tickets if row.would else 0))
    context = {
        "rows": table_rows.rules(rows, now),
        "count": len(rows),
        "start": begun,
        "on": sum(1 for row in rows if row.opens),
    }
    return render(request, "console/start.html", context)


@requires(Right.RULES)
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Lets the chosen rules open tickets, or only report; or ends starting."""
    staff, action = staff_of(request), request.POST.get("action", "")
    known = pack.current().pack.rules
    chosen = [rule for rule in request.POST.getlist("rule") if rule in known]
    if action == "finish":
        starting.finish(actor=staff)
        messages.success(
            request, _("Starting is over: every rule opens tickets, also those that come with a later pack.")
        )
    elif not chosen:
        messages.error(request, _("Choose a rule first."))
    else:
        opens = action == "on"
        count = starting.switch(chosen, opens=opens, actor=staff, now=timezone.now())
        text = (
            ngettext("%(n)s rule opens tickets now.", "%(n)s rules open tickets now.", count)
            if opens
            else ngettext("%(n)s rule only reports now.", "%(n)s rules only report now.", count)
        )
        messages.success(request, text % {"n": count})
    return HttpResponseRedirect(reverse("start"))
