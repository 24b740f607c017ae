"""How a day of one series is packed: one block per (endpoint, signal, subject, day), with all its statistics.

A block holds the ends of the windows and, per statistic, one value per window, as whole steps of the catalogue's
precision. Each column is written as differences, its bytes are grouped by significance, and zstandard does the rest:
some two bytes a sample. The first byte is the form's version, so that it can change.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

from keuring_collector.store import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

DAY: Final = 86400
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<BHB")  # version, windows, statistics
_MISSING: Final = -(2**62)  # stands for NaN in a column of steps


class BlockError(Exception):
    """A block of history cannot be read."""


@dataclass(frozen=True, slots=True)
class Block:
    """Windows of one series and day, oldest first: ``ends`` (whole seconds since 1970) and one column per statistic."""

    ends: NDArray[np.float64]
    columns: Mapping[int, NDArray[np.float64]]

    def merged(self, other: Block) -> Block:
        """Both, in order of time; where both have a window that ended at one instant, ``other`` counts."""
        ends = np.concatenate((other.ends, self.ends))
        _, chosen = np.unique(ends, return_index=True)
        columns = {}
        for statistic in sorted({*self.columns, *other.columns}):
            parts = [block.columns.get(statistic, np.full(len(block.ends), np.nan)) for block in (other, self)]
            columns[statistic] = np.concatenate(parts)[chosen]
        return Block(ends[chosen], columns)


def pack(signal: int, day: int, block: Block) -> bytes:
    """The bytes of a block; ``day`` is days since 1970 and the ends lie within two days of its start."""
    multiplier, divisor = precision.factors(signal)
    seconds = np.rint(block.ends - day * DAY).astype(np.int64)
    body = [squeeze(seconds)]
    for statistic, values in sorted(block.columns.items()):
        steps = precision.to_steps(values, multiplier, divisor)
        whole = np.where(np.isnan(steps), _MISSING, np.nan_to_num(steps)).astype(np.int64)
        body.append(bytes([statistic]) + squeeze(whole))
    head = _HEAD.pack(_VERSION, len(seconds), len(block.columns))
    return head + _codec.compress(b"".join(body))


def pack_together(
    day: int, ends: NDArray[np.float64], steps: NDArray[np.float64], groups: Sequence[Sequence[tuple[int, int]]]
) -> list[bytes]:
    """The blocks of many series that share their windows: the same bytes as ``pack`` gives, at a tenth of the cost.

    ``steps`` has a row per window and a column per value, as precision.to_steps gives them; each group is one block:
    its (statistic, column) pairs, by statistic.
    """
    missing = np.isnan(steps)
    whole = np.where(missing, float(_MISSING), steps).astype(np.int64)
    columns = _squeeze_all(whole)
    seconds = squeeze(np.rint(ends - day * DAY).astype(np.int64))
    packed: dict[bytes, bytes] = {}  # counters that stay at zero are many, and alike
    blocks = []
    for group in groups:
        body = seconds + b"".join(bytes([statistic]) + columns[column] for statistic, column in group)
        compressed = packed.get(body)
        if compressed is None:
            compressed = packed[body] = _codec.compress(body)
        blocks.append(_HEAD.pack(_VERSION, len(ends), len(group)) + compressed)
    return blocks


def unpack(signal: int, day: int, data: bytes, ends: NDArray[np.float64] | None = None) -> Block:
    """The inverse of ``pack``, up to the catalogue's precision. Raises BlockError for bytes that are no block.

    ``ends``: those of all windows of the day; a block that has as many windows has these.
    """
    try:
        version, count, statistics = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise BlockError(f"a block of version {version}; this Keuring reads version {_VERSION}")
        body = memoryview(_codec.decompress(data[_HEAD.size :]))
        if ends is None or len(ends) != count:
            seconds, offset = unsqueeze(body, 0, count)
            ends = (day * DAY + seconds).astype(np.float64)
        else:
            offset = 1 + body[0] * count
        multiplier, divisor = precision.factors(signal)
        columns = {}
        for _ in range(statistics):
            statistic = body[offset]
            whole, offset = unsqueeze(body, offset + 1, count)
            values = precision.from_steps(whole.astype(np.float64), multiplier, divisor)
            values[whole == _MISSING] = np.nan
            columns[statistic] = values
    except (struct.error, zstandard.ZstdError, IndexError, ValueError) as error:
        raise BlockError(f"a block of signal {signal}, day {day} is damaged: {error}") from error
    return Block(ends, columns)


def squeeze(column: NDArray[np.int64]) -> bytes:
    """Differences, in the narrowest integer that holds them all, bytes grouped by significance."""
    differences = np.diff(column, prepend=np.int64(0))
    # Fold the sign into the lowest bit, so that small differences of either sign have zero high bytes.
    folded = ((differences << 1) ^ (differences >> 63)).view(np.uint64)
    width = max(1, (int(folded.max(initial=0)).bit_length() + 7) // 8)
    planes = folded.view(np.uint8).reshape(-1, 8)[:, :width].T
    return bytes([width]) + planes.tobytes()


def squeezed(columns: Sequence[bytes]) -> bytes:
    """Columns as ``squeeze`` gives them, together and compressed."""
    return _codec.compress(b"".join(columns))


def unsqueezed(data: bytes) -> memoryview:
    """The inverse of ``squeezed``, for ``unsqueeze``. Raises ValueError for bytes that are none."""
    try:
        return memoryview(_codec.decompress(data))
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _squeeze_all(table: NDArray[np.int64]) -> list[bytes]:
    """``squeeze`` of each column of a table with at least one row."""
    differences = table.copy()
    differences[1:] -= table[:-1]
    folded = ((differences << 1) ^ (differences >> 63)).view(np.uint64)
    largest = folded.max(axis=0)
    widths = 1 + sum((largest >> np.uint64(8 * byte) != 0).astype(np.int64) for byte in range(1, 8))
    rows, count = table.shape
    planes = np.ascontiguousarray(folded.T).view(np.uint8).reshape(count, rows, 8).transpose(0, 2, 1).tobytes()
    starts = range(0, 8 * rows * count, 8 * rows)
    return [
        bytes([width]) + planes[start : start + width * rows]
        for start, width in zip(starts, np.asarray(widths).tolist(), strict=True)
    ]


def unsqueeze(body: memoryview, offset: int, count: int) -> tuple[NDArray[np.int64], int]:
    """The column of ``count`` values that begins at ``offset``, and where the next one does. ValueError: cut short."""
    width = body[offset]
    end = offset + 1 + width * count
    planes = np.frombuffer(body[offset + 1 : end], np.uint8).reshape(width, count)
    wide = np.zeros((count, 8), np.uint8)
    wide[:, :width] = planes.T
    folded = wide.reshape(-1).view(np.uint64)
    differences = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    return np.cumsum(differences), end


class _Codec(threading.local):
    """zstandard's objects, one pair for each thread: they may be used again but not shared."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=3, write_checksum=False).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_codec = _Codec()
