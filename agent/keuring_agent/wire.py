"""Reports as bytes: the protobuf encoding of keuring.report.v1.Report, written by hand.

The resident agent would pay 4 MB for the protobuf library to write these few messages, and each sending a quarter of
its processor time; the tests read them back with it.
The spool's epoch and the sequence number are put in front by ``numbered``, for protobuf messages may be
concatenated.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from keuring.signals.catalogue import BY_ID
from keuring.signals.model import ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.sensors.base import EventSeen, FactKey, Value
    from keuring_agent.window import SeriesKey, WindowReport

_VARINT, _FIXED64, _BYTES = 0, 1, 2


def _varint(number: int) -> bytes:
    number &= 0xFFFFFFFFFFFFFFFF  # negative numbers take ten bytes, as two's complement
    parts = bytearray()
    while number > 0x7F:  # seven bits a byte
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(number)


def _data(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _data(field, text.encode("utf-8", "replace"))


def _time(field: int, seconds: float) -> bytes:
    """A Timestamp or a Duration, to the millisecond."""
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    parts = (_number(1, whole) if whole else b"") + (_number(2, rest * 1_000_000) if rest else b"")
    return _data(field, parts)


def _packed(field: int, numbers: Iterable[int]) -> bytes:
    data = b"".join(map(_varint, numbers))
    return _data(field, data) if data else b""


@lru_cache(maxsize=2)
def dictionary(series: tuple[SeriesKey, ...]) -> bytes:
    """A SeriesDictionary."""
    subjects = sorted({key.subject for key in series} | {""})  # the empty one sorts first, as it must
    index = {subject: number for number, subject in enumerate(subjects)}
    return (
        _packed(1, (key.signal for key in series))
        + _packed(2, (index[key.subject] for key in series))
        + _packed(3, (key.statistic for key in series))
        + b"".join(_text(4, subject) for subject in subjects)
    )


def _fact(key: FactKey, value: Value | None) -> bytes:
    signal, subject = key
    parts = _number(1, signal) + (_text(2, subject) if subject else b"")
    if value is None:
        return parts
    if isinstance(value, str):
        return parts + _text(3, value)
    if isinstance(value, bool):
        return parts + _number(5, int(value))
    if BY_ID[signal].value is ValueType.TIME:
        return parts + _time(6, float(int(value)))
    return parts + _varint(4 << 3 | _FIXED64) + struct.pack("<d", value)


def _event(event: EventSeen) -> bytes:
    parts = _number(1, event.signal.id) + (_text(2, event.subject) if event.subject else b"")
    parts += _time(3, event.time) + _number(4, event.times)
    return parts + b"".join(_data(5, _text(1, name) + _text(2, text)) for name, text in event.attributes)


def _unmeasured(key: FactKey, reason: str) -> bytes:
    signal, subject = key
    return _number(1, signal) + (_text(2, subject) if subject else b"") + (_text(3, reason) if reason else b"")


def report(window: WindowReport) -> bytes:
    """A Report without epoch and sequence number."""
    parts = [
        _time(3, window.start),
        _time(4, window.duration),
        _text(5, window.boot_id),
        _data(6, dictionary(window.series)),
        _data(7, struct.pack(f"<{len(window.values)}f", *window.values)),
        *(_data(8, _fact(key, value)) for key, value in window.facts.items()),
        *(_data(9, _event(event)) for event in window.events),
        *(_data(10, _unmeasured(key, reason)) for key, reason in window.unmeasured.items()),
    ]
    return b"".join(parts)


def gap(first: int, last: int, reason: str) -> bytes:
    """A Report, without epoch and sequence number, that says that reports were given up."""
    return _data(11, _number(1, first) + _number(2, last) + _text(3, reason))


def numbered(epoch: int, sequence: int, body: bytes) -> bytes:
    """A whole Report."""
    return _number(1, epoch) + _number(2, sequence) + body


def request(
    message: bytes,
    now: float,
    policy_version: str,
    received: Iterable[str] = (),
    declined: Iterable[str] = (),
    ended: Iterable[str] = (),
) -> bytes:
    """A SendReportsRequest around a whole Report; ``now``: seconds since 1970, the last three are ids of notices."""
    told = ((4, received), (5, declined), (6, ended))
    answers = [_text(field, notice) for field, identities in told for notice in identities]
    version = _text(3, policy_version) if policy_version else b""
    return b"".join((_data(1, message), _time(2, now), version, *answers))


class Answer(NamedTuple):
    """The numbers of a SendReportsResponse."""

    epoch: int = 0
    sequence: int = 0
    disposition: int = 0
    expected: int = 0


def plain_answer(data: bytes) -> Answer | None:
    """A SendReportsResponse that holds numbers alone, as nearly all do; None for one that has more to say."""
    numbers = [0, 0, 0, 0]
    position = 0
    while position < len(data):
        field, kind = data[position] >> 3, data[position] & 7
        if kind != _VARINT or not 1 <= field <= len(numbers):
            return None
        number = shift = 0
        while True:
            position += 1
            if position >= len(data):
                return None
            number |= (data[position] & 0x7F) << shift
            shift += 7
            if not data[position] & 0x80:
                break
        numbers[field - 1] = number
        position += 1
    return Answer(*numbers)
