"""Which of several versions of a rule history shows to be better than the one in force, and how that is decided.

Better: the lower end of Wilson's interval of its share of right tickets is higher by ``MARGIN`` at least, or it misses
fewer problems and that end is no lower. Never at a price: each ticket that was right has its counterpart that is right
too, no more problems are missed, half of the usual lead time stays, and there are no more tickets than before but for
two for each problem newly found. Of what is left: the fewest changes, then the higher lower end, then the smallest
step. Chosen on the history it is shown on, so it promises more than the future will keep; the page says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from keuring_collector.rulepack import wilson
from keuring_collector.rulepack.backtest import compare
from keuring_collector.rulepack.backtest.assess import Result
from keuring_collector.rulepack.backtest.report import DECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.rulepack.backtest.answer import Side
    from keuring_collector.rulepack.variants import Variant

MARGIN: Final = 0.05
LEAD_KEPT: Final = 0.5
FOR_EACH_FOUND: Final = 2


@dataclass(frozen=True, slots=True)
class Worth:
    """What one version was worth; ``lead`` in seconds, of tickets whose problem came."""

    tickets: int
    right: wilson.Share | None
    missed: int
    lead: float | None
    results: Counter[Result]

    @property
    def low(self) -> float:
        """The least that its share of right tickets is likely to be."""
        return self.right.low if self.right else 0.0


def worth(side: Side) -> Worth:
    """What a version was worth."""
    results = Counter(each.result for each in side.judged)
    leads = [each.lead for each in side.judged if each.result is Result.HIT and each.lead is not None]
    right = wilson.share(results[Result.HIT], sum(results[each] for each in DECIDED))
    return Worth(len(side.judged), right, len(side.missed), median(leads) if leads else None, results)


def best(present: Side, others: Sequence[tuple[Variant, Side]]) -> int | None:
    """The number of the version that is to be proposed; None: none is better."""
    now = worth(present)
    good = []
    for number, (variant, side) in enumerate(others):
        then = worth(side)
        if is_better(now, then) and not lost(present, side):
            steps = sum(abs(change.steps) for change in variant.changes)
            good.append((len(variant.changes), -then.low, steps, number))
    return min(good)[-1] if good else None


def is_better(now: Worth, then: Worth) -> bool:
    """Whether a version is worth more than the one in force, and costs nothing."""
    found = now.missed - then.missed
    gain = then.low >= now.low + MARGIN or (found > 0 and then.low >= now.low)
    leads = now.lead is None or (then.lead is not None and then.lead >= LEAD_KEPT * now.lead)
    return gain and leads and found >= 0 and then.tickets <= now.tickets + FOR_EACH_FOUND * found


def lost(present: Side, other: Side) -> int:
    """How many right tickets have no right counterpart."""
    right = {id(each.ticket) for side in (present, other) for each in side.judged if each.result is Result.HIT}
    pairs = compare.compare([each.ticket for each in present.judged], [each.ticket for each in other.judged])
    return sum(
        pair.first is not None and id(pair.first) in right and (pair.second is None or id(pair.second) not in right)
        for pair in pairs
    )
