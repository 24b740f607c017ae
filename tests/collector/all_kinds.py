"""A pack with every kind of condition, and made-up weeks of machines, for the engine's tests."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from keuring_collector import business_hours
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import (
    ByCycles,
    Combination,
    CompiledPack,
    CompiledRule,
    Dated,
    Drift,
    FactTest,
    Forecast,
    Growth,
    How,
    Jump,
    Lane,
    Operator,
    Part,
    Term,
    Unusual,
)
from keuring_collector.engine.model import LAST, MEAN, Event, Fact, Severity, Unmeasured
from keuring_collector.rulepack.calendar import calendar
from tests.collector.batteries import family, late
from tests.collector.engine_kit import (
    COUNT,
    COUNTED,
    CRASH,
    CRASHED,
    DAY,
    ENDING,
    FILLING,
    FULL,
    HOT,
    LEFT,
    LEVEL,
    LIFE,
    PENDING,
    SERIAL,
    SHORT,
    SIZE,
    START,
    SYSTEM,
    UNTIL,
    USED,
    VERSION,
    WAITING,
    term,
    window,
)
from tests.collector.test_engine_daily import BELOW, RISING, UNLIKE, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine.model import Finding, Window

HEALTH, CYCLES, OTHER_UNTIL = 30, 31, 25
COURSE = late(140, 1.9)
ONE = Term(0, 0, 1, 0.5, 0.5)


def leaf(*terms: Term, source: Any = None, hold: float = 0.0) -> CompiledRule:
    return CompiledRule("", "part", Severity.TIP, terms, source, hold=hold, gap=math.inf if source else 0.0)


def whole(name: str, how: How, *parts: Part, terms: tuple[Term, ...] = (ONE,), **more: Any) -> CompiledRule:
    return CompiledRule(name, name, Severity.SOON, terms, Combination(how, parts), gap=math.inf, **more)


def until(signal: int, days: float) -> Part:
    ends = Term(0, 0, -1, -days * DAY, -days * DAY, slope=1)
    return Part(leaf(ends, source=Dated(signal)))


LASTING = Growth((Lane(LIFE, LAST),), math.inf, identity=SERIAL)
PARTS = (
    Part(leaf(term(USED, 1, 0.9), hold=900), points=1),
    Part(leaf(*COUNTED.terms, source=LASTING), points=2),
    Part(leaf(FILLING.terms[0], source=FILLING.source), points=2),
    Part(leaf(UNLIKE.terms[0], source=UNLIKE.source), points=1),
    Part(leaf(ONE, source=WAITING.source), points=1, same_subject=False),
)
BATTERY = ByCycles(
    HEALTH, LAST, LAST, 0.8, -1, 14, 60, 365, 0.1, 0.001, identity=SERIAL,
    cycles=CYCLES, cycles_statistic=LAST, curves=family(),
)  # fmt: skip
DRIFTING = Forecast(
    HEALTH, LAST, LAST, 0.8, -1, 14, 180, 365, 0.1, 0.001, pace_days=60,
    drift=Drift(-0.0003, 0.0002, 1e-6, 0.9, 0.5, 2.0, 30),
)  # fmt: skip
SOON = Term(0, 0, -1, -90 * DAY, -120 * DAY, slope=1, shown_limit=0.8)
RULES = (
    COUNTED,
    CRASHED,
    ENDING,
    FILLING,
    FULL,
    HOT,
    SHORT,
    WAITING,
    RISING,
    UNLIKE,
    BELOW,
    CompiledRule(
        "fallen", "fallen", Severity.SOON, (Term(0, 0, 1, 3, 2, shown_limit=3),),
        Jump(LEVEL, MEAN, LAST, 1, 3.0, 2, 28, identity=SERIAL),
    ),
    CompiledRule("lasting", "lasting", Severity.SOON, COUNTED.terms, LASTING, gap=math.inf),
    CompiledRule("worn", "worn", Severity.WATCH, (SOON,), BATTERY),
    CompiledRule(
        "odd", "odd", Severity.WATCH, (Term(0, 0, 1, 1, 1, shown_limit=1),),
        Unusual(LEVEL, MEAN, high=True, low=True, margin=0.5, learning=3 * DAY, identity=SERIAL), recovery_hold=3600,
    ),
    CompiledRule("fading", "fading", Severity.WATCH, (SOON,), DRIFTING),
    CompiledRule(
        "margin", "margin", Severity.WATCH,
        (replace(term(USED, 1, -0.05), minus_signal=LEFT, minus_statistic=LAST),), hold=300, recovery_hold=300,
    ),
    CompiledRule("office", "office", Severity.SOON, (term(LEVEL, 1, 5, 4, MEAN),), hold=7200, business_hours=True),
    whole("each", How.ALL, PARTS[0], PARTS[4], applies=(FactTest(SYSTEM, Operator.NOT_IN, ("Server",)),)),
    whole("either", How.ANY, until(UNTIL, 60), until(OTHER_UNTIL, 30)),
    whole("quiet", How.NOT, Part(leaf(term(USED, 1, 0.9))), recovery_hold=900),
    whole("nested", How.ALL, Part(leaf(ONE, source=Combination(How.ANY, PARTS[:2]))), Part(leaf(term(USED, 1, 0.6)))),
    replace(
        whole("risk", How.RISK, *PARTS, terms=(Term(0, 0, 1, 1.5, 0.5, shown_limit=2),)),
        worse=((2.5, Severity.URGENT),),
    ),
)  # fmt: skip
PACK = CompiledPack(
    "test", "all kinds", RULES, {USED: 0.001, LEVEL: 0.1}, calendar("Europe/Amsterdam", business_hours.DEFAULT)
)
USUAL = known((-1, 3.0, 0.5, 20), (6, 5.0, 0.5, 20), (20, 3.0, 1.0, 12))

WILD = [math.nan, math.nan, 1e300, -1e300, math.inf, 0.0]
FACTS = [
    *(Fact(PENDING, "", value) for value in (True, False, None)),
    *(Fact(SYSTEM, "", value) for value in ("Debian", "Debian", "Server", None)),
    *(Fact(VERSION, "", value) for value in ("11.2", "12")),
    *(Fact(SERIAL, "x", value) for value in ("A", "B", None)),
    *(Fact(UNTIL, "", value) for value in (START + 70 * DAY, START + 20 * DAY, math.inf, None)),
    Fact(OTHER_UNTIL, "", START + 40 * DAY),
]
STEPS = [300.0, 300.0, 900.0, 5000.0, 20_000.0, DAY, DAY, DAY, 3 * DAY, 16 * DAY, -900.0, -2 * DAY]


def values(draw: st.DrawFn, day: float) -> dict[Any, float]:
    """A slowly worse machine with holes, wild numbers, and parts that are now there and now not."""
    found: dict[Any, float] = {}
    for subject in draw(st.sampled_from([("x",), ("x", "y"), (), ("y",)])):
        found[USED, subject] = min(0.99, 0.55 + 0.012 * day) + draw(st.sampled_from([0.0, 0.0, 0.01, 0.3]))
        found[SIZE, subject] = draw(st.sampled_from([100.0] * 9 + [200.0]))
        found[LIFE, subject] = math.floor(day / 4) + draw(st.sampled_from([0.0, 0.0, 0.0, 30.0]))
        found[LEVEL, subject] = 3.0 + 0.3 * day + draw(st.sampled_from([0.0, 0.2, 3.0]))
        found[LEFT, subject] = draw(st.sampled_from([5.0, 11.0, 0.95]))
        found[HEALTH, subject] = float(COURSE(np.array(1.5 * (day + 20))))
        found[CYCLES, subject] = 1.5 * (day + 20)
        found[COUNT, subject] = draw(st.sampled_from([0.0, 1.0, 6.0]))
    for key in found:
        if draw(st.integers(0, 19)) == 0:
            found[key] = draw(st.sampled_from(WILD))
    return found


@st.composite
def stories(draw: st.DrawFn, endpoints: int = 2) -> list[Window]:
    """Reports of a few endpoints over weeks, each in order of its spool, mixed."""
    reports: list[Window] = []
    at = dict.fromkeys(range(1, endpoints + 1), 8 * 3600.0)
    for _ in range(draw(st.integers(15, 40))):
        endpoint = draw(st.integers(1, endpoints))
        at[endpoint] = max(0.0, at[endpoint] + draw(st.sampled_from(STEPS)))
        begun = at[endpoint]
        rare = draw(st.integers(0, 5))
        reports.append(
            window(
                begun,
                values(draw, begun / DAY),
                endpoint=endpoint,
                delay=draw(st.sampled_from([5.0, 5.0, 5.0, 90_000.0])),
                facts=draw(st.lists(st.sampled_from(FACTS), max_size=2)) if rare < 2 else [],
                events=[Event(CRASH, "", START + begun + 40 * DAY * (rare == 3), 1)] if rare in (2, 3) else [],
                unmeasured=[Unmeasured(SERIAL, "x", "no rights")] if rare == 4 else [],
            )
        )
    return reports


def fleet() -> Fleet:
    made = Fleet(PACK)
    made.use_baselines(USUAL)
    return made


def of(report: Window, endpoint: int) -> Window:
    return replace(report, endpoint=endpoint)


def one_by_one(reports: Sequence[Window], judging: Fleet | None = None) -> list[Finding]:
    judging = fleet() if judging is None else judging
    return [finding for report in reports for finding in judging.judge([report])]
