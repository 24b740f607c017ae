"""Graphics processors, from the kernel's list of cards and what their drivers tell. One that sleeps is not woken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import Gpu, GpuUse
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

_DRM: Final = "sys/class/drm"
_CARD: Final = re.compile(r"^card\d+$")
_NVIDIA: Final = "proc/driver/nvidia/gpus"
_LISTS: Final = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids")
_MAKERS: Final = {"0x8086": "Intel", "0x10de": "NVIDIA", "0x1002": "AMD", "0x1af4": "virtio", "0x15ad": "VMware"}
_NONE: Final = "no graphics processor is visible (servers and many virtual machines have none)"


def _cards(tree: Tree) -> list[tuple[str, dict[str, str]]]:
    """(directory of the device, what it says of itself) of each card, in the order of their places on the bus."""
    found = []
    for name in tree.names(_DRM):
        directory = f"{_DRM}/{name}/device"
        if _CARD.match(name) and tree.exists(directory):
            told = (tree.optional(f"{directory}/uevent") or "").splitlines()
            found.append((directory, dict(line.split("=", 1) for line in told if "=" in line)))
    return sorted(found, key=lambda card: (card[1].get("PCI_SLOT_NAME", ""), card[0]))


def gpus(tree: Tree) -> list[Gpu]:
    """Named by the system's list of PCI devices, where there is one."""
    found = []
    for number, (directory, told) in enumerate(_cards(tree)):
        driver = told.get("DRIVER")
        version = tree.optional(f"sys/module/{driver}/version") if driver else None
        with_version = f"{driver} {version or tree.optional('proc/sys/kernel/osrelease') or ''}".strip()
        found.append(Gpu(f"gpu{number}", _model(tree, directory, told), with_version if driver else None))
    if not found:
        raise NotMeasurable(_NONE)
    return found


def _model(tree: Tree, directory: str, told: dict[str, str]) -> str | None:
    for line in (tree.optional(f"{_NVIDIA}/{told.get('PCI_SLOT_NAME', '-')}/information") or "").splitlines():
        key, _, value = line.partition(":")
        if key == "Model" and value.strip():
            return value.strip()
    maker, device = tree.optional(f"{directory}/vendor"), tree.optional(f"{directory}/device")
    if maker is None or device is None:
        return None
    name = next(_named(tree, maker.removeprefix("0x"), device.removeprefix("0x")), "")
    return f"{_MAKERS.get(maker, maker)} {name or device}"


def _named(tree: Tree, maker: str, device: str) -> Iterator[str]:
    """The device's name in the list of PCI devices, which is read by the line: it is larger than the whole agent."""
    for path in _LISTS:
        at_maker = False
        for line in tree.lines(path):
            if not line.startswith(("\t", "#")):
                if at_maker:
                    break
                at_maker = line.startswith(f"{maker}  ")
            elif at_maker and line.startswith(f"\t{device}  "):
                yield line[7:].strip()
                return


def use(tree: Tree) -> list[GpuUse]:
    """AMD's driver tells all of it; others tell nothing that can be read without starting a program."""
    cards = _cards(tree)
    if not cards:
        raise NotMeasurable(_NONE)
    found = []
    for number, (directory, _) in enumerate(cards):
        if tree.optional(f"{directory}/power/runtime_status") == "suspended":
            continue
        busy = tree.number(f"{directory}/gpu_busy_percent")
        memory = [tree.number(f"{directory}/mem_info_vram_{key}") for key in ("used", "total")]
        if busy is not None or memory[1] is not None:
            share = None if busy is None else min(100, max(0, busy)) / 100
            found.append(GpuUse(f"gpu{number}", share, *memory))
    return found
