"""Machine series with labelled anomalies: how many windows the condition ``unusual`` finds, and how often it is wrong.

Each series is one machine, one window per measurement, in order, played through the engine's Fleet under one rule. An
alarm is a finding that opens; while it stands (until nothing was unusual for twelve hours) it is one alarm. A labelled
window is caught when an alarm opens inside it; alarms outside all windows are false. As the set's own rules have it,
the first 15 % of a series, at most 750 measurements, only teach: alarms there do not count either way. Months are 30
days of each series from beginning to end, those first days left out.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring.signals import catalogue
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import CompiledPack, CompiledRule
from keuring_collector.engine.model import Change, Layout, SeriesKey, Severity, Window
from keuring_collector.rulepack.conditions import Condition, compile_condition
from tests.bench.figure import Figure
from tests.bench.prediction import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PROBATION, MOST_PROBATION = 0.15, 750  # of a series; measurements
MONTH = 30 * 86400.0
RECOVERY = 12 * 3600.0
SIGNAL = "keuring.disk.latency"  # any gauge would do: what is judged has no unit
CONDITION = {"unusual": {"signal": SIGNAL, "statistic": "mean", "beyond": 1, "minimum_history": "2d"}}


class Series(NamedTuple):
    """One series: when (seconds since 1970, rising) and what; the labelled windows, as their ends."""

    name: str
    times: Floats
    values: Floats
    labelled: list[tuple[float, float]]

    @property
    def judged_from(self) -> float:
        """When it begins to count."""
        return float(self.times[min(int(PROBATION * len(self.times)), MOST_PROBATION)])

    @property
    def months(self) -> float:
        """For how long it counts."""
        return (float(self.times[-1]) - self.judged_from) / MONTH


class Score(NamedTuple):
    """What became of one series."""

    caught: int
    labelled: int
    false: int
    months: float


def series_of(folder: Path) -> list[Series] | None:
    """All series of the set; None, and a line on standard error, when it is not there."""
    columns = tables.read(folder, "series")
    labels = folder / "windows.json"
    if columns is None:
        return None
    if not labels.is_file():
        print("nab/windows.json: not there, so nothing is measured on it", file=sys.stderr)
        return None
    windows = json.loads(labels.read_text(encoding="utf-8"))
    times = columns["timestamp"].astype("datetime64[s]").astype(np.float64)
    found = []
    for name in sorted(windows):
        mine = np.flatnonzero(columns["file"] == name)
        rising = mine[np.argsort(times[mine], kind="stable")]
        ends = [(_seconds(first), _seconds(last)) for first, last in windows[name]["windows"]]
        found.append(Series(name, times[rising], columns["value"][rising].astype(np.float64), ends))
    return found


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def rule() -> CompiledRule:
    """The rule that all series are judged by, out of the rule language."""
    leaf = compile_condition(Condition.model_validate(CONDITION), ("condition",))
    return CompiledRule(
        "nab", "nab", Severity.WATCH, leaf.terms, leaf.source, hold=leaf.hold, recovery_hold=RECOVERY, gap=leaf.gap
    )


def alarms(series: list[Series], judged_by: CompiledRule) -> list[list[float]]:
    """When findings open, series by series."""
    fleet = Fleet(CompiledPack("bench", "bench", (judged_by,)))
    signal = catalogue.BY_NAME[SIGNAL]
    layout = Layout((SeriesKey(signal.id, signal.statistics[0], "series"),))
    opened: list[list[float]] = [[] for _ in series]
    for place in range(max(len(each.times) for each in series)):
        windows = [
            Window(number, time - 300, time, time, "", layout, each.values[place : place + 1])
            for number, each in enumerate(series)
            if place < len(each.times)
            for time in (float(each.times[place]),)
        ]
        for finding in fleet.judge(windows):
            if finding.change is Change.OPENED:
                opened[finding.endpoint].append(finding.at)
    return opened


def judge(series: Series, opened: list[float]) -> Score:
    """What the alarms of one series were worth."""
    counted = [time for time in opened if time >= series.judged_from]
    caught = sum(any(first <= time <= last for time in counted) for first, last in series.labelled)
    false = sum(not any(first <= time <= last for first, last in series.labelled) for time in counted)
    return Score(caught, len(series.labelled), false, series.months)


def spread(scores: list[Score], rounds: int = 2000) -> tuple[tuple[float, float], tuple[float, float]]:
    """The middle 80 % of both figures when whole series are drawn anew, with a fixed seed."""
    drawn = np.array(scores)[np.random.default_rng(1).integers(0, len(scores), (rounds, len(scores)))].sum(axis=1)
    caught = np.quantile(100 * drawn[:, 0] / np.maximum(drawn[:, 1], 1), (0.1, 0.9))
    false = np.quantile(drawn[:, 2] / drawn[:, 3], (0.1, 0.9))
    return (float(caught[0]), float(caught[1])), (float(false[0]), float(false[1]))


def figures(data: Path) -> Iterator[Figure]:
    """``nab_caught`` and ``nab_false_per_series_month``."""
    series = series_of(data / "nab")
    if not series:
        return
    scores = [judge(each, opened) for each, opened in zip(series, alarms(series, rule()), strict=True)]
    caught, labelled, false, months = (sum(column) for column in zip(*scores, strict=True))
    (least, most), (fewest, worst) = spread(scores)
    how = f"{caught} of {labelled} windows of {len(series)} series, 80 % of resampled sets {least:.0f} to {most:.0f} %"
    yield Figure("nab_caught", 100 * caught / labelled, "%", how=how)
    how = f"{false} in {months:.1f} series-months, 80 % of resampled sets {fewest:.2f} to {worst:.2f}"
    yield Figure("nab_false_per_series_month", false / months, "per series-month", how=how)
