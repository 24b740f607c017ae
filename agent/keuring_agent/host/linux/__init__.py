"""A Linux machine: its own /proc, /sys and programs, or the /proc and /sys of a tree mounted elsewhere."""

from __future__ import annotations

import os
import resource
import time
from typing import TYPE_CHECKING, Final, NoReturn

from keuring_agent.host import commands, smartctl
from keuring_agent.host.linux import (
    backups,
    certificates,
    crashes,
    displays,
    encryption,
    firewall,
    identity,
    malware,
    memory,
    network,
    parts,
    processor,
    raid,
    starting,
    storage,
    system,
    updates,
    wireless,
)
from keuring_agent.host.linux.kernel import KernelReader
from keuring_agent.host.linux.software import SoftwareReader
from keuring_agent.host.readings import NotMeasurable, OwnUse, Smart
from keuring_agent.host.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host import inventory, readings

_QUICK: Final = 5.0
_SLOW: Final = 30.0  # for apt and disks, which are asked seldom
_SMART: Final = ("smartctl", "--json", "--info", "--health", "--attributes", "--nocheck=standby")


def _untold(what: str) -> NoReturn:
    raise NotMeasurable(f"{what} cannot be read on Linux yet")


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
        return updates.last_installed(self._tree)

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
        import json

        result = self._run([*_SMART, f"/dev/{device}"], _SLOW)
        try:
            document = json.loads(result.output)
        except ValueError:
            raise NotMeasurable("smartctl does not speak JSON; it does from version 7.0 on") from None
        if result.status & smartctl.OPEN_FAILED and _sleeps(document):
            return None
        if result.status & smartctl.OPEN_FAILED and os.geteuid() != 0:
            raise NotMeasurable("disks tell their health to root only; run the agent as root to read it")
        return smartctl.parse(document)

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

    def hangs(self, position: str) -> readings.Crashes:  # noqa: ARG002  # there is none
        _untold("programs that did not respond")

    def bug_checks(self, position: str) -> inventory.BugChecks:  # noqa: ARG002  # there is none
        _untold("fatal errors of the system")

    def sign_in_duration(self) -> float | None:
        _untold("how long signing in took")

    def further_software(self) -> Sequence[readings.Program]:
        _untold("which programs are installed")

    def drivers(self) -> Sequence[inventory.Driver]:
        _untold("versions of drivers")

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        _untold("firmware of parts")

    def firmware_updates(self) -> int:
        _untold("updates of firmware")

    def secure_boot(self) -> bool:
        _untold("whether only signed systems start")

    def tpm(self) -> str:
        _untold("the chip that keeps keys (TPM)")

    def licences(self) -> Sequence[inventory.Licence]:
        _untold("licences of the system")

    def patch_level(self) -> str:
        _untold("the level of patches")

    def updates_automatic(self) -> bool:
        _untold("whether updates install themselves")

    def updates_checked(self) -> float:
        _untold("when updates were looked for")

    def failed_services(self) -> int:
        _untold("services that failed")

    def suspend_failures(self) -> int:
        _untold("failures to go to sleep")

    def throttled_time(self) -> float:
        _untold("the time of throttling")

    def vulnerabilities(self) -> int:
        _untold("faults of the processor")

    def memory_slots(self) -> inventory.MemorySlots:
        _untold("places for memory modules")

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        _untold("sizes of disks")

    def gpus(self) -> Sequence[inventory.Gpu]:
        _untold("graphics processors")

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        _untold("what graphics processors do")

    def screens(self) -> Sequence[inventory.Screen]:
        _untold("models of screens")

    def display_limit(self) -> int:
        _untold("how many screens the machine can drive")

    def docks(self) -> Sequence[inventory.Dock]:
        _untold("docks")

    def printers(self) -> inventory.Printers:
        _untold("whether printers can be reached")

    def vpn_connections(self) -> int:
        _untold("connections to a private network")

    def own_use(self) -> OwnUse:
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        pages = int(Tree().text("proc/self/statm").split()[1])
        return OwnUse(cpu, pages * resource.getpagesize())


def _sleeps(document: object) -> bool:
    """smartctl says so in a message, or in power_mode, and leaves the disk alone."""
    text = str(document).upper()
    return "STANDBY" in text and "SMART_STATUS" not in text
