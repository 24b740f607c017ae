"""Target: texts and bytes that Windows, its programs and its disks hand the agent.

Rows of CIM are no bytes; strange ones are in tests/agent/test_agent_windows_strangers.py.
"""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import battery, certificates, clock, disks, events, health, wireless
from tests.agent.windows import event
from tests.fuzz.macs import sound
from tests.fuzz.target import Target, attempt, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

DISK = disks.Disk(0, None, None, "Made-up", "1.0", "S0")
OF_TEXT: tuple[Callable[[str], object], ...] = (battery.report, clock.parse, events.parse)
OF_BYTES: tuple[Callable[[bytes], object], ...] = (
    functools.partial(health.nvme, DISK),
    functools.partial(health.ata, DISK, failing=None),
    health.label,
    functools.partial(disks.use, "PhysicalDrive0"),
    wireless.frames,
    lambda data: certificates.certificates([data]),
)


def swallow(data: bytes) -> None:
    """Reads it as each of them could have said it."""
    text = data.decode("utf-8", "replace")
    for of_text in OF_TEXT:
        sound(attempt(NotMeasurable, functools.partial(of_text, text))[0])
    for of_bytes in OF_BYTES:
        sound(attempt(NotMeasurable, functools.partial(of_bytes, data))[0])


SEEDS = [
    event("disk", 7, 1, "2026-11-26T08:00:00.0000000Z", r"\Device\Harddisk0\DR0").encode(),
    b"<BatteryReport><Batteries><Battery><Id>DELL</Id><DesignCapacity>54000</DesignCapacity>"
    b"<FullChargeCapacity>47000</FullChargeCapacity><CycleCount>120</CycleCount></Battery></Batteries></BatteryReport>",
    b"Leap Indicator: 0(no warning)\nStratum: 3 (secondary reference)\nReferenceId: 0x0A000001\n"
    b"Root Delay: 0.0312500s\nRoot Dispersion: 0.0400000s\nPhase Offset: 0.0012345s\n",
    b"\x10\x00" + struct.pack("<BHBB6sB", 5, 0x33, 100, 100, b"\x08\0\0\0\0\0", 0) * 3 + bytes(400),
    bytes(48) + b"\x01\x30\x01\x64\x0a\x10" + bytes(506) + b"\x01" * 40,
    bytes(216) + struct.pack("<II18Q", 1, 0, *range(18)),
]
TARGETS = (Target("windows-answer", swallow, lambda: SEEDS, lambda: lines_of(SEEDS)),)
