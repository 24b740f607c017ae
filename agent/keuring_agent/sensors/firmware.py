"""Firmware of parts, updates of it, and what it guards: signed starts and the chip that keeps keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_FIRMWARE_DEVICE_VERSION,
    KEURING_FIRMWARE_UPDATES_PENDING,
    KEURING_SECURE_BOOT_ENABLED,
    KEURING_TPM_VERSION,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class DeviceFirmware(Sensor):
    """Asks a service that seldom runs, and is not started for it: what it said before holds."""

    name = "firmware"
    signals = (KEURING_FIRMWARE_DEVICE_VERSION, KEURING_FIRMWARE_UPDATES_PENDING)
    pace = Pace.SLOW
    interval = 7200.0  # as long as it stays when it was used

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(KEURING_FIRMWARE_DEVICE_VERSION):
            for found in host.device_firmware():
                out.fact(KEURING_FIRMWARE_DEVICE_VERSION, found.version, found.device)
        with out.measuring(KEURING_FIRMWARE_UPDATES_PENDING):
            waiting = host.firmware_updates()
            out.watched(KEURING_FIRMWARE_UPDATES_PENDING)
            out.gauge(KEURING_FIRMWARE_UPDATES_PENDING, waiting)


class Trust(Sensor):
    """Changes in the firmware's own menu only."""

    name = "trust"
    signals = (KEURING_SECURE_BOOT_ENABLED, KEURING_TPM_VERSION)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(KEURING_SECURE_BOOT_ENABLED):
            out.fact(KEURING_SECURE_BOOT_ENABLED, host.secure_boot())
        with out.measuring(KEURING_TPM_VERSION):
            out.fact(KEURING_TPM_VERSION, host.tpm())
