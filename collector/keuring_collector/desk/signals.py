"""What signals are called on pages that people read; the catalogue's names are for programs.

Every signal of the catalogue that can be shown has a label here; a test holds the two together.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from keuring.signals import catalogue
from keuring.signals.model import Kind, Signal, Statistic, ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

LABELS: Final[Mapping[str, _StrPromise]] = {
    "system.cpu.utilization": _("Processor in use"),
    "system.cpu.logical.count": _("Logical processors"),
    "keuring.cpu.iowait.utilization": _("Processor waiting for disks"),
    "system.cpu.load_average.1m": _("Load, 1 minute"),
    "system.cpu.load_average.15m": _("Load, 15 minutes"),
    "system.cpu.frequency": _("Processor clock"),
    "keuring.cpu.throttling": _("Slowed down by heat"),
    "keuring.cpu.throttled.time": _("Time slowed down by heat"),
    "keuring.cpu.vulnerabilities": _("Processor faults not warded off"),
    "system.process.count": _("Processes"),
    "keuring.process.blocked": _("Processes stuck on a disk"),
    "system.memory.utilization": _("Memory in use"),
    "system.memory.limit": _("Memory in the machine"),
    "keuring.memory.available": _("Memory left"),
    "system.paging.utilization": _("Swap in use, share"),
    "system.paging.usage": _("Swap in use"),
    "keuring.paging.in": _("Read back from swap"),
    "keuring.paging.out": _("Written to swap"),
    "keuring.memory.commit.utilization": _("Memory promised to programs"),
    "keuring.memory.oom_kills": _("Programs ended for lack of memory"),
    "keuring.memory.errors.corrected": _("Memory errors, corrected"),
    "keuring.memory.errors.uncorrected": _("Memory errors, not corrected"),
    "keuring.memory.slots": _("Places for memory modules"),
    "keuring.memory.modules": _("Memory modules"),
    "keuring.pressure.cpu.some": _("Work waiting for the processor"),
    "keuring.pressure.memory.some": _("Work waiting for memory"),
    "keuring.pressure.memory.full": _("Standstill for lack of memory"),
    "keuring.pressure.io.some": _("Work waiting for a disk"),
    "keuring.pressure.io.full": _("Standstill because of a disk"),
    "system.filesystem.utilization": _("Volume in use"),
    "keuring.filesystem.available": _("Space left"),
    "system.filesystem.limit": _("Size of the volume"),
    "keuring.filesystem.inodes.utilization": _("File slots in use"),
    "keuring.filesystem.inodes.available": _("File slots left"),
    "keuring.filesystem.type": _("Kind of file system"),
    "keuring.filesystem.read_only": _("Mounted read-only"),
    "keuring.disk.read": _("Read from the disk"),
    "keuring.disk.write": _("Written to the disk"),
    "keuring.disk.busy.utilization": _("Disk at work"),
    "keuring.disk.latency": _("Time per read or write"),
    "keuring.disk.size": _("Size of the disk"),
    "keuring.disk.io_error": _("Read and write errors"),
    "keuring.filesystem.error": _("Damage in the file system"),
    "keuring.smart.passed": _("The disk calls itself healthy"),
    "keuring.smart.model": _("Model of the disk"),
    "keuring.smart.firmware": _("Firmware of the disk"),
    "keuring.smart.serial_number": _("Serial number of the disk"),
    "keuring.smart.type": _("Kind of disk"),
    "keuring.smart.power_on_time": _("Hours in service"),
    "keuring.smart.temperature": _("Temperature of the disk"),
    "keuring.smart.reallocated_sectors": _("Sectors replaced by spares"),
    "keuring.smart.reported_uncorrectable": _("Errors the disk could not correct"),
    "keuring.smart.command_timeouts": _("Commands that timed out"),
    "keuring.smart.pending_sectors": _("Sectors waiting to be replaced"),
    "keuring.smart.offline_uncorrectable": _("Sectors that failed the disk's test"),
    "keuring.smart.crc_errors": _("Errors on the cable"),
    "keuring.smart.endurance.utilization": _("Life of the disk used"),
    "keuring.smart.available_spare": _("Spare blocks left"),
    "keuring.smart.critical_warning": _("Critical warnings of the disk"),
    "keuring.smart.media_errors": _("Data the disk could not give back"),
    "keuring.smart.unsafe_shutdowns": _("Sudden power losses of the disk"),
    "keuring.smart.data_written": _("Written in the disk's life"),
    "keuring.smart.warning_temperature_time": _("Time above the disk's own heat warning"),
    "keuring.raid.missing_disks": _("Disks that an array misses"),
    "keuring.network.errors.receive": _("Packets that arrived damaged"),
    "keuring.network.errors.transmit": _("Packets that could not be sent"),
    "keuring.network.dropped.receive": _("Arrived packets dropped"),
    "keuring.network.dropped.transmit": _("Outgoing packets dropped"),
    "keuring.network.link.changes": _("Link came or went"),
    "keuring.network.link.speed": _("Speed of the link"),
    "keuring.vpn.connections": _("VPN connections up"),
    "hw.temperature": _("Temperature"),
    "hw.temperature.limit": _("Maker's temperature limit"),
    "hw.fan.speed": _("Fan speed"),
    "hw.gpu.utilization": _("Graphics in use"),
    "hw.gpu.memory.utilization": _("Graphics memory in use"),
    "hw.gpu.memory.limit": _("Graphics memory"),
    "hw.battery.charge": _("Battery charge"),
    "keuring.battery.health": _("Battery health"),
    "keuring.battery.cycles": _("Full charges of the battery"),
    "keuring.battery.capacity.full": _("What the battery holds now"),
    "keuring.battery.capacity.design": _("What the battery held when new"),
    "keuring.battery.model": _("Model of the battery"),
    "system.uptime": _("Time since the last start"),
    "keuring.system.unclean_shutdown": _("Went down unexpectedly"),
    "keuring.cpu.machine_check": _("Errors of the processor itself"),
    "keuring.system.bug_check": _("Stopped by a fatal error (blue screen)"),
    "keuring.kernel.oops": _("Errors of the system's core"),
    "keuring.gpu.reset": _("Graphics hung and was reset"),
    "keuring.usb.error": _("Errors on USB"),
    "keuring.boot.duration": _("Time to start"),
    "keuring.reboot.pending": _("Waits for a restart"),
    "keuring.service.failed": _("Services that failed"),
    "keuring.suspend.failures": _("Could not go to sleep"),
    "keuring.updates.pending": _("Updates waiting"),
    "keuring.updates.security.pending": _("Security updates waiting"),
    "keuring.updates.last_installed": _("Updates last installed"),
    "keuring.updates.automatic": _("Installs updates by itself"),
    "keuring.updates.checked": _("Last looked for updates"),
    "keuring.clock.offset": _("Clock is off by"),
    "keuring.clock.synchronised": _("Clock follows a time server"),
    "os.type": _("Kind of system"),
    "os.name": _("System"),
    "os.version": _("Version of the system"),
    "os.build_id": _("Build of the system"),
    "keuring.os.support_end": _("Support of the system ends"),
    "keuring.os.patch_level": _("Patch level"),
    "host.name": _("Name of the machine"),
    "host.arch": _("Processor architecture"),
    "keuring.hardware.vendor": _("Maker"),
    "keuring.hardware.model": _("Model"),
    "keuring.hardware.serial_number": _("Serial number"),
    "keuring.hardware.chassis": _("Kind of machine"),
    "keuring.cpu.model": _("Processor"),
    "keuring.gpu.model": _("Graphics processor"),
    "keuring.gpu.driver.version": _("Graphics driver"),
    "keuring.firmware.version": _("Version of the firmware"),
    "keuring.firmware.released": _("Date of the firmware"),
    "keuring.firmware.device.version": _("Firmware of the part"),
    "keuring.firmware.updates.pending": _("Firmware updates waiting"),
    "keuring.endpoint.department": _("Department"),
    "keuring.wifi.signal": _("Wi-Fi signal"),
    "keuring.wifi.retry.ratio": _("Wi-Fi sent again"),
    "keuring.network.link.capability": _("Speed the port can do"),
    "keuring.sign_in.duration": _("Time to sign in"),
    "keuring.boot.step.duration": _("Time of a step of the start"),
    "keuring.application.crash": _("Program crashed"),
    "keuring.application.hang": _("Program did not respond"),
    "keuring.software.version": _("Version of the program"),
    "keuring.software.versions_behind": _("Versions behind"),
    "keuring.software.inventory": _("Version of a further program"),
    "keuring.filesystem.encrypted": _("Encrypted"),
    "keuring.firewall.enabled": _("Firewall is on"),
    "keuring.malware_protection.enabled": _("Malware protection is on"),
    "keuring.malware_protection.updated": _("Malware signatures updated"),
    "keuring.backup.succeeded": _("Backup last succeeded"),
    "keuring.certificate.expires": _("Certificate expires"),
    "keuring.secure_boot.enabled": _("Starts signed systems only"),
    "keuring.tpm.version": _("Version of the TPM"),
    "keuring.licence.expires": _("Licence ends"),
    "keuring.warranty.end": _("Warranty ends"),
    "keuring.hardware.manufactured": _("Made on"),
    "keuring.driver.released": _("Date of the driver"),
    "keuring.driver.version": _("Version of the driver"),
    "keuring.display.count": _("Screens in use"),
    "keuring.display.limit": _("Screens it can drive"),
    "keuring.display.model": _("Model of the screen"),
    "keuring.display.manufactured": _("Screen made on"),
    "keuring.dock.model": _("Model of the dock"),
    "keuring.printer.count": _("Printers set up"),
    "keuring.printer.unreachable": _("Printers not reached"),
    "keuring.agent.version": _("Version of the agent"),
    "keuring.agent.cpu.time": _("Processor time of the agent"),
    "keuring.agent.memory.rss": _("Memory of the agent"),
    "keuring.agent.spool.reports": _("Reports waiting to be sent"),
    "keuring.agent.spool.size": _("Size of the agent's spool"),
    "keuring.agent.flush.failures": _("Sending failed"),
    "keuring.agent.sensor.failures": _("Sensor failed"),
    "keuring.agent.sensor.duration": _("Time a sensor took"),
    "keuring.agent.sensor.cost": _("What a sensor costs"),
    "keuring.agent.sensor.stretch": _("Sensor slowed down"),
    "keuring.agent.saving": _("Measures less to spare the battery"),
    "keuring.agent.memory.restart": _("Agent restarted itself"),
    "keuring.agent.paused": _("Paused by a colleague"),
}

# The words for a statistic, only where a chart or a number would be misread without them.
STATISTICS: Final[Mapping[int, _StrPromise]] = {
    Statistic.MIN: _("lowest"),
    Statistic.MEAN: _("mean"),
    Statistic.MAX: _("highest"),
}

# In the order in which a technician looks; what is in none of them comes last.
SECTIONS: Final[tuple[tuple[_StrPromise, tuple[str, ...]], ...]] = (
    (_("Storage"), ("system.filesystem.", "keuring.filesystem.", "keuring.disk.", "keuring.smart.", "keuring.raid.")),
    (_("Memory"), ("system.memory.", "keuring.memory.", "system.paging.", "keuring.paging.")),
    (_("Processor"), ("system.cpu.", "keuring.cpu.", "system.process.", "keuring.process.")),
    (_("Pressure"), ("keuring.pressure.",)),
    (
        _("Graphics, screens and printers"),
        ("hw.gpu.", "keuring.gpu.", "keuring.display.", "keuring.dock.", "keuring.printer."),
    ),
    (_("Heat and power"), ("hw.", "keuring.battery.")),
    (_("Network"), ("keuring.network.", "keuring.wifi.", "keuring.vpn.")),
    (
        _("System"),
        (
            "system.uptime",
            "keuring.system.",
            "keuring.boot",
            "keuring.reboot",
            "keuring.updates",
            "keuring.clock",
            "keuring.service.",
            "keuring.suspend.",
            "keuring.usb.",
        ),
    ),
    (
        _("Programs and sign-in"),
        ("keuring.sign_in", "keuring.application.", "keuring.software."),
    ),
    (
        _("Safety and life cycle"),
        (
            "keuring.firewall",
            "keuring.malware_protection.",
            "keuring.backup",
            "keuring.certificate",
            "keuring.warranty",
            "keuring.driver",
            "keuring.secure_boot.",
            "keuring.tpm.",
            "keuring.licence.",
        ),
    ),
    (
        _("Identity"),
        (
            "os.",
            "host.",
            "keuring.os.",
            "keuring.hardware.",
            "keuring.firmware.",
            "keuring.kernel.",
            "keuring.endpoint.",
        ),
    ),
)
OTHER: Final = _("The agent itself")


def label(name: str) -> str:
    """What a signal is called, in the language in force; an unknown one keeps its name."""
    found = LABELS.get(name)
    return name if found is None else str(found)


@cache
def section(name: str) -> int:
    """The place of a signal's section in SECTIONS; one past the end for the agent itself."""
    for position, (_title, prefixes) in enumerate(SECTIONS):
        if name.startswith(prefixes):
            return position
    return len(SECTIONS)


def section_title(position: int) -> str:
    """The heading of a section, in the language in force."""
    return str(SECTIONS[position][0] if position < len(SECTIONS) else OTHER)


def is_measured(signal: Signal) -> bool:
    """Whether a signal is a series that can be drawn."""
    return signal.kind in (Kind.GAUGE, Kind.COUNTER)


def is_moment(name: str) -> bool:
    """Whether the values of a signal are points in time."""
    found = catalogue.BY_NAME.get(name)
    return found is not None and found.value is ValueType.TIME
