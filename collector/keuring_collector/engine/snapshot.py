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
from keuring_collector.engine.state import MOST_CELLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Columns, Sparse
    from keuring_collector.engine.state import Endpoint, FleetState

    Ints = NDArray[np.int64]

MAGIC = b"KEUS"
_HEAD = struct.Struct("<4sH16sII")
MOST_BYTES = 16 << 20  # a body that claims to be larger is damaged


def write(state: FleetState, endpoint: Endpoint) -> bytes:
    """The endpoint's state; a few KB."""
    facts = [[signal, subject, value] for (signal, subject), value in endpoint.facts.items()]
    names = {"cells": endpoint.shape.keys, "facts": facts, "swept": endpoint.swept, "at": endpoint.at}
    # Most are among the facts; those of parts that are gone are not.
    names["gone"] = [[*key, value] for key, value in endpoint.parts.items() if key not in endpoint.facts]
    own = [_own(state, endpoint, each) for each in state.sparse]
    names["sparse"] = [places.tolist() for places, _ in own]
    text = json.dumps(names, separators=(",", ":"), ensure_ascii=False).encode()
    parts = [struct.pack("<I", len(text)), text]
    for table, columns, rows in _runs(state, endpoint):
        parts += [getattr(table, column)[rows].tobytes() for column in columns]
    for each, (_, mine) in zip(state.sparse, own, strict=True):
        parts += [getattr(each.other, column)[mine].tobytes() for column in each.kept]
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
    endpoint = state.enter(number)
    try:
        _restore(state, endpoint, names, memoryview(body)[4 + length :])
    except (IndexError, KeyError, TypeError, ValueError):
        state.leave(endpoint)
        return None
    return endpoint


def _fingerprint(state: FleetState) -> bytes:
    return state.pack.fingerprint.encode()[:16].ljust(16, b"\0")


def _restore(state: FleetState, endpoint: Endpoint, names: dict[str, Any], data: memoryview) -> None:
    """Fills an empty endpoint. ValueError and the like when something does not fit."""
    endpoint.swept, endpoint.at = float(names["swept"]), float(names["at"])
    for signal, subject, value in names["facts"]:
        endpoint.facts[int(signal), str(subject)] = value
        if int(signal) in state.index.by_identity:
            endpoint.parts[int(signal), str(subject)] = value
    for signal, subject, value in names["gone"]:
        endpoint.parts[int(signal), str(subject)] = value
    keys = [(int(number), str(subject)) for number, subject in names["cells"]]
    if len(keys) > MOST_CELLS or any(not 0 <= number < len(state.index.rules) for number, _ in keys):
        raise ValueError("cells")
    shape = state.shapes.of(keys)
    if shape.keys != tuple(keys):
        raise ValueError("cells")
    state.reshape(endpoint, shape)
    for table, columns, rows in _runs(state, endpoint):
        data = _fill(table, columns, rows, data)
    for each, places in zip(state.sparse, names["sparse"], strict=True):
        first, size = _run(state, endpoint, each.table)
        if len(set(places)) < len(places) or not all(0 <= place < size for place in places):
            raise ValueError("sparse")
        mine = np.array([each.other.take() for _ in places], dtype=np.int64)
        getattr(each.table, each.column)[first + np.array(places, dtype=np.int64)] = mine
        data = _fill(each.other, each.kept, mine, data)
    if len(data):
        raise ValueError("longer than it should be")


def _fill(table: Columns, columns: Sequence[str], rows: slice | Ints, data: memoryview) -> memoryview:
    """Fills columns from the beginning of ``data``; returns the rest."""
    for name in columns:
        column = getattr(table, name)
        shape = column[rows].shape
        count = math.prod(shape)
        if count:
            column[rows] = np.frombuffer(data, column.dtype, count).reshape(shape)
        data = data[count * column.dtype.itemsize :]
    return data


def _run(state: FleetState, endpoint: Endpoint, table: Columns) -> tuple[int, int]:
    """Where the endpoint's rows in a table begin, and how many there are."""
    number = next(number for number, (each, _) in enumerate(state.tables) if each is table)
    return int(state.bases.first[endpoint.row, number]), endpoint.shape.sizes[number]


def _runs(state: FleetState, endpoint: Endpoint) -> Iterator[tuple[Columns, tuple[str, ...], slice]]:
    """Table by table what is kept of the endpoint's rows."""
    first = state.bases.first[endpoint.row].tolist()
    for (table, columns), begin, size in zip(state.tables, first, endpoint.shape.sizes, strict=True):
        if size:
            yield table, columns, slice(begin, begin + size)


def _own(state: FleetState, endpoint: Endpoint, sparse: Sparse) -> tuple[Ints, Ints]:
    """Which of the endpoint's rows have one in a sparse table, and which."""
    first, size = _run(state, endpoint, sparse.table)
    rows = getattr(sparse.table, sparse.column)[first : first + size]
    places = np.flatnonzero(rows >= 0)
    return places, rows[places].astype(np.int64)
