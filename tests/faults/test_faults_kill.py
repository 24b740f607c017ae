"""kill -9 of the process that writes, in the middle of batches: what was acknowledged is stored, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from keuring_collector.ingest.writer import WritePath
from keuring_collector.store import journal
from keuring_collector.store.connection import connect
from tests.faults import scenario

KILLS = int(os.environ.get("KEURING_FAULT_KILLS", "20"))


def kill_often(url: str, endpoint: int, kills: int, seed: int = 4) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_writer", url, str(endpoint), str(kills), str(seed)],
        capture_output=True,
        text=True,
        timeout=120 + kills,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def check(url: str, endpoint: int, ledger: dict[str, Any]) -> int:
    """Holds the store against the ledger; returns how many reports are stored."""
    connection = connect(url)
    sequences = [entry.sequence for entry in journal.entries(connection, endpoint)]
    twin = scenario.new_endpoint(connection)
    connection.close()
    # Nothing twice, nothing missing, and nothing of what was acknowledged lost.
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(sequences) >= ledger["acknowledged"]
    # The last batch may have been stored without its acknowledgement arriving; no more than that one.
    assert len(sequences) <= ledger["acknowledged"] + 6
    path = WritePath(url, scenario.pack())
    for sequence in sequences:
        path.write([scenario.received(twin, scenario.made(sequence))])
    path.close()
    assert scenario.stored(url, endpoint) == scenario.stored(url, twin)
    return len(sequences)


def test_nothing_is_lost_or_doubled_by_kills(migrated_url: str) -> None:
    connection = connect(migrated_url)
    endpoint = scenario.new_endpoint(connection)
    connection.close()
    ledger = kill_often(migrated_url, endpoint, KILLS)
    assert check(migrated_url, endpoint, ledger) > KILLS
    assert ledger["slowest_ready_s"] < 5
