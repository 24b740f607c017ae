"""Every recorded answer of WMI goes through what reads its class; classes that nothing reads are named, with why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from keuring_agent.host.readings import Encryption, NotMeasurable
from keuring_agent.host.windows import disks, encryption, graphics, identity, network, parts, surroundings, values
from tests.agent.windows import exported

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[dict[str, object]]

pytestmark = pytest.mark.corpus
KNOWN: Final = ("amd64", "example")
NOW: Final = datetime(2017, 11, 30, tzinfo=UTC).timestamp()


def systems(rows: Rows) -> object:
    return [identity.from_cim(row, *KNOWN) for row in rows]


def machines(rows: Rows) -> object:
    return [identity.hardware(row, {}, {}, {}) for row in rows]


def processors(rows: Rows) -> object:
    found = [identity.hardware({}, {}, {}, row).processor for row in rows]
    assert all(found)
    return found


PARSERS: Final[dict[str, Callable[[Rows], object]]] = {
    "Win32_OperatingSystem": systems,
    "Win32_ComputerSystem": machines,
    "Win32_Processor": processors,
    "Win32_DiskDrive": disks.drives,
    "MSFT_PhysicalDisk": disks.physical,
    "Win32_NetworkAdapter": network.older_ports,
    "MSFT_NetAdapter": network.ports,
    "Win32_EncryptableVolume": encryption.encryption,
    "Win32_VideoController": graphics.gpus,
    "Win32_PhysicalMemory": lambda rows: parts.memory_slots([{"MemoryDevices": 4}], rows),
    "Win32_PhysicalMemoryArray": lambda rows: parts.memory_slots(rows, [{"Capacity": 1}]),
    "SoftwareLicensingProduct": lambda rows: parts.licences(rows, NOW),
}
# What the agent never asks for, and why.
UNREAD: Final = {
    "Win32_UserAccount": "people are not read",
    "Win32_NetworkAdapterConfiguration": "addresses are not read",
    "MSVM_ComputerSystem": "virtual machines are machines of their own",
    "MSVM_MemorySettingData": "virtual machines are machines of their own",
    "MSVM_ProcessorSettingData": "virtual machines are machines of their own",
    "Win32_CDROMDrive": "nothing of the catalogue",
    "CIM_LogicalDevice": "nothing of the catalogue",
    "Win32_LogicalDisk": "psutil tells of file systems",
}


def folder(corpus: Path) -> Path:
    return corpus / "recorded" / "glpi-agent" / "win32" / "wmi"


def test_every_recorded_file_is_read_or_said_not_to_be(corpus: Path) -> None:
    files = sorted(folder(corpus).glob("*.wmi"))
    assert len(files) >= 38
    reasons = set()
    for path in files:
        kind = path.stem.rpartition("-")[2]
        rows = exported(path)
        assert rows, path.name
        for row in rows:  # whatever a field holds, each way of reading it answers
            for name in row:
                for read in (values.number, values.whole, values.text, values.flag, values.listed, values.characters):
                    read(row, name)
                values.moment(row[name])
                values.filetime(row[name])
        if kind in UNREAD:
            continue
        try:
            assert PARSERS[kind](rows), path.name
        except NotMeasurable as error:
            reasons.add((path.name, error.reason))
    assert reasons == {("2008-Enterprise-Win32_OperatingSystem.wmi", "Windows does not tell its own version")}


def test_an_encrypted_volume(corpus: Path) -> None:
    rows = exported(folder(corpus) / "win10-crypt-Win32_EncryptableVolume.wmi")
    assert encryption.encryption(rows) == [Encryption("C:\\", encrypted=True)]


def test_an_nvme_disk_by_both_classes(corpus: Path) -> None:
    (newer,) = disks.physical(exported(folder(corpus) / "latitude-7480-MSFT_PhysicalDisk.wmi"))
    assert newer == disks.Disk(
        0, "nvme", True, "PC300 NVMe SK hynix 512GB", "20007A00", "ACE4_2E61_9000_7804", 512110190592
    )
    (older,) = disks.drives(exported(folder(corpus) / "win10-crypt-Win32_DiskDrive.wmi"))
    assert (older.name, older.kind, older.model) == ("PhysicalDrive0", "nvme", "KXG50ZNV512G NVMe TOSHIBA 512GB")
    assert older.firmware == "AACA4100"


def test_a_server_with_many_disks(corpus: Path) -> None:
    found = disks.drives(exported(folder(corpus) / "2008-Enterprise-Win32_DiskDrive.wmi"))
    assert [disk.number for disk in found] == sorted({disk.number for disk in found})
    assert len(found) >= 8
    assert {disk.model for disk in found} >= {"VMware Virtual disk SCSI Disk Device"}


def test_versions_in_another_language(corpus: Path) -> None:
    (found,) = [
        identity.from_cim(row, *KNOWN) for row in exported(folder(corpus) / "win7-sp1-x64-Win32_OperatingSystem.wmi")
    ]
    assert (found.name, found.version, found.build) == ("Windows 7 Pro", "6.1.7600", "7600")


def test_machines_by_their_makers(corpus: Path) -> None:
    (row,) = exported(folder(corpus) / "11-AzureAD-Win32_ComputerSystem.wmi")
    found = identity.hardware(row, {}, {"ChassisTypes": (10,)}, {})
    assert (found.vendor, found.model, found.chassis) == ("LENOVO", "20TBS57S00", "laptop")
    (row,) = exported(folder(corpus) / "proxmox-Win32_ComputerSystem.wmi")
    assert identity.hardware(row, {}, {"ChassisTypes": (1,)}, {}).chassis == "virtual"


def test_real_ports_among_virtual_ones(corpus: Path) -> None:
    newer = network.ports(exported(folder(corpus) / "vpn-down-MSFT_NetAdapter.wmi"))
    assert "Ethernet 4" in {port.name for port in newer if port.wired}
    assert "Ethernet 2" not in {port.name for port in newer}  # the VPN's
    assert {port.name for port in newer if not port.wired} >= {"Wi-Fi"}
    older = network.older_ports(exported(folder(corpus) / "vpn-up-Win32_NetworkAdapter.wmi"))
    assert "Wi-Fi" in {port.name for port in older}
    assert all(port.speed is None or port.speed < 1e12 for port in older)
    processor = exported(folder(corpus) / "7-Win32_Processor.wmi")
    assert processors(processor) == ["Intel(R) Core(TM) i5-2300 CPU @ 2.80GHz"]


def test_a_private_network_that_is_up_and_one_that_is_down(corpus: Path) -> None:
    up = exported(folder(corpus) / "vpn-up-Win32_NetworkAdapter.wmi")
    assert surroundings.vpn_connections(up) == 1
    down = exported(folder(corpus) / "vpn-down-MSFT_NetAdapter.wmi")
    assert surroundings.vpn_connections(down) == 0


def test_graphics_of_three_makers(corpus: Path) -> None:
    found = {}
    for name in ("amd-radeon-rx6600xt", "intel-hd-graphics", "nvidia-geforce-rtx-2060-super"):
        (one,) = graphics.gpus(exported(folder(corpus) / f"{name}-Win32_VideoController.wmi"))
        found[one.model] = one.driver
    assert found["Intel(R) HD Graphics"] == "Intel Corporation 9.17.10.4459"
    assert set(found) == {"Intel(R) HD Graphics", "AMD Radeon RX 6600 XT", "NVIDIA GeForce RTX 2060 SUPER"}


def test_memory_and_a_licence_that_must_be_renewed(corpus: Path) -> None:
    arrays = exported(folder(corpus) / "2003-Win32_PhysicalMemoryArray.wmi")
    modules = exported(folder(corpus) / "2003-Win32_PhysicalMemory.wmi")
    assert parts.memory_slots(arrays, modules) == (4, 2)
    (licence,) = parts.licences(exported(folder(corpus) / "office_2016_01-SoftwareLicensingProduct.wmi"), NOW)
    assert licence == ("Office 16", datetime(2018, 5, 28, tzinfo=UTC).timestamp())  # in 259174 minutes
