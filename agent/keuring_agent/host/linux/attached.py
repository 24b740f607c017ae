"""What the machine is on: docks, printers and private networks. How many or which model, never whose or where to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import Dock, Printers
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_THUNDERBOLT: Final = "sys/bus/thunderbolt/devices"
_USB: Final = "sys/bus/usb/devices"
_IS_DOCK: Final = re.compile(r"dock|\bhub\b|\bstation\b|\bTS[345]\b", re.IGNORECASE)
_HUB, _BILLBOARD = "09", "11"  # classes of USB devices; what is plugged into a dock has others

_PRINTER: Final = re.compile(r"^printer \S+ ")
_OUT_OF_REACH: Final = re.compile(r"\b(?:offline|connecting-to-device|timed-out|shutdown)")

_NET: Final = "sys/class/net"
_IFF_UP, _IFF_TAP = 0x1, 0x2
_PPP: Final = 512  # ARPHRD_PPP
_TUNNELS: Final = ("ipsec", "xfrm", "vti")


def docks(tree: Tree) -> list[Dock]:
    """By their own names, each model once."""
    if not tree.exists(_THUNDERBOLT) and not tree.exists(_USB):
        raise NotMeasurable("this machine has neither USB nor Thunderbolt")
    models = dict.fromkeys([*_thunderbolt(tree), *_usb(tree)])
    return [Dock(f"dock {number}", model) for number, model in enumerate(models, 1)]


def _thunderbolt(tree: Tree) -> Iterator[str]:
    for name in tree.names(_THUNDERBOLT):
        if name.endswith("-0"):  # the machine's own end
            continue
        model = tree.optional(f"{_THUNDERBOLT}/{name}/device_name") or ""
        if _IS_DOCK.search(model):
            yield _called(tree.optional(f"{_THUNDERBOLT}/{name}/vendor_name"), model)


def _usb(tree: Tree) -> Iterator[str]:
    for name in tree.names(_USB):
        model = tree.optional(f"{_USB}/{name}/product") or ""
        if "dock" in model.lower() and tree.optional(f"{_USB}/{name}/bDeviceClass") in (_HUB, _BILLBOARD):
            yield _called(tree.optional(f"{_USB}/{name}/manufacturer"), model)


def _called(maker: str | None, model: str) -> str:
    """Maker and model; makers who begin their models with their own name are not said twice."""
    model = " ".join(model.split())
    return model if not maker or model.lower().startswith(maker.lower()) else f"{maker} {model}"


def printers(tree: Tree, run: Run, timeout: float) -> Printers:
    """What CUPS knows of its queues. It is asked in the C locale, and only while it runs, so that it is not started."""
    if not tree.is_own or not tree.exists("run/cups/cups.sock"):
        raise NotMeasurable("no print service (CUPS) runs here")
    told = run(["lpstat", "-r", "-l", "-p"], timeout).output.decode("utf-8", "replace")
    if "scheduler is running" not in told:
        raise NotMeasurable("the print service (CUPS) does not answer")
    return queues(told)


def queues(told: str) -> Printers:
    """Counts lpstat's list: a queue is out of reach when it is stopped, or when CUPS says so of its printer."""
    count, out = 0, set()
    for line in told.splitlines():
        if _PRINTER.match(line):
            count += 1
            if " disabled since " in line:
                out.add(count)
        elif count and line.startswith("\tAlerts:") and _OUT_OF_REACH.search(line):
            out.add(count)
    return Printers(count, len(out))


def vpn_connections(tree: Tree) -> int:
    """Interfaces that are up and are made by VPNs. IPsec without an interface of its own is not seen."""
    names = tree.names(_NET)
    if not names:
        raise NotMeasurable("the list of network interfaces cannot be read")
    return sum(_is_vpn(tree, f"{_NET}/{name}", name) and _is_up(tree, f"{_NET}/{name}") for name in names)


def _is_vpn(tree: Tree, directory: str, name: str) -> bool:
    if "DEVTYPE=wireguard" in (tree.optional(f"{directory}/uevent") or ""):
        return True
    flags = _hexadecimal(tree.optional(f"{directory}/tun_flags"))
    if flags is not None:
        return not flags & _IFF_TAP  # taps are those of virtual machines
    return tree.number(f"{directory}/type") == _PPP or name.startswith(_TUNNELS)


def _is_up(tree: Tree, directory: str) -> bool:
    flags = _hexadecimal(tree.optional(f"{directory}/flags"))
    # carrier: whether the program that makes it still runs; an interface that is down cannot be asked.
    return flags is not None and bool(flags & _IFF_UP) and tree.number(f"{directory}/carrier") != 0


def _hexadecimal(text: str | None) -> int | None:
    try:
        return None if text is None else int(text, 16)
    except ValueError:
        return None
