"""A real collector gives a token for many machines; the real agent enrols by it at its first start, by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keuring_agent import state
from tests.collector.command import Running, keuring, ok, until
from tests.e2e.real_agent import RealAgent
from tests.soak.collector import initialise

if TYPE_CHECKING:
    from pathlib import Path


def test_a_machine_enrols_by_itself_and_hears_of_the_wanted_version(tmp_path: Path, migrated_sqlite: Path) -> None:
    directory = tmp_path / "collector"
    initialise(
        directory,
        migrated_sqlite,
        sample_interval="0.5",
        window_duration="1",
        windows_per_flush="1",
        wanted_agent_version="9.0",
    )
    agent = RealAgent(
        tmp_path / "agent", sample_interval="0.5", window_duration="1", backoff_minimum="0.2", backoff_maximum="1"
    )
    collector = Running(directory)
    try:
        collector.wait_for("ready ingest", seconds=60)
        token = ok(keuring(directory, "token", "--uses", "2"))
        agent.state.mkdir()
        (agent.state / state.TOKEN).write_text(token)
        agent.start()
        until((agent.state / "collector.json").exists, 60, collector)  # reports were taken
        assert not (agent.state / state.TOKEN).exists()
        assert json.loads((agent.state / "policy.json").read_text())["wanted_version"] == "9.0"
        assert "1 left" in ok(keuring(directory, "token", "--list"))
        assert "the collector asks for 9.0" in agent.command("doctor").stdout
    finally:
        agent.end()
        collector.stop()
