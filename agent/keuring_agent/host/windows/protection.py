"""Firewall and protection against malware: Windows' own, and what others registered with its Security Center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import MalwareProtection, NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

_CENTER: Final = r"root\SecurityCenter2"
_DEFENDER: Final = r"root\Microsoft\Windows\Defender"
PRODUCT: Final = ("displayName", "productState")
STATUS: Final = ("AntivirusEnabled", "RealTimeProtectionEnabled", "AntivirusSignatureLastUpdated", "AMRunningMode")
_SERVICE: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\MpsSvc"
_LOCAL: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_POLICY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
# What the network that the machine is on is called; the registry has the second as StandardProfile.
_PROFILES: Final = (
    ("DomainProfile", "DomainProfile"),
    ("StandardProfile", "PrivateProfile"),
    ("PublicProfile", "PublicProfile"),
)
_DISABLED: Final = 4  # a service's Start
_ON: Final = 0x10  # in the second byte of productState; 0x11 is on too, 0x20 is on hold


def is_on(state: int) -> bool:
    """Whether a product of the Security Center works."""
    return state >> 8 & 0xF0 == _ON


def firewall(service: Row | None, local: Sequence[Row | None], policy: Sequence[Row | None]) -> bool | None:
    """Whether Windows' own is on for every kind of network; what the organisation's policy says goes first."""
    if service is None or values.whole(service, "Start") == _DISABLED:
        return False
    states = []
    for own, wanted in zip(local, policy, strict=True):
        state = values.whole(wanted or {}, "EnableFirewall")
        states.append(values.whole(own or {}, "EnableFirewall") if state is None else state)
    if 0 in states:
        return False
    return None if None in states else True


def firewall_enabled(system: System) -> bool:
    """Windows' own, or another that says so to the Security Center."""
    local = [system.values(rf"{_LOCAL}\{name}") for name, _ in _PROFILES]
    policy = [system.values(rf"{_POLICY}\{name}") or system.values(rf"{_POLICY}\{other}") for name, other in _PROFILES]
    found = firewall(system.values(_SERVICE), local, policy)
    if found:
        return True
    try:
        others = system.cim(_CENTER, "FirewallProduct", PRODUCT)
    except NotMeasurable:  # servers have no Security Center
        others = []
    if any(is_on(values.whole(row, "productState") or 0) for row in others):
        return True
    if found is None:
        raise NotMeasurable("Windows does not tell whether its firewall is on")
    return False


def malware_protection(products: Iterable[Row], defender: Row | None) -> MalwareProtection:
    """Of the products that are registered; of Defender's signatures alone the date is told."""
    states = [state for row in products if (state := values.whole(row, "productState")) is not None]
    works = bool(defender) and all(
        values.flag(defender or {}, name) for name in ("AntivirusEnabled", "RealTimeProtectionEnabled")
    )
    if not states and defender is None:
        raise NotMeasurable("no protection against malware is registered with Windows")
    updated = values.moment((defender or {}).get("AntivirusSignatureLastUpdated")) if works else None
    return MalwareProtection(works or any(map(is_on, states)), updated)


def ask_malware(system: System) -> MalwareProtection:
    """Asks both; either may not be there."""
    reasons = []
    products: Sequence[Row] = ()
    status: Sequence[Row] = ()
    try:
        products = system.cim(_CENTER, "AntiVirusProduct", PRODUCT)
    except NotMeasurable as error:
        reasons.append(error.reason)
    try:
        status = system.cim(_DEFENDER, "MSFT_MpComputerStatus", STATUS)
    except NotMeasurable as error:
        reasons.append(error.reason)
    if len(reasons) == 2:
        raise NotMeasurable(reasons[0])
    return malware_protection(products, status[0] if status else None)
