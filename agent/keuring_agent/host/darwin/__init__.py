"""A Mac: psutil for what it knows, macOS's own programs and records for the rest.

Tested on recorded outputs and documented forms; never run by us on a Mac.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import psutil

from keuring_agent.host import commands, smartctl
from keuring_agent.host.darwin import (
    age,
    attached,
    backups,
    battery,
    certificates,
    clock,
    disks,
    fitted,
    graphics,
    identity,
    memory,
    network,
    profile,
    protection,
    reports,
    services,
    software,
    starting,
    thermal,
    turning,
    updates,
    volumes,
    wireless,
)
from keuring_agent.host.darwin.kept import Kept
from keuring_agent.host.portable import PortableHost
from keuring_agent.host.readings import NotMeasurable, OwnUse
from keuring_agent.host.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host import inventory, readings
    from keuring_agent.host.darwin.profile import Item
    from keuring_agent.host.darwin.registry import Entry

_QUICK: Final = 4.0  # seconds: less than a sensor may take that reads once a window
_AT_ONCE: Final = 1.2  # for one of two programs that the same sensor asks
_SLOW: Final = 30.0  # for what is asked seldom
# For how long answers are kept, in seconds: none of these programs may run at every sample.
_WITHIN_A_WINDOW, _HALF_AN_HOUR, _AN_HOUR, _FOUR_HOURS, _HALF_A_DAY = 240.0, 1800.0, 3600.0, 14400.0, 43200.0
_NO_PSI: Final = "macOS does not tell how long work waited (PSI is Linux's)"
_RECENT: Final = 11  # the first macOS that no Mac of 2011 or before runs, whoever helps it


class DarwinHost(PortableHost):
    """Implements ``Host``; see there. ``run`` starts other programs, bounded in time."""

    def __init__(
        self, file_system_types: Sequence[str] = (), run: commands.Run = commands.run, tree: Tree | None = None
    ) -> None:
        super().__init__(file_system_types)
        self.platform, self._title = "macos", "macOS"
        self._run = run
        self._tree = tree or Tree()
        self._kept = Kept(self.monotonic)
        self._software = software.SoftwareReader(self._tree)
        self._jetsam = reports.Jetsam(self._tree)
        is_apple_silicon = os.uname().machine == "arm64"
        self._throttling = thermal.Throttling(run, _QUICK, apple_silicon=is_apple_silicon)

    def boot_id(self) -> str:
        try:
            return self._kept.of("boot_id", float("inf"), lambda: starting.boot_id(self._run, _QUICK))
        except NotMeasurable:
            return super().boot_id()

    def cpu_frequency(self) -> float:
        raise NotMeasurable("macOS tells the frequency that a processor was sold with, not the one it runs at")

    def throttled(self) -> int:
        return self._throttling.count()

    def swap(self) -> readings.Swap:
        found = super().swap()
        if not found.total:
            return found
        try:
            pages = self._kept.of("swap", _WITHIN_A_WINDOW, lambda: memory.swapped(self._run, _QUICK))
        except NotMeasurable:
            return found._replace(pages_in=None, pages_out=None)
        return found._replace(pages_in=pages[0], pages_out=pages[1])

    def oom_kills(self) -> int:
        return self._jetsam.count()

    def memory_errors(self) -> readings.MemoryErrors:
        raise NotMeasurable("macOS does not count errors of the memory")

    def pressure(self, resource: str) -> readings.Pressure:  # noqa: ARG002  # of none of them
        raise NotMeasurable(_NO_PSI)

    def file_systems(self) -> Sequence[readings.FileSystem]:
        mounts = [
            volumes.Mount(found.device, found.mountpoint, found.fstype.lower(), found.opts.split(","))
            for found in psutil.disk_partitions(all=False)
        ]
        return volumes.file_systems(mounts, self._kinds, lambda path: os.statvfs(self._tree.path(path)))

    def disk_below(self, path: str) -> readings.DiskBelow:
        def ask() -> tuple[list[str], bool]:
            mounts = [(found.device, found.mountpoint) for found in psutil.disk_partitions(all=False)]
            return turning.disks_of(self._run, _QUICK, turning.device_of(path, mounts, turning.number))

        counters = psutil.disk_io_counters(perdisk=True)
        counts = {name: (one.read_count, one.write_count) for name, one in counters.items()}
        return turning.used(self._kept.of(f"below {path}", float("inf"), ask), counts)

    def networks(self) -> Sequence[readings.NetworkUse]:
        found = [one for one in super().networks() if network.is_physical(one.interface)]
        if not found:
            raise NotMeasurable("no physical network interface is visible")
        return [one._replace(transmit_dropped=None) for one in found]  # psutil gives 0, for want of a count

    def temperatures(self) -> Sequence[readings.Temperature]:
        return battery.temperature(self._battery())

    def fans(self) -> Sequence[readings.Fan]:
        raise NotMeasurable("macOS tells the speed of fans to no program that would not slow the machine down")

    def _battery(self) -> Entry:
        return self._kept.of("battery", _WITHIN_A_WINDOW, lambda: battery.asked(self._run, _QUICK))

    def batteries(self) -> Sequence[readings.Battery]:
        found = battery.of_registry(self._battery())
        if found.charge is None and found.full is None:
            found = self._kept.of(
                "power", _HALF_AN_HOUR, lambda: battery.of_profile(profile.ask(self._run, _QUICK, "SPPowerDataType"))
            )
        return [found]

    def reboot_pending(self) -> bool:
        raise NotMeasurable("macOS prepares updates and installs them while it restarts; none waits installed")

    def updates(self) -> readings.Updates:
        return updates.pending(self._tree, self.operating_system().version)

    def updates_installed(self) -> float:
        return updates.last_installed(self._tree)

    def clock(self) -> readings.ClockState:
        return self._kept.of("clock", _AN_HOUR, lambda: clock.read(self._run, _QUICK))

    def kernel_log(self, position: str) -> readings.KernelLog:  # noqa: ARG002  # there is none
        raise NotMeasurable("searching the log of macOS takes seconds, which is more than the agent may cost")

    def last_shutdown(self) -> readings.Shutdown:
        return starting.last_shutdown(self._tree, self._run, (_QUICK - _AT_ONCE, _AT_ONCE), psutil.boot_time())

    def boot_duration(self) -> float | None:
        return starting.boot_duration(self._run, _QUICK, psutil.boot_time())

    def operating_system(self) -> readings.OperatingSystem:
        return self._kept.of("system", _AN_HOUR, lambda: identity.operating_system(self._run, _QUICK))

    def hardware(self) -> readings.Hardware:
        return self._kept.of("hardware", _HALF_A_DAY, lambda: identity.hardware(self._run, _QUICK, _SLOW))

    def smart_devices(self) -> Sequence[str]:
        return disks.whole(self._run, _SLOW)

    def smart(self, device: str) -> readings.Smart | None:
        try:
            return smartctl.ask(self._run, _SLOW, f"/dev/{device}")
        except NotMeasurable:
            return disks.health(self._run, _SLOW, device)

    def arrays(self) -> Sequence[readings.Array]:
        return self._kept.of("arrays", _AN_HOUR, lambda: disks.arrays(self._run, _QUICK))

    def wifi(self) -> Sequence[readings.WifiLink]:
        return self._kept.of("wifi", _HALF_AN_HOUR, lambda: wireless.links(self._run, _AT_ONCE, _QUICK - _AT_ONCE))

    def link_capabilities(self) -> Sequence[readings.LinkCapability]:
        return network.capabilities(self._run, _QUICK)

    def encryption(self) -> Sequence[readings.Encryption]:
        return protection.encryption(self._run, _QUICK)

    def firewall(self) -> bool:
        return protection.firewall(self._run, _QUICK, _SLOW)

    def malware_protection(self) -> readings.MalwareProtection:
        return protection.malware(self._tree, self._run, _QUICK)

    def backups(self) -> Sequence[readings.Backup]:
        return backups.backups(self._tree)

    def certificates(self) -> Sequence[readings.Certificate]:
        return certificates.certificates(self._run, _QUICK)

    def software(self) -> Sequence[readings.Program]:
        return self._software.programs()

    def boot_steps(self) -> Sequence[readings.BootStep] | None:
        raise NotMeasurable("macOS does not note what a start waited for")

    def displays(self) -> int:
        return graphics.in_use(self._graphics())

    def _graphics(self) -> Sequence[Item]:
        return self._kept.of("graphics", _HALF_A_DAY, lambda: graphics.ask(self._run, _QUICK))

    def manufactured(self) -> float:
        major = self.operating_system().version.partition(".")[0]
        recent = major.isdecimal() and int(major) >= _RECENT
        return age.made(self.hardware().serial_number, recent=recent)

    def crashes(self, position: str) -> readings.Crashes:
        return reports.crashes(self._tree, position, self.wall())

    def hangs(self, position: str) -> readings.Crashes:
        return reports.crashes(self._tree, position, self.wall(), "hang")

    def bug_checks(self, position: str) -> inventory.BugChecks:
        return reports.panics(self._tree, position, self.wall())

    def sign_in_duration(self) -> float | None:
        return services.sign_in_duration(self._run, _QUICK)

    def further_software(self) -> Sequence[readings.Program]:
        return self._software.further()

    def drivers(self) -> Sequence[inventory.Driver]:
        return fitted.drivers(self._run, _SLOW)

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        return fitted.firmware(self._run, _SLOW)

    def firmware_updates(self) -> int:
        raise NotMeasurable("the firmware of a Mac comes with updates of macOS, and is counted with them")

    def secure_boot(self) -> bool:
        return fitted.secure_boot(self._run, _SLOW)

    def tpm(self) -> str:
        raise NotMeasurable("Macs keep keys in a chip of their own, and have no TPM")

    def licences(self) -> Sequence[inventory.Licence]:
        raise NotMeasurable("macOS has no licence that ends")

    def patch_level(self) -> str:
        return self.operating_system().build

    def updates_automatic(self) -> bool:
        return updates.automatic(self._tree)

    def updates_checked(self) -> float:
        return updates.checked(self._tree)

    def failed_services(self) -> int:
        return services.failed(self._run, _QUICK)

    def suspend_failures(self) -> int:
        raise NotMeasurable("macOS does not count how often it could not go to sleep")

    def throttled_time(self) -> float:
        raise NotMeasurable("macOS does not tell for how long it held the processor back")

    def vulnerabilities(self) -> int:
        raise NotMeasurable("macOS does not list the faults of its processor")

    def memory_slots(self) -> inventory.MemorySlots:
        return fitted.memory_slots(self._run, _SLOW)

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        return fitted.disk_sizes(self._run, _SLOW)

    def gpus(self) -> Sequence[inventory.Gpu]:
        return graphics.gpus(self._graphics())

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        return self._kept.of("gpu", _WITHIN_A_WINDOW, lambda: graphics.use(self._run, _QUICK))

    def screens(self) -> Sequence[inventory.Screen]:
        return graphics.screens(self._graphics())

    def display_limit(self) -> int:
        raise NotMeasurable("macOS does not tell how many screens a Mac can drive")

    def docks(self) -> Sequence[inventory.Dock]:
        return self._kept.of("docks", _FOUR_HOURS, lambda: attached.docks(self._run, _SLOW))

    def printers(self) -> inventory.Printers:
        return attached.printers(self._run, _QUICK)

    def vpn_connections(self) -> int:
        return attached.vpn_connections(self._run, _QUICK)

    def own_use(self) -> OwnUse:
        import resource  # psutil does not know the children's time here, and most of the cost is theirs

        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = sum(one.ru_utime + one.ru_stime for one in used)
        return OwnUse(cpu, psutil.Process().memory_info().rss)
