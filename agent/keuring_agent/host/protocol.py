"""What every system answers. For type checkers alone: as a class it would take 0.2 MB of the resident agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host import inventory, readings


class Host(Protocol):
    """One machine. All calls are bounded in time; none changes the machine."""

    @property
    def platform(self) -> str:
        """linux, windows or macos, as the catalogue writes it."""

    def wall(self) -> float:
        """Seconds since 1970 by the machine's clock, which may jump."""

    def monotonic(self) -> float:
        """Seconds since some start; never jumps, may stand still while the machine sleeps."""

    def boot_id(self) -> str:
        """Names this run of the operating system."""

    def uptime(self) -> float:
        """Seconds since the system started."""

    def cpu_times(self) -> readings.CpuTimes:
        """Processor time since the start."""

    def cpu_count(self) -> int:
        """Logical processors."""

    def cpu_frequency(self) -> float:
        """Hertz, averaged over the processors."""

    def throttled(self) -> int:
        """Times that the processor slowed itself down."""

    def process_count(self) -> int:
        """Processes, whichever they are."""

    def load(self) -> readings.Load:
        """Load averages."""

    def memory(self) -> readings.Memory:
        """Main memory."""

    def swap(self) -> readings.Swap:
        """Swap space; total is 0 where there is none."""

    def oom_kills(self) -> int:
        """Programs ended for want of memory."""

    def memory_errors(self) -> readings.MemoryErrors:
        """Errors of the memory itself."""

    def pressure(self, resource: str) -> readings.Pressure:
        """Pressure on "cpu", "memory" or "io"."""

    def file_systems(self) -> Sequence[readings.FileSystem]:
        """Local file systems that can fill up, each once."""

    def disks(self) -> Sequence[readings.DiskUse]:
        """Whole physical disks."""

    def disk_below(self, path: str) -> readings.DiskBelow:
        """The disk that a directory of this program is on. It is not woken."""

    def networks(self) -> Sequence[readings.NetworkUse]:
        """Physical network interfaces."""

    def temperatures(self) -> Sequence[readings.Temperature]:
        """Temperature sensors."""

    def fans(self) -> Sequence[readings.Fan]:
        """Fans that report their speed."""

    def batteries(self) -> Sequence[readings.Battery]:
        """The machine's own batteries, not those of mice."""

    def reboot_pending(self) -> bool:
        """Whether installed updates wait for a restart."""

    def updates(self) -> readings.Updates:
        """Updates that wait. May take seconds: not for every sample."""

    def updates_installed(self) -> float:
        """When updates were last installed, seconds since 1970."""

    def clock(self) -> readings.ClockState:
        """What the system's time service says of the clock."""

    def kernel_log(self, position: str) -> readings.KernelLog:
        """Messages of the kernel after ``position``; "" for all since the start."""

    def last_shutdown(self) -> readings.Shutdown:
        """How the system went down before this boot."""

    def boot_duration(self) -> float | None:
        """Seconds from power-on to a usable system; None while it still starts."""

    def operating_system(self) -> readings.OperatingSystem:
        """What runs here."""

    def hardware(self) -> readings.Hardware:
        """What it runs on."""

    def smart_devices(self) -> Sequence[str]:
        """Disks that may be asked for their health."""

    def smart(self, device: str) -> readings.Smart | None:
        """Health of one disk; None while it sleeps, for it is not woken. May take seconds."""

    def arrays(self) -> Sequence[readings.Array]:
        """Redundant arrays of disks."""

    def wifi(self) -> Sequence[readings.WifiLink]:
        """Wi-Fi interfaces, those without a connection among them."""

    def link_capabilities(self) -> Sequence[readings.LinkCapability]:
        """What network ports can do."""

    def encryption(self) -> Sequence[readings.Encryption]:
        """Which file systems are encrypted."""

    def firewall(self) -> bool:
        """Whether a firewall is on."""

    def malware_protection(self) -> readings.MalwareProtection:
        """Protection against malware."""

    def backups(self) -> Sequence[readings.Backup]:
        """Backups of this machine."""

    def certificates(self) -> Sequence[readings.Certificate]:
        """Certificates of the machine itself."""

    def software(self) -> Sequence[readings.Program]:
        """Versions of the programs that are looked for."""

    def boot_steps(self) -> Sequence[readings.BootStep] | None:
        """What took long at the last start; None while it goes on."""

    def displays(self) -> int:
        """Screens in use."""

    def manufactured(self) -> float:
        """When the machine was made, seconds since 1970."""

    def crashes(self, position: str) -> readings.Crashes:
        """Programs that crashed after ``position``; none for "", which only says where to begin."""

    def hangs(self, position: str) -> readings.Crashes:
        """Programs that did not respond and were ended after ``position``; none for "", as with crashes."""

    def bug_checks(self, position: str) -> inventory.BugChecks:
        """Fatal errors of the system after ``position``; none for "", as with crashes."""

    def sign_in_duration(self) -> float | None:
        """Seconds from the last signing in to a usable desktop; None where nobody has since the start."""

    def further_software(self) -> Sequence[readings.Program]:
        """Programs with a place in the menu that are installed for the whole machine, those of software() left out."""

    def drivers(self) -> Sequence[inventory.Driver]:
        """Drivers that do not come with the system itself."""

    def device_firmware(self) -> Sequence[inventory.DeviceFirmware]:
        """Firmware of parts. May take seconds."""

    def firmware_updates(self) -> int | None:
        """Updates of firmware that wait; None while the service that knows sleeps, for it is not woken."""

    def secure_boot(self) -> bool:
        """Whether the firmware starts only what is signed."""

    def tpm(self) -> str:
        """Version of the TPM, such as "2.0"."""

    def licences(self) -> Sequence[inventory.Licence]:
        """Licences of the system that end some day."""

    def patch_level(self) -> str:
        """Level of patches within the system's version."""

    def updates_automatic(self) -> bool:
        """Whether updates are installed by themselves."""

    def updates_checked(self) -> float:
        """When updates were last looked for, seconds since 1970."""

    def failed_services(self) -> int:
        """Services of the system that failed."""

    def suspend_failures(self) -> int:
        """Times that the machine could not go to sleep."""

    def throttled_time(self) -> float:
        """Seconds for which the processor slowed itself down."""

    def vulnerabilities(self) -> int:
        """Known faults of the processor that nothing wards off."""

    def memory_slots(self) -> inventory.MemorySlots:
        """Places for memory modules."""

    def disk_sizes(self) -> Sequence[inventory.DiskSize]:
        """Whole physical disks. No disk is asked."""

    def gpus(self) -> Sequence[inventory.Gpu]:
        """Graphics processors."""

    def gpu_use(self) -> Sequence[inventory.GpuUse]:
        """What they do now; one that sleeps is not woken."""

    def screens(self) -> Sequence[inventory.Screen]:
        """Screens that are connected, the machine's own included."""

    def display_limit(self) -> int:
        """Screens that the machine can drive at once."""

    def docks(self) -> Sequence[inventory.Dock]:
        """Docks that the machine is on; none is an answer."""

    def printers(self) -> inventory.Printers:
        """Printers that are set up. No printer is asked by the agent itself."""

    def vpn_connections(self) -> int:
        """Connections to a virtual private network that are up."""

    def own_use(self) -> readings.OwnUse:
        """What the agent costs."""

    def own_cpu(self) -> float:
        """Processor time of the agent and its ended children, in seconds; asked around every read, so cheap."""
