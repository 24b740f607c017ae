"""Backups that run as services of systemd: when each last succeeded, since the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import units
from keuring_agent.host.readings import Backup, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_KNOWN: Final = ("backup", "borg-backup", "borgbackup", "borgmatic", "btrbk", "restic", "restic-backup", "rsnapshot")
_PROPERTIES: Final = ("Type", "Result", "ExecMainStatus", "ExecMainExitTimestampMonotonic")


def backups(tree: Tree, run: Run, timeout: float, now: float, monotonic: float) -> list[Backup]:
    """``now`` and ``monotonic`` are two clocks read together. Services that go on for ever tell no success."""
    found = units.ask(tree, run, timeout, _PROPERTIES, [f"{name}.service" for name in _KNOWN])
    listed = [
        Backup(unit["Id"].removesuffix(".service"), _succeeded(unit, now - monotonic))
        for unit in found
        if unit.get("Type") in ("oneshot", "exec", "simple")
    ]
    if not listed:
        raise NotMeasurable(f"no backup that is known here ({', '.join(_KNOWN)}) is a service of systemd")
    return listed


def _succeeded(unit: dict[str, str], zero: float) -> float | None:
    ended = units.stamp(unit.get("ExecMainExitTimestampMonotonic", ""))
    if unit.get("Result") != "success" or unit.get("ExecMainStatus") != "0" or not ended:
        return None
    return zero + ended / 1e6
