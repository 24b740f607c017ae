"""Looking for a better version of a rule: which are tried, and what is told of the one that was chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.desk.scoreboard import DAY, FEW
from keuring_collector.rulepack import backtest as engine
from keuring_collector.rulepack.backtest import better, compare
from keuring_collector.rulepack.variants import variants

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.rulepack.backtest.better import Worth
    from keuring_collector.rulepack.variants import Variant

BETTER: Final = "better"  # there is one that is
NONE: Final = "none"  # of all that were tried none is
EARLY: Final = "early"  # history shows too few of the tickets that were judged
FIXED: Final = "fixed"  # nothing in the rule has a value around which to try others


def candidates(text: str, file: Path, directory: Path | None) -> list[engine.Candidate]:
    """The versions to try beside the rule in ``text``."""
    return [engine.Candidate(each.rule, file, saved=False) for each in variants(text, file, directory)]


def chosen(answer: engine.Answer, text: str, directory: Path | None) -> tuple[engine.Answer, str, dict[str, Any]]:
    """Of an answer about the rule in ``text`` and all versions around it: that of the rule and the best of them, the
    text of that one, and what is told of it. When none is better: that of the rule alone, and its text.
    """
    present, *others = answer.sides
    first = present.candidate.file
    tried = list(zip(variants(text, first, directory), others, strict=True))
    now = better.worth(present)
    found: dict[str, Any] = {"tried": len(tried), "now": _told(now)}
    number = None
    if not tried:
        found["outcome"] = FIXED
    elif now.right is None or now.right.of < FEW:
        found["outcome"] = EARLY
    else:
        number = better.best(present, tried)
        found["outcome"] = NONE if number is None else BETTER
    if number is None:
        question = replace(answer.question, candidates=(present.candidate,))
        return replace(answer, question=question, sides=[present], pairs=None), text, found
    variant, side = tried[number]
    found |= {"changes": _changes(variant), "then": _told(better.worth(side))}
    question = replace(answer.question, candidates=(present.candidate, side.candidate))
    pairs = compare.compare(*([each.ticket for each in one.judged] for one in (present, side)))
    return replace(answer, question=question, sides=[present, side], pairs=pairs), variant.text, found


def _changes(variant: Variant) -> list[dict[str, str]]:
    return [{"field": each.field, "before": each.before, "after": each.after} for each in variant.changes]


def _told(worth: Worth) -> dict[str, Any]:
    right = worth.right
    return {
        "tickets": worth.tickets,
        "missed": worth.missed,
        "lead_days": None if worth.lead is None else round(worth.lead / DAY, 1),
        "right": right and {"share": right.share, "low": right.low, "high": right.high, "of": right.of},
        "results": {result.value: count for result, count in sorted(worth.results.items(), key=lambda x: x[0].value)},
    }
