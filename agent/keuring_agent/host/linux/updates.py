"""Updates on Debian and its kin: counted by apt itself, without root, and only when something changed."""

from __future__ import annotations

import os
import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, Updates

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_STATUS: Final = "var/lib/dpkg/status"
_LISTS: Final = "var/lib/apt/lists"
_HISTORY: Final = ("var/log/apt/history.log", "var/log/apt/history.log.1.gz")
_COMMAND: Final = (
    *("apt-get", "--simulate", "--with-new-pkgs", "--option=Debug::NoLocking=true"),
    *("--option=APT::Get::Show-User-Simulation-Note=false", "upgrade"),
)
_UNSUPPORTED: Final = "only Debian and its kin (apt) are read so far"
_SECURITY: Final = re.compile(r"[-/]security\b|Debian-Security", re.IGNORECASE)


class UpdateCounter:
    """Asks apt only after its lists or the installed packages changed: the answer would be the same."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._state: tuple[int, int] | None = None
        self._updates = Updates(0, 0)

    def count(self) -> Updates:
        """Updates that `apt-get upgrade` would install. Takes seconds when something changed."""
        if not self._tree.is_own:
            raise NotMeasurable("updates can only be counted on the machine itself")
        state = (self._changed(_STATUS), self._changed(_LISTS))
        if state != self._state:
            if not any(name.find("_Packages") > 0 for name in self._tree.names(_LISTS)):
                raise NotMeasurable("there are no package lists; `apt-get update` fetches them")
            result = self._run(_COMMAND, self._timeout)
            if result.status:
                raise NotMeasurable(f"apt-get cannot tell which updates wait; it ended with status {result.status}")
            self._updates = parse(result.output.decode("utf-8", "replace"))
            self._state = state
        return self._updates

    def _changed(self, path: str) -> int:
        try:
            return os.stat(self._tree.path(path)).st_mtime_ns  # noqa: PTH116  # see tree.py
        except OSError:
            raise NotMeasurable(_UNSUPPORTED) from None


def parse(output: str) -> Updates:
    """Counts apt-get's "Inst" lines: the version in square brackets tells an update from a new package."""
    installs = [line for line in output.splitlines() if line.startswith("Inst ") and " [" in line.partition("(")[0]]
    return Updates(len(installs), sum(bool(_SECURITY.search(line.partition("(")[2])) for line in installs))


def last_installed(tree: Tree) -> float:
    """When apt last finished an upgrade, from its history. Local time, as apt writes it."""
    if not tree.exists(_STATUS):
        raise NotMeasurable(_UNSUPPORTED)
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
            try:
                # apt writes local time without a zone.
                return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").astimezone().timestamp()
            except ValueError:
                continue
    return None
