"""The rule pack: what is judged, and what each rule says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import articles, pack
from keuring_collector.console.listing import Choices
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.scoreboard import of_rule
from keuring_collector.desk import audit, backtests, causes, proposals, scope, starting, texts
from keuring_collector.desk.acting import NotPossible
from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.desk.roles import Right
from keuring_collector.rulepack import RulePackError, trial

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpRequest

    from keuring_collector.desk.models import Backtest, Staff
    from keuring_collector.rulepack import Rule


def open_by_rule(staff: Staff) -> dict[str, int]:
    """How many open tickets each rule has, of those that ``staff`` may see; of many, as it was within a minute."""
    seen = scope.tickets(staff).filter(state__in=Ticket.OPEN, closed_at=None)
    found = TicketLine.objects.filter(active=True, ticket__in=seen).order_by()
    counted = found.values("rule").annotate(count=Count("ticket", distinct=True)).values_list("rule", "count")
    about = ("open by rule", staff.department_ids, staff.may(Right.AUDIT))
    return lately(about, lambda: dict(counted), lambda told: sum(told.values()) > MOST)


@requires(Right.LOOK)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """All rules of the pack."""
    state, language = pack.current(), (get_language() or "nl")[:2]
    opened = open_by_rule(staff_of(request))
    listed = [
        {
            "rule": rule,
            "title": texts.example(texts.in_language(rule.title, language), language),
            "cause": causes.cause_label(rule.cause),
            "severity": int(rule.severity.grade),
            "open": opened.get(str(rule.id), 0),
            "address": Choices(rule=str(rule.id)).address(),
        }
        for rule in sorted(state.pack.rules.values(), key=lambda rule: (-rule.severity.grade, rule.name))
    ]
    gone = sum(count for rule, count in opened.items() if state.rule(rule) is None)
    return render(request, "console/rules.html", {"rules": listed, "version": state.pack.version, "gone": gone})


def _tests(path: Path | None) -> list[str]:
    """The names of the tests that stand beside a rule; none when the file is missing or broken."""
    if path is None:
        return []
    try:
        return [test.name for test in trial.read(trial.test_path(path)).content.tests]
    except (RulePackError, OSError):
        return []


@requires(Right.LOOK)
@require_safe
def rule(request: HttpRequest, name: str) -> HttpResponse:
    """One rule: when it fires, what it says, where it errs."""
    state, language = pack.current(), (get_language() or "nl")[:2]
    found = state.pack.by_name.get(name)
    if found is None:
        raise Http404(_("There is no such rule in the pack."))
    data = found.model_dump(mode="json", by_alias=True, exclude_none=True)
    signs = _signs(found, data, language)
    article, related = articles.beside(state, found, "", language)
    context: dict[str, Any] = {
        "rule": found,
        "title": texts.example(texts.in_language(found.title, language), language),
        "cause": causes.cause_label(found.cause),
        "severity": int(found.severity.grade),
        "open": open_by_rule(staff_of(request)).get(str(found.id), 0),
        "address": Choices(rule=str(found.id)).address(),
        "score": of_rule(staff_of(request), found, timezone.now()),
        "only_reports": starting.only_reports(str(found.id)),
        "article": article,
        "related": related,
        "settings": [
            (part, _flat(data[part]))
            for part in ("applies_to", "condition", "recovery", "inspection")
            if data.get(part)
        ],
        "said": [
            (
                code,
                label,
                texts.example(texts.in_language(found.title, code), code),
                [texts.example(step, code) for step in texts.split_steps(texts.in_language(found.advice, code))],
                texts.example(texts.in_language(found.say, code), code),
            )
            for code, label in (("nl", "Nederlands"), ("en", "English"))
        ],
        "data": data,
        "signs": signs,
        "tests": _tests(state.pack.files.get(found.id)),
    }  # fmt: skip
    return render(request, "console/rule.html", context)


@requires(Right.RULES)
@require_POST
def propose(request: HttpRequest, name: str) -> HttpResponse:
    """Looks for a better version of a rule; the queue of backtests does it."""
    try:
        row = look_for_better(staff_of(request), name)
    except NotPossible as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(reverse("rule", args=[name]))
    return HttpResponseRedirect(reverse("backtest", args=[row.pk]))


def look_for_better(staff: Staff, name: str) -> Backtest:
    """The search for a better version of a rule, the one that goes on already or a new one. Raises NotPossible."""
    rules = pack.current().pack
    found = rules.by_name.get(name)
    if found is None:
        raise Http404(_("There is no such rule in the pack."))
    going_on = proposals.going_on(staff, name)
    if going_on is not None:
        return going_on
    if backtests.waiting(staff) >= backtests.MOST_OPEN:
        raise NotPossible(
            _("%(n)s of yours have not ended yet. Wait for one, or stop one.") % {"n": backtests.MOST_OPEN}
        )
    with transaction.atomic():
        row = proposals.ask(rules, found, staff, timezone.now())
        audit.record_now(staff, "rule.tried", f"rule/{name}", {"backtest": row.pk})
    return row


def _signs(rule: Rule, data: dict[str, Any], language: str) -> list[tuple[str, int, list[tuple[str, str]]]]:
    """The signs of a risk: in words, their points, and when they hold; taken out of the settings."""
    if rule.condition.risk is None:
        return []
    del data["condition"]["risk"]["points"]
    return [
        (
            texts.in_language(sign.why, language),
            sign.points,
            _flat(sign.when.model_dump(mode="json", by_alias=True, exclude_defaults=True)),
        )
        for sign in rule.condition.risk.points
    ]


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """A nested setting as rows: ("forecast.limit", "5 GB"); none of what holds nothing."""
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _flat(inner, f"{prefix}.{key}" if prefix else str(key))]
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return [row for number, inner in enumerate(value, 1) for row in _flat(inner, f"{prefix}.{number}")]
    if isinstance(value, list):
        return [(prefix, ", ".join(map(str, value)))] if value else []
    return [(prefix, value if isinstance(value, str) else json.dumps(value))]
