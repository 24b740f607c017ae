"""What a report on the wire holds, without the library for protobuf: which signals, and of which time.

The counterpart of wire.py, for the log of what was sent. Values are looked at only for whether there is one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_START, _DURATION, _DICTIONARY, _VALUES, _SINGLES = 3, 4, 6, 7, (8, 9, 10)  # fields of Report


class Contents(NamedTuple):
    """Catalogue ids of all that has a value in a report; its time, in seconds since 1970 (0 for a gap record)."""

    signals: frozenset[int]
    start: float
    end: float


def of(report: bytes) -> Contents:
    """Raises ValueError for what is no report."""
    signals: set[int] = set()
    start = duration = 0.0
    dictionary: list[int] = []
    values = b""
    for field, value in _fields(report):
        if isinstance(value, int):
            continue
        if field == _START:
            start = _seconds(value)
        elif field == _DURATION:
            duration = _seconds(value)
        elif field == _DICTIONARY:
            packed = next((part for number, part in _fields(value) if number == 1 and isinstance(part, bytes)), b"")
            dictionary = _numbers(packed)
        elif field == _VALUES:
            values = value
        elif field in _SINGLES:
            signals.update(part for number, part in _fields(value) if number == 1 and isinstance(part, int))
    floats = struct.unpack(f"<{len(values) // 4}f", values[: len(values) // 4 * 4])
    # What is not a number says that there was no sample; it is the only number unlike itself.
    signals.update(signal for signal, value in zip(dictionary, floats, strict=False) if value == value)
    return Contents(frozenset(signals), start, start + duration)


def _seconds(message: bytes) -> float:
    """A Timestamp or a Duration."""
    parts = {field: value for field, value in _fields(message) if isinstance(value, int)}
    return parts.get(1, 0) + parts.get(2, 0) / 1e9


def _numbers(packed: bytes) -> list[int]:
    found, position = [], 0
    while position < len(packed):
        number, position = _varint(packed, position)
        found.append(number)
    return found


_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field; an int for a varint, bytes for all others."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == _VARINT:
            number, position = _varint(message, position)
            yield tag >> 3, number
            continue
        if kind == _BYTES:
            size, position = _varint(message, position)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise ValueError(f"no report: a field of kind {kind}")
        if position + size > len(message):
            raise ValueError("no report: it ends too soon")
        yield tag >> 3, message[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at ``position``, and the position after it."""
    number = shift = 0
    while position < len(data) and shift < 70:  # ten bytes of seven bits
        number |= (data[position] & 0x7F) << shift
        position += 1
        if not data[position - 1] & 0x80:
            return number, position
        shift += 7
    raise ValueError("no report: a number without an end")
