"""What the machine and its system are."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import profile, registry
from keuring_agent.host.readings import Hardware, NotMeasurable, OperatingSystem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item

_LINE: Final = re.compile(r"^(\w+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_VIRTUAL: Final = ("vmware", "virtual", "parallels", "vbox", "qemu")
_LAPTOP, _SERVER = ("book", "ibook"), ("xserve", "rackmac")
_DESKTOP: Final = ("mac", "power")  # iMac, Mac mini, Mac Studio, Mac Pro
_JUNK: Final = ("", "0", "not available", "system serial#")


def operating_system(run: Run, timeout: float) -> OperatingSystem:
    """sw_vers: a program of its own is told the true version, where an old one would be told another."""
    return of_versions(run(["sw_vers"], timeout).output.decode("utf-8", "replace"))


def of_versions(output: str) -> OperatingSystem:
    """What sw_vers said, and what the kernel says of this machine. A rapid response shows in the build."""
    fields = dict(_LINE.findall(output))
    version = fields.get("ProductVersion", "")
    if not version:
        raise NotMeasurable("sw_vers does not tell the version of macOS")
    here = os.uname()
    return OperatingSystem(
        "darwin",
        fields.get("ProductName") or "macOS",
        version,
        fields.get("BuildVersion", ""),
        _ARCHITECTURES.get(here.machine, here.machine),
        here.nodename.split(".")[0],
        None,
    )


def hardware(run: Run, quick: float, slow: float) -> Hardware:
    """system_profiler; the registry, which says less, where that does not answer."""
    try:
        found = of_profile(profile.ask(run, slow, "SPHardwareDataType"))
    except NotMeasurable:
        found = of_registry(registry.ask(run, quick, "IOPlatformExpertDevice"))
    return found._replace(processor=_brand(run, quick) or found.processor)


def _brand(run: Run, timeout: float) -> str | None:
    try:
        result = run(["sysctl", "-n", "machdep.cpu.brand_string"], timeout)
    except NotMeasurable:
        return None
    return None if result.status else " ".join(result.output.decode("utf-8", "replace").split()) or None


def of_profile(sections: Sequence[Item]) -> Hardware:
    """The hardware overview, by the names of all versions."""
    names = ("machine_model", "Model Identifier", "Machine Model")
    found = next((item for item in profile.walk(sections) if item.first(*names)), None)
    if found is None:
        raise NotMeasurable("system_profiler does not tell what this machine is")
    model, title = found.first(*names) or "", found.first("machine_name", "Model Name", "Machine Name") or ""
    return Hardware(
        "Apple Inc.",
        model,
        serial(found.first("serial_number", "Serial Number (system)", "Serial Number")),
        chassis(f"{title} {model}"),
        found.first("chip_type", "Chip", "cpu_type", "Processor Name", "CPU Type"),
        found.first("boot_rom_version", "System Firmware Version", "Boot ROM Version"),
        None,
    )


def of_registry(entries: Sequence[registry.Entry]) -> Hardware:
    """The same of IOPlatformExpertDevice."""
    found = next((entry for entry in entries if entry.text("model")), None)
    if found is None:
        raise NotMeasurable("the registry does not tell what this machine is")
    model = found.text("model") or ""
    number = serial(found.text("IOPlatformSerialNumber"))
    return Hardware(found.text("manufacturer") or "Apple Inc.", model, number, chassis(model), None, None, None)


def serial(text: str | None) -> str | None:
    """A serial number; None where its maker or a virtual machine left none."""
    return None if text is None or text.lower() in _JUNK else text


def chassis(named: str) -> str:
    """By name and model: newer models alone ("Mac14,2") do not tell."""
    name = named.lower()
    for kind, words in (("virtual", _VIRTUAL), ("laptop", _LAPTOP), ("server", _SERVER), ("desktop", _DESKTOP)):
        if any(word in name for word in words):
            return kind
    return "other"
