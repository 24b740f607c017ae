"""Which services took long at the last start, by systemd's own stamps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import units
from keuring_agent.host.readings import BootStep, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_BEGAN, _READY = "InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"
_FINISH: Final = "FinishTimestampMonotonic"
_SHORTEST: Final = 1.0  # seconds; shorter steps are no one's cause
_MOST: Final = 10
_WAITS_FOR_ALL: Final = frozenset({"plymouth-quit-wait"})  # as long as everything else together, and no cause
_PACKAGED: Final = ("/usr/lib/systemd/", "/lib/systemd/", "/run/systemd/generator")
OTHER: Final = "other"
_INSTANCE: Final = re.compile(r"@.*$")


def steps(tree: Tree, run: Run, timeout: float) -> list[BootStep] | None:
    """The longest services that were ready by the end of the start; None while it goes on.

    Of a service for somebody or something ("user@1000") only the kind is told; those that no package brought are
    "other".
    """
    if not tree.is_own or not tree.exists("run/systemd/system"):
        raise NotMeasurable("systemd does not run here, and nothing else tells what the start waited for")
    result = run(["systemctl", "show", f"--property={_FINISH}"], timeout)
    finish = result.output.decode("ascii", "replace").strip().removeprefix(f"{_FINISH}=")
    if not finish.isdecimal():
        raise NotMeasurable("systemd does not tell when the start was over")
    if units.stamp(finish) == 0:
        return None
    services = units.ask(tree, run, timeout, [_BEGAN, _READY, "FragmentPath"], ["*.service"])
    return longest(services, units.stamp(finish))


def longest(services: list[dict[str, str]], finish: int) -> list[BootStep]:
    """From what systemd says of each service; ``finish`` in microseconds since the kernel started."""
    found: dict[str, float] = {}
    for unit in services:
        began, ready = units.stamp(unit.get(_BEGAN, "")), units.stamp(unit.get(_READY, ""))
        if not 0 < began <= ready <= finish:
            continue
        name = _INSTANCE.sub("@", unit.get("Id", "").removesuffix(".service"))
        name = name if unit.get("FragmentPath", "").startswith(_PACKAGED) else OTHER
        took = (ready - began) / 1e6
        if name not in _WAITS_FOR_ALL and took >= _SHORTEST:
            found[name] = max(took, found.get(name, 0.0))
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [BootStep(name, took) for name, took in ranked[:_MOST]]
