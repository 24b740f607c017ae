"""Rules that are too often not right fall to advice: they open no tickets, and stay on the APK report.

By the same switch that the desk has (starting.switch), so that whoever may change rules can switch one on again; it
then starts with a clean sheet. The desk sees it on *Today*, among the rules and on the rule's own page.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction

from keuring_collector.desk import audit, scores, starting
from keuring_collector.desk.models import Demotion, DeskState, RuleSwitch
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.scoreboard import is_below
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.rulepack import RulePack

log = structlog.get_logger(__name__)
NEWS: Final = timedelta(days=14)  # so long it is told on *Today*


def demote(pack: RulePack, now: datetime, floor: float) -> list[str]:
    """Lets rules fall whose upper bound is below their own floor, else ``floor`` (a share; 0: none ever does); returns
    their names.
    """
    opening = _opening(pack)
    if not floor or not opening:
        return []
    counted = scores.count(Endpoint.objects.all(), now)
    ended = Demotion.objects.exclude(ended_at=None).order_by("ended_at").values_list("rule", "ended_at")
    since = {rule: at.timestamp() for rule, at in ended if at is not None}
    fallen = []
    for rule in opening:
        begun = since.get(rule, 0.0)
        cases = [each for each in counted.cases if each.opened_at >= begun and rule in counted.rules.get(each.id, ())]
        found = counted.score(cases, (), ())
        own = pack.rules[rule].floor(floor)
        if is_below(found.precision, found.verdicts, own) and found.precision is not None:
            with transaction.atomic():
                right = round(found.precision.share * found.precision.of)
                Demotion.objects.create(
                    rule=rule, at=now, right=right, of=found.precision.of, high=found.precision.high, floor=own
                )
                starting.switch([rule], opens=False, actor=None, now=now)
                name = pack.rules[rule].name
                audit.record_now(None, "rule.demoted", f"rule/{name}", {"right": right, "judged": found.precision.of})
            log.warning("rule fell to advice", rule=name, right=right, judged=found.precision.of, floor=own)
            fallen.append(name)
    return fallen


def _opening(pack: RulePack) -> list[str]:
    """The rules that open tickets now."""
    switches = dict(RuleSwitch.objects.values_list("rule", "opens"))
    by_default = not DeskState.objects.filter(rule_by_rule=True).exists()
    return [
        rule.id for rule in pack.rules.values() if rule.maturity.opens_tickets and switches.get(rule.id, by_default)
    ]


def in_force(rules: Collection[str] | None = None) -> list[Demotion]:
    """The demotions that nobody ended, newest first; of all rules or of these."""
    return _in_force(rules, None)


def news(now: datetime) -> list[Demotion]:
    """Those that the desk should hear of."""
    return _in_force(None, now - NEWS)


@prepared
def _in_force(rules: Any, since: Any) -> QuerySet[Demotion]:
    found = Demotion.objects.filter(ended_at=None)
    if since is not None:
        found = found.filter(at__gte=since)
    return found if rules is None else found.filter(rule__in=rules)
