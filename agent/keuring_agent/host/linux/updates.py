"""Updates on Debian and its kin: counted by apt itself, without root, and only when something changed."""

from __future__ import annotations

import os
import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, Updates

if TYPE_CHECKING:
    from collections.abc import Collection

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_STATUS: Final = "var/lib/dpkg/status"
_LISTS: Final = "var/lib/apt/lists"
_HISTORY: Final = ("var/log/apt/history.log", "var/log/apt/history.log.1.gz")
# A quarter of what `apt-get --simulate upgrade` costs, which works out in which order it would install everything.
_COMMAND: Final = ("apt", "-qq", "list", "--upgradable")
_UNSUPPORTED: Final = "only Debian and its kin (apt) are read so far"
_SECURITY: Final = re.compile(r"[-/,]security\b", re.IGNORECASE)
_HELD: Final = re.compile(rb"^Package: (\S+)\n", re.MULTILINE)


class UpdateCounter:
    """Asks apt only after its lists or the installed packages changed: the answer would be the same."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._state: tuple[int, int] | None = None
        self._updates = Updates(0, 0)

    def count(self) -> Updates:
        """Updates that are newer than what is installed, without those held back. Takes a second after a change."""
        if not self._tree.is_own:
            raise NotMeasurable("updates can only be counted on the machine itself")
        state = (self._changed(_STATUS), self._changed(_LISTS))
        if state != self._state:
            if not any(name.find("_Packages") > 0 for name in self._tree.names(_LISTS)):
                raise NotMeasurable("there are no package lists; `apt-get update` fetches them")
            result = self._run(_COMMAND, self._timeout)
            if result.status:
                raise NotMeasurable(f"apt cannot tell which updates wait; it ended with status {result.status}")
            # By another program: what is read here of a file of megabytes, the resident process would keep as holes.
            held = self._run(("grep", "-B1", "^Status: hold ", self._tree.path(_STATUS)), self._timeout).output
            names = {name.decode("ascii", "replace") for name in _HELD.findall(held)}
            self._updates = parse(result.output.decode("utf-8", "replace"), names)
            self._state = state
        return self._updates

    def _changed(self, path: str) -> int:
        try:
            return os.stat(self._tree.path(path)).st_mtime_ns  # noqa: PTH116  # see tree.py
        except OSError:
            raise NotMeasurable(_UNSUPPORTED) from None


def parse(output: str, held: Collection[str] = ()) -> Updates:
    """Counts apt's lines "name/suite,suite version architecture [upgradable from: version]", without ``held`` ones."""
    found = [line.partition(" ")[0].partition("/") for line in output.splitlines() if "[upgradable from: " in line]
    suites = [suite for name, _, suite in found if name not in held]
    return Updates(len(suites), sum(bool(_SECURITY.search(suite)) for suite in suites))


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
