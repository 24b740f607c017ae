"""What a Mac is connected to: docks, printers and private networks. Neither names that people gave nor addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import profile
from keuring_agent.host.inventory import Dock, Printers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item

_KINDS: Final = ("SPThunderboltDataType", "SPUSBDataType")
_THUNDERBOLT: Final = ("SPThunderboltDataType", "Thunderbolt", "Thunderbolt/USB4")
_DOCK: Final = re.compile(r"dock|station|\bTS\d|\bhub\b", re.IGNORECASE)
_USB_DOCK: Final = re.compile(r"dock", re.IGNORECASE)  # every screen has a hub in it
_PRINTER: Final = re.compile(r"^printer \S+ ", re.MULTILINE)
_AWAY: Final = re.compile(
    r"not responding|unable to (?:locate|connect)|not connected|offline|unreachable|become available|host is down",
    re.IGNORECASE,
)
_CONNECTED: Final = re.compile(r"^\*? *\(Connected\)", re.MULTILINE)


def docks(run: Run, timeout: float) -> list[Dock]:
    """Docks by Thunderbolt and by USB."""
    return of_profile(profile.ask(run, timeout, *_KINDS))


def of_profile(sections: Sequence[Item]) -> list[Dock]:
    """Devices that their maker calls a dock, a station or a hub, each model once."""
    found: dict[str, None] = {}
    for section in sections:
        by_thunderbolt = section.name in _THUNDERBOLT
        for bus in section.items:
            for item in (part for device in bus.items for part in device.walk()):
                name = item.first("device_name_key", "Device Name") or item.name
                if (_DOCK if by_thunderbolt else _USB_DOCK).search(name):
                    maker = item.first("vendor_name_key", "manufacturer", "Vendor Name", "Manufacturer") or ""
                    found.setdefault(f"{maker} {name}".strip())
    return [Dock("dock" if number == 1 else f"dock ({number})", model) for number, model in enumerate(found, 1)]


def printers(run: Run, timeout: float) -> Printers:
    """As CUPS knows them; no printer is asked."""
    return of_status(run(["lpstat", "-p"], timeout).output.decode("utf-8", "replace"))


def of_status(output: str) -> Printers:
    """What lpstat said: a line for each printer, and below it, further in, what is the matter."""
    starts = [match.start() for match in _PRINTER.finditer(output)]
    texts = [output[begin:end] for begin, end in zip(starts, [*starts[1:], len(output)], strict=True)] if starts else []
    return Printers(len(texts), sum(bool(_AWAY.search(text)) for text in texts))


def vpn_connections(run: Run, timeout: float) -> int:
    """Connections that macOS knows, those of other makers' programs that use its own way among them."""
    return connected(run(["scutil", "--nc", "list"], timeout).output.decode("utf-8", "replace"))


def connected(output: str) -> int:
    """What scutil said; names of connections are passed over."""
    return len(_CONNECTED.findall(output))
