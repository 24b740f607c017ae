"""Wi-Fi: strength and repeats, of iw or of /proc/net/wireless. No name of a network and no address is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux.network import subject
from keuring_agent.host.readings import NotMeasurable, WifiLink

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_NET: Final = "sys/class/net"
_FIELD: Final = re.compile(r"^\s+(signal|tx packets|tx retries):\s+(-?\d{1,18})\b", re.MULTILINE | re.ASCII)
_FAINTEST, _STRONGEST = -120.0, 0.0


def links(tree: Tree, run: Run, timeout: float) -> list[WifiLink]:
    """One for each Wi-Fi interface. Without iw only the signal, where the kernel still has the older interface."""
    names = [
        name
        for name in tree.names(_NET)
        if tree.exists(f"{_NET}/{name}/phy80211") or tree.exists(f"{_NET}/{name}/wireless")
    ]
    if not names:
        raise NotMeasurable("this machine has no Wi-Fi")
    if not tree.is_own:
        return older(tree)
    try:
        return [_asked(name, run, timeout) for name in names]
    except NotMeasurable as error:
        try:
            return older(tree)
        except NotMeasurable:
            raise error from None


def _asked(name: str, run: Run, timeout: float) -> WifiLink:
    result = run(["iw", "dev", name, "station", "dump"], timeout)
    if result.status:
        raise NotMeasurable(f"iw does not tell of the Wi-Fi; it ended with status {result.status}")
    return station(subject(name), result.output.decode("utf-8", "replace"))


def station(interface: str, dump: str) -> WifiLink:
    """What iw says of the one access point; nothing where there is none, or many (this machine is one itself)."""
    if len(re.findall(r"^Station ", dump, re.MULTILINE)) != 1:
        return WifiLink(interface, None, None, None)
    found = {key: int(value) for key, value in reversed(_FIELD.findall(dump))}
    sent, retried = found.get("tx packets"), found.get("tx retries")
    return WifiLink(interface, _sane(found.get("signal")), sent, retried)


def older(tree: Tree) -> list[WifiLink]:
    """/proc/net/wireless: the fourth column is dBm where it is below zero, else a scale of the driver's own."""
    missing = "iw is not installed, and this kernel has no /proc/net/wireless"
    found = []
    for line in tree.text("proc/net/wireless", missing).splitlines()[2:]:
        name, _, rest = line.partition(":")
        fields = rest.split()
        if len(fields) < 3:
            continue
        try:
            level = float(fields[2].rstrip("."))
        except ValueError:
            continue
        found.append(WifiLink(subject(name.strip()), _sane(level), None, None))
    return found


def _sane(signal: float | None) -> float | None:
    return float(signal) if signal is not None and _FAINTEST < signal < _STRONGEST else None
