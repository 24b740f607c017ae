"""From the rule language to what the engine runs: names become ids, quantities become numbers in the signal's unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time
from statistics import NormalDist
from typing import TYPE_CHECKING

from keuring.signals import catalogue
from keuring.signals.model import Kind, Signal, Statistic, ValueType
from keuring_collector.engine import compiled
from keuring_collector.engine.compiled import Operator
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.problems import Fault, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keuring_collector.engine.model import Severity
    from keuring_collector.rulepack import language
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.problems import Loc

DAY = 86400.0
# A limit is passed when it is passed by a thousandth of the signal's step: values on a grid compare exactly.
GRID_SHARE = 1e-3
AGGREGATES = {"last": Statistic.LAST, "min": Statistic.MIN, "mean": Statistic.MEAN, "max": Statistic.MAX}
FOR_EVER = math.inf
NOON = time(12)
_PYTHON: dict[ValueType, tuple[type, ...]] = {
    ValueType.BOOLEAN: (bool,),
    ValueType.NUMBER: (int, float),
    ValueType.STRING: (str,),
}


def compile_rule(rule: Rule) -> compiled.CompiledRule:
    """``rule`` for the engine. Raises Fault for an unknown signal, a wrong statistic or unit, and the like."""
    return _Compiler(rule).compile()


def _signal(name: str, loc: Loc) -> Signal:
    signal = catalogue.BY_NAME.get(name)
    if signal is None:
        raise Fault(loc, f"unknown signal '{name}'", nearest(name, catalogue.BY_NAME))
    return signal


def _of_kind(signal: Signal, loc: Loc, *kinds: Kind) -> None:
    if signal.kind not in kinds:
        wanted = " or ".join(f"a {kind.value}" for kind in kinds)
        raise Fault(loc, f"'{signal.name}' is a {signal.kind.value}, where {wanted} is needed")


def _statistic(signal: Signal, name: str | None, loc: Loc) -> Statistic:
    known = {statistic.name.lower(): statistic for statistic in signal.statistics}
    words = ", ".join(known)
    if name is None:
        if len(known) > 1:
            raise Fault(loc, f"'{signal.name}' has several statistics", f"add statistic: one of {words}")
        return signal.statistics[0]
    if name not in known:
        raise Fault((*loc, "statistic"), f"'{signal.name}' has no statistic '{name}'", f"it has: {words}")
    return known[name]


def _number(text: str | float, unit: str, loc: Loc) -> float:
    return _convert(lambda: quantity.parse(text, unit), loc)


def _seconds(text: str | float, loc: Loc) -> float:
    return _convert(lambda: quantity.duration(text), loc)


def _convert(read: Callable[[], float], loc: Loc) -> float:
    try:
        return read()
    except ValueError as error:
        what, _, mend = str(error).partition("; ")
        raise Fault(loc, what, mend) from error


def fact_test(name: str, condition: language.FactCondition | language.State, loc: Loc) -> compiled.FactTest:
    """The test of one fact. Raises Fault."""
    signal = _signal(name, loc)
    _of_kind(signal, loc, Kind.FACT)
    operator, values = _operator(condition)
    wanted = _PYTHON.get(signal.value)
    if wanted is None:
        raise Fault(loc, f"'{signal.name}' is a time", "use the condition expires or age for it")
    for value in values:
        if not isinstance(value, wanted) or (isinstance(value, bool) and signal.value is not ValueType.BOOLEAN):
            mend = "put it in quotes" if signal.value is ValueType.STRING else "write it without quotes"
            raise Fault(loc, f"'{signal.name}' is a {signal.value.value}, and {value!r} is not", mend)
    plain = tuple(float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in values)
    named = getattr(condition, "subject", None)
    if named is not None and not signal.subject:
        raise Fault(loc, f"'{signal.name}' is of the machine and has no subjects", "leave 'subject' out")
    return compiled.FactTest(
        signal.id, operator, plain, per_subject=bool(signal.subject) and named is None, subject=named or ""
    )


def _operator(
    condition: language.FactCondition | language.State,
) -> tuple[Operator, list[bool | int | float | str]]:
    equals, not_ = getattr(condition, "equals", None), getattr(condition, "not_", None)
    version_from = getattr(condition, "version_from", None)
    if equals is not None:
        return Operator.IN, [equals]
    if not_ is not None:
        return Operator.NOT_IN, [not_]
    if condition.in_ is not None:
        return Operator.IN, list(condition.in_)
    if condition.not_in is not None:
        return Operator.NOT_IN, list(condition.not_in)
    if condition.version_below is not None:
        return Operator.VERSION_BELOW, [condition.version_below]
    return Operator.VERSION_FROM, [str(version_from)]


class _Compiler:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.kind = rule.condition.kind
        self.loc: Loc = ("condition", self.kind)
        self.hold = 0.0
        self.gap = 0.0

    def compile(self) -> compiled.CompiledRule:
        rule = self.rule
        terms, source = getattr(self, f"_{self.kind}")(getattr(rule.condition, self.kind))
        applies = tuple(fact_test(name, test, ("applies_to", name)) for name, test in rule.applies_to.items())
        worse = tuple(self._worse(terms[0], number) for number in range(len(rule.worse)))
        if list(worse) != sorted(worse):
            raise Fault(("worse",), "the limits do not grow worse", "write the milder one first")
        return compiled.CompiledRule(
            id=rule.id,
            name=rule.name,
            severity=rule.severity.grade,
            terms=terms,
            source=source,
            applies=applies,
            hold=self.hold,
            recovery_hold=_seconds(rule.recovery.hold, ("recovery", "hold")),
            gap=self.gap,
            worse=worse,
        )

    # Limits of the first term: how they are written depends on the condition

    def _limit(self, text: str | float, loc: Loc) -> float:
        """A limit as written in `recovery` and `worse`, signed and shifted like the condition's own."""
        condition = getattr(self.rule.condition, self.kind)
        if self.kind == "threshold":
            signal = _signal(condition.signal, loc)
            return _beyond(signal, _number(text, signal.unit, loc), _side(condition))
        if self.kind == "increase":
            return _number(text, "{}", loc) * (1 - 1e-6)
        if self.kind in ("forecast", "expires"):
            return -_seconds(text, loc)
        if self.kind == "age":
            return _seconds(text, loc)
        raise Fault(loc, "a state has no limit", "leave it out")

    def _recovery(self, limit: float) -> float:
        written = self.rule.recovery.limit
        if written is None:
            return limit
        loc: Loc = ("recovery", "limit")
        recovery = self._limit(written, loc)
        if recovery > limit:
            raise Fault(loc, f"recovery at '{written}' is on the wrong side of the limit", "write one that is better")
        return recovery

    def _worse(self, term: compiled.Term, number: int) -> tuple[float, Severity]:
        entry, loc = self.rule.worse[number], ("worse", number, "limit")
        limit = self._limit(entry.limit, loc)
        if limit < term.limit:
            raise Fault(loc, f"'{entry.limit}' is milder than the condition's own limit", "write one that is worse")
        return limit, entry.severity.grade

    def _floors(self, floors: Iterable[language.Floor], subject: str) -> tuple[compiled.Term, ...]:
        return tuple(self._floor(floor, subject, (*self.loc, "floors", n)) for n, floor in enumerate(floors))

    def _floor(self, floor: language.Floor, subject: str, loc: Loc) -> compiled.Term:
        signal = _signal(floor.signal, (*loc, "signal"))
        _of_kind(signal, (*loc, "signal"), Kind.GAUGE, Kind.COUNTER)
        if signal.subject and signal.subject != subject:
            what = f"'{signal.name}' is per {signal.subject}, the rule is about {subject or 'the machine'}"
            raise Fault((*loc, "signal"), what, "a floor must be of the same subject, or of the machine")
        limit, shown = self._written(floor, signal, loc)
        recovery = limit
        if floor.recovery is not None:
            recovery = _beyond(signal, _number(floor.recovery, signal.unit, (*loc, "recovery")), _side(floor))
            if recovery > limit:
                raise Fault((*loc, "recovery"), "recovery is on the wrong side of the limit")
        statistic = _statistic(signal, floor.statistic, loc)
        same = bool(signal.subject)
        return compiled.Term(signal.id, statistic, _side(floor), limit, recovery, same_subject=same, shown_limit=shown)

    def _written(self, part: language.Floor | language.Threshold, signal: Signal, loc: Loc) -> tuple[float, float]:
        side = "above" if part.above is not None else "below"
        shown = _number(getattr(part, side), signal.unit, (*loc, side))
        return _beyond(signal, shown, _side(part)), shown

    # One method per condition: its terms and its source

    def _threshold(self, condition: language.Threshold) -> tuple[tuple[compiled.Term, ...], None]:
        signal = _signal(condition.signal, (*self.loc, "signal"))
        _of_kind(signal, (*self.loc, "signal"), Kind.GAUGE, Kind.COUNTER)
        self.hold = _seconds(condition.hold, (*self.loc, "hold"))
        if condition.gap is not None:
            self.gap = _seconds(condition.gap, (*self.loc, "gap"))
        limit, shown = self._written(condition, signal, self.loc)
        minus = minus_statistic = 0
        if condition.minus is not None:
            other = _signal(condition.minus, (*self.loc, "minus"))
            if (other.unit, other.subject) != (signal.unit, signal.subject):
                raise Fault((*self.loc, "minus"), f"'{other.name}' has another unit or subject than '{signal.name}'")
            minus, minus_statistic = other.id, _statistic(other, None, (*self.loc, "minus"))
        main = compiled.Term(
            signal.id,
            _statistic(signal, condition.statistic, self.loc),
            _side(condition),
            limit,
            self._recovery(limit),
            minus_signal=minus,
            minus_statistic=minus_statistic,
            shown_limit=shown,
        )
        return (main, *self._floors(condition.floors, signal.subject)), None

    def _forecast(self, condition: language.Forecast) -> tuple[tuple[compiled.Term, ...], compiled.Forecast]:
        loc = self.loc
        signal = _signal(condition.signal, (*loc, "signal"))
        _of_kind(signal, (*loc, "signal"), Kind.GAUGE)
        side = "rises_to" if condition.rises_to is not None else "falls_to"
        limit = _number(getattr(condition, side), signal.unit, (*loc, side))
        within = _seconds(condition.within, (*loc, "within"))
        days = {
            field: round(_seconds(getattr(condition, field), (*loc, field)) / DAY)
            for field in ("minimum_history", "maximum_history")
        }
        if not 3 <= days["minimum_history"] <= days["maximum_history"] <= 366:
            mend = "3d <= minimum_history <= maximum_history <= 366d"
            raise Fault((*loc, "maximum_history"), "a history that cannot be", mend)
        confidence = _number(condition.confidence, "1", (*loc, "confidence"))
        if not 0.5 <= confidence < 1:
            raise Fault((*loc, "confidence"), f"a confidence of {confidence:.0%}", "write 50 % or more, below 100 %")
        latest = 3 * within if condition.latest is None else _seconds(condition.latest, (*loc, "latest"))
        step = abs(limit) / 20
        if condition.step is not None:
            step = _number(condition.step, signal.unit, (*loc, "step"))
        restart = None if condition.restart_on is None else _signal(condition.restart_on, (*loc, "restart_on"))
        if restart is not None and (restart.kind is not Kind.GAUGE or restart.subject != signal.subject):
            raise Fault((*loc, "restart_on"), f"'{restart.name}' is no gauge of the same subject")
        horizon = -within
        source = compiled.Forecast(
            signal=signal.id,
            statistic=_statistic(signal, condition.statistic, loc),
            aggregate=AGGREGATES[condition.daily],
            limit=limit,
            sign=1.0 if side == "rises_to" else -1.0,
            minimum_days=days["minimum_history"],
            maximum_days=days["maximum_history"],
            latest=latest / DAY,
            step=step,
            noise=max(signal.precision, abs(limit) / 1000),
            z=NormalDist().inv_cdf((1 + confidence) / 2),
            restart_signal=restart.id if restart else 0,
            restart_statistic=restart.statistics[0] if restart else 0,
            identity=self._identity(condition.identity, signal.subject),
        )
        main = compiled.Term(0, 0, -1.0, horizon, self._recovery(horizon), slope=1.0, shown_limit=limit)
        return (main, *self._floors(condition.floors, signal.subject)), source

    def _increase(self, condition: language.Increase) -> tuple[tuple[compiled.Term, ...], compiled.Growth]:
        loc = self.loc
        names = condition.signals or [str(condition.signal)]
        lanes, subjects = [], set()
        for number, name in enumerate(names):
            here = (*loc, "signals", number) if condition.signals else (*loc, "signal")
            lane, subject = self._lane(condition, _signal(name, here), here)
            lanes.append(lane)
            subjects.add(subject)
        if len(subjects) > 1:
            raise Fault((*loc, "signals"), "these signals are of different subjects", "add up signals of one subject")
        by = _number(condition.by, catalogue.BY_NAME[names[0]].unit, (*loc, "by"))
        if by <= 0:
            raise Fault((*loc, "by"), f"an increase by {by:g}", "write a number above 0")
        subject = subjects.pop()
        limit = by * (1 - 1e-6)
        source = compiled.Growth(
            tuple(lanes),
            _seconds(condition.within, (*loc, "within")),
            count_days=condition.count == "days",
            identity=self._identity(condition.identity, subject),
        )
        if source.period <= 0:
            raise Fault((*loc, "within"), "a period of nothing", "write a length of time such as '30d'")
        main = compiled.Term(0, 0, 1.0, limit, self._recovery(limit), shown_limit=by)
        self.gap = FOR_EVER
        return (main, *self._floors(condition.floors, subject)), source

    def _lane(self, condition: language.Increase, signal: Signal, loc: Loc) -> tuple[compiled.Lane, str]:
        _of_kind(signal, loc, Kind.EVENT, Kind.COUNTER, Kind.GAUGE)
        if signal.kind is Kind.EVENT:
            where = tuple(self._attribute(signal, name, test) for name, test in condition.where.items())
            return compiled.Lane(signal.id, 0, where), signal.subject
        if condition.where:
            raise Fault((*self.loc, "where"), f"'{signal.name}' is no event and has no attributes", "leave it out")
        wanted = Statistic.SUM if signal.kind is Kind.COUNTER else Statistic.LAST
        if wanted not in signal.statistics:
            raise Fault(loc, f"growth of '{signal.name}' cannot be counted", "its last value is not reported")
        return compiled.Lane(signal.id, wanted), signal.subject

    def _attribute(self, signal: Signal, name: str, test: language.FactCondition) -> compiled.AttributeTest:
        loc = (*self.loc, "where", name)
        if name not in signal.attributes:
            raise Fault(loc, f"'{signal.name}' has no attribute '{name}'", nearest(name, signal.attributes))
        operator, values = _operator(test)
        if operator not in (Operator.IN, Operator.NOT_IN):
            raise Fault(loc, "an attribute has no version", "use in or not_in")
        return compiled.AttributeTest(name, operator, tuple(str(value) for value in values))

    def _identity(self, name: str | None, subject: str) -> int:
        if name is None:
            return 0
        signal = _signal(name, (*self.loc, "identity"))
        if signal.kind is not Kind.FACT or signal.subject != subject:
            raise Fault((*self.loc, "identity"), f"'{name}' is no fact of the same subject")
        return signal.id

    def _expires(self, condition: language.Expires) -> tuple[tuple[compiled.Term, ...], compiled.Dated]:
        loc = self.loc
        signal = None if condition.signal is None else _signal(condition.signal, (*loc, "signal"))
        if signal is not None and signal.value is not ValueType.TIME:
            raise Fault((*loc, "signal"), f"'{signal.name}' is not a time")
        # A table that goes by a name was filled in when the pack was read.
        written = [] if isinstance(condition.table, str) else condition.table
        kinds = {signal.subject} if signal and signal.subject else set()
        rows = [self._row(entry, (*loc, "table", number), kinds) for number, entry in enumerate(written)]
        ahead = -_seconds(condition.ahead, (*loc, "ahead"))
        source = compiled.Dated(
            signal.id if signal else 0,
            tuple(rows),
            per_subject=bool(signal and signal.subject),
            by_subject=bool(written and kinds - {""}),
            ahead=True,
        )
        self.gap = FOR_EVER
        return (compiled.Term(0, 0, -1.0, ahead, self._recovery(ahead), slope=1.0),), source

    def _row(self, entry: language.DatedEntry, loc: Loc, kinds: set[str]) -> compiled.DatedRow:
        """A row of a table; ``kinds`` are the subjects that its facts have been of so far, all the same."""
        match = []
        for name, prefix in entry.when.items():
            here = (*loc, "when", name)
            fact = _signal(name, here)
            _of_kind(fact, here, Kind.FACT)
            kinds.add(fact.subject)
            if len(kinds) > 1:
                what = f"'{name}' is per {fact.subject or 'machine'}, and other facts of the table are not"
                raise Fault(here, what, "a table goes by facts of the machine, or of one kind of subject")
            match.append((fact.id, prefix))
        if entry.subject and not kinds - {""}:
            raise Fault((*loc, "subject"), "the facts of this table are of the machine", "leave 'subject' out")
        # Noon, so that it is that day on the calendar of every desk from UTC-11 to UTC+11.
        day = datetime.combine(entry.date, NOON, UTC).timestamp()
        return compiled.DatedRow(tuple(match), day, entry.subject or "")

    def _age(self, condition: language.Age) -> tuple[tuple[compiled.Term, ...], compiled.Dated | None]:
        loc = self.loc
        signal = _signal(condition.signal, (*loc, "signal"))
        over = _seconds(condition.over, (*loc, "over"))
        self.hold = _seconds(condition.hold, (*loc, "hold"))
        if signal.kind is Kind.FACT:
            if signal.value is not ValueType.TIME:
                raise Fault((*loc, "signal"), f"'{signal.name}' is not a time")
            self.gap = FOR_EVER
            source = compiled.Dated(signal.id, per_subject=bool(signal.subject), ahead=False)
            return (compiled.Term(0, 0, -1.0, over, self._recovery(over), slope=1.0),), source
        _of_kind(signal, (*loc, "signal"), Kind.GAUGE)
        unit = {"s": 1.0, "h": 3600.0}.get(signal.unit)
        if unit is None:
            raise Fault((*loc, "signal"), f"'{signal.name}' is no length of time", "use the condition threshold for it")
        limit, statistic = over / unit, _statistic(signal, condition.statistic, loc)
        term = compiled.Term(signal.id, statistic, 1.0, limit, self._recovery(over) / unit, shown_limit=limit)
        return (term,), None

    def _state(self, condition: language.State) -> tuple[tuple[compiled.Term, ...], compiled.State]:
        self.hold = _seconds(condition.hold, (*self.loc, "hold"))
        self.gap = FOR_EVER
        if self.rule.recovery.limit is not None:
            raise Fault(("recovery", "limit"), "a state has no limit", "leave it out")
        test = fact_test(condition.signal, condition, (*self.loc, "signal"))
        return (compiled.Term(0, 0, 1.0, 0.5, 0.5),), compiled.State(test)


def _side(part: language.Floor | language.Threshold) -> float:
    return 1.0 if part.above is not None else -1.0


def _beyond(signal: Signal, limit: float, sign: float) -> float:
    return sign * limit + signal.precision * GRID_SHARE
