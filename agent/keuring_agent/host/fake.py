"""A machine that says what a test tells it to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keuring_agent.host import inventory, readings
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

GIGABYTE = 10**9


HARD_DISK = readings.Smart(
    kind="hdd",
    passed=True,
    model="Example HDD",
    firmware="0001",
    serial_number="HDD-SERIAL",
    power_on_time=12000,
    temperature=34,
    reallocated_sectors=0,
    reported_uncorrectable=0,
    command_timeouts=0,
    pending_sectors=0,
    offline_uncorrectable=0,
    crc_errors=0,
)
SOLID_STATE = readings.Smart(
    kind="nvme",
    passed=True,
    model="Example NVMe",
    firmware="2B4Q",
    serial_number="NVME-SERIAL",
    power_on_time=3000,
    temperature=41,
    endurance=0.07,
    available_spare=1.0,
    critical_warning=0,
    media_errors=0,
    unsafe_shutdowns=12,
    data_written=9.1e12,
    warning_temperature_time=120,
)
LAPTOP: dict[str, Any] = {
    "boot_id": "11111111-2222-3333-4444-555555555555",
    "uptime": 7200.0,
    "cpu_times": readings.CpuTimes(1000.0, 50.0, 8000.0, 1),
    "cpu_count": 8,
    "cpu_frequency": 2.4e9,
    "throttled": 3,
    "process_count": 312,
    "load": readings.Load(0.42, 0.61),
    "memory": readings.Memory(16 * GIGABYTE, 9 * GIGABYTE, 8 * GIGABYTE, 20 * GIGABYTE),
    "swap": readings.Swap(4 * GIGABYTE, GIGABYTE, 100, 200),
    "oom_kills": 0,
    "memory_errors": readings.MemoryErrors(0, 0),
    "pressure": {name: readings.Pressure(12.0, 3.0) for name in ("cpu", "memory", "io")},
    "file_systems": [
        readings.FileSystem(
            mountpoint="/",
            kind="ext4",
            read_only=False,
            size=500 * GIGABYTE,
            used=200 * GIGABYTE,
            available=275 * GIGABYTE,
            inodes=30_000_000,
            inodes_available=29_000_000,
        )
    ],
    "disk_below": readings.DiskBelow(turns=False, transfers=7),
    "disks": [readings.DiskUse("sda", 10**9, 2 * 10**9, 100.0, 50_000, 250.0)],
    "networks": [readings.NetworkUse("eth0", 0, 0, 1, 0, 2, 1e9)],
    "temperatures": [readings.Temperature("coretemp Package id 0", 52.0, 100.0)],
    "fans": [readings.Fan("thinkpad fan1", 2400.0)],
    "batteries": [
        readings.Battery("BAT0", 0.83, discharging=False, full=45.2, design=51.0, cycles=230, model="Example 5B10")
    ],
    "reboot_pending": False,
    "updates": readings.Updates(4, 1),
    "updates_installed": 1_699_900_000.0,
    "clock": readings.ClockState(synchronised=True, offset=0.0021),
    "kernel_log": None,
    "last_shutdown": readings.Shutdown(clean=None, panicked=False),
    "boot_duration": 21.5,
    "operating_system": readings.OperatingSystem(
        "linux", "Debian GNU/Linux", "12", "6.1.0-26-amd64", "amd64", "lt-0231", 1_780_000_000.0
    ),
    "hardware": readings.Hardware(
        "Example Inc.", "Notebook 14", "SERIAL-1", "laptop", "Example CPU", "1.2.3", 1_600_000_000.0
    ),
    "smart_devices": NotMeasurable("no physical disk is visible"),
    "arrays": [readings.Array("md0", 0)],
    "wifi": [readings.WifiLink("wlan0", -58.0, 10_000, 400)],
    "link_capabilities": [readings.LinkCapability("eth0", 1e9)],
    "encryption": [readings.Encryption("/", encrypted=True)],
    "firewall": True,
    "malware_protection": readings.MalwareProtection(enabled=True, updated=1_699_950_000.0),
    "backups": [readings.Backup("borgmatic", 1_699_990_000.0)],
    "certificates": [readings.Certificate("wifi", 1_720_000_000.0)],
    "software": [readings.Program("LibreOffice", "7.4.7"), readings.Program("Mozilla Firefox ESR", "115.3.0esr")],
    "boot_steps": [readings.BootStep("NetworkManager-wait-online", 6.2)],
    "displays": 2,
    "manufactured": 1_600_000_000.0,
    "crashes": None,
    "hangs": None,
    "bug_checks": None,
    "sign_in_duration": 9.4,
    "further_software": [readings.Program("Example Drawing", "3.1")],
    "drivers": [inventory.Driver("examplewifi", "5.6.1", 1_650_000_000.0)],
    "device_firmware": [inventory.DeviceFirmware("microcode", "0xf4")],
    "firmware_updates": 1,
    "secure_boot": True,
    "tpm": "2.0",
    "licences": [inventory.Licence("Example Enterprise", 1_730_000_000.0)],
    "patch_level": "12.7",
    "updates_automatic": True,
    "updates_checked": 1_699_990_000.0,
    "failed_services": 0,
    "suspend_failures": 2,
    "throttled_time": 12.5,
    "vulnerabilities": 0,
    "memory_slots": inventory.MemorySlots(2, 1),
    "disk_sizes": [inventory.DiskSize("sda", 512 * GIGABYTE)],
    "gpus": [inventory.Gpu("gpu0", "Example Graphics", "examplegpu 6.1.0")],
    "gpu_use": [inventory.GpuUse("gpu0", 0.12, 2 * GIGABYTE, 8 * GIGABYTE)],
    "screens": [inventory.Screen("DP-1", "Example 24", 1_500_000_000.0)],
    "display_limit": 3,
    "docks": [inventory.Dock("0-1", "Example Dock")],
    "printers": inventory.Printers(3, 1),
    "vpn_connections": 1,
    "own_use": readings.OwnUse(1.0, 18 * 2**20),
}


@dataclass
class FakeHost:
    """Implements ``Host`` from its fields; an exception in a field is raised instead of answered.

    The defaults are a laptop with every part that the catalogue knows, in good health.
    """

    platform: str = "linux"
    wall_time: float = 1_700_000_000.0
    monotonic_time: float = 1000.0
    answers: dict[str, Any] = field(default_factory=lambda: dict(LAPTOP))
    smart_answers: dict[str, Any] = field(
        default_factory=lambda: {"sda": HARD_DISK, "nvme0n1": SOLID_STATE, "sdb": None}
    )
    kernel_lines: list[readings.LogLine] = field(default_factory=list)
    crashed: list[readings.Crash] = field(default_factory=list)
    hung: list[readings.Crash] = field(default_factory=list)
    stopped: list[inventory.BugCheck] = field(default_factory=list)
    incidents: list[readings.Incident] = field(default_factory=list)
    cpu_used: float = 1.0

    def advance(self, seconds: float, *, clock_jump: float = 0.0) -> None:
        """Lets time pass; the wall clock may jump besides."""
        self.monotonic_time += seconds
        self.wall_time += seconds + clock_jump

    def wall(self) -> float:
        return self.wall_time

    def monotonic(self) -> float:
        return self.monotonic_time

    def _answer(self, name: str) -> Any:
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def boot_id(self) -> str:
        return str(self._answer("boot_id"))

    def uptime(self) -> float:
        return float(self._answer("uptime"))

    def cpu_times(self) -> readings.CpuTimes:
        return self._answer("cpu_times")  # type: ignore[no-any-return]

    def cpu_count(self) -> int:
        return self._answer("cpu_count")  # type: ignore[no-any-return]

    def cpu_frequency(self) -> float:
        return self._answer("cpu_frequency")  # type: ignore[no-any-return]

    def throttled(self) -> int:
        return self._answer("throttled")  # type: ignore[no-any-return]

    def process_count(self) -> int:
        return self._answer("process_count")  # type: ignore[no-any-return]

    def load(self) -> readings.Load:
        return self._answer("load")  # type: ignore[no-any-return]

    def memory(self) -> readings.Memory:
        return self._answer("memory")  # type: ignore[no-any-return]

    def swap(self) -> readings.Swap:
        return self._answer("swap")  # type: ignore[no-any-return]

    def oom_kills(self) -> int:
        return self._answer("oom_kills")  # type: ignore[no-any-return]

    def memory_errors(self) -> readings.MemoryErrors:
        return self._answer("memory_errors")  # type: ignore[no-any-return]

    def pressure(self, resource: str) -> readings.Pressure:
        return self._answer("pressure")[resource]  # type: ignore[no-any-return]

    def file_systems(self) -> Sequence[readings.FileSystem]:
        return self._answer("file_systems")  # type: ignore[no-any-return]

    def disk_below(self, path: str) -> readings.DiskBelow:  # noqa: ARG002  # wherever it is
        return self._answer("disk_below")  # type: ignore[no-any-return]

    def disks(self) -> Sequence[readings.DiskUse]:
        return self._answer("disks")  # type: ignore[no-any-return]

    def networks(self) -> Sequence[readings.NetworkUse]:
        return self._answer("networks")  # type: ignore[no-any-return]

    def temperatures(self) -> Sequence[readings.Temperature]:
        return self._answer("temperatures")  # type: ignore[no-any-return]

    def fans(self) -> Sequence[readings.Fan]:
        return self._answer("fans")  # type: ignore[no-any-return]

    def batteries(self) -> Sequence[readings.Battery]:
        return self._answer("batteries")  # type: ignore[no-any-return]

    def reboot_pending(self) -> bool:
        return self._answer("reboot_pending")  # type: ignore[no-any-return]

    def updates(self) -> readings.Updates:
        return self._answer("updates")  # type: ignore[no-any-return]

    def updates_installed(self) -> float:
        return self._answer("updates_installed")  # type: ignore[no-any-return]

    def clock(self) -> readings.ClockState:
        return self._answer("clock")  # type: ignore[no-any-return]

    def kernel_log(self, position: str) -> readings.KernelLog:
        self._answer("kernel_log")
        known = int(position or 0)
        found, self.incidents = tuple(self.incidents), []
        return readings.KernelLog(str(len(self.kernel_lines)), self.kernel_lines[known:], found)

    def last_shutdown(self) -> readings.Shutdown:
        return self._answer("last_shutdown")  # type: ignore[no-any-return]

    def boot_duration(self) -> float | None:
        return self._answer("boot_duration")  # type: ignore[no-any-return]

    def operating_system(self) -> readings.OperatingSystem:
        return self._answer("operating_system")  # type: ignore[no-any-return]

    def hardware(self) -> readings.Hardware:
        return self._answer("hardware")  # type: ignore[no-any-return]

    def smart_devices(self) -> Sequence[str]:
        return sorted(self.smart_answers) if self.smart_answers else self._answer("smart_devices")

    def smart(self, device: str) -> readings.Smart | None:
        answer = self.smart_answers[device]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def arrays(self) -> Sequence[readings.Array]:
        return self._answer("arrays")  # type: ignore[no-any-return]

    def wifi(self) -> Sequence[readings.WifiLink]:
        return self._answer("wifi")  # type: ignore[no-any-return]

    def link_capabilities(self) -> Sequence[readings.LinkCapability]:
        return self._answer("link_capabilities")  # type: ignore[no-any-return]

    def encryption(self) -> Sequence[readings.Encryption]:
        return self._answer("encryption")  # type: ignore[no-any-return]

    def firewall(self) -> bool:
        return bool(self._answer("firewall"))

    def malware_protection(self) -> readings.MalwareProtection:
        return self._answer("malware_protection")  # type: ignore[no-any-return]

    def backups(self) -> Sequence[readings.Backup]:
        return self._answer("backups")  # type: ignore[no-any-return]

    def certificates(self) -> Sequence[readings.Certificate]:
        return self._answer("certificates")  # type: ignore[no-any-return]

    def software(self) -> Sequence[readings.Program]:
        return self._answer("software")  # type: ignore[no-any-return]

    def boot_steps(self) -> Sequence[readings.BootStep] | None:
        return self._answer("boot_steps")  # type: ignore[no-any-return]

    def displays(self) -> int:
        return int(self._answer("displays"))

    def manufactured(self) -> float:
        return float(self._answer("manufactured"))

    def crashes(self, position: str) -> readings.Crashes:
        self._answer("crashes")
        return readings.Crashes(str(len(self.crashed)), self.crashed[int(position or 0) :])

    def sign_in_duration(self) -> float | None:
        return self._answer("sign_in_duration")  # type: ignore[no-any-return]

    def further_software(self) -> Sequence[readings.Program]:
        return self._answer("further_software")  # type: ignore[no-any-return]

    def drivers(self) -> Sequence[inventory.Driver]:
        return self._answer("drivers")  # type: ignore[no-any-return]

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        return self._answer("device_firmware")  # type: ignore[no-any-return]

    def firmware_updates(self) -> int | None:
        return self._answer("firmware_updates")  # type: ignore[no-any-return]

    def secure_boot(self) -> bool:
        return self._answer("secure_boot")  # type: ignore[no-any-return]

    def tpm(self) -> str:
        return self._answer("tpm")  # type: ignore[no-any-return]

    def licences(self) -> Sequence[inventory.Licence]:
        return self._answer("licences")  # type: ignore[no-any-return]

    def patch_level(self) -> str:
        return self._answer("patch_level")  # type: ignore[no-any-return]

    def updates_automatic(self) -> bool:
        return self._answer("updates_automatic")  # type: ignore[no-any-return]

    def updates_checked(self) -> float:
        return self._answer("updates_checked")  # type: ignore[no-any-return]

    def failed_services(self) -> int:
        return self._answer("failed_services")  # type: ignore[no-any-return]

    def suspend_failures(self) -> int:
        return self._answer("suspend_failures")  # type: ignore[no-any-return]

    def throttled_time(self) -> float:
        return self._answer("throttled_time")  # type: ignore[no-any-return]

    def vulnerabilities(self) -> int:
        return self._answer("vulnerabilities")  # type: ignore[no-any-return]

    def memory_slots(self) -> inventory.MemorySlots:
        return self._answer("memory_slots")  # type: ignore[no-any-return]

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        return self._answer("disk_sizes")  # type: ignore[no-any-return]

    def gpus(self) -> Sequence[inventory.Gpu]:
        return self._answer("gpus")  # type: ignore[no-any-return]

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        return self._answer("gpu_use")  # type: ignore[no-any-return]

    def screens(self) -> Sequence[inventory.Screen]:
        return self._answer("screens")  # type: ignore[no-any-return]

    def display_limit(self) -> int:
        return self._answer("display_limit")  # type: ignore[no-any-return]

    def docks(self) -> Sequence[inventory.Dock]:
        return self._answer("docks")  # type: ignore[no-any-return]

    def printers(self) -> inventory.Printers:
        return self._answer("printers")  # type: ignore[no-any-return]

    def vpn_connections(self) -> int:
        return self._answer("vpn_connections")  # type: ignore[no-any-return]

    def hangs(self, position: str) -> readings.Crashes:
        self._answer("hangs")
        return readings.Crashes(str(len(self.hung)), self.hung[int(position or 0) :])

    def bug_checks(self, position: str) -> inventory.BugChecks:
        self._answer("bug_checks")
        return inventory.BugChecks(str(len(self.stopped)), self.stopped[int(position or 0) :])

    def own_use(self) -> readings.OwnUse:
        return self._answer("own_use")  # type: ignore[no-any-return]

    def own_cpu(self) -> float:
        return self.cpu_used
