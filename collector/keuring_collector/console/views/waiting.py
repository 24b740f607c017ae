"""What waits before it opens a ticket, and why; and starting in a real fleet, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import pack, stories
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import causes, scope, starting, texts
from keuring_collector.desk.models import RuleSwitch, Ticket, TicketLine, Waiting
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    import datetime as dt

    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from keuring_collector.console.pack import PackState
    from keuring_collector.rulepack import Rule

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One finding that waits."""

    waiting: Waiting
    title: SafeString
    cause: str
    why: str


def _row(waiting: Waiting, state: PackState, language: str, now: dt.datetime) -> Row:
    rule = state.rule(waiting.rule)
    # A ticket that is not there yet, for the words of one; it is never saved.
    ticket = Ticket(endpoint=waiting.endpoint, cause=waiting.cause, severity=waiting.severity, opened_at=now)
    line = TicketLine(
        ticket=ticket, rule=waiting.rule, subject=waiting.subject, severity=waiting.severity, since=waiting.since,
        judged_at=waiting.judged_at, expected_at=waiting.expected_at, expected_low=waiting.expected_low,
        expected_high=waiting.expected_high, evidence=waiting.evidence, evidence_now=waiting.evidence,
    )  # fmt: skip
    title = texts.title_html(line, rule, language, now, stories.plate(waiting.endpoint))
    why = str(Waiting.Why(waiting.why).label)
    return Row(waiting, title, causes.cause_label(waiting.cause), why)


@requires(Right.LOOK)
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits, the most urgent first."""
    now, language = timezone.now(), (get_language() or "nl")[:2]
    why = request.GET.get("why", "")
    found = scope.about_machines(Waiting.objects.all(), staff_of(request))
    if why in Waiting.Why.values:
        found = found.filter(why=why)
    state = pack.current()
    ordered = found.order_by("-severity", F("expected_at").asc(nulls_last=True), "waiting_since", "pk")
    # All of them are put in order; only those that are shown are read.
    which = list(ordered.values_list("pk", flat=True)[:SHOWN])
    read = Waiting.objects.select_related("endpoint__colleague", "endpoint__department", "quiet__made_by").in_bulk(
        which
    )
    begun = starting.start(now)
    context = {
        "rows": [_row(read[pk], state, language, now) for pk in which if pk in read],
        "count": found.count(),
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
    begun, would = starting.start(timezone.now()), starting.would_open()
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
    context = {"rows": rows, "start": begun, "on": sum(1 for row in rows if row.opens)}
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
