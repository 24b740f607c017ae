"""What the machine and its Windows are: names as Microsoft's own dates of support have them, in no one's language."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

from keuring_agent.host import smbios
from keuring_agent.host.readings import Hardware, NotMeasurable, OperatingSystem
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

_VERSION: Final = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
SYSTEM: Final = ("BuildNumber", "Version", "OperatingSystemSKU", "ProductType", "CSName", "OSArchitecture")
# Editions as the registry names them (EditionID), as people do. What is not here stands as it is.
_EDITIONS: Final = {
    "Core": "Home",
    "CoreN": "Home N",
    "CoreSingleLanguage": "Home Single Language",
    "CoreCountrySpecific": "Home",
    "Professional": "Pro",
    "ProfessionalN": "Pro N",
    "ProfessionalWorkstation": "Pro for Workstations",
    "ProfessionalWorkstationN": "Pro N for Workstations",
    "ProfessionalEducation": "Pro Education",
    "Enterprise": "Enterprise",
    "EnterpriseN": "Enterprise N",
    "ServerRdsh": "Enterprise multi-session",
    "EnterpriseS": "Enterprise LTSC",
    "EnterpriseSN": "Enterprise N LTSC",
    "IoTEnterprise": "IoT Enterprise",
    "IoTEnterpriseS": "IoT Enterprise LTSC",
    "Education": "Education",
    "EducationN": "Education N",
    "CloudEdition": "SE",
    "CloudEditionN": "SE N",
    "Cloud": "S",
    "Ultimate": "Ultimate",
    "ServerStandard": "Standard",
    "ServerDatacenter": "Datacenter",
    "ServerSolution": "Essentials",
}
# The same by WMI's numbers (OperatingSystemSKU).
_SKUS: Final = {
    101: "Core",
    98: "CoreN",
    100: "CoreSingleLanguage",
    99: "CoreCountrySpecific",
    48: "Professional",
    49: "ProfessionalN",
    161: "ProfessionalWorkstation",
    162: "ProfessionalWorkstationN",
    164: "ProfessionalEducation",
    4: "Enterprise",
    27: "EnterpriseN",
    175: "ServerRdsh",
    125: "EnterpriseS",
    126: "EnterpriseSN",
    188: "IoTEnterprise",
    191: "IoTEnterpriseS",
    121: "Education",
    122: "EducationN",
    203: "CloudEdition",
    202: "CloudEditionN",
    178: "Cloud",
    1: "Ultimate",
    7: "ServerStandard",
    8: "ServerDatacenter",
    50: "ServerSolution",
}
# (first build, of servers, of others); the newest first.
_PRODUCTS: Final = (
    (26040, "Windows Server 2025", "Windows 11"),
    (22000, "Windows Server", "Windows 11"),
    (20348, "Windows Server 2022", "Windows 10"),
    (17763, "Windows Server 2019", "Windows 10"),
    (14393, "Windows Server 2016", "Windows 10"),
    (10240, "Windows Server", "Windows 10"),
    (9600, "Windows Server 2012 R2", "Windows 8.1"),
    (9200, "Windows Server 2012", "Windows 8"),
    (7600, "Windows Server 2008 R2", "Windows 7"),
    (6000, "Windows Server 2008", "Windows Vista"),
    (2600, "Windows Server 2003", "Windows XP"),
)
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def name(build: int, edition: str, *, server: bool) -> str:
    """Windows 11 Pro; of servers Windows Server 2022 Standard."""
    product = next((names[not server] for first, *names in _PRODUCTS if build >= first), "Windows")
    return f"{product} {_EDITIONS.get(edition, edition)}".strip()


def from_registry(key: Row, architecture: str, host_name: str) -> OperatingSystem | None:
    """From the key CurrentVersion; its ProductName is not looked at, as it calls Windows 11 Windows 10."""
    build = values.whole(key, "CurrentBuildNumber") or values.whole(key, "CurrentBuild")
    if build is None:
        return None
    edition = values.text(key, "EditionID") or ""
    server = (values.text(key, "InstallationType") or "").startswith("Server")
    major, minor = values.whole(key, "CurrentMajorVersionNumber"), values.whole(key, "CurrentMinorVersionNumber")
    version = f"{major}.{minor or 0}" if major is not None else values.text(key, "CurrentVersion") or "10.0"
    revision = values.whole(key, "UBR")
    return OperatingSystem(
        "windows",
        name(build, edition, server=server),
        f"{version}.{build}",
        f"{build}" if revision is None else f"{build}.{revision}",
        architecture,
        host_name,
        None,
    )


def from_cim(row: Row, architecture: str, host_name: str) -> OperatingSystem:
    """From Win32_OperatingSystem, which says the same without the last part of the build."""
    build = values.whole(row, "BuildNumber")
    if build is None:
        raise NotMeasurable("Windows does not tell its own version")
    edition = _SKUS.get(values.whole(row, "OperatingSystemSKU") or 0, "")
    version = values.text(row, "Version") or f"10.0.{build}"
    title = name(build, edition, server=values.whole(row, "ProductType") in (2, 3))
    return OperatingSystem("windows", title, version, str(build), architecture, host_name, None)


def patch_level(system: System) -> str:
    """The build with its revision, which every cumulative update raises."""
    key = system.values(_VERSION) or {}
    build, revision = values.whole(key, "CurrentBuildNumber"), values.whole(key, "UBR")
    if build is None or revision is None:
        raise NotMeasurable("this version of Windows has no revision of its build")
    return f"{build}.{revision}"


def operating_system(system: System) -> OperatingSystem:
    """The registry's, or WMI's."""
    machine = platform.machine().lower()
    known = _MACHINES.get(machine, machine), platform.node().split(".")[0]
    found = from_registry(system.values(_VERSION) or {}, *known)
    if found is not None:
        return found
    rows = system.cim(r"root\cimv2", "Win32_OperatingSystem", SYSTEM)
    return from_cim(rows[0] if rows else {}, *known)


def hardware(machine: Row, firmware: Row, enclosure: Row, processor: Row) -> Hardware:
    """From Win32_ComputerSystem, Win32_BIOS, Win32_SystemEnclosure and Win32_Processor."""
    vendor, model = (smbios.field(values.text(machine, key)) for key in ("Manufacturer", "Model"))
    kinds = [kind for kind in values.listed(enclosure, "ChassisTypes") if isinstance(kind, int | str)]
    kind = values.whole({"kind": kinds[0]}, "kind") if kinds else None
    return Hardware(
        vendor,
        model,
        smbios.field(values.text(firmware, "SerialNumber")),
        smbios.chassis(kind, vendor, model),
        values.text(processor, "Name"),
        smbios.field(values.text(firmware, "SMBIOSBIOSVersion")),
        values.moment(firmware.get("ReleaseDate")),
    )


def ask_hardware(system: System) -> Hardware:
    """One question to WMI for each part."""

    def first(kind: str, *fields: str) -> Row:
        rows = system.cim(r"root\cimv2", kind, fields)
        return rows[0] if rows else {}

    return hardware(
        first("Win32_ComputerSystem", "Manufacturer", "Model"),
        first("Win32_BIOS", "SerialNumber", "SMBIOSBIOSVersion", "ReleaseDate"),
        first("Win32_SystemEnclosure", "ChassisTypes"),
        first("Win32_Processor", "Name"),
    )
