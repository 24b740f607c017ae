"""What disks say of their own health (SMART)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_SMART_AVAILABLE_SPARE,
    KEURING_SMART_COMMAND_TIMEOUTS,
    KEURING_SMART_CRC_ERRORS,
    KEURING_SMART_CRITICAL_WARNING,
    KEURING_SMART_DATA_WRITTEN,
    KEURING_SMART_ENDURANCE_UTILIZATION,
    KEURING_SMART_FIRMWARE,
    KEURING_SMART_MEDIA_ERRORS,
    KEURING_SMART_MODEL,
    KEURING_SMART_OFFLINE_UNCORRECTABLE,
    KEURING_SMART_PASSED,
    KEURING_SMART_PENDING_SECTORS,
    KEURING_SMART_POWER_ON_TIME,
    KEURING_SMART_REALLOCATED_SECTORS,
    KEURING_SMART_REPORTED_UNCORRECTABLE,
    KEURING_SMART_SERIAL_NUMBER,
    KEURING_SMART_TEMPERATURE,
    KEURING_SMART_TYPE,
    KEURING_SMART_UNSAFE_SHUTDOWNS,
    KEURING_SMART_WARNING_TEMPERATURE_TIME,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host

_FACTS: Final = (
    (KEURING_SMART_PASSED, "passed"),
    (KEURING_SMART_MODEL, "model"),
    (KEURING_SMART_FIRMWARE, "firmware"),
    (KEURING_SMART_SERIAL_NUMBER, "serial_number"),
    (KEURING_SMART_TYPE, "kind"),
)
_GAUGES: Final = (
    (KEURING_SMART_POWER_ON_TIME, "power_on_time"),
    (KEURING_SMART_TEMPERATURE, "temperature"),
    (KEURING_SMART_REALLOCATED_SECTORS, "reallocated_sectors"),
    (KEURING_SMART_REPORTED_UNCORRECTABLE, "reported_uncorrectable"),
    (KEURING_SMART_COMMAND_TIMEOUTS, "command_timeouts"),
    (KEURING_SMART_PENDING_SECTORS, "pending_sectors"),
    (KEURING_SMART_OFFLINE_UNCORRECTABLE, "offline_uncorrectable"),
    (KEURING_SMART_CRC_ERRORS, "crc_errors"),
    (KEURING_SMART_ENDURANCE_UTILIZATION, "endurance"),
    (KEURING_SMART_AVAILABLE_SPARE, "available_spare"),
    (KEURING_SMART_CRITICAL_WARNING, "critical_warning"),
    (KEURING_SMART_MEDIA_ERRORS, "media_errors"),
    (KEURING_SMART_UNSAFE_SHUTDOWNS, "unsafe_shutdowns"),
    (KEURING_SMART_DATA_WRITTEN, "data_written"),
    (KEURING_SMART_WARNING_TEMPERATURE_TIME, "warning_temperature_time"),
)


class SmartDisks(Sensor):
    """Slow, because disks answer slowly and change slowly. A disk that sleeps is not woken, and says nothing."""

    name = "smart"
    signals = tuple(signal for signal, _ in (*_FACTS, *_GAUGES))
    pace = Pace.SLOW

    def __init__(self, interval: float) -> None:
        self.interval = interval

    def read(self, host: Host, out: Readings) -> None:
        reasons = []
        asleep = False
        for device in host.smart_devices():
            try:
                found = host.smart(device)
            except NotMeasurable as error:
                reasons.append(error.reason)
                continue
            if found is None:
                asleep = True
                continue
            for signal, name in _FACTS:
                out.fact(signal, getattr(found, name), device)
            for signal, name in _GAUGES:
                out.gauge(signal, getattr(found, name), device)
        if asleep or reasons:
            out.hold(*self.signals)
        if not asleep:
            out.cannot("; ".join(dict.fromkeys(reasons)) or "no disk here tells this", *self.signals)
