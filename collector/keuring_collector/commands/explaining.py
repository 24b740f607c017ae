"""What one rule makes of one machine: its own history, played through the engine that judges live reports."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals.catalogue import BY_ID
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Event, Fact, Layout, SeriesKey, Window
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.commands import explain_lines
from keuring_collector.rulepack.pack import compile_pack
from keuring_collector.rulepack.reads import questions_of, signals_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.model import Evidence, Finding
    from keuring_collector.rulepack import Rule, RulePack
    from keuring_collector.store import Store

DAY: Final = 86400.0
MOST_LINES: Final = 40
ROUNDING: Final = 0.5  # seconds: the end of a window, and the time of a fact in it, are stored in different ways


def explain(store: Store, pack: RulePack, rule: Rule, endpoint: int, now: float, days: float) -> Iterator[str]:
    """Lines for a person: what the rule looks at, what of it is measured, and what it found in the last ``days``.

    Dates of restarts are not kept beyond the journal, so a rule that starts afresh after one may find a little more.
    """
    compiled = next((each for each in pack.compiled.rules if each.id == rule.id), None)
    yield f"{rule.name} ({rule.maturity.value}, {rule.severity.value}): {rule.title.en}"
    if compiled is None:
        yield "it is deprecated, so it is not judged"
        return
    used = signals_of(compiled)
    yield from _measured(store, endpoint, used)
    # Ends of windows are whole seconds, so that of this very moment may lie a little ahead.
    windows = windows_of(store, endpoint, used, now - days * DAY, math.ceil(now))
    if not windows:
        yield f"the machine reported nothing that this rule looks at in the last {days:g} days"
        return
    fleet = Fleet(compile_pack([compiled], "explain", pack.compiled.calendar), freshness=float("inf"))
    if questions_of(compiled):
        fleet.use_baselines(store.baselines())
    _seed(store, fleet, endpoint, used, windows[0].start)
    findings = fleet.judge(windows)
    yield f"{len(windows)} windows played, {_moment(windows[0].start)} to {_moment(windows[-1].end)}"
    for finding in findings[:MOST_LINES]:
        yield _said(finding)
    if len(findings) > MOST_LINES:
        yield f"… and {len(findings) - MOST_LINES} more"
    yield "now, step by step:"
    yield from explain_lines(fleet.explain(endpoint, rule.id))
    standing = [subject or "the machine" for _, subject in fleet.standing(endpoint)]
    yield f"true now for: {', '.join(standing)}" if standing else "not true now"


def windows_of(store: Store, endpoint: int, used: set[int], since: float, until: float) -> list[Window]:
    """What the machine reported of some signals, as windows in order."""
    keys = [SeriesKey(*key) for key in store.keys(endpoint) if key[0] in used]
    series = [store.series(endpoint, key.signal, key.subject, key.statistic, since, until) for key in keys]
    facts = sorted(
        (fact for fact in store.fact_changes(endpoint) if fact.signal in used and fact.observed_at <= until),
        key=lambda fact: fact.observed_at,
    )
    events = [event for event in store.events(endpoint, since, until) if event.signal in used]
    moments = [each.times for each in series]
    if not keys and (facts or events):
        # Nothing but facts or events: their own moments, and a window a day, which lets the dates in facts pass.
        moments.append(np.array([event.observed_at for event in events], np.float64))
        moments.append(np.array([max(fact.observed_at, since) for fact in facts], np.float64))
        moments.append(np.append(np.arange(since, until, DAY), until))
    if not moments:
        return []
    ends = np.unique(np.concatenate(moments))
    if not len(ends):
        return []
    table = np.full((len(ends), len(keys)), np.nan)
    for column, each in enumerate(series):
        table[np.searchsorted(ends, each.times), column] = each.values
    layout, windows, start = Layout(tuple(keys)), [], float(ends[0]) - 1.0
    for end, values in zip(ends.tolist(), table, strict=True):
        due = []
        while facts and max(facts[0].observed_at, since) <= end + ROUNDING:
            fact = facts.pop(0)
            due.append(Fact(fact.signal, fact.subject, fact.value))
        happened = []
        while events and events[0].observed_at <= end + ROUNDING:
            event = events.pop(0)
            happened.append(Event(event.signal, event.subject, event.observed_at, event.count, event.attributes))
        windows.append(Window(endpoint, start, end, end, "", layout, values, due, happened))
        start = end
    return windows


def _seed(store: Store, fleet: Fleet, endpoint: int, used: set[int], before: float) -> None:
    """Gives the rule the daily points from before the windows, as a live collector would have had them."""
    fleet.restore(endpoint, None)
    for key in store.keys(endpoint):
        if key[0] not in used:
            continue
        points = [
            point
            for point in store.daily(endpoint, key[0], key[2], 0, int(before // DAY) - 1)
            if point.statistic == key[1]
        ]
        if points:
            columns = zip(*points, strict=True)
            day, _, _, last, minimum, mean, maximum, total = (np.array(column, np.float64) for column in columns)
            fleet.seed(endpoint, SeriesKey(*key), day.astype(np.int64), last, minimum, mean, maximum, total)
    events = [event for event in store.events(endpoint, 0.0, before) if event.signal in used]
    fleet.seed_events(
        endpoint, [Event(e.signal, e.subject, e.observed_at, e.count, e.attributes) for e in events], before
    )


def _measured(store: Store, endpoint: int, used: set[int]) -> Iterator[str]:
    keys = store.keys(endpoint)
    known = {fact.signal for fact in store.facts(endpoint)} | {key[0] for key in keys}
    reasons = {(signal, subject): reason for signal, subject, reason in store.unmeasured(endpoint)}
    for signal in sorted(used):
        name = BY_ID[signal].name
        missing = [
            f"{subject or 'the machine'}: {reason}" for (each, subject), reason in reasons.items() if each == signal
        ]
        if missing:
            yield f"  {name}: not measurable ({'; '.join(missing)})"
        elif signal in known:
            subjects = sorted({key[2] for key in keys if key[0] == signal and key[2]})
            yield f"  {name}: measured" + (f" ({', '.join(subjects)})" if subjects else "")
        else:
            yield f"  {name}: never reported"


def _said(finding: Finding) -> str:
    proof = ", ".join(f"{item.role} {_amount(item)}" for item in finding.evidence)
    text = (
        f"{_moment(finding.at)}  {finding.change.value:9}  {finding.severity.name.lower():6}  {finding.subject or '–'}"
    )
    if finding.expected is not None:
        low, high = finding.expected.low, finding.expected.high
        text += f"  expected {_moment(finding.expected.at)[:10]} ({_moment(low)[:10]} to {_moment(high)[:10]})"
    return f"{text}  {proof}".rstrip()


def _amount(item: Evidence) -> str:
    if not isinstance(item.value, float):
        return str(item.value)
    if item.role == "dated":
        return _moment(item.value)[:10]
    bare = item.role in ("slope", "machines") or item.signal not in BY_ID
    return quantity.say(item.value, "" if bare else BY_ID[item.signal].unit)


def _moment(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M}"
