"""What the machine and its system are, from os-release, DMI and the kernel."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host import dates, smbios
from keuring_agent.host.readings import Hardware, NotMeasurable, OperatingSystem

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_DMI: Final = "sys/class/dmi/id"
# As "22.04.4 LTS (Jammy Jellyfish)" and "9.4 (Plow)" begin.
_LEVEL: Final = re.compile(r"^\d+(?:\.\d+)+")


def _field(tree: Tree, name: str) -> str | None:
    return smbios.field(tree.optional(f"{_DMI}/{name}"))


def _processor(tree: Tree) -> tuple[str | None, bool]:
    """The processor's model, and whether it is one that a hypervisor shows."""
    model, virtual = None, False
    for line in (tree.optional("proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        name = name.strip()
        if name in ("model name", "Model", "cpu model") and model is None:
            model = " ".join(value.split())
        elif name == "flags":
            virtual = " hypervisor" in value
            if model is not None:
                break
    return model, virtual


def hardware(tree: Tree) -> Hardware:
    """DMI, as far as it may be read (the serial number only by root)."""
    vendor, model = _field(tree, "sys_vendor"), _field(tree, "product_name")
    processor, virtual = _processor(tree)
    kind = tree.number(f"{_DMI}/chassis_type")
    return Hardware(
        vendor,
        model,
        _field(tree, "product_serial"),
        smbios.chassis(kind, vendor, model, virtual=virtual),
        processor,
        _field(tree, "bios_version"),
        dates.american(_field(tree, "bios_date") or ""),
    )


def release(tree: Tree) -> dict[str, str]:
    """The fields of os-release."""
    try:
        text = tree.text("etc/os-release")
    except NotMeasurable:
        text = tree.text("usr/lib/os-release")
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip().strip("\"'") for name, value in pairs}


def operating_system(tree: Tree) -> OperatingSystem:
    """os-release, and what the kernel says of itself."""
    fields = release(tree)
    machine = os.uname().machine
    return OperatingSystem(
        "linux",
        fields.get("NAME", "Linux"),
        fields.get("VERSION_ID") or fields.get("VERSION") or fields.get("BUILD_ID", "rolling"),
        tree.text("proc/sys/kernel/osrelease"),
        {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        tree.text("proc/sys/kernel/hostname").split(".")[0],
        dates.iso(fields.get("SUPPORT_END", "")),
    )


def patch_level(tree: Tree) -> str:
    """Debian's own file, as its os-release tells the version alone; of others the points after the version."""
    fields = release(tree)
    text = fields.get("VERSION", "")
    if fields.get("ID") == "debian":
        text = tree.optional("etc/debian_version") or ""
    match = _LEVEL.match(text)
    if match is None:
        raise NotMeasurable("this system has no level of patches beside its version")
    return match[0]
