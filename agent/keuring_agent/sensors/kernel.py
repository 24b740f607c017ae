"""What the system complains of: disks, file systems, processors, graphics, USB, itself. Only counts are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_CPU_MACHINE_CHECK,
    KEURING_DISK_IO_ERROR,
    KEURING_FILESYSTEM_ERROR,
    KEURING_GPU_RESET,
    KEURING_KERNEL_OOPS,
    KEURING_USB_ERROR,
)
from keuring_agent.sensors.base import Readings, Sensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring.signals.model import Signal
    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook

POSITION: Final = "kernel_log_position"

# The block layer's own line, once per failed request. Not: what the disk cannot do (discard), thin pools that are full,
# reservations of others; nor drives for disks that are taken out, which complain when they are empty.
_IO: Final = re.compile(
    r"(?:^|\s)(?:I/O|critical medium|critical target|timeout|protection|device offline) error, dev (\S+?),? "
)
_NO_DISK: Final = re.compile(r"^(?:sr|fd|loop|zram|ram|nbd|dm-)\d")
_FILE_SYSTEM: Final = (
    re.compile(r"^EXT[234]-fs error \(device (\S+?)\)"),
    re.compile(r"^XFS \((\S+?)\): .*(?:[Cc]orruption|Internal error|I/O error)"),
    re.compile(
        r"^BTRFS (?:critical|error|warning) \(device (\S+?)(?: state \S+)?\): "
        r".*(?:csum failed|checksum|corrupt|parent transid|bad tree block)"
    ),
    re.compile(r"^F2FS-fs \((\S+?)\): .*(?:[Ii]nconsisten|[Cc]orrupt)"),
    re.compile(r"^FAT-fs \((\S+?)\): error"),
)
# Intel: "mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: be00000000800400"; AMD: "[Hardware Error]: CPU:2
# (17:1:1) MC0_STATUS[Over|CE|...]: 0x9c...". Bit 61 of the status says that it could not be corrected.
_MACHINE_CHECK: Final = re.compile(r"\[Hardware Error\]: CPU[: ]\s?(\d+)\b.*?:? (?:0x)?([0-9a-f]{16})\b")
_MACHINE_CHECKS: Final = re.compile(r"\[Hardware Error\]: Machine check events logged")
_UNCORRECTED: Final = 1 << 61
_OOPS: Final = re.compile(
    r"^(?:Oops|Internal error|general protection fault|invalid opcode|divide error|stack segment|double fault)"
    r"[^\[]*\[#\d+\]"
)
# One line for each reset, not those that tell how it went. Xid: 8, 31 and so on stop a program; these stop the card.
_GPU: Final = (
    re.compile(r"^(amdgpu) \S+: amdgpu: GPU reset begin"),
    re.compile(r"^(radeon) \S+: GPU lockup"),
    re.compile(r"^(i915) \S+: (?:\[drm\] )?GPU HANG"),
    re.compile(r"^(xe) \S+: \[drm\] (?:Tile\d+: )?GT\d+: Engine reset"),
    re.compile(r"^(nouveau) \S+: .*\bscheduled for recovery"),
    re.compile(r"^(NVRM): Xid \([^)]*\): (?:44|48|61|62|63|64|74|79|92|94|95|119|120)\b"),
)
_DRIVERS: Final = {"NVRM": "nvidia"}
# "usb 1-4.2: device descriptor read/64, error -71", "usb usb1-port4: over-current condition".
_USB: Final = re.compile(
    r"^(?:usb|hub) (?:usb)?(\d[\w.:-]*?): .*?(?:device descriptor read/\S+, error|device not accepting address"
    r"|unable to enumerate USB device|over-current condition|cannot reset|[Cc]annot enable)"
)
# What systems other than Linux tell as such (readings.Incident).
INCIDENTS: Final = {
    "io_error": KEURING_DISK_IO_ERROR,
    "filesystem_error": KEURING_FILESYSTEM_ERROR,
    "machine_check": KEURING_CPU_MACHINE_CHECK,
    "oops": KEURING_KERNEL_OOPS,
    "gpu_reset": KEURING_GPU_RESET,
    "usb_error": KEURING_USB_ERROR,
}


def classify(text: str) -> tuple[Signal, str, str] | None:
    """What a message of the kernel counts as: (signal, subject, severity), or None for nothing."""
    if (match := _IO.search(text)) is not None:
        return None if _NO_DISK.match(match[1]) else (KEURING_DISK_IO_ERROR, match[1], "")
    for pattern in _FILE_SYSTEM:
        if (match := pattern.search(text)) is not None:
            return KEURING_FILESYSTEM_ERROR, match[1], ""
    if (match := _MACHINE_CHECK.search(text)) is not None:
        severity = "uncorrected" if int(match[2], 16) & _UNCORRECTED else "corrected"
        return KEURING_CPU_MACHINE_CHECK, match[1], severity
    if _MACHINE_CHECKS.search(text):
        return KEURING_CPU_MACHINE_CHECK, "unknown", ""
    for pattern in _GPU:
        if (match := pattern.search(text)) is not None:
            return KEURING_GPU_RESET, _DRIVERS.get(match[1], match[1]), ""
    if (match := _USB.search(text)) is not None:
        return KEURING_USB_ERROR, match[1], ""
    return (KEURING_KERNEL_OOPS, "", "") if _OOPS.search(text) else None


class KernelLogSensor(Sensor):
    """Counts new messages, one event per subject and sample however many came."""

    name = "kernel"
    signals = tuple(INCIDENTS.values())

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        log = host.kernel_log(str(self._notebook.get(POSITION, "")))
        out.watched(*self.signals)
        counts: dict[tuple[Signal, str, str], tuple[int, float]] = {}
        seen = [(line.time, classify(line.text)) for line in log.lines]
        seen += [(one.time, (INCIDENTS[one.kind], one.subject, one.severity)) for one in log.incidents]
        for time, key in seen:
            if key is not None:
                count, latest = counts.get(key, (0, 0.0))
                counts[key] = (count + 1, max(latest, min(time, host.wall())))
        for (signal, subject, severity), (count, latest) in self._without_echoes(counts):
            attributes = {"severity": severity} if severity else {}
            out.event(signal, latest, subject, count, **attributes)
        self._notebook[POSITION] = log.position

    @staticmethod
    def _without_echoes(
        counts: dict[tuple[Signal, str, str], tuple[int, float]],
    ) -> Iterator[tuple[tuple[Signal, str, str], tuple[int, float]]]:
        """The notice that machine checks were logged counts only where none of them was printed."""
        printed = any(signal is KEURING_CPU_MACHINE_CHECK and subject != "unknown" for signal, subject, _ in counts)
        for key, value in counts.items():
            if not (printed and key[0] is KEURING_CPU_MACHINE_CHECK and key[1] == "unknown"):
                yield key, value
