"""What is asked of Windows, and nothing else: the whole of the thin layer, as those above it see it.

``native.Windows`` asks the real one; tests answer from recordings. Every call is bounded in time and raises
NotMeasurable where Windows does not answer, does not know or does not let us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Result
    from keuring_agent.host.windows.values import Row


MOST_EVENTS: Final = 2000  # in one reading; what comes later is read the next time


class Wlan(NamedTuple):
    """A Wi-Fi interface: its number (GUID), whether it is connected, dBm, and WLAN_STATISTICS as it lies in memory."""

    guid: str
    connected: bool
    rssi: int | None
    statistics: bytes


class System(Protocol):
    """Windows."""

    def cim(self, namespace: str, kind: str, fields: Sequence[str], where: str = "") -> Sequence[Row]:
        """Objects of one WMI class, with these fields only; ``where`` is the condition of WQL."""

    def values(self, key: str) -> Row | None:
        """All values of a key of the registry (64 bits) by name, "" the one without; None where it is not."""

    def keys(self, key: str) -> Sequence[str]:
        """Names of the keys below a key of the registry; none where it is not there."""

    def newest(self, channel: str) -> int:
        """The number of the newest record of an event log; 0 for an empty one."""

    def events(self, channel: str, query: str, after: int) -> Sequence[str]:
        """XML of the first ``MOST_EVENTS`` that fit an XPath query, oldest first, from a record on unless that is 0."""

    def ioctl(self, device: str, code: int, data: bytes, size: int, *, write: bool = False) -> bytes:
        """What a device answers to a control code, in at most ``size`` bytes."""

    def turns(self, device: str) -> bool:
        """Whether a disk is awake; asking does not wake it."""

    def certificates(self) -> Sequence[bytes]:
        """The machine's own certificates (store MY of LocalMachine), in DER."""

    def waiting_updates(self) -> Sequence[Row]:
        """Updates that Windows found and did not install: Categories (their ids) and MsrcSeverity."""

    def installed_updates(self) -> Sequence[Row]:
        """The history of updates: Date, Operation, ResultCode, Title; the newest first."""

    def last_search(self) -> object:
        """When Windows Update last looked for updates, as COM gives it."""

    def display_sources(self) -> Sequence[int]:
        """How many screens each graphics adapter can drive at once."""

    def dialled(self) -> Sequence[str]:
        """Kinds of Windows' own connections that are up ("vpn", "PPPoE"); neither names nor addresses."""

    def wlan(self) -> Sequence[Wlan]:
        """Wi-Fi interfaces."""

    def commit(self) -> tuple[int, int]:
        """Bytes of memory that can be promised, and of those how many are not."""

    def run(self, program: str, arguments: Sequence[str], timeout: float) -> Result:
        """Runs one of Windows' own programs, or smartctl where it is installed."""

    def battery_report(self) -> str:
        """powercfg's report of the batteries, in XML."""
