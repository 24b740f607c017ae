"""Trying rules on history: asking, how far one is, its answer, and putting what proved good into the pack."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.desk import Name  # noqa: TC001 - ninja asks for it
from keuring_collector.api.problems import Problem, ProblemError
from keuring_collector.api.schemas import ERRORS
from keuring_collector.console import asking, pack
from keuring_collector.console.views import backtests as trying
from keuring_collector.console.views.rules import look_for_better
from keuring_collector.desk import backtests as queue
from keuring_collector.desk import scope
from keuring_collector.rulepack import RulePackError
from keuring_collector.rulepack.backtest import html

if TYPE_CHECKING:
    from keuring_collector.console.asking import Fault
    from keuring_collector.desk.models import Backtest

router = Router(tags=["backtests"])
REFUSED = {**ERRORS, 409: Problem}
RULE_NAME = r"^[A-Za-z0-9_-]*$"
Rule = Annotated[str, Field(max_length=60, pattern=RULE_NAME)]
LONGEST_RULE = 100_000


class RuleDraft(Schema):
    """A rule to begin with. ``rule``: which one of the pack is changed; empty: it is new. ``seen`` goes back."""

    rule: str
    text: str
    seen: str
    since: date | None


class Question(Schema):
    """A rule as YAML, and on what it is tried. ``seen`` as the draft had it; without it it may have changed
    meanwhile.
    """

    rule: Rule = ""
    text: Annotated[str, Field(max_length=LONGEST_RULE, pattern=NO_NUL)]
    seen: Annotated[str, Field(max_length=16, pattern=NO_NUL)] | None = None
    since: date | None = None
    until: date | None = None
    department: Identity | None = None
    model: Annotated[str, Field(max_length=256, pattern=NO_NUL)] = ""
    compare: bool = True
    incidents: bool = True

    def typed(self) -> dict[str, str]:
        """As the form of the console sends it."""
        told = {name: "" if (value := getattr(self, name)) is None else str(value) for name in asking.FIELDS}
        if self.seen is None:
            told["seen"] = asking.mark(asking.text_now(pack.current().pack, self.rule))
        return told | {name: "on" for name in ("compare", "incidents") if getattr(self, name)}


class BacktestRow(Schema):
    """One that was asked for. ``search``: it looks for a better version by itself."""

    id: int
    rule: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    search: bool
    asked_by: str
    asked_on: date
    saved_on: date | None


class BacktestFull(BacktestRow):
    """One in full. ``ahead`` others come first; ``seconds_left`` where that can be told; ``answer`` once it is done.
    ``before``: what the rule's file held; ``savable``: it can be put into the pack.
    """

    text: str
    before: str
    compare: bool
    incidents: bool
    since: date | None
    until: date | None
    departments: list[str] | None
    model: str
    machines: int | None
    machines_done: int
    ahead: int
    seconds_left: int | None
    error: str
    savable: bool
    answer: dict[str, Any] | None


def _row(found: Backtest) -> dict[str, Any]:
    same = ("rule", "state", "search")
    return {name: getattr(found, name) for name in same} | {
        "id": found.pk,
        "asked_by": found.asked_by.get_username() if found.asked_by else "",
        "asked_on": timezone.localtime(found.asked_at).date(),
        "saved_on": timezone.localtime(found.saved_at).date() if found.saved_at else None,
    }


def _full(found: Backtest) -> BacktestFull:
    same = ("text", "before", "compare", "incidents", "since", "until", "model", "machines", "machines_done", "error")
    far: Any = trying.progress_of(found)
    return BacktestFull(
        **_row(found), **{name: getattr(found, name) for name in same}, ahead=far["ahead"], seconds_left=far["left"],
        departments=None if found.everything else [each.name for each in found.departments.all()],
        savable=trying.place_of(found) is not None, answer=json.loads(found.answer) if found.answer else None,
    )  # fmt: skip


def _found(request: HttpRequest, number: int) -> Backtest:
    seen = scope.backtests(auth.staff_of(request)).select_related("asked_by")
    found = seen.filter(pk=number).first()
    if found is None:
        raise Http404("There is no such backtest, or it is of machines that you do not see.")
    return found


def _wrong(faults: list[Fault]) -> ProblemError:
    first, more = faults[0], f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    where = f"body.text line {first.line}" if not first.file else f"{first.file} line {first.line}"
    return ProblemError(422, f"{first.what}{more}", where, first.mend)


@router.get(
    "/backtests", auth=auth.RULES_READ, response={200: list[BacktestRow], **ERRORS}, operation_id="list_backtests"
)
def backtests(request: HttpRequest) -> list[BacktestRow]:
    """What was tried lately, the newest first, at most fifty."""
    found = scope.backtests(auth.staff_of(request)).select_related("asked_by").defer("text", "before", "answer")
    return [BacktestRow(**_row(each)) for each in found[: trying.SHOWN]]


@router.get("/backtest-draft", auth=auth.RULES_READ, response={200: RuleDraft, **ERRORS}, operation_id="draft_backtest")
def draft(
    request: HttpRequest,
    rule: Annotated[str, Query(max_length=60, pattern=RULE_NAME)] = "",
    again: Identity | None = None,
) -> RuleDraft:
    """The text of a rule of the pack, of one that was tried before (``again``), or one to begin a new rule with."""
    rules = pack.current().pack
    if rule and rule not in rules.by_name:
        raise Http404("There is no such rule in the pack.")
    asked = asking.again(rules, _found(request, again)) if again else asking.first(rules, rule, timezone.now())
    since = asked.typed["since"]
    named = {name: asked.typed[name] for name in ("rule", "text", "seen")}
    return RuleDraft(**named, since=date.fromisoformat(since) if since else None)


@router.post("/backtests", auth=auth.RULES, response={200: BacktestFull, **REFUSED}, operation_id="try_rule")
def ask(request: HttpRequest, body: Question) -> BacktestFull:
    """Tries a rule on history, when its turn has come."""
    asked, row = trying.ask(body.typed(), auth.staff_of(request))
    if asked.faults:
        raise _wrong(asked.faults)
    for where, what in asked.wrong.items():
        # What stands elsewhere by now, and too much at a time, are no fault of what was sent.
        raise ProblemError(409 if where in ("text", "form") else 422, what, "" if where == "form" else f"body.{where}")
    assert row is not None  # noqa: S101 - nothing is wrong with it
    return _full(row)


@router.post(
    "/rules/{name}/better", auth=auth.RULES, response={200: BacktestFull, **REFUSED}, operation_id="propose_rule"
)
def propose(request: HttpRequest, name: Name) -> BacktestFull:
    """Looks for a better version of a rule; one that looks already goes on."""
    return _full(look_for_better(auth.staff_of(request), name))


@router.get(
    "/backtests/{number}", auth=auth.RULES_READ, response={200: BacktestFull, **ERRORS}, operation_id="get_backtest"
)
def backtest(request: HttpRequest, number: Identity) -> BacktestFull:
    """How far one is, and its answer."""
    return _full(_found(request, number))


@router.get(
    "/backtests/{number}/report", auth=auth.RULES_READ, response={200: str, **ERRORS},
    operation_id="get_backtest_report",
    openapi_extra={"responses": {200: {"description": "The report.", "content": {"text/html": {
        "schema": {"type": "string"}}}}}},
)  # fmt: skip
def report(request: HttpRequest, number: Identity, language: Literal["nl", "en"] = "en") -> HttpResponse:
    """The whole report of one that is done: a page that needs nothing else."""
    found = _found(request, number)
    if not found.answer:
        raise Http404("There is no answer yet.")
    return HttpResponse(html.page(json.loads(found.answer), language), content_type="text/html; charset=utf-8")


@router.post(
    "/backtests/{number}/stop", auth=auth.RULES, response={200: BacktestFull, **REFUSED}, operation_id="stop_backtest"
)
def stop(request: HttpRequest, number: Identity) -> BacktestFull:
    """Stops one that has not ended."""
    if not queue.cancel(_found(request, number).pk, timezone.now()):
        raise ProblemError(409, "It had ended already.", "number", "GET it for its answer.")
    return _full(_found(request, number))


@router.post(
    "/backtests/{number}/save", auth=auth.RULES, response={200: BacktestFull, **REFUSED}, operation_id="save_backtest"
)
def save(request: HttpRequest, number: Identity) -> BacktestFull:
    """Puts the rule that was tried into the pack."""
    found = _found(request, number)
    try:
        trying.put_into_pack(found, auth.staff_of(request))
    except RulePackError as error:
        raise _wrong(asking.faults(error, found.text, f"{found.rule}.yaml")) from error
    return _full(found)
