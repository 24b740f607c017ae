"""Network ports: which are physical, and what they can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import LinkCapability, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

# Ports and Wi-Fi; not bridges, tunnels (utun), and what AirDrop and iPhones are reached by (awdl, llw, anpi).
_PHYSICAL: Final = re.compile(r"en\d{1,3}")
_INTERFACE: Final = re.compile(r"^(\S+?): flags=")
_SPEED: Final = re.compile(r"\b(\d{1,6})(G?)base", re.IGNORECASE)
_MEGABIT: Final = 1_000_000.0
_GIGA: Final = 1000


def is_physical(name: str) -> bool:
    """Whether an interface is a port or a radio of the machine."""
    return _PHYSICAL.fullmatch(name) is not None


def capabilities(run: Run, timeout: float) -> list[LinkCapability]:
    """ifconfig -m."""
    return of_interfaces(run(["ifconfig", "-m"], timeout).output.decode("utf-8", "replace"))


def of_interfaces(output: str) -> list[LinkCapability]:
    """The fastest of the media that each port supports; Wi-Fi and Thunderbolt name no speeds."""
    found: dict[str, float] = {}
    name, listing = "", False
    for line in output.splitlines():
        if (match := _INTERFACE.match(line)) is not None:
            name, listing = match[1], False
        elif "supported media:" in line:
            listing = True
        elif listing and not line.strip().startswith("media "):
            listing = False
        if listing and is_physical(name):
            for digits, giga in _SPEED.findall(line):
                speed = int(digits) * (_GIGA if giga else 1) * _MEGABIT
                found[name] = max(speed, found.get(name, 0.0))
    if not found:
        raise NotMeasurable("no network port tells what it can do (Wi-Fi and virtual ones do not)")
    return [LinkCapability(name, speed) for name, speed in found.items()]
