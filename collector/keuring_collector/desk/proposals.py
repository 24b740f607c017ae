"""Proposals of a better threshold: for which rules one is looked for, and which are there to be shown.

A proposal is a backtest whose rule nobody typed: a search of the queue that tries versions around the rule in force
(rulepack/variants.py, rulepack/backtest/better.py) over the last twelve months. None is ever applied by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.desk import backtests, scope, scores, wording
from keuring_collector.desk.models import Backtest
from keuring_collector.fleet.models import Endpoint
from keuring_collector.rulepack import editing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.desk.scoreboard import Score
    from keuring_collector.rulepack import Rule, RulePack

GOOD: Final = 0.8  # a rule of which so many tickets are right, and which misses nothing, is left alone
MOST: Final = 20  # rules at a time, those with the most to win first


def is_wanted(score: Score) -> bool:
    """Whether verdicts say that another version of the rule might be better, and there are enough of them."""
    share = score.precision
    return share is not None and not score.is_early and (share.share < GOOD or score.missed > 0)


def ask_where_wanted(pack: RulePack, now: datetime) -> list[str]:
    """Puts a search for each rule that wants one into the queue; returns the rules' names."""
    found = scores.by_rule(scores.count(Endpoint.objects.all(), now), pack.rules.values())
    wanted = sorted((_worst(score), rule) for rule, score in found.items() if is_wanted(score))
    asked = []
    for _loss, identity in wanted[:MOST]:
        rule = pack.rules[identity]
        if not _open(rule.name).exists():
            backtests.ask(_row(pack, rule, None, now), ())
            asked.append(rule.name)
    return asked


def _worst(score: Score) -> float:
    """The less, the more there is to win: tickets that were not right, and problems that were missed."""
    share = score.precision
    return -score.missed - (share.of * (1 - share.share) if share else 0.0)


def ask(pack: RulePack, rule: Rule, staff: Staff, now: datetime) -> Backtest:
    """Puts a search for a version of ``rule`` into the queue, over the machines that they may see."""
    row = _row(pack, rule, staff, now)
    return backtests.ask(row, () if row.everything else list(scope.departments(staff)))


def _row(pack: RulePack, rule: Rule, staff: Staff | None, now: datetime) -> Backtest:
    text = editing.text_of(pack, rule.name)
    since, _months = scores.period(now)
    return Backtest(
        rule=rule.name, text=text, before=text, compare=True, since=wording.local_day(since), search=True,
        asked_by=staff, everything=staff is None or staff.department_ids is None, asked_at=now,
    )  # fmt: skip


def _open(rule: str) -> QuerySet[Backtest]:
    return Backtest.objects.filter(search=True, rule=rule, state__in=Backtest.OPEN)


def going_on(staff: Staff, rule: str) -> Backtest | None:
    """The search for a better version of a rule that has not ended yet."""
    return scope.backtests(staff).filter(search=True, rule=rule, state__in=Backtest.OPEN).first()


def found(staff: Staff, pack: RulePack, rules: Iterable[str] | None = None) -> list[Backtest]:
    """What was found last for each rule (of all, or those named), newest first; nothing about a rule that is another
    by now.
    """
    rows = scope.backtests(staff).filter(search=True, state=Backtest.State.DONE, saved_at=None).defer("answer")
    if rules is not None:
        rows = rows.filter(rule__in=rules)
    last: dict[str, Backtest] = {}
    for row in rows:
        last.setdefault(row.rule, row)
    return [row for name, row in last.items() if name in pack.by_name and editing.text_of(pack, name) == row.before]
