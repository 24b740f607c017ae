"""The frame of a compacted day: when each of its windows began, ended and came in, which number it had, and its layout.

Blocks of history hold what was measured, by series. A replay that is to judge as live judging did needs the windows
themselves too. They are the same for all series of a machine, so they stand in one block a day, under a signal that is
none. Times are kept to the last bit: as whole steps of 2**-22 seconds, which is what a double holds since 2004.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from keuring_collector.store.block import DAY, BlockError, squeeze, squeezed, unsqueeze, unsqueezed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keuring_collector.store.journal import Entry

SIGNAL: Final = 0  # of no signal in the catalogue; the subject is empty
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<BH")  # version, windows
_STEP: Final = 2.0**22  # to the second


@dataclass(frozen=True, slots=True)
class Frame:
    """Windows, one per place: float64 times in seconds since 1970, int64 numbers. Ends rise, and are all different."""

    position: NDArray[np.int64]
    layout: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    received: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.end)

    def merged(self, other: Frame) -> Frame:
        """Both, in order of time; of two windows that ended at one instant, that of ``other`` counts, as in blocks."""
        columns = [np.concatenate(pair) for pair in zip(other.columns(), self.columns(), strict=True)]
        _, chosen = np.unique(columns[3], return_index=True)
        return Frame(*(column[chosen] for column in columns))

    def columns(self) -> tuple[NDArray[Any], ...]:
        """In the order of the fields."""
        return (self.position, self.layout, self.start, self.end, self.received)


def of_entries(entries: Sequence[Entry]) -> Frame:
    """The frame of reports of the journal, in order of time."""
    end = np.array([entry.end_at for entry in entries], np.float64)
    _, chosen = np.unique(end, return_index=True)
    return Frame(
        np.array([entry.position for entry in entries], np.int64)[chosen],
        np.array([entry.layout for entry in entries], np.int64)[chosen],
        np.array([entry.start_at for entry in entries], np.float64)[chosen],
        end[chosen],
        np.array([entry.received_at for entry in entries], np.float64)[chosen],
    )


def pack(day: int, frame: Frame) -> bytes:
    """The bytes of a frame; ``day`` is days since 1970."""
    end = _steps(frame.end)
    columns = (
        frame.position,
        frame.layout,
        _steps(frame.start) - end,  # minus the length, which hardly ever changes
        end - _steps(np.float64(day * DAY)),
        _steps(frame.received) - end,
    )
    return _HEAD.pack(_VERSION, len(frame)) + squeezed([squeeze(column) for column in columns])


def unpack(day: int, data: bytes) -> Frame:
    """The inverse of ``pack``. Raises BlockError for bytes that are no frame."""
    try:
        version, count = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise BlockError(f"a frame of version {version}; this Keuring reads version {_VERSION}")
        body, offset = unsqueezed(data[_HEAD.size :]), 0
        columns = []
        for _ in range(5):
            column, offset = unsqueeze(body, offset, count)
            columns.append(column)
    except (struct.error, IndexError, ValueError) as error:
        raise BlockError(f"the frame of day {day} is damaged: {error}") from error
    position, layout, length, end, delay = columns
    end = end + _steps(np.float64(day * DAY))
    return Frame(position, layout, (end + length) / _STEP, end / _STEP, (end + delay) / _STEP)


def _steps(times: NDArray[np.float64] | np.float64) -> NDArray[np.int64]:
    return np.rint(np.asarray(times) * _STEP).astype(np.int64)
