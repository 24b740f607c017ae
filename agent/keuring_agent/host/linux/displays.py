"""Screens, from the kernel's list of connectors. Nothing here asks a screen; the kernel knows already.

Of what a screen says of itself, maker, model and date are read; its serial number, in two places of it, is not.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import Screen
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_DRM: Final = "sys/class/drm"
_CONNECTOR: Final = re.compile(r"^card\d+-(.+)$")
_NO_SCREEN: Final = ("Virtual", "Writeback", "Unknown")
_BUILT_IN: Final = ("eDP", "LVDS", "DSI")
_EDID: Final = b"\x00\xff\xff\xff\xff\xff\xff\x00"
_WEEK, _YEAR, _FIRST_YEAR = 16, 17, 1990
_WEEKS: Final = 54
_HEADER: Final = 128
_MAKER, _MODEL = 8, 10
_DESCRIPTORS: Final = (54, 72, 90, 108)
_NAME: Final = b"\x00\x00\x00\xfc\x00"  # how a descriptor with the model's name begins; its text is 13 bytes
# Makers by their three letters; those that are not here keep them.
_MAKERS: Final = {
    "ACR": "Acer", "APP": "Apple", "AUO": "AU Optronics", "AUS": "Asus", "BNQ": "BenQ", "CMN": "Innolux", "DEL": "Dell",
    "ENC": "Eizo", "GSM": "LG", "HPN": "HP", "HWP": "HP", "IVM": "Iiyama", "IVO": "InfoVision", "LEN": "Lenovo",
    "LGD": "LG Display", "PHL": "Philips", "SAM": "Samsung", "SDC": "Samsung", "SHP": "Sharp", "SNY": "Sony",
    "VSC": "ViewSonic",
}  # fmt: skip


def _connectors(tree: Tree) -> list[tuple[str, str]]:
    """(directory, kind) of each connector that a screen could be on."""
    matches = [_CONNECTOR.match(name) for name in tree.names(_DRM)]
    found = [(f"{_DRM}/{match[0]}", match[1]) for match in matches if match is not None]
    return [(directory, kind) for directory, kind in found if not kind.startswith(_NO_SCREEN)]


def in_use(tree: Tree) -> int:
    """Screens that are connected and switched on."""
    connectors = _connectors(tree)
    if not connectors:
        raise NotMeasurable(
            "no connector for a screen is visible (servers, virtual machines and some drivers have none)"
        )
    return sum(
        tree.optional(f"{directory}/status") == "connected" and tree.optional(f"{directory}/enabled") == "enabled"
        for directory, _ in connectors
    )


def panel_made(tree: Tree) -> float:
    """When the built-in screen was made, by its own description: weeks before the machine around it was."""
    for directory, kind in _connectors(tree):
        if kind.startswith(_BUILT_IN):
            made = edid_made(tree.head(f"{directory}/edid", _HEADER))
            if made is not None:
                return made
    raise NotMeasurable("nothing here tells when this machine was made (laptops do, by their own screen)")


def edid_made(edid: bytes) -> float | None:
    """The date in a screen's description, by week of its year; None where it names a year of model, or nothing."""
    if len(edid) < _HEADER or not edid.startswith(_EDID) or not edid[_YEAR] or edid[_WEEK] > _WEEKS:
        return None
    week = max(0, edid[_WEEK] - 1) if edid[_WEEK] else 26  # 0: the week is not told; half-way, then
    return (datetime(_FIRST_YEAR + edid[_YEAR], 1, 1, tzinfo=UTC) + timedelta(weeks=week)).timestamp()


def screens(tree: Tree) -> list[Screen]:
    """Those that are connected, by their connector; of two cards' connectors of one name the first."""
    found: dict[str, Screen] = {}
    connectors = _connectors(tree)
    if not connectors:
        raise NotMeasurable(
            "no connector for a screen is visible (servers, virtual machines and some drivers have none)"
        )
    for directory, kind in connectors:
        if tree.optional(f"{directory}/status") == "connected":
            edid = tree.head(f"{directory}/edid", _HEADER)
            found.setdefault(kind, Screen(kind, edid_model(edid), edid_made(edid)))
    return list(found.values())


def edid_model(edid: bytes) -> str | None:
    """Maker and model in a screen's description; None where it is none."""
    if len(edid) < _HEADER or not edid.startswith(_EDID):
        return None
    packed = int.from_bytes(edid[_MAKER : _MAKER + 2], "big")
    letters = "".join(chr(64 + (packed >> shift & 31)) for shift in (10, 5, 0))
    maker = _MAKERS.get(letters, letters)
    name = f"{int.from_bytes(edid[_MODEL : _MODEL + 2], 'little'):04X}"
    for start in _DESCRIPTORS:
        if edid[start : start + 5] == _NAME:
            text = edid[start + 5 : start + 18].partition(b"\n")[0].decode("ascii", "replace").strip()
            name = text or name
    return name if name.lower().startswith(maker.lower()) else f"{maker} {name}"
