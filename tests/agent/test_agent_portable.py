"""Windows and macOS through psutil; on this machine psutil can be asked the same."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import keuring_agent
from keuring_agent.host import local
from keuring_agent.host.portable import PortableHost
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.sensors import every

PACKAGE = Path(keuring_agent.__file__).parent
# What is only there on POSIX systems; outside host/linux it must be looked for before it is used.
POSIX_ONLY = {"fcntl", "resource", "pwd", "grp", "termios", "pty"}


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_a_window_of_another_system(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    host = PortableHost()
    assert isinstance(local(), PortableHost)
    assert host.platform == {"win32": "windows", "darwin": "macos"}[system]
    monkeypatch.undo()
    complaints: list[str] = []
    ledger = Ledger()
    recorder = Recorder(host, every({}, 1, 1), ledger, Gate(), 5.0, complaints.append)
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    assert report is not None
    assert complaints == []
    assert len({key.signal for key in report.series}) >= 12
    told = [reason for reason in ledger.unmeasured.values() if reason]
    assert any("cannot be read on" in reason for reason in told)


def test_psutil_and_our_own_reading_agree() -> None:
    theirs, ours = PortableHost(), local()
    assert theirs.memory().total == ours.memory().total
    assert theirs.cpu_count() == ours.cpu_count()
    assert theirs.uptime() == pytest.approx(ours.uptime(), abs=5)
    assert theirs.boot_id() == PortableHost().boot_id()
    assert theirs.own_use().resident == pytest.approx(ours.own_use().resident, rel=0.2)
    root = next(found for found in theirs.file_systems() if found.mountpoint == "/")
    mine = next(found for found in ours.file_systems() if found.mountpoint == "/")
    assert (root.kind, root.size) == (mine.kind, mine.size)


def imports(tree: ast.Module) -> set[str]:
    """Names imported when the module is loaded."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_who_may_import_what(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    found = imports(ast.parse(path.read_text()))
    if not name.startswith("host/linux/"):
        assert not found & POSIX_ONLY
    if not name.startswith("host/"):
        assert "psutil" not in found
    if name not in ("uplink.py", "enrol.py", "recovery.py"):
        assert "grpc" not in found
    if name not in ("credentials.py", "machine_certificate.py"):
        assert "cryptography" not in found
    assert "keuring_collector" not in found
    assert len(path.read_text().splitlines()) <= 400
