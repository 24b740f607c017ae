"""What the command line says about rules: each returns its text and its exit code."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from keuring.signals import catalogue
from keuring.signals.model import Statistic
from keuring_collector.engine.compiled import Truth
from keuring_collector.rulepack import lint, pack, quantity, trial
from keuring_collector.rulepack.problems import Problem, RulePackError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from keuring_collector.engine.explain import Step

BY_CYCLES = {
    "curves": "as known batteries that are like it went",
    "bend": "by its own pace, bending as batteries do",
    "line": "by its recent line",
}
WORDS = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.UNKNOWN: "not measurable"}
TOGETHER = frozenset({"all", "any", "not"})
LENGTHS = frozenset({"forecast", "date", "hold", "recovery", "known"})
NO_FORECAST = {
    "none_yet": "no complete day yet",
    "short": "too little history",
    "stepped": "a clean-up or another part, too short ago",
    "level": "not moving towards the limit",
    "unsure": "too uncertain to name a date",
    "stale": "nothing measured for a week",
    "cleaned": "cleaned up again and again, and not fuller than before",
}


def lint_text(directory: Path | None) -> tuple[str, int]:
    """Everything that is wrong with a pack, or that its rules still owe."""
    try:
        found = pack.load(directory)
    except RulePackError as error:
        return _listed(error.problems), 1
    problems = lint.lint(found)
    if problems:
        return _listed(problems), 1
    return f"{found.directory}: {len(found.rules)} rules, nothing to say (version {found.version})", 0


def test_text(directory: Path | None) -> tuple[str, int]:
    """The tests of all rules, played."""
    try:
        found = pack.load(directory)
        return _play(found)
    except RulePackError as error:
        return _listed(error.problems), 1


def _play(found: pack.RulePack) -> tuple[str, int]:
    lines, passed, failed = [], 0, 0
    for rule in found.compiled.rules:
        path = trial.test_path(found.files[rule.id])
        if not path.is_file():
            lines.append(f"{rule.name}: no tests; write {path}")
            continue
        for result in trial.run(trial.read(path), rule):
            passed, failed = passed + (not result.failures), failed + bool(result.failures)
            lines += [f"{result.path}:{result.line}: {result.name}: {failure}" for failure in result.failures]
    lines.append(f"{passed} tests passed, {failed} failed")
    return "\n".join(lines), int(failed > 0)


def _listed(problems: Iterable[Problem]) -> str:
    return "\n".join(str(problem) for problem in problems)


def explain_lines(steps: Iterable[Step]) -> list[str]:
    """The steps of a judgement (engine's ``Fleet.explain``), one line each, grouped by subject."""
    lines: list[str] = []
    subject: str | None = None
    for step in steps:
        if step.what not in ("hold", "recovery", "finding") and step.subject != subject:
            subject = step.subject
            lines.append(subject or "the machine")
        lines.append(f"  {_sentence(step):<90} {WORDS[step.truth]}".rstrip())
    return lines


def _sentence(step: Step) -> str:
    if step.what == "finding":
        since = f" since {_moment(float(step.value))}" if isinstance(step.value, float) else ""
        return f"finding{since}" + (f" ({step.detail})" if step.detail else "")
    if step.what in TOGETHER:
        return f"{step.what} of these"
    signal = catalogue.BY_ID.get(step.signal)
    name = signal.name if signal else ""
    if signal and len(signal.statistics) > 1 and step.statistic:
        name = f"{name} ({Statistic(step.statistic).name.lower()})"
    unit = signal.unit if signal and step.what not in LENGTHS else ""
    value, limit = _said(step, step.value, unit), _said(step, step.limit, unit)
    if step.what == "trend" and isinstance(step.limit, float):
        limit = quantity.say_duration(step.limit)
    reasons = NO_FORECAST | BY_CYCLES
    reason = reasons.get(step.detail, step.detail if step.what != "forecast" else "")
    return f"{step.what} {name}".rstrip() + f": {value} {step.comparison} {limit}" + (f" ({reason})" if reason else "")


def _said(step: Step, value: object, unit: str) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        if step.what in LENGTHS:
            return "never" if value == float("inf") else ("-" if value < 0 else "") + quantity.say_duration(abs(value))
        return quantity.say(float(value), unit)
    return str(value)


def _moment(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M}"
