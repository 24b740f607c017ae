"""Where the package programs of Linux keep their records, and when these last changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux.bundles import FLATPAK, SNAP
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

DPKG: Final = "var/lib/dpkg/status"
PACMAN: Final = "var/lib/pacman/local"
RPM: Final = ("var/lib/rpm", "usr/lib/sysimage/rpm")


def changed(tree: Tree) -> list[int]:
    """When each record last changed, to compare with before. Raises NotMeasurable where there is none."""
    state = [tree.changed(path) for path in (DPKG, PACMAN, *RPM, FLATPAK, SNAP)]
    if not any(state):
        raise NotMeasurable("no record of dpkg, pacman, rpm, flatpak or snap tells which programs are installed")
    return state


def of_pacman(directory: str) -> tuple[str, str]:
    """(package, version) of one of pacman's directories, "firefox-131.0-1"."""
    package, _, version = directory.removesuffix(f"-{directory.rpartition('-')[2]}").rpartition("-")
    return package, version
