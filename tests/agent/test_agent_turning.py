"""Which disks a directory is on, whether one turns, and how often they were used: Linux, Windows and macOS."""

from __future__ import annotations

import plistlib
import struct
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psutil
import pytest

from keuring_agent.host.commands import Result
from keuring_agent.host.darwin import DarwinHost
from keuring_agent.host.darwin import turning as darwin_turning
from keuring_agent.host.linux import turning
from keuring_agent.host.readings import DiskBelow, NotMeasurable
from keuring_agent.host.windows import WindowsHost
from tests.agent import macs
from tests.agent.trees import tree
from tests.agent.windows import RecordedWindows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def disk(name: str, *, turns: int, stat: str = "10 0 0 0 5 0 0 0 0 0 0") -> dict[str, str]:
    return {f"sys/block/{name}/stat": stat + "\n", f"sys/block/{name}/queue/rotational": f"{turns}\n"}


def place(root: Path, device: str, leads_to: str) -> None:
    link = root / "sys/dev/block" / device
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(root / leads_to)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's files")
def test_the_disks_below_a_partition_a_volume_a_whole_disk_and_a_btrfs(tmp_path: Path) -> None:
    files = {
        **disk("sda", turns=1),
        **disk("nvme0n1", turns=0, stat="900 0 0 0 100 0 0"),
        **disk("vda", turns=1),
        "sys/block/sda/sda2/partition": "2\n",
        "sys/block/dm-0/queue/rotational": "1\n",
        "sys/fs/btrfs/features/skinny_metadata": "0\n",
        "proc/1/mountinfo": MOUNTS.strip(),
    }
    found = tree(tmp_path, files)
    place(tmp_path, "8:0", "sys/block/sda")
    place(tmp_path, "8:2", "sys/block/sda/sda2")
    place(tmp_path, "259:0", "sys/block/nvme0n1")
    place(tmp_path, "254:0", "sys/block/vda")
    place(tmp_path, "253:0", "sys/block/dm-0")
    slaves = tmp_path / "sys/block/dm-0/slaves"
    slaves.mkdir(parents=True)
    (slaves / "sda2").symlink_to(tmp_path / "sys/block/sda/sda2")
    (slaves / "nvme0n1").symlink_to(tmp_path / "sys/block/nvme0n1")
    for uuid, device, leads_to in (("aa", "sda2", "sda/sda2"), ("bb", "nvme0n1", "nvme0n1"), ("bb", "vda", "vda")):
        devices = tmp_path / "sys/fs/btrfs" / uuid / "devices"
        devices.mkdir(parents=True, exist_ok=True)
        (devices / device).symlink_to(tmp_path / "sys/block" / leads_to)

    def below(device: str) -> DiskBelow:
        return turning.used(found, [f"sys/dev/block/{device}"])

    assert below("8:0") == below("8:2") == DiskBelow(turns=True, transfers=15)
    assert below("259:0") == DiskBelow(turns=False, transfers=1000)
    assert below("253:0") == DiskBelow(turns=True, transfers=1015)
    assert below("254:0").turns is False  # a virtual machine's
    with pytest.raises(NotMeasurable, match="tells no disk"):
        below("0:35")  # tmpfs

    assert turning.used(found, turning.btrfs(found, "/var/lib/agent")) == DiskBelow(turns=True, transfers=15)
    assert turning.btrfs(found, "/srv/data/x") == ["sys/fs/btrfs/bb/devices/nvme0n1", "sys/fs/btrfs/bb/devices/vda"]
    for elsewhere in ("/var/lib/other/x", "/rootish"):  # on a tmpfs; by a name that no Btrfs here has
        with pytest.raises(NotMeasurable, match="tells no disk"):
            turning.btrfs(found, elsewhere)


MOUNTS = """22 1 0:35 /@ / rw - btrfs /dev/root rw,subvol=/@
30 22 0:36 /@var /var rw - btrfs /dev/sda2 rw,subvol=/@var
31 30 0:40 / /var/lib/other rw - tmpfs tmpfs rw
32 22 0:41 / /srv/data rw - ext4 /dev/sdz1 rw
33 22 0:41 / /srv/data rw - btrfs /dev/vda rw
"""


def test_a_windows_volume_tells_its_disks_and_they_whether_they_turn() -> None:
    def use(reads: int, writes: int) -> bytes:
        return struct.pack("<5q4Iq", 0, 0, 0, 0, 0, reads, writes, 0, 0, 0) + bytes(16)

    def extents(*numbers: int) -> bytes:
        return struct.pack("<I4x", len(numbers)) + b"".join(struct.pack("<I4x2q", one, 0, 9) for one in numbers)

    windows = RecordedWindows(
        devices={
            ("C:", 0x00560000): extents(0),
            ("D:", 0x00560000): extents(1, 0, 1),
            ("E:", 0x00560000): extents(2),
            ("F:", 0x00560000): b"",
            ("PhysicalDrive0", 0x002D1400): struct.pack("<2I?3x", 12, 12, False),  # a field
            ("PhysicalDrive1", 0x002D1400): struct.pack("<2I?3x", 12, 12, True),
            ("PhysicalDrive0", 0x00070020): use(10, 5),
            ("PhysicalDrive1", 0x00070020): use(100, 200),
            ("PhysicalDrive2", 0x00070020): use(1, 1),
        }
    )
    host = WindowsHost(system=windows)
    state_directory = r"C:\ProgramData\Keuring\state"
    assert host.disk_below(state_directory) == DiskBelow(turns=False, transfers=15)
    assert host.disk_below("D:\\state") == DiskBelow(turns=True, transfers=315)
    for untold in ("E:\\x", "F:\\x", "G:\\x", r"\\server\share\x"):
        with pytest.raises(NotMeasurable):
            host.disk_below(untold)
    before = len(windows.questions)
    windows.devices["PhysicalDrive1", 0x00070020] = use(101, 200)
    assert host.disk_below("D:\\state").transfers == 316
    assert len(windows.questions) - before == 2  # how often it was used, and nothing else again


@pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX paths")
def test_a_mac_tells_the_disks_of_a_volume_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(**fields: object) -> str:
        return plistlib.dumps(fields).decode()

    says = {
        "diskutil info -plist disk1s5": answer(
            SolidState=False, APFSPhysicalStores=[{"APFSPhysicalStore": "disk0s2"}, {"APFSPhysicalStore": "disk2s2"}]
        ),
        "diskutil info -plist disk0s2": answer(ParentWholeDisk="disk0", SolidState=True),
        "diskutil info -plist disk2s2": answer(ParentWholeDisk="disk2", SolidState=False),
        "diskutil info -plist disk4s1": answer(ParentWholeDisk="disk4", SolidState=True),
        "diskutil info -plist disk5s1": answer(ParentWholeDisk="disk5"),  # a stick: it does not tell
    }

    def run(arguments: Sequence[str], timeout: float) -> Result:
        asked.append(" ".join(arguments))
        assert 0 < timeout < 5
        return Result(0, says[asked[-1]].encode())

    assert darwin_turning.disks_of(run, 4.0, "disk1s5") == (["disk0", "disk2"], True)  # a Fusion Drive
    assert darwin_turning.disks_of(run, 4.0, "disk4s1") == (["disk4"], False)
    with pytest.raises(NotMeasurable, match="does not answer"):
        darwin_turning.disks_of(run, 4.0, "disk5s1")
    numbers = {"/Library/x": 7, "/": 5, "/System/Volumes/Data": 7}  # a firm link leads out of "/"
    mounts = [("/dev/disk1s1s1", "/"), ("map auto_home", "/gone"), ("/dev/disk1s5", "/System/Volumes/Data")]
    assert darwin_turning.device_of("/Library/x", mounts, numbers.__getitem__) == "disk1s5"
    with pytest.raises(NotMeasurable, match="tells no disk"):
        darwin_turning.device_of("/Library/x", mounts[:2], numbers.__getitem__)

    count = [10]
    mine = macs.Partition("/dev/disk1s5", str(tmp_path), "apfs", "rw")
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [mine])
    uses = {"disk0": SimpleNamespace(read_count=1, write_count=2), "disk2": SimpleNamespace(read_count=3)}
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: uses)
    host = DarwinHost(run=run)
    for expected in (16, 17):
        uses["disk2"].write_count = count[0]
        asked.clear()
        assert host.disk_below(str(tmp_path)) == DiskBelow(turns=True, transfers=expected)
        count[0] += 1
    assert asked == []  # the second time
    del uses["disk2"]
    with pytest.raises(NotMeasurable, match="counts"):
        host.disk_below(str(tmp_path))
