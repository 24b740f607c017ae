"""Recorded Linux machines: whatever a file of the corpus holds, every reader answers or says why it cannot."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from keuring_agent.host import NotMeasurable
from keuring_agent.host.linux import LinuxHost, identity
from keuring_agent.host.protocol import Host
from keuring_agent.host.tree import Tree
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.sensors import every
from tests.agent.test_agent_host_strangers import READERS
from tests.agent.trees import failing, tree, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's files")]

# What Host asks with an argument.
ARGUMENTS: Final = {
    "pressure": "io",
    "kernel_log": "",
    "smart": "sda",
    "crashes": "",
    "hangs": "",
    "bug_checks": "",
    "disk_below": "/",
}
METHODS: Final = sorted(
    name for name, value in vars(Host).items() if callable(value) and not name.startswith("_")
)  # platform is no method


@pytest.fixture
def server(corpus: Path, tmp_path: Path) -> Path:
    """The root of the recorded server: its /sys from an archive, its /proc as it is."""
    base = corpus / "recorded" / "node_exporter"
    unpack(base / "sys.ttar", tmp_path)
    (tmp_path / "proc").symlink_to(base / "proc")
    return tmp_path


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_every_reader_takes_every_file(reader: Callable[[bytes], None], corpus: Path) -> None:
    folders = (corpus / "recorded" / name for name in ("glpi-agent/linux", "glpi-agent/generic", "node_exporter"))
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) > 60
    for path in files:
        reader(path.read_bytes())


def test_all_that_a_host_can_be_asked_is_asked_of_the_recorded_server(server: Path) -> None:
    host = LinuxHost(str(server), run=failing)
    answered = set()
    for name in METHODS:
        arguments = (ARGUMENTS[name],) if name in ARGUMENTS else ()
        with suppress(NotMeasurable):
            getattr(host, name)(*arguments)
            answered.add(name)
    assert answered >= {
        *("cpu_times", "cpu_count", "cpu_frequency", "throttled", "load", "memory", "swap", "pressure", "temperatures"),
        *("fans", "batteries", "device_firmware", "arrays", "memory_errors", "vpn_connections"),
    }


def test_no_sensor_breaks_on_the_recorded_server(server: Path) -> None:
    complaints: list[str] = []
    host = LinuxHost(str(server), run=failing)
    recorder = Recorder(host, every({}, 1, 1), Ledger(), Gate(), 5.0, complaints.append)
    for _ in range(2):
        recorder.sample(closing=True)
    assert complaints == []
    report = recorder.close()
    assert report is not None
    assert len({key.signal for key in report.series}) >= 35


def test_a_recorded_level_of_patches(corpus: Path, tmp_path: Path) -> None:
    (path,) = (corpus / "recorded/glpi-agent/linux/distro").iterdir()
    files = {"etc/os-release": "ID=debian\nVERSION_ID=11", "etc/debian_version": path.read_text(encoding="utf-8")}
    assert identity.patch_level(tree(tmp_path, files)) == "11.2"
    assert identity.patch_level(Tree(str(tmp_path))) == path.name.rpartition("-")[2]
