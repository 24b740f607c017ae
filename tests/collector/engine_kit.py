"""Small rules and windows for the engine's tests: numbers instead of names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keuring_collector.engine.compiled import (
    CompiledPack,
    CompiledRule,
    Dated,
    DatedRow,
    FactTest,
    Forecast,
    Growth,
    Lane,
    Operator,
    State,
    Term,
)
from keuring_collector.engine.model import (
    LAST,
    MEAN,
    SUM,
    Event,
    Fact,
    Layout,
    SeriesKey,
    Severity,
    Unmeasured,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_collector.engine import Fleet
    from keuring_collector.engine.model import Finding

DAY = 86400.0
START = 20_000 * DAY  # a midnight in 2024
USED, LEFT, LEVEL, COUNT, LIFE, SIZE = 1, 2, 3, 4, 5, 6
CRASH, SYSTEM, VERSION, PENDING, SERIAL, UNTIL = 10, 20, 21, 22, 23, 24


def term(signal: int, sign: float, limit: float, recovery: float | None = None, statistic: int = LAST) -> Term:
    back = limit if recovery is None else recovery
    return Term(signal, statistic, sign, sign * limit, sign * back, shown_limit=limit)


FULL = CompiledRule(
    "full",
    "full",
    Severity.SOON,
    (term(USED, 1, 0.9, 0.8),),
    hold=900,
    recovery_hold=600,
    worse=((0.97, Severity.URGENT),),
)
SHORT = CompiledRule("short", "short", Severity.URGENT, (term(LEFT, -1, 10, 12), term(USED, 1, 0.9)), hold=0)
HOT = CompiledRule("hot", "hot", Severity.WATCH, (term(LEVEL, 1, 5, statistic=MEAN),), hold=1800, gap=7200)
FILLING = CompiledRule(
    "filling",
    "filling",
    Severity.SOON,
    (Term(0, 0, -1, -30 * DAY, -45 * DAY, slope=1, shown_limit=0.98), term(USED, 1, 0.5)),
    source=Forecast(USED, LAST, LAST, 0.98, 1, 14, 60, 90, 0.05, 0.001, restart_signal=SIZE, restart_statistic=LAST),
)
COUNTED = CompiledRule(
    "counted",
    "counted",
    Severity.SOON,
    (Term(0, 0, 1, 9.99, 9.99, shown_limit=10),),
    source=Growth((Lane(COUNT, SUM), Lane(LIFE, LAST)), 7 * DAY, identity=SERIAL),
    gap=math.inf,
)
CRASHED = CompiledRule(
    "crashed",
    "crashed",
    Severity.SOON,
    (Term(0, 0, 1, 1.9, 1.9, shown_limit=2),),
    source=Growth((Lane(CRASH, 0),), 30 * DAY, count_days=True),
    gap=math.inf,
)
ENDING = CompiledRule(
    "ending",
    "ending",
    Severity.WATCH,
    (Term(0, 0, -1, -60 * DAY, -60 * DAY, slope=1),),
    source=Dated(UNTIL, (DatedRow(((SYSTEM, "Debian"), (VERSION, "11")), START + 30 * DAY),)),
    gap=math.inf,
)
WAITING = CompiledRule(
    "waiting",
    "waiting",
    Severity.TIP,
    (Term(0, 0, 1, 0.5, 0.5),),
    source=State(FactTest(PENDING, Operator.IN, (True,))),
    hold=2 * DAY,
    gap=math.inf,
    applies=(FactTest(SYSTEM, Operator.NOT_IN, ("Server",)),),
)
RULES = (COUNTED, CRASHED, ENDING, FILLING, FULL, HOT, SHORT, WAITING)


def pack(*rules: CompiledRule) -> CompiledPack:
    return CompiledPack("test", "-".join(rule.id for rule in rules), rules, {USED: 0.001, LEVEL: 0.1})


LAYOUTS: dict[tuple[SeriesKey, ...], Layout] = {}


def window(
    at: float,
    values: Mapping[Any, float],
    *,
    endpoint: int = 1,
    length: float = 300.0,
    delay: float = 5.0,
    facts: Sequence[Fact] = (),
    events: Sequence[Event] = (),
    unmeasured: Sequence[Unmeasured] = (),
) -> Window:
    """The window that begins ``at`` seconds after START; values by (signal, subject), or by signal for subject "x"."""
    statistics = {LEVEL: MEAN, COUNT: SUM}
    keys = [(key, "x") if isinstance(key, int) else key for key in values]
    named = tuple(SeriesKey(signal, statistics.get(signal, LAST), subject) for signal, subject in keys)
    layout = LAYOUTS.setdefault(named, Layout(named))
    end = START + at + length
    return Window(
        endpoint,
        START + at,
        end,
        end + delay,
        "boot",
        layout,
        np.array(list(values.values()), dtype=np.float64),
        facts,
        events,
        unmeasured,
    )


def said(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(finding.change.value, finding.rule) for finding in findings]


def play(fleet: Fleet, windows: Sequence[Window]) -> list[tuple[float, str, str]]:
    """(seconds after START at which it was said, what, which rule), one window at a time."""
    return [(f.at - START, f.change.value, f.rule) for w in windows for f in fleet.judge([w])]
