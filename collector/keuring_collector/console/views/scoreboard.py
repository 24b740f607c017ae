"""The scoreboard: how right the tickets of each rule, model and department were, and what was missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from keuring_collector.console import fleet_counts, pack, proposals, spreadsheet, table_rows
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import audit, causes, demotion, scope, texts, wording
from keuring_collector.desk.roles import Right
from keuring_collector.desk.scoreboard import DAY, FEW, revived

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Demotion, Staff
    from keuring_collector.desk.scoreboard import Month, Score
    from keuring_collector.rulepack import Rule

BY: Final[Mapping[str, _StrPromise]] = {"rule": _("Rules"), "model": _("Models"), "department": _("Departments")}
HEIGHT: Final = 24  # of a trend, in pixels; a month is as wide as its tenth


@dataclass(frozen=True, slots=True)
class Row:
    """One line. ``precision`` is empty when it is too early to tell; ``key`` names it for programs."""

    key: str
    name: str
    sub: str
    address: str
    score: Score
    precision: str
    interval: str
    lead: str
    per_hundred: str
    to_verdict: str
    trend: SafeString

    @property
    def lead_days(self) -> float | None:
        """The lead time in days."""
        return None if self.score.lead is None else self.score.lead / DAY

    @property
    def days_to_verdict(self) -> float | None:
        """The time to a verdict in days."""
        return None if self.score.to_verdict is None else self.score.to_verdict / DAY


@requires(Right.LOOK)
@require_safe
def scoreboard(request: HttpRequest) -> HttpResponse:
    """The page; ``by`` rule, model or department."""
    by, staff = _by(request), staff_of(request)
    board = _board(staff, timezone.now(), by)
    rows = [row for row in _rows(by, board, staff) if row.score.tickets or row.score.incidents]
    context = {
        "by": by,
        "tabs": [(name, title, f"?by={name}") for name, title in BY.items()],
        "rows": table_rows.scores(rows, mono=by == "rule"),
        "since": board.since,
        "simulated": board.simulated,
        "few": FEW,
        "no_incidents": not board.incidents,
        "counted_at": board.counted_at,
        "fallen": fallen(demotion.in_force()),
        "proposals": proposals.better(staff_of(request)) if by == "rule" else [],
    }
    return render(request, "console/scoreboard.html", context)


@requires(Right.LOOK)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The same as a file for spreadsheets, with the trend by month."""
    by, now, staff = _by(request), timezone.now(), staff_of(request)
    board, language = _board(staff, now, by), (get_language() or "nl")[:2]
    rows = _rows(by, board, staff)
    audit.record(staff, "export.made", "", {"name": f"scoreboard/{by}", "entries": len(rows)})
    header = [
        str(BY[by]), gettext("Tickets"), gettext("Verdicts"), gettext("Judged"), gettext("Share right"),
        gettext("Lower bound"), gettext("Upper bound"), gettext("Lead time (days)"), gettext("Incidents"),
        gettext("Missed"), gettext("Tickets per 100 machines a month"), gettext("Time to verdict (days)"),
    ]  # fmt: skip
    for month in board.months:
        header += [f"{month} {what}" for what in (gettext("opened"), gettext("judged"), gettext("right"))]
    name = f"keuring-scoreboard-{by}-{timezone.localtime(now):%Y-%m-%d}"
    return spreadsheet.response(name, header, [_cells(row) for row in rows], language)


def _by(request: HttpRequest) -> str:
    by = request.GET.get("by", "")
    return by if by in BY else "rule"


@dataclass(frozen=True, slots=True)
class Board:
    """Scores, over which time, and when they were counted; None: just now."""

    since: datetime
    months: Sequence[str]
    simulated: bool
    incidents: int
    scores: Mapping[Any, Score]
    counted_at: datetime | None


def _board(staff: Staff, now: datetime, by: str) -> Board:
    """The board with the scores of one of BY."""
    answer = fleet_counts.ask("scoreboard", staff, now, parts=(by, "since", "months", "simulated", "incidents"))
    told = answer.content
    found = {key: revived(score) for key, score in told[by]}
    since = datetime.fromisoformat(told["since"])
    return Board(since, told["months"], told["simulated"], told["incidents"], found, answer.counted_at)


def _one(staff: Staff, now: datetime, by: str, key: Any) -> tuple[Score | None, datetime | None]:
    """The score of one of the board, and when it was counted."""
    answer = fleet_counts.ask("scoreboard", staff, now, parts=(by,))
    score = next((score for each, score in answer.content[by] if each == key), None)
    return (revived(score) if score else None), answer.counted_at


def of_rule(staff: Staff, rule: Rule, now: datetime) -> dict[str, Any]:
    """What the rule's own page says of its score."""
    score, counted_at = _one(staff, now, "rule", rule.id)
    return {
        "row": _row(rule.id, rule.name, "", "", score) if score else None,
        "better": proposals.of_rule(staff, rule, score),
        "counted_at": counted_at,
        "few": FEW,
        "fallen": next(iter(fallen(demotion.in_force([rule.id]))), None),
        "may_switch": staff.may(Right.RULES),
        "floor": wording.amount(rule.floor(settings.KEURING.precision_floor), "1"),
    }


def of_department(staff: Staff, department: int, now: datetime) -> dict[str, Any] | None:
    """What the department's own page says of its score; None where there is nothing to count."""
    score, counted_at = _one(staff, now, "department", department)
    if score is None or not (score.tickets or score.incidents):
        return None
    return {"row": _row(str(department), "", "", "", score), "few": FEW, "counted_at": counted_at}


@dataclass(frozen=True, slots=True)
class Fallen:
    """A rule that fell to advice, in words."""

    demotion: Demotion
    title: SafeString | str
    address: str
    why: str


def fallen(found: Iterable[Demotion]) -> list[Fallen]:
    """Demotions in words; of rules that are still in the pack."""
    state, language = pack.current(), (get_language() or "nl")[:2]
    told = []
    for each in found:
        rule = state.rule(each.rule)
        if rule is not None:
            why = gettext("%(right)s of %(of)s tickets right: at best %(high)s, below %(floor)s") % {
                "right": each.right, "of": each.of, "high": wording.amount(each.high, "1"),
                "floor": wording.amount(each.floor, "1"),
            }  # fmt: skip
            title = texts.example(texts.in_language(rule.title, language), language)
            told.append(Fallen(each, title, reverse("rule", args=[rule.name]), why))
    return told


def rows_of(by: str, staff: Staff, now: datetime) -> list[Row]:
    """The lines of the scoreboard, for programs."""
    return _rows(by, _board(staff, now, by), staff)


def _rows(by: str, board: Board, staff: Staff) -> list[Row]:
    rows = {"rule": _rules, "model": _models, "department": _departments}[by](board, staff)
    return sorted(rows, key=lambda row: (-row.score.tickets, row.name))


def _rules(board: Board, _staff: Staff) -> list[Row]:
    state = pack.current()
    found = board.scores
    return [
        _row(rule.id, rule.name, causes.cause_label(rule.cause), reverse("rule", args=[rule.name]), found[rule.id])
        for rule in state.pack.rules.values()
        if rule.id in found
    ]


def _models(board: Board, _staff: Staff) -> list[Row]:
    return [_row(model, model or gettext("Model not known"), "", "", score) for model, score in board.scores.items()]


def _departments(board: Board, staff: Staff) -> list[Row]:
    names = dict(scope.departments(staff).values_list("pk", "name"))
    rows = []
    for department, score in board.scores.items():
        name = names.get(department or 0, gettext("Without a department"))
        address = reverse("department", args=[department]) if department else ""
        rows.append(_row(name, name, "", address, score))
    return rows


def _row(key: str, name: str, sub: str, address: str, score: Score) -> Row:
    share = score.precision
    told = share is not None and not score.is_early
    return Row(
        key, name, sub, address, score,
        precision=wording.amount(share.share, "1") if share and told else "",
        interval=_interval(share.low, share.high) if share and told else "",
        lead=_length(score.lead),
        per_hundred=wording.number(score.per_hundred, 1) if score.per_hundred is not None else "–",
        to_verdict=_length(score.to_verdict),
        trend=trend(score.months),
    )  # fmt: skip


def _interval(low: float, high: float) -> str:
    return f"{wording.number(100 * low)}–{wording.number(100 * high)} %"


def _length(seconds: float | None) -> str:
    return "–" if seconds is None else wording.duration(max(0.0, seconds))


def trend(months: Sequence[Month]) -> SafeString:
    """Tickets by month as bars, from below: right, not right, not judged; each says its numbers."""
    most = max((month.opened for month in months), default=0)
    if not most:
        return SafeString("")
    # Some thousand bars stand on a page of models: their words are made once, and escaped once.
    told, bars = [escape(_told(month)) for month in months], []
    for number, month in enumerate(months):
        parts = (("right", month.right), ("not", month.judged - month.right), ("open", month.opened - month.judged))
        below = 0.0
        for kind, count in parts:
            size = HEIGHT * max(0, count) / most
            if size:
                place = f'x="{number * 10 + 1}" y="{HEIGHT - below - size:.1f}" width="8" height="{size:.1f}"'
                bars.append(f'<rect class="{kind}" {place}><title>{told[number]}</title></rect>')
            below += size
    label, width = "; ".join(text for month, text in zip(months, told, strict=True) if month.opened), 10 * len(months)
    frame = f'<svg class="trend" role="img" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}">'
    return SafeString(f"{frame}<title>{label}</title>{''.join(bars)}</svg>")


def _told(month: Month) -> str:
    opened = ngettext("%(n)s ticket", "%(n)s tickets", month.opened) % {"n": month.opened}
    right = gettext("%(right)s of %(of)s right") % {"right": month.right, "of": month.judged}
    return f"{month.name}: {opened}, {right}" if month.judged else f"{month.name}: {opened}"


def _cells(row: Row) -> list[str | int | float | None]:
    score, share = row.score, row.score.precision
    cells: list[str | int | float | None] = [
        row.name, score.tickets, score.verdicts, share.of if share else 0, share.share if share else None,
        share.low if share else None, share.high if share else None, row.lead_days, score.incidents, score.missed,
        score.per_hundred, row.days_to_verdict,
    ]  # fmt: skip
    for month in score.months:
        cells += [month.opened, month.judged, month.right]
    return cells
