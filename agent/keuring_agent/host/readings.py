"""What a host tells: plain values in base units (bytes, seconds, degrees Celsius), and NotMeasurable.

Counters are running totals since some unknown start; who needs growth or a rate subtracts.
"""

from typing import NamedTuple


class NotMeasurable(Exception):  # noqa: N818  # it is an answer, not a fault
    """This machine cannot tell; ``reason`` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CpuTimes(NamedTuple):
    """Time of all processors together, in seconds."""

    busy: float
    waiting: float | None  # for disks
    total: float
    blocked: int | None  # processes that wait for a disk now


class Load(NamedTuple):
    """Threads that run or wait, averaged."""

    one: float
    fifteen: float


class Memory(NamedTuple):
    """Main memory in bytes."""

    total: int
    available: int
    committed: int | None
    commit_limit: int | None


class Swap(NamedTuple):
    """Memory on disk in bytes, and pages moved."""

    total: int
    used: int
    pages_in: int | None
    pages_out: int | None


class Pressure(NamedTuple):
    """Seconds in which some work, or all work, waited."""

    some: float
    full: float | None


class FileSystem(NamedTuple):
    """A mounted file system; sizes in bytes as colleagues can use them. inodes is 0 where there are none."""

    mountpoint: str
    kind: str
    read_only: bool
    size: int
    used: int
    available: int
    inodes: int
    inodes_available: int


class DiskUse(NamedTuple):
    """What one disk did."""

    device: str
    read: int
    written: int
    busy: float | None
    operations: int
    operation_time: float | None


class DiskBelow(NamedTuple):
    """What a file system is on: whether any of its disks turns, and how often they were read or written."""

    turns: bool
    transfers: int


class NetworkUse(NamedTuple):
    """What one network interface met; speed in bit/s."""

    interface: str
    receive_errors: int
    transmit_errors: int
    receive_dropped: int
    transmit_dropped: int | None
    link_changes: int | None
    speed: float | None


class Temperature(NamedTuple):
    """Degrees at one sensor, and the limit that its maker set."""

    sensor: str
    celsius: float
    limit: float | None


class Fan(NamedTuple):
    """Speed of one fan in turns a minute."""

    fan: str
    rpm: float


class Battery(NamedTuple):
    """One battery: charge as a share, capacities in watt-hours."""

    battery: str
    charge: float | None
    discharging: bool
    full: float | None
    design: float | None
    cycles: int | None
    model: str | None


class MemoryErrors(NamedTuple):
    """What the memory controllers counted."""

    corrected: int
    uncorrected: int


class Updates(NamedTuple):
    """How many updates wait; security is None where nothing tells which are for it."""

    pending: int
    security: int | None


class ClockState(NamedTuple):
    """Whether the clock follows a time server, and by how many seconds it is off."""

    synchronised: bool
    offset: float | None


class LogLine(NamedTuple):
    """A message of the kernel and when it came, in seconds since 1970."""

    time: float
    text: str


class Incident(NamedTuple):
    """What a system tells as such instead of in words: ``kind`` is a name of sensors/kernel.py."""

    time: float
    kind: str
    subject: str = ""
    severity: str = ""


class KernelLog(NamedTuple):
    """Messages (on Linux) or incidents (elsewhere) after some position, and the position to go on from."""

    position: str
    lines: list[LogLine]
    incidents: tuple[Incident, ...] = ()


class Shutdown(NamedTuple):
    """How the system went down before this boot; clean is None where nothing tells."""

    clean: bool | None
    panicked: bool


class OperatingSystem(NamedTuple):
    """What runs on the machine; support_end in seconds since 1970."""

    type: str
    name: str
    version: str
    build: str
    architecture: str
    host_name: str
    support_end: float | None


class Hardware(NamedTuple):
    """What the machine is; None where its maker left a field empty or it may not be read."""

    vendor: str | None
    model: str | None
    serial_number: str | None
    chassis: str | None
    processor: str | None
    firmware: str | None
    firmware_released: float | None


class Smart(NamedTuple):
    """What a disk tells about itself; None where it does not. Sizes in bytes, times in hours."""

    kind: str
    passed: bool | None = None
    model: str | None = None
    firmware: str | None = None
    serial_number: str | None = None
    power_on_time: float | None = None
    temperature: float | None = None
    reallocated_sectors: float | None = None
    reported_uncorrectable: float | None = None
    command_timeouts: float | None = None
    pending_sectors: float | None = None
    offline_uncorrectable: float | None = None
    crc_errors: float | None = None
    endurance: float | None = None
    available_spare: float | None = None
    critical_warning: float | None = None
    media_errors: float | None = None
    unsafe_shutdowns: float | None = None
    data_written: float | None = None
    warning_temperature_time: float | None = None  # seconds


class OwnUse(NamedTuple):
    """What the agent itself has used, its ended children included."""

    cpu: float
    resident: int


class Array(NamedTuple):
    """A redundant array of disks, and how many of them it misses (or is still rebuilding)."""

    array: str
    missing: int


class WifiLink(NamedTuple):
    """A Wi-Fi interface: signal in dBm, frames sent and sent again; all None while it is on no network."""

    interface: str
    signal: float | None
    sent: int | None
    retried: int | None


class LinkCapability(NamedTuple):
    """The highest speed that a network port can do, in bit/s."""

    interface: str
    speed: float


class Encryption(NamedTuple):
    """Whether what a file system lies on is encrypted."""

    mountpoint: str
    encrypted: bool


class MalwareProtection(NamedTuple):
    """Whether a product runs, and when its signatures were made, in seconds since 1970."""

    enabled: bool
    updated: float | None


class Backup(NamedTuple):
    """When a backup last succeeded, in seconds since 1970; None where that is not known since the start."""

    backup: str
    succeeded: float | None


class Certificate(NamedTuple):
    """What a certificate of the machine is used for, and when it expires, in seconds since 1970."""

    use: str
    expires: float


class Program(NamedTuple):
    """An installed program by its maker's name."""

    program: str
    version: str


class Crash(NamedTuple):
    """A program that ended by a fault of its own, in seconds since 1970; version where the system noted it."""

    time: float
    program: str
    version: str | None = None


class Crashes(NamedTuple):
    """Crashes after some position, and the position to go on from."""

    position: str
    crashes: list[Crash]


class BootStep(NamedTuple):
    """One step of the last start, and how many seconds it took."""

    step: str
    duration: float
