"""What conditions that rest on daily points have in common."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Final, Literal

from keuring.signals.model import Kind, Statistic
from keuring_collector.rulepack.conditions.base import AGGREGATES, DAY, find_signal, to_number, to_seconds
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring.signals.model import Signal
    from keuring_collector.rulepack.problems import Loc

LONGEST: Final = 366
Daily = Literal["last", "min", "mean", "max", "sum"]


def aggregate_of(daily: Daily) -> Statistic:
    """What a day comes to."""
    return Statistic.SUM if daily == "sum" else AGGREGATES[daily]


def to_days(text: str | float, loc: Loc) -> int:
    """A length of time in whole days. Raises Fault."""
    return round(to_seconds(text, loc) / DAY)


def to_deviations(confidence: str | float, loc: Loc) -> float:
    """Half the width of an interval of that confidence, in standard deviations. Raises Fault."""
    share = to_number(confidence, "1", loc)
    if not 0.5 <= share < 1:
        raise Fault(loc, f"a confidence of {share:.0%}", "write 50 % or more, below 100 %")
    return NormalDist().inv_cdf((1 + share) / 2)


def find_restart(name: str | None, signal: Signal, loc: Loc) -> tuple[int, int]:
    """The (signal, statistic) of the size whose change ends history; zeros for None. Raises Fault."""
    if name is None:
        return 0, 0
    restart = find_signal(name, loc)
    if restart.kind is not Kind.GAUGE or restart.subject != signal.subject:
        raise Fault(loc, f"'{restart.name}' is no gauge of the same subject", "name a size of it, or leave it out")
    return restart.id, restart.statistics[0]
