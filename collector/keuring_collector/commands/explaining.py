"""What one rule makes of one machine: its own history, played through the engine that judges live reports."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import BY_ID
from keuring_collector.engine import Fleet
from keuring_collector.engine.strip import windows as windows_of
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.commands import explain_lines
from keuring_collector.rulepack.pack import compile_pack
from keuring_collector.rulepack.reads import questions_of, signals_of
from keuring_collector.store.replay import Reader, plant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.model import Evidence, Finding
    from keuring_collector.rulepack import Rule, RulePack
    from keuring_collector.store import Store

DAY: Final = 86400.0
MOST_LINES: Final = 40


def explain(store: Store, pack: RulePack, rule: Rule, endpoint: int, now: float, days: float) -> Iterator[str]:
    """Lines for a person: what the rule looks at, what of it is measured, and what it found in the last ``days``.

    Late reports are told as if they had come in at once, so that also what came and went in a backlog is seen.
    """
    compiled = next((each for each in pack.compiled.rules if each.id == rule.id), None)
    yield f"{rule.name} ({rule.maturity.value}, {rule.severity.value}): {rule.title.en}"
    if compiled is None:
        yield "it is deprecated, so it is not judged"
        return
    used = signals_of(compiled)
    yield from _measured(store, endpoint, used)
    # Ends of windows are whole seconds, so that of this very moment may lie a little ahead.
    history = Reader(store.connection, used).read(endpoint, now - days * DAY, math.ceil(now))
    windows = windows_of(history.strips)
    if history.silent or not windows:
        yield f"the machine reported nothing that this rule looks at in the last {days:g} days"
        return
    fleet = Fleet(compile_pack([compiled], "explain", pack.compiled.calendar), freshness=float("inf"))
    if questions_of(compiled):
        fleet.use_baselines(store.baselines())
    fleet.restore(endpoint, None)
    plant(fleet, endpoint, history.known)
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
