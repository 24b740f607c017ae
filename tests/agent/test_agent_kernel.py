"""The kernel's messages: what counts, and reading each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keuring.signals.catalogue import (
    KEURING_CPU_MACHINE_CHECK,
    KEURING_DISK_IO_ERROR,
    KEURING_FILESYSTEM_ERROR,
    KEURING_GPU_RESET,
    KEURING_KERNEL_OOPS,
    KEURING_USB_ERROR,
)
from keuring_agent.host.commands import Result
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.linux import LinuxHost
from keuring_agent.host.linux.kernel import KernelReader
from keuring_agent.host.readings import LogLine, NotMeasurable
from keuring_agent.host.tree import Tree
from keuring_agent.privacy import Gate
from keuring_agent.sensors.base import Readings
from keuring_agent.sensors.kernel import KernelLogSensor, classify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("blk_update_request: I/O error, dev sdb, sector 8", (KEURING_DISK_IO_ERROR, "sdb", "")),
        ("I/O error, dev nvme0n1, sector 5 op 0x1:(WRITE) flags 0x800", (KEURING_DISK_IO_ERROR, "nvme0n1", "")),
        ("critical medium error, dev sda, sector 12345", (KEURING_DISK_IO_ERROR, "sda", "")),
        ("print_req_error: critical target error, dev sda, sector 1", (KEURING_DISK_IO_ERROR, "sda", "")),
        ("critical space allocation error, dev dm-1, sector 1", None),
        ("operation not supported error, dev sda, sector 1 op 0x9:(WRITE_ZEROES)", None),
        ("I/O error, dev fd0, sector 0", None),
        ("blk_update_request: I/O error, dev sr0, sector 0 op 0x0:(READ)", None),
        ("Buffer I/O error on dev sda1, logical block 0, async page read", None),
        ("EXT4-fs error (device dm-0): ext4_find_entry:1455", (KEURING_FILESYSTEM_ERROR, "dm-0", "")),
        ("EXT4-fs (sda1): error count since last fsck: 4", None),
        ("XFS (sda2): Metadata corruption detected at xfs_agf", (KEURING_FILESYSTEM_ERROR, "sda2", "")),
        ("BTRFS warning (device sda3): csum failed root 5 ino 257", (KEURING_FILESYSTEM_ERROR, "sda3", "")),
        ("BTRFS error (device sda3 state EA): parent transid verify failed", (KEURING_FILESYSTEM_ERROR, "sda3", "")),
        ("BTRFS error (device sda3): open_ctree failed", None),
        (
            "mce: [Hardware Error]: CPU 12: Machine Check: 0 Bank 5: 8c00004000010090",
            (KEURING_CPU_MACHINE_CHECK, "12", "corrected"),
        ),
        (
            "mce: [Hardware Error]: CPU 0: Machine Check Exception: 4 Bank 5: be00000000800400",
            (KEURING_CPU_MACHINE_CHECK, "0", "uncorrected"),
        ),
        (
            "[Hardware Error]: CPU:2 (17:1:1) MC0_STATUS[Over|CE|MiscV|-|AddrV]: 0xdc2040000000011b",
            (KEURING_CPU_MACHINE_CHECK, "2", "corrected"),
        ),
        ("mce: [Hardware Error]: Machine check events logged", (KEURING_CPU_MACHINE_CHECK, "unknown", "")),
        ("mce: CPU0: Core temperature above threshold, cpu clock throttled", None),
        ("Oops: 0002 [#1] SMP NOPTI", (KEURING_KERNEL_OOPS, "", "")),
        ("general protection fault, probably for non-canonical address: 0000 [#2] SMP", (KEURING_KERNEL_OOPS, "", "")),
        ("BUG: unable to handle page fault for address: 0000", None),  # its Oops line follows
        ("usb 1-1: new high-speed USB device", None),
        ("usb 1-4.2: device descriptor read/64, error -71", (KEURING_USB_ERROR, "1-4.2", "")),
        ("usb 3-1: device not accepting address 7, error -71", (KEURING_USB_ERROR, "3-1", "")),
        ("usb usb1-port4: unable to enumerate USB device", (KEURING_USB_ERROR, "1-port4", "")),
        ("usb 2-1-port3: over-current condition", (KEURING_USB_ERROR, "2-1-port3", "")),
        ("hub 1-0:1.0: over-current condition on port 3", (KEURING_USB_ERROR, "1-0:1.0", "")),
        ("usb 1-1: USB disconnect, device number 5", None),
        ("amdgpu 0000:03:00.0: amdgpu: GPU reset begin!", (KEURING_GPU_RESET, "amdgpu", "")),
        ("amdgpu 0000:03:00.0: amdgpu: GPU reset(2) succeeded!", None),
        ("radeon 0000:01:00.0: GPU lockup (current fence id 0x1 last fence id 0x2)", (KEURING_GPU_RESET, "radeon", "")),
        ("i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:84dffffb, in Xorg [1234]", (KEURING_GPU_RESET, "i915", "")),
        ("i915 0000:00:02.0: [drm] Resetting chip for stopped heartbeat on rcs0", None),  # the same one, again
        ("xe 0000:00:02.0: [drm] GT0: Engine reset: engine_class=rcs", (KEURING_GPU_RESET, "xe", "")),
        ("nouveau 0000:01:00.0: fifo: engine 0: scheduled for recovery", (KEURING_GPU_RESET, "nouveau", "")),
        (
            "NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', GPU has fallen off the bus.",
            (KEURING_GPU_RESET, "nvidia", ""),
        ),
        ("NVRM: Xid (PCI:0000:01:00): 31, pid=4242, name=game, MMU Fault", None),  # one program's fault
    ],
)
def test_what_counts(line: str, expected: object) -> None:
    assert classify(line) == expected


def read(sensor: KernelLogSensor, host: FakeHost) -> Readings:
    out = Readings(Gate())
    sensor.read(host, out)
    return out


def test_a_storm_is_one_event_with_a_count() -> None:
    host = FakeHost(kernel_lines=[LogLine(1.6e9 + number, "I/O error, dev sda, sector 1") for number in range(5000)])
    notebook: dict[str, str | float | bool] = {}
    (event,) = read(KernelLogSensor(notebook), host).events
    assert (event.times, event.time) == (5000, 1.6e9 + 4999)
    assert read(KernelLogSensor(notebook), host).events == []  # also by an agent that was restarted


def test_a_printed_machine_check_is_not_counted_again_by_its_notice() -> None:
    lines = [
        "mce: [Hardware Error]: Machine check events logged",
        "mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: 8c00004000010090",
    ]
    host = FakeHost(kernel_lines=[LogLine(1.6e9, line) for line in lines])
    (event,) = read(KernelLogSensor({}), host).events
    assert (event.subject, event.attributes) == ("3", (("severity", "corrected"),))
    host = FakeHost(kernel_lines=[LogLine(1.6e9, lines[0])])
    (event,) = read(KernelLogSensor({}), host).events
    assert (event.subject, event.attributes) == ("unknown", ())


def never(_arguments: Sequence[str], _timeout: float) -> Result:
    raise NotMeasurable("journalctl is not installed")


def test_kmsg_is_read_on_from_where_it_was_left(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    kmsg = tmp_path / "dev" / "kmsg"
    kmsg.write_text("6,7,1500000,-;I/O error, dev sda, sector 1\n SUBSYSTEM=block\n14,8,1600000,-;from a program\n")
    reader = KernelReader(Tree(str(tmp_path)), never, 1.0)
    log = reader.read("", "boot-1", 1000.0, 100.0)
    assert log.lines == [LogLine(901.5, "I/O error, dev sda, sector 1")]
    assert log.position == "kmsg:boot-1:8"
    with kmsg.open("a") as file:
        file.write("4,9,2000000,-;EXT4-fs error (device sda1): x\n")
    assert [line.text for line in reader.read(log.position, "boot-1", 1000.0, 100.0).lines] == [
        "EXT4-fs error (device sda1): x"
    ]
    reader.close()
    restarted = KernelReader(Tree(str(tmp_path)), never, 1.0)
    assert len(restarted.read("kmsg:boot-1:8", "boot-1", 1000.0, 100.0).lines) == 1
    restarted.close()
    other_boot = KernelReader(Tree(str(tmp_path)), never, 1.0)
    assert len(other_boot.read("kmsg:boot-0:8", "boot-1", 1000.0, 100.0).lines) == 2
    other_boot.close()


def test_the_recorded_messages_hold_nothing_bad(recorded: Path) -> None:
    host = LinuxHost(str(recorded))
    lines = host.kernel_log("").lines
    assert len(lines) > 20
    assert [line for line in lines if classify(line.text)] == []
    assert host.kernel_log("").lines == []
    host._kernel.close()


class Journal:
    """journalctl, answering what it is told."""

    def __init__(self, *answers: Result) -> None:
        self.answers = list(answers)
        self.calls: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str], timeout: float) -> Result:
        self.calls.append(arguments)
        return self.answers.pop(0)


def test_the_journal_is_read_where_kmsg_may_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("keuring_agent.host.linux.kernel.os.open", refused)
    journal = Journal(
        Result(0, b"I/O error, dev sda, sector 1\n-- cursor: s=1;i=2\n"), Result(0, b""), Result(1, b"No permission\n")
    )
    reader = KernelReader(Tree("/"), journal, 1.0)
    first = reader.read("", "b", 500.0, 100.0)
    assert first.position == "journal:s=1;i=2"
    assert first.lines == [LogLine(500.0, "I/O error, dev sda, sector 1")]
    second = reader.read(first.position, "b", 600.0, 200.0)
    assert journal.calls[1][-1] == "--after-cursor=s=1;i=2"
    assert (second.position, second.lines) == (first.position, [])
    with pytest.raises(NotMeasurable, match=r"kmsg cannot be read.*journal.*may not be read"):
        reader.read(second.position, "b", 700.0, 300.0)
