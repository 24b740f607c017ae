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

from keuring_collector.engine.compiled import ENGINE_VERSION
from keuring_collector.engine.state import MOST_CELLS, Endpoint

if TYPE_CHECKING:
    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.state import CellKey, FleetState

MAGIC = b"KEUS"
_HEAD = struct.Struct("<4sH16sII")
MOST_BYTES = 16 << 20  # a body that claims to be larger is damaged

CELL = ("since", "clearing", "seen", "told", "told_since", "told_expected", "told_severity", "active", "busy", "truth")


def write(state: FleetState, endpoint: Endpoint) -> bytes:
    """The endpoint's state; a few KB."""
    facts = [[signal, subject, value] for (signal, subject), value in endpoint.facts.items()]
    names = {"cells": list(endpoint.cells), "facts": facts, "swept": endpoint.swept, "at": endpoint.at}
    text = json.dumps(names, separators=(",", ":"), ensure_ascii=False).encode()
    parts = [struct.pack("<I", len(text)), text]
    for table, columns, rows in _rows(state, endpoint, list(endpoint.cells)):
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
    keys = _restore_names(state, endpoint, names)
    if keys is None:
        return None
    rows = _rows(state, endpoint, keys)
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


def _restore_names(state: FleetState, endpoint: Endpoint, names: dict[str, Any]) -> list[CellKey] | None:
    """Makes the cells; returns their keys in the order in which they were written, None when names do not fit."""
    try:
        endpoint.swept, endpoint.at = float(names["swept"]), float(names["at"])
        for signal, subject, value in names["facts"]:
            endpoint.facts[int(signal), str(subject)] = value
        keys = [(int(number), str(subject)) for number, subject in names["cells"]]
    except (KeyError, TypeError, ValueError):
        return None
    if len(keys) > MOST_CELLS or any(not 0 <= number < len(state.index.rules) for number, _ in keys):
        return None
    for number, subject in keys:
        state.make(endpoint, number, subject)
    return keys if len(endpoint.cells) == len(keys) else None


def _rows(
    state: FleetState, endpoint: Endpoint, keys: list[CellKey]
) -> list[tuple[Columns, tuple[str, ...], list[int]]]:
    """Table by table the columns and rows of the cells ``keys``."""
    cells = [endpoint.cells[key] for key in keys]
    terms: list[int] = []
    own: dict[type, list[list[int]]] = {source: [[] for _ in kind.tables()] for source, kind in state.kinds.items()}
    for (number, _), cell in zip(keys, cells, strict=True):
        rule, first = state.index.rules[number], int(state.cells.term[cell])
        terms += range(first, first + len(rule.terms))
        kind = state.kind(rule)
        if kind is not None:
            extra = int(state.cells.extra[cell])
            for table, more in zip(own[type(rule.source)], kind.rows(rule.source, extra), strict=True):
                table.extend(more)
    found: list[tuple[Columns, tuple[str, ...], list[int]]] = [(state.cells, CELL, cells), (state.terms, ("x",), terms)]
    for source, kind in state.kinds.items():
        tables = zip(kind.tables(), own[source], strict=True)
        found += [(table, columns, rows) for (table, columns), rows in tables]
    return found
