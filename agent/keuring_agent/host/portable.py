"""Windows and macOS, as far as psutil goes. What it does not tell is not measurable here yet, and says so."""

from __future__ import annotations

import os
import platform as system_platform
import sys
import time
from typing import TYPE_CHECKING, Final, NoReturn

import psutil

from keuring_agent.host.readings import (
    Battery,
    CpuTimes,
    DiskUse,
    FileSystem,
    Hardware,
    Load,
    Memory,
    NetworkUse,
    NotMeasurable,
    OperatingSystem,
    OwnUse,
    Swap,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host import inventory, readings

_NAMES: Final = {"win32": ("windows", "Windows"), "darwin": ("macos", "macOS")}
_LEFT_OUT: Final = frozenset({"", "autofs", "devfs", "cdfs", "udf", "nfs", "smbfs", "afpfs", "webdav"})


class PortableHost:
    """Implements ``Host``; see there."""

    def __init__(self, file_system_types: Sequence[str] = ()) -> None:
        self._kinds = frozenset(file_system_types)
        self.platform, self._title = _NAMES.get(sys.platform, ("linux", system_platform.system()))

    def _untold(self, what: str) -> NoReturn:
        raise NotMeasurable(f"{what} cannot be read on {self._title} yet")

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def boot_id(self) -> str:
        # The start time shifts by a second or two when the clock is set; ten seconds tell boots apart well enough.
        return f"{self.platform}-{round(psutil.boot_time(), -1):.0f}"

    def uptime(self) -> float:
        return max(0.0, time.time() - psutil.boot_time())

    def cpu_times(self) -> CpuTimes:
        found = psutil.cpu_times()
        total = found.user + found.system + found.idle + getattr(found, "nice", 0.0)
        return CpuTimes(total - found.idle, None, total, None)

    def cpu_count(self) -> int:
        return psutil.cpu_count() or 1

    def cpu_frequency(self) -> float:
        try:
            found = psutil.cpu_freq()
        except (OSError, RuntimeError, NotImplementedError):
            found = None
        if not found or not found.current:
            raise NotMeasurable("the system does not tell the frequency of this processor")
        return found.current * 1e6

    def throttled(self) -> int:
        self._untold("throttling")

    def process_count(self) -> int:
        return len(psutil.pids())

    def load(self) -> Load:
        if self.platform == "windows":
            raise NotMeasurable("Windows has no load average")
        one, _, fifteen = psutil.getloadavg()
        return Load(one, fifteen)

    def memory(self) -> Memory:
        found = psutil.virtual_memory()
        return Memory(found.total, found.available, None, None)

    def swap(self) -> Swap:
        found = psutil.swap_memory()
        pages = (found.sin // 4096, found.sout // 4096) if self.platform == "macos" else (None, None)
        return Swap(found.total, found.used, *pages)

    def oom_kills(self) -> int:
        self._untold("programs ended for want of memory")

    def memory_errors(self) -> readings.MemoryErrors:
        self._untold("memory errors")

    def pressure(self, resource: str) -> readings.Pressure:
        self._untold(f"pressure on {resource}")

    def file_systems(self) -> Sequence[FileSystem]:
        found: dict[str, FileSystem] = {}
        for partition in psutil.disk_partitions(all=False):
            options = partition.opts.split(",")
            kind = partition.fstype.lower()
            removable = "removable" in options or "cdrom" in options or partition.mountpoint.startswith("/Volumes/")
            if (kind in _LEFT_OUT and kind not in self._kinds) or removable or partition.device in found:
                continue
            try:
                use = psutil.disk_usage(partition.mountpoint)
            except OSError:
                continue
            if use.total:
                found[partition.device] = FileSystem(
                    partition.mountpoint, partition.fstype, "ro" in options, use.total, use.used, use.free, 0, 0
                )
        if not found:
            raise NotMeasurable("no file system on a local disk is mounted")
        return list(found.values())

    def disk_below(self, path: str) -> readings.DiskBelow:  # noqa: ARG002  # whatever it is
        self._untold("which disk a directory is on")

    def disks(self) -> Sequence[DiskUse]:
        counters = psutil.disk_io_counters(perdisk=True) or {}
        if not counters:
            raise NotMeasurable("no physical disk is visible")
        return [
            DiskUse(
                name,
                found.read_bytes,
                found.write_bytes,
                None,
                found.read_count + found.write_count,
                (found.read_time + found.write_time) / 1000 if self.platform in ("windows", "macos") else None,
            )
            for name, found in sorted(counters.items())
        ]

    def networks(self) -> Sequence[NetworkUse]:
        states = psutil.net_if_stats()
        found = [
            NetworkUse(
                name,
                counters.errin,
                counters.errout,
                counters.dropin,
                counters.dropout,
                None,
                state.speed * 1e6 if state.speed else None,
            )
            for name, counters in sorted(psutil.net_io_counters(pernic=True).items())
            if (state := states.get(name)) is not None and not name.lower().startswith(("lo", "loopback", "utun"))
        ]
        if not found:
            raise NotMeasurable("no physical network interface is visible")
        return found

    def temperatures(self) -> Sequence[readings.Temperature]:
        self._untold("temperatures")

    def fans(self) -> Sequence[readings.Fan]:
        self._untold("fans")

    def batteries(self) -> Sequence[Battery]:
        found = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
        if found is None:
            raise NotMeasurable("this machine has no battery")
        return [Battery("BAT0", found.percent / 100, not found.power_plugged, None, None, None, None)]

    def reboot_pending(self) -> bool:
        self._untold("updates that wait for a restart")

    def updates(self) -> readings.Updates:
        self._untold("pending updates")

    def updates_installed(self) -> float:
        self._untold("when updates were installed")

    def clock(self) -> readings.ClockState:
        self._untold("the state of the clock")

    def kernel_log(self, position: str) -> readings.KernelLog:  # noqa: ARG002  # there is none
        self._untold("the system's error log")

    def last_shutdown(self) -> readings.Shutdown:
        self._untold("how the system went down")

    def boot_duration(self) -> float | None:
        self._untold("how long the start took")

    def operating_system(self) -> OperatingSystem:
        version = system_platform.mac_ver()[0] if self.platform == "macos" else system_platform.release()
        machine = system_platform.machine().lower()
        return OperatingSystem(
            {"windows": "windows", "macos": "darwin"}.get(self.platform, self.platform),
            self._title,
            version,
            system_platform.version()[:64],
            {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
            system_platform.node().split(".")[0],
            None,
        )

    def hardware(self) -> Hardware:
        return Hardware(None, None, None, None, system_platform.processor() or None, None, None)

    def smart_devices(self) -> Sequence[str]:
        self._untold("the health of disks")

    def smart(self, device: str) -> readings.Smart | None:  # noqa: ARG002  # there is none
        self._untold("the health of disks")

    def arrays(self) -> Sequence[readings.Array]:
        self._untold("arrays of disks")

    def wifi(self) -> Sequence[readings.WifiLink]:
        self._untold("the Wi-Fi")

    def link_capabilities(self) -> Sequence[readings.LinkCapability]:
        self._untold("what network ports can do")

    def encryption(self) -> Sequence[readings.Encryption]:
        self._untold("whether volumes are encrypted")

    def firewall(self) -> bool:
        self._untold("the state of the firewall")

    def malware_protection(self) -> readings.MalwareProtection:
        self._untold("protection against malware")

    def backups(self) -> Sequence[readings.Backup]:
        self._untold("when a backup succeeded")

    def certificates(self) -> Sequence[readings.Certificate]:
        self._untold("certificates of the machine")

    def software(self) -> Sequence[readings.Program]:
        self._untold("versions of programs")

    def boot_steps(self) -> Sequence[readings.BootStep] | None:
        self._untold("what the start waited for")

    def displays(self) -> int:
        self._untold("the number of screens")

    def manufactured(self) -> float:
        self._untold("when the machine was made")

    def crashes(self, position: str) -> readings.Crashes:  # noqa: ARG002  # there is none
        self._untold("crashes of programs")

    def hangs(self, position: str) -> readings.Crashes:  # noqa: ARG002  # there is none
        self._untold("programs that did not respond")

    def bug_checks(self, position: str) -> inventory.BugChecks:  # noqa: ARG002  # there is none
        self._untold("fatal errors of the system")

    def sign_in_duration(self) -> float | None:
        self._untold("how long signing in took")

    def further_software(self) -> Sequence[readings.Program]:
        self._untold("which programs are installed")

    def drivers(self) -> Sequence[inventory.Driver]:
        self._untold("versions of drivers")

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        self._untold("firmware of parts")

    def firmware_updates(self) -> int:
        self._untold("updates of firmware")

    def secure_boot(self) -> bool:
        self._untold("whether only signed systems start")

    def tpm(self) -> str:
        self._untold("the chip that keeps keys (TPM)")

    def licences(self) -> Sequence[inventory.Licence]:
        self._untold("licences of the system")

    def patch_level(self) -> str:
        self._untold("the level of patches")

    def updates_automatic(self) -> bool:
        self._untold("whether updates install themselves")

    def updates_checked(self) -> float:
        self._untold("when updates were looked for")

    def failed_services(self) -> int:
        self._untold("services that failed")

    def suspend_failures(self) -> int:
        self._untold("failures to go to sleep")

    def throttled_time(self) -> float:
        self._untold("the time of throttling")

    def vulnerabilities(self) -> int:
        self._untold("faults of the processor")

    def memory_slots(self) -> inventory.MemorySlots:
        self._untold("places for memory modules")

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        self._untold("sizes of disks")

    def gpus(self) -> Sequence[inventory.Gpu]:
        self._untold("graphics processors")

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        self._untold("what graphics processors do")

    def screens(self) -> Sequence[inventory.Screen]:
        self._untold("models of screens")

    def display_limit(self) -> int:
        self._untold("how many screens the machine can drive")

    def docks(self) -> Sequence[inventory.Dock]:
        self._untold("docks")

    def printers(self) -> inventory.Printers:
        self._untold("whether printers can be reached")

    def vpn_connections(self) -> int:
        self._untold("connections to a private network")

    def own_use(self) -> OwnUse:
        own = psutil.Process()
        times = own.cpu_times()
        return OwnUse(times.user + times.system + times.children_user + times.children_system, own.memory_info().rss)

    def own_cpu(self) -> float:
        children = os.times()
        return time.process_time() + children.children_user + children.children_system
