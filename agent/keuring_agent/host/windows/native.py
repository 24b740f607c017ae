"""Implements ``api.System`` by asking Windows: each call within its own limit of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keuring_agent.host.commands import Result
    from keuring_agent.host.windows.api import Wlan
    from keuring_agent.host.windows.values import Row

Answer = TypeVar("Answer")
_QUICK: Final = 3.0  # seconds; a sensor may make more than one such call
_SLOW: Final = 25.0  # for Windows Update and classes that take long, which are asked seldom
_LONG: Final = frozenset({"Win32_PnPSignedDriver", "Win32_QuickFixEngineering", "SoftwareLicensingProduct"})
MISSING: Final = "this installation of the agent lacks pywin32; reinstall it"


class Windows:
    """Implements ``System``; see there. Modules of Windows are imported where they are used, and only then."""

    def __init__(self) -> None:
        self._limits = Limits()

    def _ask(self, what: str, call: Callable[[], Answer], seconds: float = _QUICK) -> Answer:
        try:
            return self._limits.within(seconds, what, call)
        except ImportError as error:
            raise NotMeasurable(MISSING) from error

    def cim(self, namespace: str, kind: str, fields: Sequence[str], where: str = "") -> Sequence[Row]:
        from keuring_agent.host.windows import cim

        seconds = _SLOW if kind in _LONG else _QUICK
        return self._ask(kind, lambda: cim.query(namespace, kind, fields, where), seconds)

    def values(self, key: str) -> Row | None:
        from keuring_agent.host.windows import registry

        return self._ask("the registry", lambda: registry.values(key))

    def keys(self, key: str) -> Sequence[str]:
        from keuring_agent.host.windows import registry

        return self._ask("the registry", lambda: registry.keys(key))

    def newest(self, channel: str) -> int:
        from keuring_agent.host.windows import eventlog

        return self._ask(f"the event log {channel}", lambda: eventlog.newest(channel))

    def events(self, channel: str, query: str, after: int) -> Sequence[str]:
        from keuring_agent.host.windows import eventlog

        return self._ask(f"the event log {channel}", lambda: eventlog.read(channel, query, after))

    def ioctl(self, device: str, code: int, data: bytes, size: int, *, write: bool = False) -> bytes:
        from keuring_agent.host.windows import devices

        return self._ask(device, lambda: devices.ioctl(device, code, data, size, write=write))

    def turns(self, device: str) -> bool:
        from keuring_agent.host.windows import devices

        return self._ask(device, lambda: devices.turns(device))

    def certificates(self) -> Sequence[bytes]:
        from keuring_agent.host.windows import calls

        return self._ask("the store of certificates", calls.certificates)

    def waiting_updates(self) -> Sequence[Row]:
        from keuring_agent.host.windows import calls

        return self._ask("Windows Update", calls.waiting_updates, _SLOW)

    def installed_updates(self) -> Sequence[Row]:
        from keuring_agent.host.windows import calls

        return self._ask("Windows Update", calls.installed_updates, _SLOW)

    def last_search(self) -> object:
        from keuring_agent.host.windows import calls

        return self._ask("Windows Update", calls.last_search, _SLOW)

    def display_sources(self) -> Sequence[int]:
        from keuring_agent.host.windows import calls

        return self._ask("the graphics adapters", calls.display_sources)

    def dialled(self) -> Sequence[str]:
        from keuring_agent.host.windows import calls

        return self._ask("the remote access service", calls.dialled)

    def wlan(self) -> Sequence[Wlan]:
        from keuring_agent.host.windows import calls

        return self._ask("the Wi-Fi service", calls.wlan)

    def commit(self) -> tuple[int, int]:
        from keuring_agent.host.windows import calls

        return self._ask("the state of memory", calls.commit)

    def run(self, program: str, arguments: Sequence[str], timeout: float) -> Result:
        from keuring_agent.host.windows import programs

        return programs.run(program, arguments, timeout)

    def battery_report(self) -> str:
        from keuring_agent.host.windows import programs

        return programs.battery_report(_QUICK)
