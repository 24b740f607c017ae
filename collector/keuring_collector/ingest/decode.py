"""From the bytes of a report to a window that can be judged: everything an agent says is checked here, once.

A report that cannot be used at all raises Unusable and is put aside whole. In one that can, what is wrong (a signal
that the catalogue does not know, a value that is no number) is left out, counted and told to the agent; the rest is
kept. Decoding is done for a whole batch at once, because numpy's cost is in the call and not in the numbers.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import BY_ID
from keuring.signals.model import Kind, Status, ValueType
from keuring_collector.engine.model import Event, Fact, Layout, SeriesKey, Unmeasured, Window
from keuring_collector.store import precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from keuring.signals.model import Signal

MAX_SERIES: Final = 500
MAX_FACTS: Final = 5000
MAX_EVENTS: Final = 1000
MAX_TEXT: Final = 256
MAX_SUBJECT: Final = 128
MAX_WINDOW: Final = 86400.0
MAX_AGE: Final = 400 * 86400.0
SKEW_TOLERANCE: Final = 120.0
_LARGEST_SEQUENCE: Final = 2**62


class Unusable(Exception):  # noqa: N818  # it is not always an error: a gap in another order is one too
    """A report cannot be used at all. ``reason`` is a stable word; the message says what, where and how to mend it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a report that was left out."""

    reason: str
    detail: str
    count: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A series dictionary, understood: which of the values are kept, what they mean and how they are rounded."""

    layout: Layout
    number: int  # names the layout within an endpoint
    size: int  # how many values a report carries
    take: NDArray[np.intp] | None  # which of them are kept; None: all
    multiplier: NDArray[np.float64]
    divisor: NDArray[np.float64]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Decoded:
    """A report that passed. ``window`` is None for a gap, which carries nothing but ``gap_until``."""

    epoch: int
    sequence: int
    window: Window | None
    gap_until: int = 0
    samples: bytes = b""  # what the journal keeps: float32, in the order of the layout
    columns: Columns | None = None
    skew: float = 0.0
    attributes: Sequence[dict[str, str]] = ()  # of the events, in order
    problems: list[Problem] = field(default_factory=list)


class Received(NamedTuple):
    """A report as it came in: the endpoint is known from the certificate, the times from the collector's clock."""

    endpoint: int
    report: report_pb2.Report
    received: float
    send_time: float | None = None


class Decoder:
    """Decodes reports. Remembers the series dictionaries it saw, which hardly ever change."""

    def __init__(self, remembered: int = 20_000) -> None:
        self._columns: OrderedDict[bytes, Columns] = OrderedDict()
        self._remembered = remembered

    def decode(self, batch: Sequence[Received]) -> list[Decoded | Unusable]:
        """Decodes reports, each by itself: a bad one is returned as what is wrong with it and disturbs no other."""
        results: list[Decoded | Unusable] = []
        for received in batch:
            try:
                results.append(self._decode(received))
            except Unusable as error:
                results.append(error)
        _fill_values([result for result in results if isinstance(result, Decoded) and result.columns is not None])
        return results

    def _decode(self, received: Received) -> Decoded:
        report = received.report
        epoch, sequence = report.spool_epoch, report.sequence
        if not 0 < epoch < _LARGEST_SEQUENCE or not 0 < sequence < _LARGEST_SEQUENCE:
            raise Unusable("wrong_sequence", f"epoch {epoch} and sequence {sequence} must be from 1 to 2^62")
        if report.HasField("gap"):
            return _gap(report)
        columns = self._understand(report.series)
        samples = _samples(report.values, columns)
        start, end, skew = _times(received)
        # What few reports carry is only looked at where there is any: this runs for every report.
        problems = list(columns.problems)
        facts = _facts(report.facts, problems) if report.facts else ()
        events, attributes = _events(report.events, received.received, skew, problems) if report.events else ((), ())
        unmeasured = _unmeasured(report.unmeasured, problems) if report.unmeasured else ()
        window = Window(
            received.endpoint, start, end, received.received, clean(report.boot_id, 64), columns.layout, _NO_VALUES,
            facts, events, unmeasured,
        )  # fmt: skip
        if problems:
            problems = _summed(problems)
        return Decoded(epoch, sequence, window, 0, samples, columns, skew, attributes, problems)

    def _understand(self, series: bytes) -> Columns:
        known = self._columns.get(series)
        if known is not None:
            self._columns.move_to_end(series)
            return known
        columns = self._columns[series] = understand(series)
        if len(self._columns) > self._remembered:
            self._columns.popitem(last=False)
        return columns


_NO_VALUES: Final = np.array([], np.float64)


def clean(text: str, length: int = MAX_TEXT) -> str:
    """Text of an agent without what could forge a log line or turn a page around, cut to ``length`` characters.

    Drops control characters (C0, C1), bidirectional and other invisible formatting, and unpaired surrogates.
    """
    if text.isascii() and text.isprintable():
        return text[:length]
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))[:length]


def understand(series: bytes) -> Columns:
    """Reads a serialized SeriesDictionary. Raises Unusable when it is none, or its columns differ in length."""
    try:
        dictionary = report_pb2.SeriesDictionary.FromString(series)
    except DecodeError as error:
        raise Unusable("undecodable", "the series dictionary is not a SeriesDictionary message") from error
    signals, places, statistics = dictionary.signal_ids, dictionary.subject_indices, dictionary.statistics
    if not len(signals) == len(places) == len(statistics):
        raise Unusable(
            "wrong_length",
            f"the series dictionary has {len(signals)} signals, {len(places)} subjects and {len(statistics)} "
            "statistics; they must be as many",
        )
    subjects = [clean(subject, MAX_SUBJECT) for subject in dictionary.subjects]
    keys: list[SeriesKey] = []
    taken: list[int] = []
    seen: set[SeriesKey] = set()
    problems: list[Problem] = []
    for index, (identity, place, statistic) in enumerate(zip(signals, places, statistics, strict=True)):
        signal = BY_ID.get(identity)
        problem = _wrong_series(signal, identity, place, statistic, len(subjects))
        key = SeriesKey(identity, statistic, subjects[place] if place < len(subjects) else "")
        if problem is None and key in seen:
            problem = Problem("duplicate_series", f"{key} stands twice in the series dictionary; the first counts")
        if problem is None and len(keys) >= MAX_SERIES:
            problem = Problem("too_many_series", f"a report has at most {MAX_SERIES} series; the rest is left out")
        if problem is not None:
            problems.append(problem)
            continue
        seen.add(key)
        keys.append(key)
        taken.append(index)
    factors = np.array([precision.factors(key.signal) for key in keys], np.float64).reshape(-1, 2)
    identity_bytes = repr(keys).encode()
    return Columns(
        layout=Layout(tuple(keys)),
        number=int.from_bytes(hashlib.blake2b(identity_bytes, digest_size=7).digest(), "big"),
        size=len(signals),
        take=None if len(keys) == len(signals) else np.array(taken, np.intp),
        multiplier=np.ascontiguousarray(factors[:, 0]),
        divisor=np.ascontiguousarray(factors[:, 1]),
        problems=tuple(_summed(problems)),
    )


def _wrong_series(signal: Signal | None, identity: int, place: int, statistic: int, subjects: int) -> Problem | None:
    if signal is None:
        return Problem(
            "unknown_signal",
            f"signal {identity} is not in this collector's catalogue; bring the collector up to date with its agents",
        )
    if statistic not in signal.statistics:
        return Problem("unexpected_statistic", f"{signal.name} has no statistic {statistic} in the catalogue")
    if place >= subjects and not (place == 0 and not signal.subject):
        return Problem("wrong_subject", f"{signal.name} names subject {place} of {subjects}")
    if bool(signal.subject) != (place > 0):
        return Problem("wrong_subject", f"{signal.name} is about {signal.subject or 'the machine itself'}")
    return None


def _samples(values: bytes, columns: Columns) -> bytes:
    if len(values) != 4 * columns.size:
        raise Unusable(
            "wrong_length",
            f"{len(values)} bytes of values for {columns.size} series; there must be four for each",
        )
    if columns.take is None:
        return values
    return np.frombuffer(values, "<f4")[columns.take].tobytes()


def _fill_values(batch: Sequence[Decoded]) -> None:
    """Gives each window its values: all of the batch in one go, rounded to the catalogue's precision."""
    if not batch:
        return
    raw = np.frombuffer(b"".join(item.samples for item in batch), "<f4").astype(np.float64)
    columns = [item.columns for item in batch if item.columns is not None]
    multiplier = np.concatenate([each.multiplier for each in columns])
    divisor = np.concatenate([each.divisor for each in columns])
    steps = precision.to_steps(raw, multiplier, divisor)
    wild = np.abs(steps) >= precision.MOST_STEPS
    anything_wild = bool(wild.any())
    if anything_wild:
        steps[wild] = np.nan
    rounded = precision.from_steps(steps, multiplier, divisor)
    start = 0
    for item, each in zip(batch, columns, strict=True):
        end = start + len(each.multiplier)
        window = item.window
        assert window is not None  # noqa: S101  # only a gap has none, and a gap has no columns
        window.values = rounded[start:end]
        if anything_wild and wild[start:end].any():
            _drop_wild(item, wild[start:end])
        start = end


def _drop_wild(item: Decoded, wild: NDArray[np.bool_]) -> None:
    samples = np.frombuffer(item.samples, "<f4").copy()
    key = item.columns.layout.keys[int(np.argmax(wild))] if item.columns else SeriesKey(0, 0, "")
    value = samples[int(np.argmax(wild))]
    samples[wild] = np.nan
    item.samples = samples.tobytes()
    detail = f"{BY_ID[key.signal].name} {key.subject} is {value}, which cannot be; it was taken as not measured"
    item.problems = [*item.problems, Problem("not_finite", detail, int(wild.sum()))]


def _times(received: Received) -> tuple[float, float, float]:
    """Start and end of the window in whole seconds by the collector's clock, and the skew of the agent's.

    The skew (how much the agent's clock is behind) is taken out where it is more than two minutes; whatever is still
    in the future then has just been measured.
    """
    report = received.report
    length, begun = report.window_duration, report.window_start_time
    duration = length.seconds + length.nanos / 1e9
    if not 0 < duration <= MAX_WINDOW:
        raise Unusable("wrong_duration", f"the window lasts {duration} s; it must be more than 0 and at most a day")
    start = begun.seconds + begun.nanos / 1e9
    skew = 0.0 if received.send_time is None else received.received - received.send_time
    if abs(skew) > SKEW_TOLERANCE:
        start += skew
    end = float(round(start + duration))
    ahead = end - float(int(received.received))
    if ahead > 0:
        start, end = start - ahead, end - ahead
    if end < received.received - MAX_AGE:
        raise Unusable(
            "ancient", f"the window ended {(received.received - end) / 86400:.0f} days ago; at most 400 can be kept"
        )
    return float(round(start)), end, skew


def _gap(report: report_pb2.Report) -> Decoded:
    gap = report.gap
    if gap.first_sequence != report.sequence or not report.sequence <= gap.last_sequence < _LARGEST_SEQUENCE:
        raise Unusable(
            "wrong_gap",
            f"report {report.sequence} closes a gap from {gap.first_sequence} to {gap.last_sequence}; a gap begins "
            "with its own report and does not end before it",
        )
    problems = [Problem("gap", f"reports {gap.first_sequence} to {gap.last_sequence}: {clean(gap.reason)}")]
    return Decoded(report.spool_epoch, report.sequence, None, gap_until=gap.last_sequence, problems=problems)


def _facts(facts: Iterable[report_pb2.Fact], problems: list[Problem]) -> list[Fact]:
    return list(_usable_facts(facts, problems))


def _usable_facts(facts: Iterable[report_pb2.Fact], problems: list[Problem]) -> Iterable[Fact]:
    for count, fact in enumerate(facts):
        if count >= MAX_FACTS:
            problems.append(Problem("too_many_facts", f"a report has at most {MAX_FACTS} facts"))
            return
        signal = BY_ID.get(fact.signal_id)
        if signal is None or signal.kind is not Kind.FACT or signal.status is Status.COLLECTOR:
            problems.append(_unknown(fact.signal_id, "fact"))
            continue
        value = _fact_value(fact, signal)
        if value is _WRONG_TYPE:
            problems.append(Problem("wrong_type", f"{signal.name} must be a {signal.value.value}"))
            continue
        yield Fact(signal.id, clean(fact.subject, MAX_SUBJECT), value)  # type: ignore[arg-type]  # checked above


_WRONG_TYPE: Final = object()
_FIELDS: Final = {
    ValueType.STRING: "string_value",
    ValueType.NUMBER: "number_value",
    ValueType.BOOLEAN: "boolean_value",
    ValueType.TIME: "time_value",
}


def _fact_value(fact: report_pb2.Fact, signal: Signal) -> object:
    which = fact.WhichOneof("value")
    if which is None:
        return None
    if which != _FIELDS[signal.value]:
        return _WRONG_TYPE
    if which == "string_value":
        return clean(fact.string_value)
    if which == "time_value":
        return float(fact.time_value.seconds)
    if which == "boolean_value":
        return fact.boolean_value
    return fact.number_value if np.isfinite(fact.number_value) else _WRONG_TYPE


def _events(
    events: Iterable[report_pb2.Event], received: float, skew: float, problems: list[Problem]
) -> tuple[list[Event], list[dict[str, str]]]:
    found: list[Event] = []
    attributes: list[dict[str, str]] = []
    for event in events:
        signal = BY_ID.get(event.signal_id)
        if signal is None or signal.kind is not Kind.EVENT:
            problems.append(_unknown(event.signal_id, "event"))
            continue
        if len(found) >= MAX_EVENTS:
            problems.append(Problem("too_many_events", f"a report has at most {MAX_EVENTS} events"))
            break
        at = float(event.observe_time.seconds) + (skew if abs(skew) > SKEW_TOLERANCE else 0.0)
        kept = {name: clean(text) for name, text in event.attributes.items() if name in signal.attributes}
        if len(kept) < len(event.attributes):
            problems.append(Problem("unknown_attribute", f"{signal.name} may only carry {signal.attributes}"))
        count = max(1, event.count)
        found.append(Event(signal.id, clean(event.subject, MAX_SUBJECT), min(at, received), count, kept))
        attributes.append(kept)
    return found, attributes


def _unmeasured(items: Sequence[report_pb2.Unmeasured], problems: list[Problem]) -> list[Unmeasured]:
    problems.extend(_unknown(item.signal_id, "signal") for item in items if item.signal_id not in BY_ID)
    return [
        Unmeasured(item.signal_id, clean(item.subject, MAX_SUBJECT), clean(item.reason))
        for item in items
        if item.signal_id in BY_ID
    ]


def _unknown(identity: int, kind: str) -> Problem:
    return Problem(
        "unknown_signal",
        f"{identity} is no {kind} in this collector's catalogue; bring the collector up to date with its agents",
    )


def _summed(problems: Iterable[Problem]) -> list[Problem]:
    """One problem per reason, with the first detail and the number of all."""
    by_reason: dict[str, Problem] = {}
    for problem in problems:
        first = by_reason.get(problem.reason)
        count = problem.count + (first.count if first else 0)
        by_reason[problem.reason] = Problem(problem.reason, (first or problem).detail, count)
    return list(by_reason.values())
