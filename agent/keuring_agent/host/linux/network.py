"""Network interfaces, from /sys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NetworkUse, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_NET: Final = "sys/class/net"
# systemd names adapters without a fixed place after their hardware address, which would tell them apart for ever.
_BY_ADDRESS: Final = re.compile(r"^([a-z]{2})x[0-9a-f]{12}$")


def subject(name: str) -> str:
    """What an interface is called: without a hardware address."""
    return _BY_ADDRESS.sub(r"\1x*", name)


def networks(tree: Tree) -> list[NetworkUse]:
    """Interfaces that have a device; bridges, tunnels and containers have none."""
    found: dict[str, NetworkUse] = {}
    for name in tree.names(_NET):
        directory = f"{_NET}/{name}"
        if not tree.exists(f"{directory}/device"):
            continue
        count = {
            key: tree.number(f"{directory}/statistics/{key}")
            for key in ("rx_errors", "tx_errors", "rx_dropped", "tx_dropped")
        }
        if None in count.values():
            continue
        speed = tree.number(f"{directory}/speed")  # -1 or an error while the link is down
        found.setdefault(
            subject(name),
            NetworkUse(
                subject(name),
                count["rx_errors"] or 0,
                count["tx_errors"] or 0,
                count["rx_dropped"] or 0,
                count["tx_dropped"] or 0,
                tree.number(f"{directory}/carrier_changes"),
                speed * 1e6 if speed is not None and speed > 0 else None,
            ),
        )
    if not found:
        raise NotMeasurable("no physical network interface is visible")
    return list(found.values())
