"""Recorded hard drives: when each was seen, whether it failed, and how its SMART counters changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keuring.signals import catalogue
from tests.bench.prediction import tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Times = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

HOUR, DAY = 3600, 86_400
PACKED = 0xFFFF  # three counts of 16 bits in one raw value; the agent takes the lowest, which counts all time-outs
# Which column is what signal; what no agent reports is not looked at.
ATTRIBUTES = {
    "smart_5": "keuring.smart.reallocated_sectors",
    "smart_187": "keuring.smart.reported_uncorrectable",
    "smart_188": "keuring.smart.command_timeouts",
    "smart_197": "keuring.smart.pending_sectors",
    "smart_198": "keuring.smart.offline_uncorrectable",
}
SIGNALS = {int(name.removeprefix("smart_")): catalogue.BY_NAME[signal].id for name, signal in ATTRIBUTES.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Drives, and the moments at which any counter of one changed; times in seconds since 1970.

    ``model``, ``begin``, ``end`` (first and last time seen) and ``failed`` are per drive. ``drive``, ``time`` and
    ``until`` are per change, by drive and then by time; ``levels`` are what each signal (its id) reads from then on,
    the last known value where it was not reported, NaN before the first. ``start`` is the first change of each change's
    drive.
    """

    model: NDArray[Any]
    begin: Times
    end: Times
    failed: Bools
    drive: Times
    time: Times
    until: Times
    start: Times
    levels: Mapping[int, Floats]

    def __len__(self) -> int:
        return len(self.begin)


def load(data: Path) -> Records | None:
    """The set `drives_backblaze`; None, and a line on standard error, when it is not there."""
    drives, changes = (tables.read(data / "drives_backblaze", name) for name in ("drives", "intervals"))
    return None if drives is None or changes is None else assemble(drives, changes)


def assemble(drives: tables.Columns, changes: tables.Columns) -> Records:
    """From the two tables. Hours are of power-on; the last is at the end of the last day seen."""
    last = drives["max_date"].astype("datetime64[D]").astype(np.int64) * DAY
    zero = last - drives["max_hours"].astype(np.int64) * HOUR
    names, codes = np.unique(drives["serial_number"].astype(str), return_inverse=True)
    number = np.empty(len(names), np.int64)
    number[codes] = np.arange(len(codes))
    drive = number[np.searchsorted(names, changes["serial_number"].astype(str))]
    order = np.lexsort((changes["h_start"], drive))
    drive = drive[order]
    first = np.concatenate([[True], drive[1:] != drive[:-1]])
    start = np.maximum.accumulate(np.where(first, np.arange(len(drive)), 0))
    levels = {}
    for column, signal in ATTRIBUTES.items():
        level = changes[column].astype(np.float64)[order]
        if signal == "keuring.smart.command_timeouts":
            large = level > PACKED
            level[large] = level[large].astype(np.int64) & PACKED
        levels[catalogue.BY_NAME[signal].id] = _carried(level, start)
    return Records(
        model=drives["model"].astype(str),
        begin=zero + drives["min_hours"].astype(np.int64) * HOUR,
        end=last,
        failed=drives["failed"].astype(bool),
        drive=drive,
        time=changes["h_start"].astype(np.int64)[order] * HOUR + zero[drive],
        until=changes["h_stop"].astype(np.int64)[order] * HOUR + zero[drive],
        start=start,
        levels=levels,
    )


def _carried(level: Floats, start: Times) -> Floats:
    """The last known value of the same drive."""
    known = np.maximum.accumulate(np.where(np.isnan(level), -1, np.arange(len(level))))
    return np.where(known >= start, level[np.maximum(known, 0)], np.nan)
