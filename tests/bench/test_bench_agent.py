"""The agent's benchmark: whose figures there are, and the server that Zabbix' agents report to."""

from __future__ import annotations

import json
import socket
import struct
import zlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench import agent, agent_peers
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path


def test_node_exporter_stands_beside_the_figure_and_the_others_have_names_of_their_own() -> None:
    found = list(agent._figures("agent_rss_mb", 19.0, "MB", {"prometheus-node-exporter": 20.0, "netdata": 38.0}, "x"))
    assert found == [
        Figure("agent_rss_mb", 19.0, "MB", "prometheus-node-exporter", 20.0, 0.95, "x"),
        Figure("agent_rss_mb_and_netdata", 19.0, "MB", "netdata", 38.0, 0.5, "x"),
    ]
    assert list(agent._figures("agent_rss_mb", 19.0, "MB", {}, "x")) == [Figure("agent_rss_mb", 19.0, "MB", how="x")]


def test_peers_that_are_missing_are_said_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(agent_peers, "find_program", lambda _name: None)
    with ExitStack() as stack:
        assert agent_peers.start(stack, tmp_path, 60) == []
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" ", 1)[0] for line in said] == [
        "prometheus-node-exporter", "zabbix-agent", "zabbix-agent2", "netdata",
    ]  # fmt: skip
    assert all("is not installed: left out" in line for line in said)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_server_hands_out_items_and_counts_what_comes(compressed: bool) -> None:
    server = agent_peers._ZabbixServer(60, as_number=not compressed)

    def ask(document: dict[str, Any]) -> dict[str, Any]:
        plain = json.dumps(document).encode()
        body = zlib.compress(plain) if compressed else plain
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            flags = b"\x03" if compressed else b"\x01"
            connection.sendall(b"ZBXD" + flags + struct.pack("<II", len(body), len(plain)) + body)
            header = agent_peers._exactly(connection, 13)
            found: dict[str, Any] = json.loads(agent_peers._exactly(connection, struct.unpack("<I", header[5:9])[0]))
            return found

    try:
        items = ask({"request": "active checks", "host": "bench"})["data"]
        assert len(items) >= 45
        assert {item["delay"] for item in items} == {"60" if compressed else 60}
        assert ask({"request": "agent data", "data": [{}, {}]})["response"] == "success"
        assert server.values == 2
        assert server.up > 100
    finally:
        server.close()
