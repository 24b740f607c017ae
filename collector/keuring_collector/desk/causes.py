"""What the desk calls the causes of tickets, in both languages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, gettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

# What the desk calls the causes of the pack that ships; a cause of somebody's own pack is shown as it is written.
CAUSES: Final[Mapping[str, _StrPromise]] = {
    "application-faults": gettext_lazy("programs that fail"),
    "backup": gettext_lazy("backup"),
    "battery-full": gettext_lazy("battery always full"),
    "battery-wear": gettext_lazy("worn battery"),
    "certificates": gettext_lazy("certificate"),
    "clock-off": gettext_lazy("clock is off"),
    "disk-cable": gettext_lazy("disk cable"),
    "disk-encryption": gettext_lazy("encryption"),
    "disk-endurance": gettext_lazy("worn disk"),
    "disk-failing": gettext_lazy("failing disk"),
    "disk-heat": gettext_lazy("hot disk"),
    "disk-nearly-full": gettext_lazy("disk nearly full"),
    "disk-slow": gettext_lazy("slow disk"),
    "firewall": gettext_lazy("firewall"),
    "firmware-drivers": gettext_lazy("firmware and drivers"),
    "hardware-errors": gettext_lazy("hardware errors"),
    "heat": gettext_lazy("heat"),
    "malware-protection": gettext_lazy("malware protection"),
    "memory-short": gettext_lazy("too little memory"),
    "memory-small": gettext_lazy("little memory"),
    "network-link": gettext_lazy("network connection"),
    "os-support": gettext_lazy("end of support"),
    "processor-short": gettext_lazy("processor too small"),
    "program-versions": gettext_lazy("programs behind"),
    "replacement": gettext_lazy("due for replacement"),
    "restart-helps": gettext_lazy("a restart helps"),
    "restart-pending": gettext_lazy("restart waiting"),
    "second-screen": gettext_lazy("second screen"),
    "sign-in-slow": gettext_lazy("slow sign-in"),
    "slow-disk": gettext_lazy("hard disk in a laptop"),
    "software-support": gettext_lazy("end of support of a program"),
    "start-slow": gettext_lazy("slow start"),
    "sudden-shutdowns": gettext_lazy("sudden shutdowns"),
    "updates-stale": gettext_lazy("updates behind"),
    "volume-space": gettext_lazy("disk space"),
    "warranty": gettext_lazy("warranty"),
    "wifi": gettext_lazy("Wi-Fi"),
}


def cause_label(cause: str) -> str:
    """What a cause is called, in the language in force."""
    return _label(cause, get_language())


@lru_cache(maxsize=1024)  # lists tell the same causes again and again
def _label(cause: str, _language: str | None) -> str:
    return str(CAUSES.get(cause, cause.replace("_", " ").replace("-", " ")))
