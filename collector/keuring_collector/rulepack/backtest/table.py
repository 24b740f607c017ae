"""The answer for a terminal of a hundred columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH: Final = 100
BAR: Final = 50
MOST_ROWS: Final = 30
MOST_GROUPS: Final = 10
SAID: Final = {
    "hit": "right: the problem came in time, or the desk said so",
    "early": "too early",
    "wrong": "wrong, said the desk",
    "nothing": "no problem came that is known of",
    "acted": "somebody acted on it, so it could not come true",
    "undecided": "history ends too soon after to tell",
    "missed": "missed: a problem without a ticket before it",
}


def table(data: dict[str, Any]) -> str:
    """The report (report.py) as text."""
    lines = list(_head(data))
    for number, rule in enumerate(data["rules"]):
        mark = f"{'AB'[number]}: " if len(data["rules"]) > 1 else ""
        lines += ["", *_rule(rule, mark)]
    if data["comparison"] is not None:
        lines += ["", *_comparison(data["comparison"])]
    return "\n".join(line.rstrip() for line in lines)


def _head(data: dict[str, Any]) -> Iterator[str]:
    history, period = data["history"], data["period"]
    yield f"history: {history['text']}"
    if period["from"]:
        yield (
            f"{period['from']} to {period['to']}, {history['with_history']} of {history['machines']} machines, "
            f"{history['windows']:,} windows, {history['daily_points']:,} of them days"
        )
    if history["with_history"] and not history["measured"]:
        yield "no machine ever reported anything that the rule looks at"
    if history["machines_with_guessed_times"]:
        yield (
            f"of {history['machines_with_guessed_times']} machines it is not known when reports came in: they were "
            "compacted by an older version"
        )


def _rule(rule: dict[str, Any], mark: str) -> Iterator[str]:
    state = rule["maturity"] if rule["saved"] else f"{rule['file']}, not saved"
    yield f"{mark}{rule['name']} ({state}, {rule['severity']}, cause {rule['cause']})"
    if rule["saved"] and not rule["opens_tickets"]:
        yield "it opens no tickets as it stands; these are the ones that it would open"
    tickets = rule["tickets"]
    rate = "" if tickets["per_week"] is None else f", {tickets['per_week']:g} a week"
    if tickets["per_week_of_100_machines"] is not None:
        rate += f", {tickets['per_week_of_100_machines']:g} a week of 100 machines"
    yield f"{_many(tickets['opened'], 'ticket')} on {_many(tickets['machines'], 'machine')}{rate}"
    if not tickets["opened"] and not rule["results"]["missed"]:
        return
    yield (
        f"{tickets['at_start']} stood when history began, {tickets['reopened']} times reopened, "
        f"{tickets['open_at_end']} open at its end"
    )
    yield ""
    yield from _results(rule)
    yield from _weeks(rule["weeks"])
    for title in ("departments", "models"):
        yield from _groups(title, rule[title])
    yield from _list(rule["list"])
    yield from _missed(rule["missed"])


def _results(rule: dict[str, Any]) -> Iterator[str]:
    for name, text in SAID.items():
        if rule["results"][name]:
            yield f"  {rule['results'][name]:6}  {text}"
    right = rule["right"]
    if right is not None:
        yield (
            f"right: {right['share']:.0%} of {right['of']} that are decided "
            f"(95 % interval {right['low']:.0%} to {right['high']:.0%})"
        )
    lead = rule["lead"]
    if lead["count"]:
        yield (
            f"lead: median {lead['median_days']:g} days, the middle half {lead['quarter_days']:g} to "
            f"{lead['three_quarter_days']:g} ({_many(lead['count'], 'ticket')})"
        )
    for kind, each in lead["by"].items():
        yield f"  {each['count']:6}  {kind}, median {each['median_days']:g} days"


def _weeks(weeks: Sequence[dict[str, Any]]) -> Iterator[str]:
    most = max((week["opened"] for week in weeks), default=0)
    if not most:
        return
    yield ""
    yield "tickets opened by week"
    for week in weeks:
        bar = "█" * round(week["opened"] / most * BAR)
        yield f"  {week['week']} {week['begins']}  {bar}{' ' if bar else ''}{week['opened']}"


def _groups(title: str, groups: Sequence[dict[str, Any]]) -> Iterator[str]:
    rows = [
        (row["name"] or "(not known)", row["machines"], row["with_ticket"], row["tickets"])
        for row in groups
        if row["tickets"]
    ]
    if rows and len(groups) > 1:
        yield ""
        yield from columns((title, "machines", "with a ticket", "tickets"), rows, MOST_GROUPS)


def _list(tickets: Sequence[dict[str, Any]]) -> Iterator[str]:
    if not tickets:
        return
    rows = [
        (
            each["machine"],
            ", ".join(each["subjects"]),
            each["severity"],
            each["opened"][:10] + ("*" if each["at_start"] else ""),
            (each["closed"] or "open")[:10],
            each["expected"] or "",
            each["result"],
            each["because"],
            "" if each["lead_days"] is None else f"{each['lead_days']:g} d",
        )
        for each in tickets
    ]
    yield ""
    head = ("machine", "about", "severity", "opened", "closed", "expected", "result", "because", "lead")
    yield from columns(head, rows, MOST_ROWS)
    if any(each["at_start"] for each in tickets):
        yield "  * stood already when the history of the machine began"


def _missed(missed: Sequence[dict[str, Any]]) -> Iterator[str]:
    if missed:
        yield ""
        rows = [(each["machine"], each["subject"], each["kind"], each["date"][:10]) for each in missed]
        yield from columns(("missed on", "about", "problem", "date"), rows, MOST_ROWS)


def _comparison(comparison: dict[str, Any]) -> Iterator[str]:
    yield (
        f"A and B: {comparison['both']} tickets by both, {comparison['only_first']} by A alone, "
        f"{comparison['only_second']} by B alone"
    )
    rows = [
        (
            each["machine"],
            ", ".join(each["subjects"]),
            (each["first"] or "–")[:10],
            (each["second"] or "–")[:10],
            "" if each["earlier_days"] is None else f"{each['earlier_days']:+g} d",
        )
        for each in comparison["pairs"]
        if each["earlier_days"] != 0
    ]
    if rows:
        yield from columns(("machine", "about", "A opened", "B opened", "B earlier by"), rows, MOST_ROWS)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def columns(head: Sequence[str], rows: Sequence[Sequence[object]], most: int) -> Iterator[str]:
    """Rows under their heads, no wider than WIDTH: the longest texts are cut."""
    shown = [[str(cell) for cell in row] for row in rows[:most]]
    widths = [max(len(row[place]) for row in [list(head), *shown]) for place in range(len(head))]
    while sum(widths) + 2 * len(widths) > WIDTH:
        widest = widths.index(max(widths))
        if widths[widest] <= 6:
            break
        widths[widest] -= 1
    for row in [list(head), *shown]:
        yield "  " + "  ".join(_cut(cell, width) for cell, width in zip(row, widths, strict=True))
    if len(rows) > most:
        yield f"  … and {len(rows) - most} more: --format json has them all"


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"
