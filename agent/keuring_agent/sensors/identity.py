"""What the machine and its system are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    HOST_ARCH,
    HOST_NAME,
    KEURING_CPU_MODEL,
    KEURING_FIRMWARE_RELEASED,
    KEURING_FIRMWARE_VERSION,
    KEURING_HARDWARE_CHASSIS,
    KEURING_HARDWARE_MODEL,
    KEURING_HARDWARE_SERIAL_NUMBER,
    KEURING_HARDWARE_VENDOR,
    KEURING_OS_PATCH_LEVEL,
    KEURING_OS_SUPPORT_END,
    OS_BUILD_ID,
    OS_NAME,
    OS_TYPE,
    OS_VERSION,
    SYSTEM_CPU_LOGICAL_COUNT,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host

HOUR = 3600.0


class System(Sensor):
    """The operating system; it changes with an upgrade."""

    name = "system"
    signals = (
        OS_TYPE,
        OS_NAME,
        OS_VERSION,
        OS_BUILD_ID,
        KEURING_OS_PATCH_LEVEL,
        KEURING_OS_SUPPORT_END,
        HOST_NAME,
        HOST_ARCH,
    )
    pace = Pace.SLOW
    interval = HOUR

    def read(self, host: Host, out: Readings) -> None:
        found = host.operating_system()
        out.fact(OS_TYPE, found.type)
        out.fact(OS_NAME, found.name)
        out.fact(OS_VERSION, found.version)
        out.fact(OS_BUILD_ID, found.build)
        out.fact(HOST_NAME, found.host_name)
        out.fact(HOST_ARCH, found.architecture)
        out.fact(KEURING_OS_SUPPORT_END, found.support_end)
        out.cannot("the system does not tell when its support ends", KEURING_OS_SUPPORT_END)
        with out.measuring(KEURING_OS_PATCH_LEVEL):
            out.fact(KEURING_OS_PATCH_LEVEL, host.patch_level())
        out.cannot("the system does not tell", *self.signals)


class Machine(Sensor):
    """The hardware; it changes with a screwdriver."""

    name = "machine"
    signals = (
        KEURING_HARDWARE_VENDOR,
        KEURING_HARDWARE_MODEL,
        KEURING_HARDWARE_SERIAL_NUMBER,
        KEURING_HARDWARE_CHASSIS,
        KEURING_CPU_MODEL,
        KEURING_FIRMWARE_VERSION,
        KEURING_FIRMWARE_RELEASED,
        SYSTEM_CPU_LOGICAL_COUNT,
    )
    pace = Pace.SLOW
    interval = 24 * HOUR

    def read(self, host: Host, out: Readings) -> None:
        found = host.hardware()
        out.fact(KEURING_HARDWARE_VENDOR, found.vendor)
        out.fact(KEURING_HARDWARE_MODEL, found.model)
        out.fact(KEURING_HARDWARE_SERIAL_NUMBER, found.serial_number)
        out.fact(KEURING_HARDWARE_CHASSIS, found.chassis)
        out.fact(KEURING_CPU_MODEL, found.processor)
        out.fact(KEURING_FIRMWARE_VERSION, found.firmware)
        out.fact(KEURING_FIRMWARE_RELEASED, found.firmware_released)
        with out.measuring(SYSTEM_CPU_LOGICAL_COUNT):
            out.fact(SYSTEM_CPU_LOGICAL_COUNT, host.cpu_count())
        out.cannot("the machine's firmware does not tell, or only root may ask", *self.signals)
