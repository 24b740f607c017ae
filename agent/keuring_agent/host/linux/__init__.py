"""A Linux machine: its own /proc, /sys and programs, or the /proc and /sys of a tree mounted elsewhere."""

from __future__ import annotations

import os
import resource
import time
from typing import TYPE_CHECKING, Final

from keuring_agent.host import commands, smartctl
from keuring_agent.host.linux import (
    attached,
    backups,
    certificates,
    crashes,
    displays,
    encryption,
    firewall,
    fitted,
    graphics,
    hangs,
    identity,
    licences,
    malware,
    memory,
    network,
    parts,
    processor,
    raid,
    signing_in,
    smart_helper,
    starting,
    storage,
    system,
    trust,
    turning,
    update_habits,
    updates,
    wireless,
)
from keuring_agent.host.linux.fwupd import FirmwareReader
from keuring_agent.host.linux.kernel import KernelReader
from keuring_agent.host.linux.menu import MenuReader
from keuring_agent.host.linux.software import SoftwareReader
from keuring_agent.host.readings import NotMeasurable, OwnUse, Smart
from keuring_agent.host.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host import inventory, readings

_QUICK: Final = 5.0
_SLOW: Final = 30.0  # for apt and disks, which are asked seldom


class LinuxHost:
    """Implements ``Host``; see there. ``run`` starts other programs, bounded in time."""

    platform = "linux"

    def __init__(
        self, root: str = "/", file_system_types: Sequence[str] = (), run: commands.Run = commands.run
    ) -> None:
        self._tree = Tree(root)
        self._kinds = frozenset(file_system_types)
        self._run = run
        self._kernel = KernelReader(self._tree, run, _QUICK)
        self._software = SoftwareReader(self._tree, run, _SLOW)
        self._updates = updates.UpdateCounter(self._tree, run, _SLOW)
        self._menu = MenuReader(self._tree, run, _SLOW)
        self._firmware = FirmwareReader(self._tree, run, _SLOW)
        self._below: dict[str, list[str]] = {}

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def boot_id(self) -> str:
        return system.boot_id(self._tree)

    def uptime(self) -> float:
        return system.uptime(self._tree)

    def cpu_times(self) -> readings.CpuTimes:
        return processor.times(self._tree)

    def cpu_count(self) -> int:
        return processor.count(self._tree)

    def cpu_frequency(self) -> float:
        return processor.frequency(self._tree)

    def throttled(self) -> int:
        return processor.throttled(self._tree)

    def process_count(self) -> int:
        return processor.process_count(self._tree)

    def load(self) -> readings.Load:
        return processor.load(self._tree)

    def memory(self) -> readings.Memory:
        return memory.memory(self._tree)

    def swap(self) -> readings.Swap:
        return memory.swap(self._tree)

    def oom_kills(self) -> int:
        return memory.oom_kills(self._tree)

    def memory_errors(self) -> readings.MemoryErrors:
        return memory.errors(self._tree)

    def pressure(self, resource: str) -> readings.Pressure:
        return processor.pressure(self._tree, resource)

    def file_systems(self) -> Sequence[readings.FileSystem]:
        return storage.file_systems(self._tree, self._kinds)

    def disk_below(self, path: str) -> readings.DiskBelow:
        if path not in self._below:
            self._below[path] = turning.places(self._tree, path)
        return turning.used(self._tree, self._below[path])

    def disks(self) -> Sequence[readings.DiskUse]:
        return storage.disks(self._tree)

    def networks(self) -> Sequence[readings.NetworkUse]:
        return network.networks(self._tree)

    def temperatures(self) -> Sequence[readings.Temperature]:
        return parts.temperatures(self._tree)

    def fans(self) -> Sequence[readings.Fan]:
        return parts.fans(self._tree)

    def batteries(self) -> Sequence[readings.Battery]:
        return parts.batteries(self._tree)

    def reboot_pending(self) -> bool:
        return system.reboot_pending(self._tree, self.wall() - self.uptime())

    def updates(self) -> readings.Updates:
        return self._updates.count()

    def updates_installed(self) -> float:
        return update_habits.last_installed(self._tree)

    def clock(self) -> readings.ClockState:
        # Imported here: ctypes costs memory that a machine without this sensor need not pay.
        from keuring_agent.host.linux import clock

        return clock.read()

    def kernel_log(self, position: str) -> readings.KernelLog:
        return self._kernel.read(position, self.boot_id(), self.wall(), self.uptime())

    def last_shutdown(self) -> readings.Shutdown:
        return system.last_shutdown(self._tree, self.wall() - self.uptime())

    def boot_duration(self) -> float | None:
        return system.boot_duration(self._tree, self._run, _QUICK)

    def operating_system(self) -> readings.OperatingSystem:
        return identity.operating_system(self._tree)

    def hardware(self) -> readings.Hardware:
        return identity.hardware(self._tree)

    def smart_devices(self) -> Sequence[str]:
        found = storage.whole_disks(self._tree)
        if not found:
            raise NotMeasurable("no physical disk is visible")
        if not self._tree.is_own:
            raise NotMeasurable("disks can only be asked for their health on the machine itself")
        return found

    def smart(self, device: str) -> Smart | None:
        if os.geteuid() != 0 and smart_helper.offered():
            return smartctl.read(smart_helper.ask(device, _SLOW), by_root=True)
        return smartctl.ask(self._run, _SLOW, f"/dev/{device}")

    def arrays(self) -> Sequence[readings.Array]:
        return raid.arrays(self._tree)

    def wifi(self) -> Sequence[readings.WifiLink]:
        return wireless.links(self._tree, self._run, _QUICK)

    def link_capabilities(self) -> Sequence[readings.LinkCapability]:
        from keuring_agent.host.linux import ports  # ctypes, as for the clock

        return ports.capabilities(self._tree)

    def encryption(self) -> Sequence[readings.Encryption]:
        return encryption.encryption(self._tree, self._kinds)

    def firewall(self) -> bool:
        return firewall.enabled(self._tree, self._run, _QUICK)

    def malware_protection(self) -> readings.MalwareProtection:
        return malware.protection(self._tree, self._run, _QUICK)

    def backups(self) -> Sequence[readings.Backup]:
        return backups.backups(self._tree, self._run, _QUICK, self.wall(), self.monotonic())

    def certificates(self) -> Sequence[readings.Certificate]:
        return certificates.certificates(self._tree)

    def software(self) -> Sequence[readings.Program]:
        return self._software.programs()

    def boot_steps(self) -> Sequence[readings.BootStep] | None:
        return starting.steps(self._tree, self._run, _QUICK)

    def displays(self) -> int:
        return displays.in_use(self._tree)

    def manufactured(self) -> float:
        return displays.panel_made(self._tree)

    def crashes(self, position: str) -> readings.Crashes:
        return crashes.crashes(self._tree, self._run, _QUICK, position, self.wall())

    def hangs(self, position: str) -> readings.Crashes:
        return hangs.hangs(self._tree, self._run, _QUICK, position, self.wall())

    def bug_checks(self, position: str) -> inventory.BugChecks:  # noqa: ARG002  # there are none
        raise NotMeasurable("on Linux a fatal error of the system counts as an unclean shutdown, with its cause")

    def sign_in_duration(self) -> float | None:
        return signing_in.duration(self._tree, self._run, _QUICK)

    def further_software(self) -> Sequence[readings.Program]:
        return self._menu.programs()

    def drivers(self) -> Sequence[inventory.Driver]:
        return fitted.drivers(self._tree)

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        return self._firmware.firmware()

    def firmware_updates(self) -> int | None:
        return self._firmware.updates()

    def secure_boot(self) -> bool:
        return trust.secure_boot(self._tree)

    def tpm(self) -> str:
        return trust.tpm(self._tree)

    def licences(self) -> Sequence[inventory.Licence]:
        return licences.licences(self._tree)

    def patch_level(self) -> str:
        return identity.patch_level(self._tree)

    def updates_automatic(self) -> bool:
        return update_habits.automatic(self._tree)

    def updates_checked(self) -> float:
        return update_habits.last_checked(self._tree)

    def failed_services(self) -> int:
        return system.failed_services(self._tree, self._run, _QUICK)

    def suspend_failures(self) -> int:
        return system.suspend_failures(self._tree)

    def throttled_time(self) -> float:
        return processor.throttled_time(self._tree)

    def vulnerabilities(self) -> int:
        return trust.vulnerabilities(self._tree)

    def memory_slots(self) -> inventory.MemorySlots:
        return fitted.memory_slots(self._tree)

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        return fitted.disk_sizes(self._tree)

    def gpus(self) -> Sequence[inventory.Gpu]:
        return graphics.gpus(self._tree)

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        return graphics.use(self._tree)

    def screens(self) -> Sequence[inventory.Screen]:
        return displays.screens(self._tree)

    def display_limit(self) -> int:
        # The kernel tells it only to those who may also look at what is on the screen.
        raise NotMeasurable(
            "on Linux only an account that could read the screen itself is told, which the agent is not"
        )

    def docks(self) -> Sequence[inventory.Dock]:
        return attached.docks(self._tree)

    def printers(self) -> inventory.Printers:
        return attached.printers(self._tree, self._run, _QUICK)

    def vpn_connections(self) -> int:
        return attached.vpn_connections(self._tree)

    def own_use(self) -> OwnUse:
        pages = int(Tree().text("proc/self/statm").split()[1])
        return OwnUse(self.own_cpu(), pages * resource.getpagesize())

    def own_cpu(self) -> float:
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
