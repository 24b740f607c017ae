"""A Windows machine: psutil's readings, and what WMI, the registry, event logs and devices add to them.

``api.System`` is all that is asked of Windows, ``native`` asks it; everything else here makes readings of plain
values, and is tested on recordings. None of us has run it on Windows.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from keuring_agent.host import inventory
from keuring_agent.host.portable import PortableHost
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import (
    backups,
    certificates,
    clock,
    crashes,
    disks,
    displays,
    encryption,
    events,
    faults,
    graphics,
    identity,
    network,
    parts,
    protection,
    software,
    starting,
    surroundings,
    updates,
    wireless,
)
from keuring_agent.host.windows.battery import BatteryReader
from keuring_agent.host.windows.graphics import GpuReader
from keuring_agent.host.windows.health import HealthReader
from keuring_agent.host.windows.native import Windows
from keuring_agent.host.windows.thermal import ThermalReader
from keuring_agent.host.windows.turning import DiskReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host import readings
    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.disks import Disk
    from keuring_agent.host.windows.network import Port
    from keuring_agent.host.windows.values import Row

_AGAIN: Final = 600.0  # seconds; disks and ports come and go with docks


class WindowsHost(PortableHost):
    """Implements ``Host``; see there."""

    def __init__(self, file_system_types: Sequence[str] = (), system: System | None = None) -> None:
        super().__init__(file_system_types)
        self.platform, self._title = "windows", "Windows"
        self._system: System = system or Windows()
        self._batteries = BatteryReader(self._system)
        self._health = HealthReader(self._system)
        self._thermal = ThermalReader(self._system)
        self._graphics = GpuReader(self._system)
        self._below = DiskReader(self._system)
        held_back = self._system, faults.CHANNEL, faults.THROTTLED, faults.processor_of
        self._throttled = events.Tally(*held_back)
        self._throttled_time = events.Tally(*held_back, faults.held_back)
        self._memory_errors = events.Tally(self._system, faults.CHANNEL, faults.MEMORY)
        self._disks: list[Disk] = []
        self._disks_asked = float("-inf")
        self._ports: list[Port] = []
        self._ports_asked = float("-inf")

    def _cim(self, kind: str, fields: Sequence[str], where: str = "") -> Sequence[Row]:
        return self._system.cim(r"root\cimv2", kind, fields, where)

    def _booted(self) -> float:
        return self.wall() - self.uptime()

    def _inside(self) -> list[Disk]:
        """Disks in the machine, asked again now and then."""
        if self.monotonic() - self._disks_asked >= _AGAIN:
            self._disks = disks.ask(self._system)
            self._disks_asked = self.monotonic()
        return self._disks

    def _real_ports(self) -> list[Port]:
        if self.monotonic() - self._ports_asked >= _AGAIN:
            self._ports = network.ask(self._system)
            self._ports_asked = self.monotonic()
        return self._ports

    def throttled(self) -> int:
        return int(max(self._throttled.total(self._booted()).values(), default=0))

    def memory(self) -> readings.Memory:
        found = super().memory()
        try:
            limit, left = self._system.commit()
        except NotMeasurable:
            return found
        return found._replace(committed=limit - left, commit_limit=limit)

    def oom_kills(self) -> int:
        raise NotMeasurable("Windows ends no programs for want of memory")

    def memory_errors(self) -> readings.MemoryErrors:
        return faults.memory_errors(self._memory_errors.total(self._booted()))

    def pressure(self, resource: str) -> readings.Pressure:  # noqa: ARG002  # there is none of any
        raise NotMeasurable("Windows does not tell how long work waits")

    def disks(self) -> Sequence[readings.DiskUse]:
        return disks.uses(self._system, [disk.name for disk in self._inside()])

    def disk_below(self, path: str) -> readings.DiskBelow:
        return self._below.below(path)

    def networks(self) -> Sequence[readings.NetworkUse]:
        found = super().networks()
        try:
            real = {port.name: port for port in self._real_ports()}
        except NotMeasurable:
            return found
        kept = [one for one in found if one.interface in real]
        if not kept:
            raise NotMeasurable("no physical network interface is visible")
        return kept

    def temperatures(self) -> Sequence[readings.Temperature]:
        return self._thermal.read(time.monotonic())

    def fans(self) -> Sequence[readings.Fan]:
        raise NotMeasurable("Windows has no common way to tell the speed of fans")

    def batteries(self) -> Sequence[readings.Battery]:
        return self._batteries.read(time.monotonic())

    def reboot_pending(self) -> bool:
        return updates.reboot_pending(self._system)

    def updates(self) -> readings.Updates:
        return updates.count(self._system.waiting_updates())

    def updates_installed(self) -> float:
        return updates.installed(self._system)

    def clock(self) -> readings.ClockState:
        return clock.read(self._system)

    def kernel_log(self, position: str) -> readings.KernelLog:
        try:
            inside = {disk.number for disk in self._inside()}
        except NotMeasurable:
            inside = None
        return faults.kernel_log(self._system, position, self._booted(), inside)

    def last_shutdown(self) -> readings.Shutdown:
        return faults.last_shutdown(self._system, self._booted())

    def boot_duration(self) -> float | None:
        return starting.duration(self._system, self._booted(), self.uptime())

    def operating_system(self) -> readings.OperatingSystem:
        return identity.operating_system(self._system)

    def hardware(self) -> readings.Hardware:
        return identity.ask_hardware(self._system)

    def smart_devices(self) -> Sequence[str]:
        return [disk.name for disk in self._inside()]

    def smart(self, device: str) -> readings.Smart | None:
        disk = next((disk for disk in self._inside() if disk.name == device), None)
        if disk is None:
            raise NotMeasurable("this disk is not there any more")
        return self._health.read(disk)

    def arrays(self) -> Sequence[readings.Array]:
        raise NotMeasurable("arrays of disks are known to their maker's own program only")

    def wifi(self) -> Sequence[readings.WifiLink]:
        found = self._system.wlan()
        try:
            names = {port.guid: port.name for port in self._real_ports()}
        except NotMeasurable:
            names = {}
        return wireless.links(found, names)

    def link_capabilities(self) -> Sequence[readings.LinkCapability]:
        return network.capabilities(self._system)

    def encryption(self) -> Sequence[readings.Encryption]:
        return encryption.encryption(self._system.cim(encryption.NAMESPACE, encryption.KIND, encryption.FIELDS))

    def firewall(self) -> bool:
        return protection.firewall_enabled(self._system)

    def malware_protection(self) -> readings.MalwareProtection:
        return protection.ask_malware(self._system)

    def backups(self) -> Sequence[readings.Backup]:
        return backups.backups(self._system)

    def certificates(self) -> Sequence[readings.Certificate]:
        return certificates.certificates(self._system.certificates())

    def software(self) -> Sequence[readings.Program]:
        return software.programs(self._system)

    def boot_steps(self) -> Sequence[readings.BootStep] | None:
        return starting.steps(self._system, self._booted(), self.uptime())

    def displays(self) -> int:
        return displays.count(self._system)

    def manufactured(self) -> float:
        return displays.manufactured(self._system)

    def crashes(self, position: str) -> readings.Crashes:
        return crashes.read(self._system, crashes.CRASHED, position)

    def hangs(self, position: str) -> readings.Crashes:
        return crashes.read(self._system, crashes.HUNG, position)

    def sign_in_duration(self) -> float | None:
        return starting.sign_in(self._system, self._booted(), self.uptime())

    def further_software(self) -> Sequence[readings.Program]:
        return software.further_programs(self._system)

    def drivers(self) -> Sequence[inventory.Driver]:
        return parts.drivers(self._cim("Win32_PnPSignedDriver", parts.DRIVER, parts.MAKERS))

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        return parts.device_firmware(self._system, self._inside())

    def firmware_updates(self) -> int:
        raise NotMeasurable("updates of firmware are known to the maker's own program only")

    def secure_boot(self) -> bool:
        return parts.secure_boot(self._system)

    def tpm(self) -> str:
        return parts.tpm(self._system.cim(parts.TPM_NAMESPACE, "Win32_Tpm", parts.TPM))

    def licences(self) -> Sequence[inventory.Licence]:
        return parts.licences(self._cim("SoftwareLicensingProduct", parts.LICENCE, parts.ACTIVE), self.wall())

    def patch_level(self) -> str:
        return identity.patch_level(self._system)

    def updates_automatic(self) -> bool:
        return updates.ask_automatic(self._system)

    def updates_checked(self) -> float:
        return updates.checked(self._system)

    def failed_services(self) -> int:
        return parts.failed_services(self._cim("Win32_Service", parts.SERVICE, parts.FAILED))

    def suspend_failures(self) -> int:
        raise NotMeasurable("Windows does not count when it could not go to sleep")

    def throttled_time(self) -> float:
        return max(self._throttled_time.total(self._booted()).values(), default=0.0)

    def vulnerabilities(self) -> int:
        raise NotMeasurable("Windows does not list faults of the processor")

    def memory_slots(self) -> inventory.MemorySlots:
        arrays = self._cim("Win32_PhysicalMemoryArray", parts.ARRAY)
        return parts.memory_slots(arrays, self._cim("Win32_PhysicalMemory", parts.MODULE))

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        return [inventory.DiskSize(disk.name, disk.size) for disk in self._inside() if disk.size]

    def gpus(self) -> Sequence[inventory.Gpu]:
        return graphics.ask_gpus(self._system)

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        return self._graphics.read(time.monotonic())

    def screens(self) -> Sequence[inventory.Screen]:
        return graphics.ask_screens(self._system)

    def display_limit(self) -> int:
        return graphics.limit(self._system.display_sources())

    def docks(self) -> Sequence[inventory.Dock]:
        return surroundings.docks(self._cim("Win32_PnPEntity", surroundings.DEVICE, surroundings.A_DOCK))

    def printers(self) -> inventory.Printers:
        return surroundings.printers(self._cim("Win32_Printer", surroundings.PRINTER))

    def vpn_connections(self) -> int:
        try:
            rows = self._system.cim(network.NAMESPACE, "MSFT_NetAdapter", surroundings.ADAPTER)
        except NotMeasurable:
            rows = self._cim("Win32_NetworkAdapter", surroundings.OLDER)
        try:
            dialled = self._system.dialled()
        except NotMeasurable:
            dialled = ()
        return surroundings.vpn_connections(rows) + sum(kind.lower() == "vpn" for kind in dialled)

    def bug_checks(self, position: str) -> inventory.BugChecks:
        return faults.bug_checks(self._system, position)
