"""What the items of an inspection are called, and in which order a report lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

# Those of the pack that ships, in the order of a report; an item of somebody's own pack is shown as it is written.
ITEMS: Final[Mapping[str, _StrPromise]] = {
    "storage": _("Space"),
    "disk": _("Disk"),
    "battery": _("Battery"),
    "memory": _("Memory"),
    "processor": _("Processor"),
    "cooling": _("Cooling"),
    "stability": _("Stability"),
    "speed": _("Speed"),
    "programs": _("Programs"),
    "network": _("Network"),
    "operating-system": _("Operating system"),
    "updates": _("Updates"),
    "encryption": _("Encryption"),
    "firewall": _("Firewall"),
    "malware-protection": _("Malware protection"),
    "backup": _("Backup"),
    "certificates": _("Certificates"),
    "clock": _("Clock"),
    "life-cycle": _("Age and warranty"),
    "comfort": _("Comfort"),
}
_ORDER: Final = {item: place for place, item in enumerate(ITEMS)}


def label(item: str) -> str:
    """What an item is called, in the language in force."""
    return str(ITEMS.get(item, item.replace("-", " ").capitalize()))


def order(item: str) -> tuple[int, str]:
    """Where an item stands on a report."""
    return _ORDER.get(item, len(_ORDER)), item
