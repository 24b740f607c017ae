"""The real agent was away from the real collector for longer than its certificate lasts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from keuring_agent import identity
from tests.collector.command import until
from tests.e2e.stand import Stand

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

LIFETIME = 20.0  # of certificates, in seconds


def test_it_is_back_within_a_minute_with_all_that_it_kept(tmp_path: Path, migrated_sqlite: Path) -> None:
    stand = Stand(tmp_path, migrated_sqlite, backoff_maximum="300", certificate_days=f"{LIFETIME / 86400:.9f}")
    try:
        stand.wait_for_reports(1)
        stand.kill_collector()
        before = stand.head().sequence
        until(lambda: identity.load(stand.agent.state).has_expired(time.time()), LIFETIME + 10, stand.collector)
        stand.start_collector()
        began = time.monotonic()
        until(lambda: stand.head().sequence > before, 60, stand.collector)
        assert time.monotonic() - began < 60
        stand.wait_for_reports(3)
        sequences = stand.sequences()
        assert sequences == list(range(1, len(sequences) + 1))
        assert stand.endpoint  # one machine, as before
        assert "the collector gave a new one" in stand.agent.log.read_text(encoding="utf-8")
    finally:
        stand.close()
