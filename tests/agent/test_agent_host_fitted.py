"""Linux: what the machine is fitted with and guarded by, in the forms that the kernel, SMBIOS and fwupd document."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host import thrift
from keuring_agent.host.inventory import (
    DeviceFirmware,
    DiskSize,
    Driver,
    Licence,
    MemorySlots,
)
from keuring_agent.host.linux import (
    fitted,
    fwupd,
    identity,
    licences,
    processor,
    system,
    trust,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree
from tests.agent.trees import answering, failing, own, tree, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks this machine's kernel")


@pytest.mark.parametrize(("value", "expected"), [(1, True), (0, False)])
def test_secure_boot(tmp_path: Path, value: int, expected: bool) -> None:
    root = tree(tmp_path, {"sys/firmware/efi/runtime": ""})
    with pytest.raises(NotMeasurable, match="does not tell whether"):
        trust.secure_boot(root)
    (tmp_path / "sys/firmware/efi/efivars").mkdir()
    variable = tmp_path / trust._SECURE_BOOT
    variable.write_bytes(b"\x06\0\0\0" + bytes([value]))
    assert trust.secure_boot(root) is expected
    variable.write_bytes(b"\x06")
    with pytest.raises(NotMeasurable, match="does not tell whether"):
        trust.secure_boot(root)
    with pytest.raises(NotMeasurable, match="not started by UEFI"):
        trust.secure_boot(Tree(str(tmp_path / "none")))


def test_the_chip_that_keeps_keys(tmp_path: Path) -> None:
    assert trust.tpm(tree(tmp_path / "a", {"sys/class/tpm/tpm0/tpm_version_major": "2"})) == "2.0"
    assert trust.tpm(tree(tmp_path / "b", {"sys/class/tpm/tpm0/device/caps": "TCG version: 1.2"})) == "1.2"
    with pytest.raises(NotMeasurable, match="does not tell its version"):
        trust.tpm(tree(tmp_path / "c", {"sys/class/tpm/tpm0/dev": "10:224"}))
    with pytest.raises(NotMeasurable, match="no TPM"):
        trust.tpm(Tree(str(tmp_path / "none")))


def test_faults_of_the_processor_that_nothing_wards_off(tmp_path: Path) -> None:
    said = {
        "meltdown": "Not affected",
        "retbleed": "Vulnerable",
        "mds": "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable",
        "spectre_v2": "Mitigation: Retpolines; STIBP: disabled",
        "itlb_multihit": "Processor vulnerable",
        "l1tf": "Mitigation: PTE Inversion; VMX: vulnerable",
        "srbds": "Unknown: Dependent on hypervisor status",
    }
    assert trust.vulnerabilities(tree(tmp_path, {f"{trust._FAULTS}/{name}": text for name, text in said.items()})) == 3
    with pytest.raises(NotMeasurable, match="does not tell which faults"):
        trust.vulnerabilities(Tree(str(tmp_path / "none")))


def structure(kind: int, handle: int, body: bytes, strings: bytes = b"") -> bytes:
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + (strings or b"\0") + b"\0"


def module(array: int, size: int) -> bytes:
    return structure(17, 40 + size % 7, struct.pack("<HHHHH", array, 0xFFFE, 64, 64, size) + bytes(20), b"SN-123\0")


def test_places_for_memory_modules(tmp_path: Path) -> None:
    table = structure(0, 0, bytes(20), b"Maker\x00Version\x00")
    table += structure(16, 0x10, bytes([3, 3, 3]) + bytes(8))  # main memory
    table += structure(16, 0x11, bytes([3, 5, 3]) + bytes(8))  # flash
    table += module(0x10, 8192) + module(0x10, 0) + module(0x11, 16) + module(0x10, 0xFFFF)
    end = structure(127, 0xFF, b"")
    (tmp_path / "sys/firmware/dmi/tables").mkdir(parents=True)
    (tmp_path / "sys/firmware/dmi/tables/DMI").write_bytes(table + end)
    assert fitted.memory_slots(Tree(str(tmp_path))) == MemorySlots(3, 2)
    assert fitted.slots(table) == MemorySlots(3, 2)  # without an end
    with pytest.raises(NotMeasurable, match="list no memory modules"):
        fitted.slots(structure(0, 0, bytes(20)))
    with pytest.raises(NotMeasurable, match="has no tables"):
        fitted.memory_slots(Tree(str(tmp_path / "none")))


def test_sizes_of_disks(tmp_path: Path) -> None:
    files = {"sys/block/sda/size": "1000215216", "sys/block/sda/device/model": "x", "sys/block/sdb/size": "0"}
    files |= {"sys/block/sdb/device/model": "Card Reader", "sys/block/loop0/size": "100"}
    assert fitted.disk_sizes(tree(tmp_path, files)) == [DiskSize("sda", 512110190592)]
    with pytest.raises(NotMeasurable, match="no physical disk"):
        fitted.disk_sizes(Tree(str(tmp_path / "none")))


def test_drivers_from_elsewhere(tmp_path: Path) -> None:
    files = {"sys/module/nvidia/taint": "POE", "sys/module/nvidia/version": "535.183.01"}
    files |= {"sys/module/i915/taint": "", "sys/module/vboxdrv/taint": "OE", "sys/module/ext4/refcnt": "1"}
    assert fitted.drivers(tree(tmp_path, files)) == [
        Driver("nvidia", "535.183.01", None),
        Driver("vboxdrv", None, None),
    ]
    with pytest.raises(NotMeasurable, match="come with the kernel"):
        fitted.drivers(tree(tmp_path / "plain", {"sys/module/ext4/taint": ""}))
    with pytest.raises(NotMeasurable, match="does not list its drivers"):
        fitted.drivers(Tree(str(tmp_path / "none")))


PARTS = {
    "proc/cpuinfo": "processor\t: 0\nmicrocode\t: 0xf4\n\nprocessor\t: 1\nmicrocode\t: 0xf4",
    "sys/class/nvme/nvme0/model": "Example 980",
    "sys/class/nvme/nvme0/firmware_rev": "5B2QGXA7",
    "sys/class/nvme/nvme1/model": "Example 980",
    "sys/class/nvme/nvme1/firmware_rev": "4B2QGXA7",
    "sys/class/nvme/nvme0/serial": "SECRET",
    "sys/block/sda/device/model": "Example  HDD",
    "sys/block/sda/device/rev": "0001",
    "sys/bus/thunderbolt/devices/0-0/nvm_version": "41.0",
    "sys/bus/thunderbolt/devices/0-1/nvm_version": "60.0",
}
KERNEL_KNOWS = [
    DeviceFirmware("microcode", "0xf4"),
    DeviceFirmware("Example 980", "5B2QGXA7"),
    DeviceFirmware("Example 980 (2)", "4B2QGXA7"),
    DeviceFirmware("Example HDD", "0001"),
    DeviceFirmware("Thunderbolt controller", "41.0"),
]
FWUPD = json.dumps(
    {
        "Devices": [
            {"Name": "UEFI dbx", "Version": "371", "Flags": ["internal", "updatable"], "Serial": "SECRET"},
            {"Name": "A colleague's own mouse", "Version": "1", "Flags": ["updatable"]},
            {"Name": "Fan", "Flags": ["internal"]},
            "odd",
        ]
    }
)


def test_firmware_that_the_kernel_knows(tmp_path: Path) -> None:
    assert fitted.firmware(tree(tmp_path, PARTS)) == KERNEL_KNOWS


def test_fwupd_is_asked_only_while_it_runs_and_what_it_said_is_kept(tmp_path: Path) -> None:
    root = own(tmp_path, PARTS, systemd=True)
    state = "active"

    def run(arguments: Sequence[str], timeout: float) -> Result:
        if arguments[0] == "fwupdmgr":
            assert state == "active"
        said = unit("fwupd.service", ActiveState=state)
        return answering(systemctl=said, fwupdmgr=FWUPD)(arguments, timeout)

    reader = fwupd.FirmwareReader(root, run, 1)
    assert reader.firmware() == [*KERNEL_KNOWS, DeviceFirmware("UEFI dbx", "371")]
    assert reader.updates() == 3
    state = "inactive"
    assert reader.firmware() == [*KERNEL_KNOWS, DeviceFirmware("UEFI dbx", "371")]
    assert reader.updates() is None


def test_without_fwupd_the_kernel_s_part_is_told(tmp_path: Path) -> None:
    reader = fwupd.FirmwareReader(own(tmp_path, PARTS, systemd=True), answering(systemctl=""), 1)
    assert reader.firmware() == KERNEL_KNOWS
    with pytest.raises(NotMeasurable, match="not installed"):
        reader.updates()
    with pytest.raises(NotMeasurable, match="neither the kernel nor fwupd"):
        fwupd.FirmwareReader(own(tmp_path / "none"), failing, 1).firmware()


def test_licences_that_end(tmp_path: Path) -> None:
    pro = {"attached": True, "expires": "2027-06-01T00:00:00+00:00"}
    root = tree(tmp_path, {"var/lib/ubuntu-advantage/status.json": json.dumps(pro)})
    assert licences.licences(root) == [Licence("Ubuntu Pro", 1811808000.0)]
    for said in ('{"attached": true, "expires": "9999-12-31T00:00:00+00:00"}', '{"attached": false}', "[1]", "no"):
        with pytest.raises(NotMeasurable, match="no subscription"):
            licences.licences(tree(tmp_path, {"var/lib/ubuntu-advantage/status.json": said}))


def test_a_red_hat_subscription_by_its_certificate(tmp_path: Path) -> None:
    # Nothing but a date is read of it: the least that is a certificate, of each of two subscriptions.
    for name, end in (("1.pem", b"270304050607Z"), ("2.pem", b"280304050607Z"), ("1-key.pem", b"290304050607Z")):
        (tmp_path / "etc/pki/entitlement").mkdir(parents=True, exist_ok=True)
        validity = b"\x30\x11\x17\x00\x17\x0d" + end
        data = b"\x30\x1c\x30\x1a\x02\x01\x05\x30\x00\x30\x00" + validity
        (tmp_path / "etc/pki/entitlement" / name).write_bytes(data)
    assert licences.licences(Tree(str(tmp_path))) == [Licence("Red Hat subscription", 1835759167.0)]


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ('ID=debian\nVERSION="12 (bookworm)"', "12.11"),
        ('ID=ubuntu\nVERSION="22.04.4 LTS (Jammy Jellyfish)"', "22.04.4"),
        ('ID="rhel"\nVERSION="9.4 (Plow)"', "9.4"),
        ('ID=fedora\nVERSION="40 (Workstation Edition)"', None),
        ("ID=arch", None),
    ],
)
def test_the_level_of_patches(tmp_path: Path, fields: str, level: str | None) -> None:
    root = tree(tmp_path, {"etc/os-release": fields, "etc/debian_version": "12.11"})
    if level is not None:
        assert identity.patch_level(root) == level
    else:
        with pytest.raises(NotMeasurable, match="no level of patches"):
            identity.patch_level(root)


def test_time_for_which_the_processor_was_throttled(tmp_path: Path) -> None:
    base = "sys/devices/system/cpu"
    files = {}
    for cpu, (package, took) in enumerate([(0, 1500), (0, 1500), (1, 250)]):
        files[f"{base}/cpu{cpu}/thermal_throttle/package_throttle_total_time_ms"] = str(took)
        files[f"{base}/cpu{cpu}/topology/physical_package_id"] = str(package)
    assert processor.throttled_time(tree(tmp_path, files)) == 1.75
    with pytest.raises(NotMeasurable, match="for how long"):
        processor.throttled_time(Tree(str(tmp_path / "none")))


def test_failures_to_sleep_and_services_that_failed(tmp_path: Path) -> None:
    assert system.suspend_failures(tree(tmp_path, {"sys/power/suspend_stats/fail": "4"})) == 4
    with pytest.raises(NotMeasurable, match="does not count failures"):
        system.suspend_failures(Tree(str(tmp_path / "none")))
    listed = "a.service loaded failed failed Something\nb.service loaded failed failed Else\n"
    root = own(tmp_path / "own", systemd=True)
    assert system.failed_services(root, answering(systemctl=listed), 1) == 2
    assert system.failed_services(root, answering(systemctl=""), 1) == 0
    with pytest.raises(NotMeasurable, match="does not answer"):
        system.failed_services(root, failing, 1)
    with pytest.raises(NotMeasurable, match="systemd does not run"):
        system.failed_services(Tree(str(tmp_path)), failing, 1)


def resident() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def test_memory_that_was_freed_goes_back() -> None:
    many = [bytes(1000) for _ in range(40_000)]
    held = bytes(1001)  # above them: without being asked, the C library keeps all below it
    many.clear()
    before = resident()
    thrift.give_back()
    assert resident() < before - 20_000
    assert len(held) == 1001
