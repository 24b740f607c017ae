"""What is around the machine: docks, printers and private networks. Printers and networks go unnamed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import Dock, Printers
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.values import Row

DEVICE: Final = ("Name", "PNPClass")
A_DOCK: Final = "Name LIKE '%dock%' AND Present = TRUE"
PRINTER: Final = ("PortName", "WorkOffline", "PrinterStatus", "DetectedErrorState", "PrinterState")
ADAPTER: Final = ("InterfaceDescription", "InterfaceOperationalStatus", "HardwareInterface")
OLDER: Final = ("Name", "NetConnectionStatus", "PhysicalAdapter", "PNPDeviceID")
_DOCK: Final = re.compile(
    r"^(?P<model>.*\bdock(?:ing station)?\b(?:\s+(?:gen ?\d|g\d|\d|[a-z]+\d+\w*|pro|plus)\b)*)", re.IGNORECASE
)
_CLASSES: Final = frozenset({"USB", "MEDIA", "Net", "System", "USBDevice", "HIDClass", "Firmware", "AudioEndpoint"})
# Ports of printers that are files, programs or faxes.
_NOT_PRINTED: Final = ("portprompt:", "nul", "file:", "shrfax:", "xpsport:", "print.", "microsoft.", "onenote", "pdf")
_OFFLINE_STATUS, _OFFLINE_ERROR, _OFFLINE_STATE = 7, 9, 0x80
_VPN: Final = re.compile(
    r"fortinet|forti(?:ssl|client)|anyconnect|cisco secure client|pangp|globalprotect|tap-windows|tap-win32|wintun"
    r"|wireguard|openvpn|juniper|pulse secure|ivanti|check point|sonicwall|netextender|zscaler|citrix (?:vpn|gateway)"
    r"|sophos|f5 networks|tailscale|zerotier|softether|watchguard|barracuda|nordlynx|mullvad",
    re.IGNORECASE,
)
_UP: Final = 1  # InterfaceOperationalStatus
_CONNECTED: Final = 2  # NetConnectionStatus


def docks(rows: Iterable[Row]) -> list[Dock]:
    """Each model once: a dock shows itself as several devices ("... Dock Audio", "... Dock Ethernet")."""
    models: dict[str, str] = {}
    for row in rows:
        match = _DOCK.match(values.text(row, "Name") or "")
        if match is not None and values.text(row, "PNPClass") in _CLASSES:
            model = match["model"].strip()
            models.setdefault(model.lower(), model)
    kept = [model for key, model in sorted(models.items()) if not _longer(key, models)]
    return [Dock(f"dock{index}", model) for index, model in enumerate(kept)]


def _longer(key: str, others: Iterable[str]) -> bool:
    return any(other != key and other.startswith(key) for other in others)


def printers(rows: Iterable[Row]) -> Printers:
    """Of those that print on paper; the print service says which it does not reach."""
    installed = unreachable = 0
    for row in rows:
        if (values.text(row, "PortName") or "nul").lower().startswith(_NOT_PRINTED):
            continue
        installed += 1
        unreachable += (
            values.flag(row, "WorkOffline") is True
            or values.whole(row, "PrinterStatus") == _OFFLINE_STATUS
            or values.whole(row, "DetectedErrorState") == _OFFLINE_ERROR
            or bool((values.whole(row, "PrinterState") or 0) & _OFFLINE_STATE)
        )
    return Printers(installed, unreachable)


def vpn_connections(rows: Iterable[Row]) -> int:
    """Adapters of VPN programs that are up, by either class of WMI."""
    count = 0
    for row in rows:
        name = values.text(row, "InterfaceDescription") or values.text(row, "Name") or ""
        up = (
            values.whole(row, "InterfaceOperationalStatus") == _UP
            or values.whole(row, "NetConnectionStatus") == _CONNECTED
        )
        count += up and _VPN.search(name) is not None
    return count
