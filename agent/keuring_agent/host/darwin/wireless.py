"""Wi-Fi: how strong it is. No name of a network and no address is kept; frames sent again are not told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import profile
from keuring_agent.host.readings import NotMeasurable, WifiLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item

_FIELD: Final = re.compile(r"^ *(Interface Name|RSSI) *: *(\S+)", re.MULTILINE)
_DECIBELS: Final = re.compile(r"(-\d{1,3}) dBm")
_FAINTEST, _STRONGEST = -120.0, 0.0
_INTERFACES: Final = ("spairport_airport_interfaces", "Interfaces")
_CURRENT: Final = ("spairport_current_network_information", "Current Network Information")
_NONE: Final = "this machine has no Wi-Fi"


def links(run: Run, quick: float, slow: float) -> list[WifiLink]:
    """wdutil, which is quick but answers root only; else system_profiler."""
    try:
        return of_diagnostics(run(["wdutil", "info"], quick).output.decode("utf-8", "replace"))
    except NotMeasurable:
        return of_profile(profile.ask(run, slow, "SPAirPortDataType"))


def of_diagnostics(output: str) -> list[WifiLink]:
    """The first interface that wdutil tells of is the one that colleagues call Wi-Fi."""
    fields = _FIELD.findall(output)
    name = next((value for key, value in fields if key == "Interface Name"), None)
    if name is None:
        raise NotMeasurable("wdutil tells of Wi-Fi to root only; run the agent as root to read it")
    level = next((value for key, value in fields if key == "RSSI"), "")
    return [WifiLink(name, _sane(level), None, None)]


def of_profile(sections: Sequence[Item]) -> list[WifiLink]:
    """SPAirPortDataType: networks around, which it lists too, are passed over."""
    lists = [item for item in profile.walk(sections) if item.name in _INTERFACES and _is_wifi(item)]
    found = [WifiLink(item.name, _signal(item), None, None) for listed in lists for item in listed.items]
    if not found:
        raise NotMeasurable(_NONE)
    return found


def _is_wifi(item: Item) -> bool:
    kinds = ("Card Type", "spairport_wireless_card_type", "Status", "spairport_status_information")
    return any(part.first(*kinds) for part in item.items)


def _signal(interface: Item) -> float | None:
    for part in interface.items:
        if part.name in _CURRENT:
            for item in part.walk():
                match = _DECIBELS.match(item.first("spairport_signal_noise", "Signal / Noise") or "")
                if match is not None:
                    return _sane(match[1])
    return None


def _sane(level: str) -> float | None:
    try:
        signal = float(level)
    except ValueError:
        return None
    return signal if _FAINTEST < signal < _STRONGEST else None
