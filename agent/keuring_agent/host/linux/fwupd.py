"""Firmware of further parts and updates of it, of fwupd. It is asked only while it runs: starting it wakes devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from keuring_agent.host.linux import fitted, units
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.inventory import DeviceFirmware
    from keuring_agent.host.tree import Tree

_SERVICE: Final = "fwupd.service"
_OPTIONS: Final = ("--json", "--no-unreported-check", "--no-metadata-check")
_NOTHING_TO_DO: Final = 2  # its exit status where no update waits


class FirmwareReader:
    """Remembers what fwupd said when it last ran, as it seldom does."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._devices: list[tuple[str, str]] = []

    def firmware(self) -> list[DeviceFirmware]:
        """What the kernel knows, and what fwupd knows of parts that cannot be taken out."""
        known = [(one.device, one.version) for one in fitted.firmware(self._tree)]
        try:
            if self._runs():
                self._devices = devices(self._ask("get-devices").output)
        except NotMeasurable:
            pass  # the kernel's part is told all the same
        found = fitted.numbered(iter([*known, *self._devices]))
        if not found:
            raise NotMeasurable("neither the kernel nor fwupd tells the firmware of any part")
        return found

    def updates(self) -> int | None:
        """Parts for which an update waits; None while fwupd does not run."""
        if not self._runs():
            return None
        result = self._ask("get-updates")
        if result.status == _NOTHING_TO_DO:
            return 0
        if result.status:
            raise NotMeasurable(f"fwupd does not tell which updates wait; it ended with status {result.status}")
        return len(_listed(result.output))

    def _runs(self) -> bool:
        found = units.ask(self._tree, self._run, self._timeout, ["ActiveState"], [_SERVICE])
        if not found:
            raise NotMeasurable("fwupd, which knows of updates of firmware, is not installed")
        return found[0].get("ActiveState") == "active"

    def _ask(self, command: str) -> Any:
        return self._run(["fwupdmgr", command, *_OPTIONS], self._timeout)


def _listed(output: bytes) -> list[dict[str, Any]]:
    import json

    try:
        found = json.loads(output)["Devices"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [device for device in found if isinstance(device, dict)] if isinstance(found, list) else []


def devices(output: bytes) -> list[tuple[str, str]]:
    """(name, version) of parts of the machine itself: what a colleague plugged in is theirs."""
    found = []
    for device in _listed(output):
        name, version, flags = device.get("Name"), device.get("Version"), device.get("Flags")
        if isinstance(name, str) and isinstance(version, str) and isinstance(flags, list) and "internal" in flags:
            found.append((name, version))
    return found
