"""Rule tests: data beside the rule (NAME.test.yaml) that says what a rule must find, and when it must stay silent.

A test is a machine's story: series in promtool's notation, facts, events, sleep, restarts and late delivery. It is
played window by window through the same engine that judges live reports.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import numpy as np
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
)

from keuring.signals import catalogue
from keuring.signals.model import Kind, ValueType
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Change, Event, Fact, Finding, Layout, SeriesKey, Window
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.conditions.base import nearest_signal
from keuring_collector.rulepack.language import Severity  # noqa: TC001 - pydantic reads it at run time
from keuring_collector.rulepack.pack import TEST_SUFFIX, compile_pack
from keuring_collector.rulepack.plainly import problems_of
from keuring_collector.rulepack.problems import Fault, Problem, RulePackError
from keuring_collector.rulepack.source import Source
from keuring_collector.rulepack.trial_peers import TrialPeers, baselines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from keuring_collector.engine.compiled import CompiledRule

Value = StrictBool | StrictInt | StrictFloat | StrictStr


def _written(value: object) -> object:
    """A length of time as text: YAML reads `0` as a number."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _length(text: str) -> str:
    quantity.duration(text)  # ValueError says what would be right
    return text


Moment = Annotated[
    str,
    BeforeValidator(_written),
    AfterValidator(_length),
    Field(pattern=r"^\d"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\d"}),
]
_ITEM = re.compile(
    r"(?:(?P<stale>stale)|(?P<gap>_)(?:x(?P<gaps>\d{1,9}))?"
    r"|(?P<first>[-+]?[\d.]+(?:e[-+]?\d+)?)(?:(?P<step>[-+][\d.]+(?:e[-+]?\d+)?))?(?:x(?P<times>\d{1,9}))?)"
)
T = TypeVar("T")
MOST_WINDOWS = 200_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrialSeries(_Part):
    """One series: ``values`` one per window, ``unit`` what they are written in ("GiB", "%")."""

    signal: str
    subject: str = ""
    statistic: str | None = None
    unit: str = ""
    values: str


class TrialFact(_Part):
    """A fact from ``at`` on; null: gone. A time is written as a date, or as a length of time before ``at``."""

    signal: str
    subject: str = ""
    value: Value | None
    at: Moment = "0"


class TrialEvent(_Part):
    """Something that happens at ``at``."""

    signal: str
    subject: str = ""
    at: Moment
    count: int = 1
    attributes: dict[str, str] = Field(default_factory=dict)


class Span(_Part):
    """A stretch of time from the test's start."""

    from_: Moment = Field(alias="from")
    to: Moment


class Expectation(_Part):
    """What stands at ``at``: the subjects (with severity and date where given), or nothing (an empty list)."""

    class Standing(_Part):
        """One finding that stands; ``expected`` is the span, from the start, in which its date must lie."""

        subject: str = ""
        severity: Severity | None = None
        expected: Span | None = None

    at: Moment
    open: list[Standing]


class Trial(_Part):
    """One story and what must be found in it."""

    name: str
    start: AwareDatetime = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
    window: Moment = "5m"
    length: Moment | None = None
    series: list[TrialSeries] = Field(default_factory=list)
    facts: list[TrialFact] = Field(default_factory=list)
    events: list[TrialEvent] = Field(default_factory=list)
    peers: list[TrialPeers] = Field(default_factory=list, description="What is usual in the rest of the fleet.")
    asleep: list[Span] = Field(default_factory=list, description="No windows: off, asleep, or their reports lost.")
    late: list[Span] = Field(default_factory=list, description="Windows that arrive only at its end.")
    restarts: list[Moment] = Field(default_factory=list, description="The operating system starts anew.")
    expect: list[Expectation] = Field(default_factory=list)
    opened: int | None = Field(default=None, description="How often a finding opens in the whole story.")
    silent: bool = Field(default=False, description="Nothing is ever found.")


class TrialFile(_Part):
    """All tests of one rule."""

    rule: str
    tests: list[Trial] = Field(min_length=1)


class Result(NamedTuple):
    """What came of one test: nothing in ``failures`` means that it passed."""

    path: Path
    line: int
    rule: str
    name: str
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one rule, read from a file."""

    path: Path
    source: Source
    content: TrialFile

    def line(self, number: int) -> int:
        """Where a test begins."""
        return self.source.line(("tests", number))


def test_path(rule_path: Path) -> Path:
    """Where the tests of the rule in ``rule_path`` stand."""
    return rule_path.with_name(rule_path.name.removesuffix(".yaml") + TEST_SUFFIX)


def read(path: Path) -> Suite:
    """The tests in ``path``; RulePackError when they do not fit the notation."""
    source = Source(path)
    try:
        content = TrialFile.model_validate(source.data)
    except ValidationError as error:
        raise RulePackError(problems_of(source, error, TrialFile)) from error
    return Suite(path, source, content)


def run(suite: Suite, rule: CompiledRule) -> Iterator[Result]:
    """Plays every test of ``suite`` against ``rule``; RulePackError when a test names what does not exist."""
    for number, trial in enumerate(suite.content.tests):
        try:
            failures = tuple(_Play(trial, ("tests", number)).failures(rule))
        except Fault as fault:
            raise RulePackError([Problem(suite.path, suite.source.line(fault.loc), fault.what, fault.mend)]) from fault
        yield Result(suite.path, suite.line(number), suite.content.rule, trial.name, failures)


def expand(text: str) -> list[float | None]:
    """A series in promtool's notation: "a", "a+bxn" (a, then n steps of b), "axn" (a, then n more), "_", "_xn".

    Items are parted by spaces. NaN stands for a window without a sample, None ("stale") for the end of the series.
    """
    found: list[float | None] = []
    for word in text.split():
        item = _ITEM.fullmatch(word)
        if item is None:
            raise ValueError(f"'{word}' is no value; write a, a+bxn, a-bxn, axn, _, _xn or stale, parted by spaces")
        if len(found) + int(item["gaps"] or item["times"] or 0) >= MOST_WINDOWS:
            raise ValueError(f"more than {MOST_WINDOWS} values; tell a long story in longer windows")
        if item["stale"]:
            found.append(None)
        elif item["gap"]:
            found += [math.nan] * int(item["gaps"] or 1)
        else:
            first, step, times = float(item["first"]), float(item["step"] or 0), int(item["times"] or 0)
            found += [first + step * number for number in range(times + 1)]
    return found


class _Column(NamedTuple):
    key: SeriesKey
    values: list[float | None]


@dataclass(slots=True)
class _Play:
    """One test being played."""

    trial: Trial
    loc: tuple[str | int, ...]
    opened: int = 0
    standing: dict[str, Finding] = field(default_factory=dict)

    def failures(self, rule: CompiledRule) -> Iterator[str]:
        fleet = Fleet(compile_pack([rule], "test"))
        waiting = sorted(self.trial.expect, key=lambda e: _offset(e.at))
        windows = list(self._windows())
        if self.trial.peers and windows:
            fleet.use_baselines(baselines(self.trial.peers, rule, self._start, windows[-1].end, self.loc))
        for window in windows:
            while waiting and window.end - self._start > _offset(waiting[0].at) + 1e-6:
                yield from self._check(waiting.pop(0))
            for finding in fleet.judge([window]):
                self._note(finding)
                if finding.at > window.received:
                    yield f"a finding at {self._clock(finding.at)}, before its report came"
        for expectation in waiting:
            yield from self._check(expectation)
        if self.trial.silent and self.opened:
            yield f"found something {self.opened} times, but must stay silent"
        if self.trial.opened is not None and self.opened != self.trial.opened:
            yield f"opened {self.opened} times, not {self.trial.opened}"
        if not (self.trial.expect or self.trial.silent or self.trial.opened is not None):
            yield "expects nothing; write expect, opened or silent"

    def _note(self, finding: Finding) -> None:
        if finding.change is Change.CLEARED:
            self.standing.pop(finding.subject, None)
            return
        self.standing[finding.subject] = finding
        self.opened += finding.change is Change.OPENED

    def _check(self, expectation: Expectation) -> Iterator[str]:
        at = expectation.at
        wanted = {item.subject: item for item in expectation.open}
        for subject in sorted(wanted.keys() - self.standing.keys()):
            yield f"at {at}: nothing found for '{subject}'"
        for subject in sorted(self.standing.keys() - wanted.keys()):
            yield f"at {at}: found '{subject}', which is not expected"
        for subject in sorted(wanted.keys() & self.standing.keys()):
            item, finding = wanted[subject], self.standing[subject]
            if item.severity is not None and item.severity.grade != finding.severity:
                yield f"at {at}: '{subject}' is {finding.severity.name.lower()}, not {item.severity.value}"
            if item.expected is not None:
                low, high = _offset(item.expected.from_), _offset(item.expected.to)
                if finding.expected is None:
                    yield f"at {at}: '{subject}' has no date"
                elif not low <= finding.expected.at - self._start <= high:
                    yield f"at {at}: '{subject}' is expected at {self._clock(finding.expected.at)}, outside the span"

    @property
    def _start(self) -> float:
        return self.trial.start.timestamp()

    def _clock(self, time: float) -> str:
        return quantity.say_duration(time - self._start)

    def _windows(self) -> Iterator[Window]:
        columns = [self._column(series, (*self.loc, "series", n)) for n, series in enumerate(self.trial.series)]
        length = _offset(self.trial.window)
        facts = sorted(((_offset(f.at), self._fact(f, n)) for n, f in enumerate(self.trial.facts)), key=lambda i: i[0])
        events = sorted(
            ((_offset(e.at), self._event(e, n)) for n, e in enumerate(self.trial.events)), key=lambda i: i[0]
        )
        if length <= 0:
            raise Fault((*self.loc, "window"), "windows of no length", "write a length of time such as '5m'")
        count = max([len(column.values) for column in columns], default=0)
        if self.trial.length is not None:
            count = max(count, math.ceil(_offset(self.trial.length) / length))
        if count > MOST_WINDOWS:
            raise Fault(
                (*self.loc, "length"), f"more than {MOST_WINDOWS} windows", "tell a long story in longer windows"
            )
        asleep, late = _spans(self.trial.asleep), _spans(self.trial.late)
        restarts = sorted(_offset(moment) for moment in self.trial.restarts)
        layouts: dict[tuple[SeriesKey, ...], Layout] = {}
        for number in range(count):
            begin, end = number * length, (number + 1) * length
            if any(low <= begin < high for low, high in asleep):
                continue
            present = [(c.key, c.values[number]) for c in columns if number < len(c.values)]
            known = [(key, value) for key, value in present if value is not None]
            keys = tuple(key for key, _ in known)
            delivered = max([high for low, high in late if low <= begin < high], default=end + 5)
            yield Window(
                endpoint=1,
                start=self._start + begin,
                end=self._start + end,
                received=self._start + max(delivered, end),
                boot_id=str(sum(moment <= begin for moment in restarts)),
                layout=layouts.setdefault(keys, Layout(keys)),
                values=np.array([value for _, value in known], dtype=np.float64),
                facts=_due(facts, end),
                events=_due(events, end),
            )

    def _column(self, series: TrialSeries, loc: tuple[str | int, ...]) -> _Column:
        signal = catalogue.BY_NAME.get(series.signal)
        if signal is None or not signal.statistics:
            what = f"'{series.signal}' is no signal with values"
            raise Fault((*loc, "signal"), what, nearest_signal(series.signal))
        names = {statistic.name.lower(): statistic for statistic in signal.statistics}
        name = series.statistic or (next(iter(names)) if len(names) == 1 else "")
        if name not in names:
            raise Fault((*loc, "statistic"), "name the statistic", f"one of {', '.join(names)}")
        try:
            values = expand(series.values)
            factor = quantity.parse(f"1 {series.unit}", signal.unit) if series.unit else 1.0
        except ValueError as error:
            what, _, mend = str(error).partition("; ")
            raise Fault((*loc, "values"), what, mend) from error
        step = signal.precision or 1e-9
        rounded = [v if v is None or math.isnan(v) else round(round(v * factor / step) * step, 9) for v in values]
        return _Column(SeriesKey(signal.id, names[name], series.subject), rounded)

    def _fact(self, fact: TrialFact, number: int) -> Fact:
        loc = (*self.loc, "facts", number)
        signal = catalogue.BY_NAME.get(fact.signal)
        if signal is None or signal.kind is not Kind.FACT:
            raise Fault((*loc, "signal"), f"'{fact.signal}' is no fact", nearest_signal(fact.signal))
        value: Value | None = fact.value
        if signal.value is ValueType.TIME and isinstance(value, str):
            value = self._time(value, _offset(fact.at), loc)
        elif isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        return Fact(signal.id, fact.subject, value)

    def _time(self, text: str, at: float, loc: tuple[str | int, ...]) -> float:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        except ValueError:
            try:
                return self._start + at - quantity.duration(text)
            except ValueError as error:
                what = f"'{text}' is no date and no length of time"
                raise Fault((*loc, "value"), what, "write it as in '2026-03-02' or '14d'") from error

    def _event(self, event: TrialEvent, number: int) -> Event:
        signal = catalogue.BY_NAME.get(event.signal)
        if signal is None or signal.kind is not Kind.EVENT:
            loc = (*self.loc, "events", number, "signal")
            raise Fault(loc, f"'{event.signal}' is no event", nearest_signal(event.signal))
        return Event(signal.id, event.subject, self._start + _offset(event.at), event.count, event.attributes)


def _offset(moment: str) -> float:
    return quantity.duration(moment)


def _spans(spans: Iterable[Span]) -> list[tuple[float, float]]:
    return [(_offset(span.from_), _offset(span.to)) for span in spans]


def _due(items: list[tuple[float, T]], end: float) -> list[T]:
    due = [item for at, item in items if at < end]
    del items[: len(due)]
    return due
