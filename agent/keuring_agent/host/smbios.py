"""What firmware says of a machine (SMBIOS), the same on every system: fields that makers forgot, kinds of chassis."""

from __future__ import annotations

from typing import Final

# What makers leave in fields that they forgot.
_JUNK: Final = frozenset(
    {
        *("", "default string", "to be filled by o.e.m.", "o.e.m.", "oem", "none", "not specified", "not applicable"),
        *("system serial number", "system product name", "system manufacturer", "system version", "unknown", "n/a"),
        *("0123456789", "123456789", "1234567890", "invalid", "empty", "type1productconfigid", "not available"),
    }
)
# Kinds of chassis that colleagues would call by these words.
_CHASSIS: Final = {
    **dict.fromkeys((8, 9, 10, 14, 31, 32), "laptop"),
    **dict.fromkeys((3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36), "desktop"),
    **dict.fromkeys((17, 23, 25, 28, 29), "server"),
    **dict.fromkeys((11, 30), "tablet"),
}
_VIRTUAL: Final = (
    *("qemu", "vmware", "virtualbox", "innotek", "xen", "kvm", "bochs", "parallels", "amazon ec2", "google"),
    "microsoft corporation virtual machine",
)


def field(text: str | None) -> str | None:
    """A field with single spaces; None for one that its maker forgot."""
    found = " ".join((text or "").split())
    return None if found.lower() in _JUNK or not found.strip("0.- ") else found


def chassis(kind: int | None, vendor: str | None, model: str | None, *, virtual: bool = False) -> str | None:
    """What colleagues would call the machine, by its kind of chassis, unless it is a virtual one."""
    named = f"{vendor or ''} {model or ''}".lower()
    if virtual or any(word in named for word in _VIRTUAL):
        return "virtual"
    return None if kind is None else _CHASSIS.get(kind, "other")
