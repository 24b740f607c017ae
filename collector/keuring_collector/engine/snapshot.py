"""The state of one endpoint as bytes, and back.

A head (magic, engine version, the pack's fingerprint) and a compressed body: names as JSON, then the columns of its
rows, table by table. Whatever does not fit gives None: the state is a cache and can be rebuilt.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from keuring_collector.engine.compiled import ENGINE_VERSION, Forecast, Growth
from keuring_collector.engine.state import MOST_CELLS, Endpoint

if TYPE_CHECKING:
    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.state import FleetState

MAGIC = b"KEUS"
_HEAD = struct.Struct("<4sH16sII")
MOST_BYTES = 16 << 20  # a body that claims to be larger is damaged

CELL = ("since", "clearing", "seen", "told", "told_since", "told_expected", "told_severity", "active", "busy")
GROWTH = ("bucket", "next", "present", "amount")
LANE = ("base",)
RING = ("day", "value", "weight", "restart", "at", "low", "high", "rate", "outcome", "point")


def write(state: FleetState, endpoint: Endpoint) -> bytes:
    """The endpoint's state; a few KB."""
    facts = [[signal, subject, value] for (signal, subject), value in endpoint.facts.items()]
    names = {"cells": list(endpoint.cells), "facts": facts, "swept": endpoint.swept, "at": endpoint.at}
    text = json.dumps(names, separators=(",", ":"), ensure_ascii=False).encode()
    parts = [struct.pack("<I", len(text)), text]
    for table, columns, rows in _rows(state, endpoint):
        parts += [getattr(table, column)[rows].tobytes() for column in columns]
    body = b"".join(parts)
    head = _HEAD.pack(MAGIC, ENGINE_VERSION, _fingerprint(state), len(body), zlib.crc32(body))
    return head + zlib.compress(body, 1)


def read(state: FleetState, number: int, data: bytes) -> Endpoint | None:
    """The endpoint that ``write`` wrote; None when it is of another pack or engine, or damaged."""
    try:
        magic, version, fingerprint, size, checksum = _HEAD.unpack_from(data)
        if (magic, version, fingerprint) != (MAGIC, ENGINE_VERSION, _fingerprint(state)) or size > MOST_BYTES:
            return None
        body = zlib.decompressobj().decompress(data[_HEAD.size :], size)
        if len(body) != size or zlib.crc32(body) != checksum:
            return None
        (length,) = struct.unpack_from("<I", body)
        names = json.loads(body[4 : 4 + length])
    except (struct.error, zlib.error, ValueError):
        return None
    endpoint = Endpoint(number)
    if not _restore_names(state, endpoint, names):
        return None
    rows = _rows(state, endpoint)
    expected = sum(getattr(t, c)[r].nbytes for t, columns, r in rows for c in columns)
    if len(body) - 4 - length != expected:
        for key in list(endpoint.cells):
            state.remove(endpoint, key)
        return None
    offset = 4 + length
    for table, columns, indices in rows:
        for column in columns:
            array = getattr(table, column)
            shape = array[indices].shape
            count = math.prod(shape)
            array[indices] = np.frombuffer(body, array.dtype, count, offset).reshape(shape)
            offset += count * array.dtype.itemsize
    for cell in endpoint.cells.values():
        state.limits(cell)
    return endpoint


def _fingerprint(state: FleetState) -> bytes:
    return state.pack.fingerprint.encode()[:16].ljust(16, b"\0")


def _restore_names(state: FleetState, endpoint: Endpoint, names: dict[str, Any]) -> bool:
    try:
        endpoint.swept, endpoint.at = float(names["swept"]), float(names["at"])
        for signal, subject, value in names["facts"]:
            endpoint.facts[int(signal), str(subject)] = value
        cells = [(int(number), str(subject)) for number, subject in names["cells"]]
    except (KeyError, TypeError, ValueError):
        return False
    if len(cells) > MOST_CELLS or any(not 0 <= number < len(state.pack.rules) for number, _ in cells):
        return False
    for number, subject in cells:
        state.make(endpoint, number, subject)
    return True


def _rows(state: FleetState, endpoint: Endpoint) -> list[tuple[Columns, tuple[str, ...], list[int]]]:
    cells: list[int] = []
    terms: list[int] = []
    growths: list[int] = []
    lanes: list[int] = []
    rings: list[int] = []
    for (number, _), cell in endpoint.cells.items():
        rule, first, extra = state.pack.rules[number], int(state.cells.term[cell]), int(state.cells.extra[cell])
        cells.append(cell)
        terms += range(first, first + len(rule.terms))
        if isinstance(rule.source, Growth):
            growths.append(extra)
            lane = int(state.growths.lane[extra])
            lanes += range(lane, lane + len(rule.source.lanes))
        elif isinstance(rule.source, Forecast):
            rings.append(extra)
    return [
        (state.cells, CELL, cells),
        (state.terms, ("x",), terms),
        (state.growths, GROWTH, growths),
        (state.lanes, LANE, lanes),
        (state.rings, RING, rings),
    ]
