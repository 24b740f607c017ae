"""What a host tells of its parts and of what is around it: plain values, as in readings.py."""

from typing import NamedTuple


class Gpu(NamedTuple):
    """A graphics processor: what it is, and its driver with its version ("i915 6.1.0-26-amd64")."""

    gpu: str
    model: str | None
    driver: str | None


class GpuUse(NamedTuple):
    """What a graphics processor does now: a share of its time, and bytes of memory of its own. None where untold."""

    gpu: str
    busy: float | None
    memory_used: int | None
    memory_total: int | None


class Screen(NamedTuple):
    """A screen by the connector that it is on, and when it was made, in seconds since 1970. Never a serial number."""

    display: str
    model: str | None
    manufactured: float | None


class Dock(NamedTuple):
    """A dock that the machine is on, by its place; never a serial number."""

    dock: str
    model: str


class Printers(NamedTuple):
    """How many printers are set up, and how many of them cannot be reached."""

    installed: int
    unreachable: int


class Driver(NamedTuple):
    """A driver that does not come with the system: its version, and when it was made, in seconds since 1970."""

    driver: str
    version: str | None
    released: float | None


class DeviceFirmware(NamedTuple):
    """A part by its kind or model, and the version of its firmware. Two alike are one, or get a number."""

    device: str
    version: str


class DiskSize(NamedTuple):
    """A whole physical disk, in bytes."""

    device: str
    size: int


class MemorySlots(NamedTuple):
    """Places for memory modules, and how many of them are taken."""

    slots: int
    modules: int


class Licence(NamedTuple):
    """A licence or subscription of the system by its product, and when it ends, in seconds since 1970."""

    licence: str
    expires: float


class BugCheck(NamedTuple):
    """The system stopped itself, in seconds since 1970; the code names the kind of fault ("0x0000009f")."""

    time: float
    code: str


class BugChecks(NamedTuple):
    """What happened after some position, and the position to go on from."""

    position: str
    bug_checks: list[BugCheck]
