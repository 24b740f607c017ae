"""When updates were installed and looked for, and whether they come by themselves: from logs and settings."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from keuring_agent.host import dates
from keuring_agent.host.linux.records import DPKG, PACMAN, RPM
from keuring_agent.host.linux.updates import DNF_CACHES, LISTS, SYNC, UNSUPPORTED
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_HISTORY: Final = ("var/log/apt/history.log", "var/log/apt/history.log.1.gz")
_DNF_LOG: Final = "var/log/dnf.rpm.log"
_PACMAN_LOG: Final = "var/log/pacman.log"
_TAIL: Final = 256 * 1024
_UPGRADED: Final = re.compile(r"^\[?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4})\]? .*(?:\[ALPM\] upgraded |Upgraded: )")

# What makes updates install themselves, by the package program that does it.
_APT_SETTINGS: Final = "etc/apt/apt.conf.d"
_UNATTENDED: Final = re.compile(r'^\s*APT::Periodic::Unattended-Upgrade\s+"([^"]*)"', re.MULTILINE)
_TIMERS: Final = "etc/systemd/system/timers.target.wants"
_INSTALLING: Final = frozenset({"dnf-automatic-install.timer", "transactional-update.timer"})
_CHOOSING: Final = {"dnf-automatic.timer": "etc/dnf/automatic.conf", "dnf5-automatic.timer": "etc/dnf/automatic.conf"}
_APPLY: Final = re.compile(r"^\s*apply_updates\s*=\s*(?:yes|true|1|on)\s*$", re.MULTILINE | re.IGNORECASE)


def last_installed(tree: Tree) -> float:
    """When a package was last upgraded, from the log of apt, dnf or pacman."""
    if tree.exists(DPKG):
        return _by_apt(tree)
    for path in (_PACMAN_LOG, _DNF_LOG):
        if tree.exists(path):
            found = _last_line(tree.tail(path, _TAIL).decode("utf-8", "replace"))
            if found is not None:
                return found
            raise NotMeasurable("the log of packages holds no upgrade, or may not be read")
    raise NotMeasurable(UNSUPPORTED)


def _last_line(log: str) -> float | None:
    for line in reversed(log.splitlines()):
        if (match := _UPGRADED.match(line)) is not None:
            found = dates.iso(match[1])
            if found is not None:
                return found
    return None


def _by_apt(tree: Tree) -> float:
    """When apt last finished an upgrade, from its history. Local time, as apt writes it."""
    for path in _HISTORY:
        if not tree.exists(path):
            continue
        data = tree.data(path)
        if path.endswith(".gz"):
            try:
                data = zlib.decompress(data, wbits=31)
            except zlib.error:
                continue
        found = _last_upgrade(data.decode("utf-8", "replace"))
        if found is not None:
            return found
    raise NotMeasurable("apt's history of the last two months holds no upgrade")


def _last_upgrade(history: str) -> float | None:
    for entry in reversed(history.split("\n\n")):
        lines = entry.splitlines()
        end = next((line for line in lines if line.startswith("End-Date: ")), None)
        if end is not None and any(line.startswith("Upgrade: ") for line in lines):
            stamp = " ".join(end.removeprefix("End-Date: ").split())
            found = dates.local(stamp)  # apt tells no zone
            if found is not None:
                return found
    return None


def last_checked(tree: Tree) -> float:
    """When lists of updates last came in: the newest of what package programs fetched."""
    places = ["var/lib/apt/periodic/update-success-stamp", LISTS, SYNC]
    places += [f"{SYNC}/{name}" for name in tree.names(SYNC)]
    places += [f"{cache}/{name}/repodata" for cache in DNF_CACHES for name in tree.names(cache)]
    newest = max(map(tree.changed, places))
    if not newest:
        raise NotMeasurable("nothing here tells when updates were last looked for")
    return newest / 1e9


def automatic(tree: Tree) -> bool:
    """By the settings of unattended-upgrades, dnf-automatic and their like; pacman never does."""
    timers = set(tree.names(_TIMERS))
    if timers & _INSTALLING:
        return True
    for timer, settings in _CHOOSING.items():
        if timer in timers and _APPLY.search(tree.optional(settings) or ""):
            return True
    if tree.exists(DPKG):
        return tree.exists("usr/bin/unattended-upgrade") and _unattended(tree)
    if any(map(tree.names, RPM)) or tree.exists(PACMAN):
        return False
    raise NotMeasurable(UNSUPPORTED)


def _unattended(tree: Tree) -> bool:
    """apt reads its settings in the order of their names, and the last one counts."""
    settings = (tree.optional(f"{_APT_SETTINGS}/{name}") or "" for name in tree.names(_APT_SETTINGS))
    said = [value for text in settings for value in _UNATTENDED.findall(text)]
    return bool(said) and said[-1] not in ("", "0")
