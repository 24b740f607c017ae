"""The helper that asks disks for their health as root, and what the agent asks of it."""

from __future__ import annotations

import socket
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from keuring_agent import service
from keuring_agent.host.linux import smart_helper
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.service.linux import SOCKET, files

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = service.FILES / "smart-helper"


def helped(tmp_path: Path, asked: bytes) -> tuple[int, str]:
    """The helper's exit code, and what smartctl was called with: a fake one that tells."""
    fake = tmp_path / "bin"
    fake.mkdir(exist_ok=True)
    (fake / "smartctl").write_text('#!/bin/sh\necho "$@"\n')
    (fake / "smartctl").chmod(0o755)
    text = SCRIPT.read_text().replace("PATH=/usr/sbin", f"PATH={fake}:/usr/sbin").replace("/dev/", f"{tmp_path}/dev/")
    text = text.replace("[ -b", "[ -e")
    script = tmp_path / "helper"
    script.write_text(text)
    done = subprocess.run(["/bin/sh", script], input=asked, capture_output=True, check=False, timeout=10)
    return done.returncode, done.stdout.decode().strip()


def test_the_helper_runs_smartctl_with_fixed_options_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    for name in ("sda", "sdab", "nvme0n1", "sda1", "mem"):
        (tmp_path / "dev" / name).touch()
    for name in ("sda", "sdab", "nvme0n1"):
        options = f"--json --info --health --attributes --nocheck=standby {tmp_path}/dev/{name}"
        assert helped(tmp_path, f"{name}\n".encode()) == (0, options)
    assert helped(tmp_path, b"sdc\n") == (66, "")
    for wrong in (
        *(b"", b"\n", b"sda", b"sda1\n", b"mem\n", b"../sda\n", b"sda --smart=off\n", b"sda;id\n", b"$(id)\n", b"-a\n"),
        *(b" sda\n", b"sda \n", b"sd*\n", b"sd[a]\n", b"sda\x00b\n", b"s\\da\n"),
    ):
        code, said = helped(tmp_path, wrong)
        assert (code, said) in {(64, ""), (66, "")} or (wrong == b"sda\x00b\n" and "--smart" not in said), wrong


def answering(path: Path, answer: bytes) -> tuple[threading.Thread, list[bytes]]:
    """A socket that gives one answer, and what it was asked."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection, server:
            asked.append(connection.makefile("rb").readline())
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread, asked


def test_the_agent_asks_the_helper(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    assert not smart_helper.offered(path)
    thread, asked = answering(tmp_path / "socket", b'{"smartctl": {}}')
    assert smart_helper.offered(path)
    assert smart_helper.ask("sda", 5.0, path) == b'{"smartctl": {}}'
    thread.join()
    assert asked == [b"sda\n"]
    with pytest.raises(NotMeasurable, match="does not answer"):
        smart_helper.ask("sda", 5.0, path)


def test_a_helper_that_says_nothing_is_told(tmp_path: Path) -> None:
    thread, _ = answering(tmp_path / "socket", b"")
    with pytest.raises(NotMeasurable, match="knows no disk of that name"):
        smart_helper.ask("sda", 5.0, str(tmp_path / "socket"))
    thread.join()


def test_unit_and_agent_mean_the_same_socket() -> None:
    unit = next(file for file in files(("x",)) if file.path.endswith(SOCKET))
    assert f"ListenStream={smart_helper.SOCKET}\n" in unit.text
