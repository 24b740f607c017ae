"""What the values of a rule's evidence are: levels, growth in a period, or how far one is above another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from keuring_collector.desk import texts
from keuring_collector.rulepack import quantity

if TYPE_CHECKING:
    from keuring_collector.rulepack import Rule

DAY: Final = 86400.0


def measure_of(rule: Rule | None) -> texts.Measure:
    """What the value of a finding of this rule is; None: a rule that is no longer in the pack."""
    if rule is None:
        return texts.LEVEL
    increase, threshold = rule.condition.increase, rule.condition.threshold
    if increase is not None:
        name = increase.signal or (increase.signals or [""])[0]
        days = math.inf if increase.within is None else quantity.duration(increase.within) / DAY
        return texts.Measure(days, increase.count == "days", signal=name)
    if threshold is not None and threshold.minus is not None:
        return texts.Measure(minus=threshold.minus, signal=threshold.signal)
    return texts.LEVEL
