"""The answer as plain data: what --format json prints, and what the other formats are made of.

docs/backtest.md tells the keys; they only ever become more.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.engine.model import Severity
from keuring_collector.rulepack import wilson
from keuring_collector.rulepack.backtest.asked import DAY
from keuring_collector.rulepack.backtest.assess import Result, first_told
from keuring_collector.rulepack.backtest.language import only_tips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from keuring_collector.rulepack.backtest.answer import Answer, Side
    from keuring_collector.rulepack.backtest.asked import Machine
    from keuring_collector.rulepack.backtest.assess import Judged

FORMAT: Final = 1
# Tickets of which it is known whether they were right.
DECIDED: Final = (Result.HIT, Result.EARLY, Result.WRONG, Result.NOTHING)


def report(answer: Answer) -> dict[str, Any]:
    """The answer, ready for JSON: dates are ISO 8601, lengths of time days."""
    seen = answer.seen.values()
    begin = min((each.begin for each in seen), default=None)
    end = max((each.end for each in seen), default=None)
    return {
        "format": FORMAT,
        "period": {
            "since": _day(answer.question.since or None),
            "until": _day(answer.question.until),
            "from": _day(begin),
            "to": _day(end),
            "weeks": 0.0 if begin is None or end is None else round((end - begin) / (7 * DAY), 1),
        },
        "horizon_days": _days(answer.question.horizon),
        "history": _history(answer),
        "rules": [_side(answer, side, begin, end) for side in answer.sides],
        "comparison": _comparison(answer),
    }


def _history(answer: Answer) -> dict[str, Any]:
    seen = list(answer.seen.values())
    points = [each for each in seen if each.days]
    raw = [each.raw_from for each in seen if math.isfinite(each.raw_from)]
    if not seen:
        text = "no machine has a history in this time"
    elif not points:
        text = f"raw windows from {_day(min(raw))} on"
    elif not raw:
        text = "daily points only"
    else:
        # The machines that have both say where the one ends; a machine that was new then has windows alone.
        both = [each.raw_from for each in points if math.isfinite(each.raw_from)]
        text = f"raw windows from {_day(min(both or raw))} on, daily points before that"
    return {
        "machines": len(answer.machines),
        "with_history": len(seen),
        "measured": sum(each.measured for each in seen),
        "windows": sum(each.windows for each in seen),
        "daily_points": sum(each.days for each in seen),
        "machines_on_daily_points": len(points),
        "raw_from": _day(min((each.raw_from for each in points if math.isfinite(each.raw_from)), default=None))
        or _day(min(raw, default=None)),
        "machines_with_guessed_times": sum(not each.exact for each in seen),
        "text": text,
    }


def _side(answer: Answer, side: Side, begin: float | None, end: float | None) -> dict[str, Any]:
    rule, judged = side.candidate.rule, side.judged
    weeks = 0.0 if begin is None or end is None else (end - begin) / (7 * DAY)
    machines, count = len(answer.seen), len(judged)
    results = Counter(each.result for each in judged)
    return {
        "name": rule.name,
        "id": rule.id,
        "maturity": rule.maturity.value,
        "opens_tickets": rule.maturity.opens_tickets and not only_tips(rule),
        "severity": rule.severity.value,
        "cause": rule.cause,
        "file": str(side.candidate.file),
        "saved": side.candidate.saved,
        "tickets": {
            "opened": count,
            "reopened": sum(each.ticket.reopened for each in judged),
            "open_at_end": sum(each.ticket.closed_at is None for each in judged),
            "at_start": sum(each.at_start for each in judged),
            "machines": len({each.ticket.endpoint for each in judged}),
            "per_week": round(count / weeks, 2) if weeks >= 1 else None,
            "per_week_of_100_machines": round(count / weeks / machines * 100, 2) if weeks >= 1 and machines else None,
        },
        "results": {**{each.value: results[each] for each in Result}, "missed": len(side.missed)},
        "right": _right(results),
        "lead": _lead(judged),
        "weeks": _weeks(judged, begin, end),
        "departments": _groups(answer, judged, lambda machine: machine.department),
        "models": _groups(answer, judged, lambda machine: machine.model),
        "list": [_ticket(answer, each) for each in sorted(judged, key=_order)],
        "missed": [
            {
                "machine": answer.machines[each.endpoint].name,
                "identity": answer.machines[each.endpoint].identity,
                "subject": each.subject,
                "kind": each.kind,
                "date": _moment(each.at),
            }
            for each in sorted(side.missed, key=lambda each: (each.at, each.endpoint))
        ],
    }


def _order(judged: Judged) -> tuple[float, int]:
    return judged.ticket.opened_at, judged.ticket.endpoint


def _right(results: Counter[Result]) -> dict[str, Any] | None:
    """The share of tickets that were right, of those of which that is known, with Wilson's interval."""
    found = wilson.share(results[Result.HIT], sum(results[each] for each in DECIDED))
    if found is None:
        return None
    return {"share": round(found.share, 3), "low": round(found.low, 3), "high": round(found.high, 3), "of": found.of}


def _lead(judged: Sequence[Judged]) -> dict[str, Any]:
    """Days from opening to the problem, of tickets that did not stand already when history began."""
    leads = [(each.outcome.kind, each.lead) for each in judged if each.outcome and each.lead is not None]
    fresh = [each.lead for each in judged if each.outcome and each.lead is not None and not each.at_start]
    by = Counter(kind for kind, _ in leads)
    return {
        **_spread([lead for lead in fresh if lead is not None]),
        "by": {kind: _spread([lead for other, lead in leads if other == kind]) for kind in sorted(by)},
    }


def _spread(leads: Sequence[float]) -> dict[str, Any]:
    quarters = quantiles(leads, n=4, method="inclusive") if len(leads) > 1 else [*leads] * 3
    return {
        "count": len(leads),
        "median_days": _days(median(leads)) if leads else None,
        "quarter_days": _days(quarters[0]) if quarters else None,
        "three_quarter_days": _days(quarters[2]) if quarters else None,
    }


def _weeks(judged: Sequence[Judged], begin: float | None, end: float | None) -> list[dict[str, Any]]:
    """Tickets opened, by the week (ISO 8601) in which they were, also weeks without any."""
    if begin is None or end is None:
        return []
    opened = Counter(_monday(each.ticket.opened_at) for each in judged)
    first, last = min([_monday(begin), *opened]), max([_monday(end), *opened])
    found = []
    monday = first
    while monday <= last:
        year, week, _ = monday.isocalendar()
        found.append({"week": f"{year}-W{week:02}", "begins": f"{monday:%Y-%m-%d}", "opened": opened[monday]})
        monday += timedelta(days=7)
    return found


def _monday(time: float) -> datetime:
    moment = datetime.fromtimestamp(time, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return moment - timedelta(days=moment.weekday())


def _groups(answer: Answer, judged: Iterable[Judged], name: Callable[[Machine], str]) -> list[dict[str, Any]]:
    """Machines with a history, and their tickets, by what ``name`` says; the most tickets a machine first."""
    machines = Counter(name(answer.machines[endpoint]) for endpoint in answer.seen)
    tickets: Counter[str] = Counter()
    hit: dict[str, set[int]] = {}
    for each in judged:
        group = name(answer.machines[each.ticket.endpoint])
        tickets[group] += 1
        hit.setdefault(group, set()).add(each.ticket.endpoint)
    found = [
        {"name": group, "machines": count, "with_ticket": len(hit.get(group, ())), "tickets": tickets[group]}
        for group, count in machines.items()
    ]
    return sorted(found, key=lambda row: (-row["tickets"] / row["machines"], -row["machines"], row["name"]))


def _ticket(answer: Answer, judged: Judged) -> dict[str, Any]:
    ticket, machine = judged.ticket, answer.machines[judged.ticket.endpoint]
    first = min(ticket.lines.values(), key=lambda line: (line.first_at, line.subject))
    at, low, high = first.expected or (None, None, None)
    return {
        "machine": machine.name,
        "identity": machine.identity,
        "department": machine.department,
        "model": machine.model,
        "subjects": sorted(ticket.subjects - {""}),
        "severity": Severity(ticket.severity).name.lower(),
        "opened": _moment(ticket.opened_at),
        "closed": _moment(ticket.closed_at),
        "reopened": ticket.reopened,
        "at_start": judged.at_start,
        "expected": _day(at),
        "expected_low": _day(low),
        "expected_high": _day(high),
        "result": judged.result.value,
        "because": judged.because,
        "problem": _moment(judged.outcome.at) if judged.outcome else None,
        "lead_days": None if judged.lead is None else _days(judged.lead),
        "since": _moment(first_told(ticket)),
    }


def _comparison(answer: Answer) -> dict[str, Any] | None:
    if answer.pairs is None:
        return None
    rows = [
        {
            "machine": answer.machines[pair.ticket.endpoint].name,
            "identity": answer.machines[pair.ticket.endpoint].identity,
            "subjects": sorted(pair.ticket.subjects - {""}),
            "first": _moment(pair.first.opened_at) if pair.first else None,
            "second": _moment(pair.second.opened_at) if pair.second else None,
            "earlier_days": None if pair.earlier is None else _days(pair.earlier),
        }
        for pair in answer.pairs
    ]
    return {
        "both": sum(row["first"] is not None and row["second"] is not None for row in rows),
        "only_first": sum(row["second"] is None for row in rows),
        "only_second": sum(row["first"] is None for row in rows),
        "pairs": rows,
    }


def _days(seconds: float) -> float:
    return round(seconds / DAY, 1)


def _day(time: float | None) -> str | None:
    moment = _moment(time)
    return None if moment is None else moment[:10]


def _moment(time: float | None) -> str | None:
    """To the second; None for a time that is none, or lies beyond the calendar."""
    if time is None or not math.isfinite(time) or abs(time) > 2.5e11:
        return None
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
