"""Updates that wait, counted by the system's own package programs, without root, and only when something changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux.records import DPKG, PACMAN, RPM
from keuring_agent.host.readings import NotMeasurable, Updates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

UNSUPPORTED: Final = "of updates only those of apt, dnf, pacman and flatpak are read"
_SECURITY: Final = re.compile(r"[-/,]security\b", re.IGNORECASE)
_HELD: Final = re.compile(rb"^Package: (\S+)\n", re.MULTILINE)

LISTS: Final = "var/lib/apt/lists"
# A quarter of what `apt-get --simulate upgrade` costs, which works out in which order it would install everything.
_APT: Final = ("apt", "-qq", "list", "--upgradable")

# dnf reads what the system fetched last, and fetches nothing.
_DNF: Final = ("dnf", "--cacheonly", "--quiet", "--setopt=cachedir=/var/cache/dnf")
DNF_CACHES: Final = ("var/cache/dnf", "var/cache/libdnf5")
_UPDATES_WAIT: Final = 100  # dnf's exit status
_PACKAGE: Final = re.compile(r"^[\w.+-]+\.(?:\w+) +\S+ +\S+ *$")
_ADVISORY: Final = re.compile(r"^\S+ +\S*(?:Sec\.|security)\S* +(\S+)", re.IGNORECASE)

SYNC: Final = "var/lib/pacman/sync"

_FLATPAK: Final = "var/lib/flatpak/app"
_FLATPAK_UPDATES: Final = (
    *("flatpak", "remote-ls", "--system", "--updates", "--app", "--cached", "--columns=application"),
)


# The files after whose change a program would answer otherwise.
_FILES: Final = {
    "apt": (DPKG, LISTS),
    "dnf": (*RPM, *DNF_CACHES),
    "pacman": (PACMAN, SYNC),
    "flatpak": (_FLATPAK, "var/lib/flatpak/.changed"),
}


class UpdateCounter:
    """Asks a program only after its lists or the installed packages changed: the answer would be the same."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._known: dict[str, tuple[list[int], Updates]] = {}

    def count(self) -> Updates:
        """Those of the system's package program, and of flatpak. Takes seconds when something changed."""
        if not self._tree.is_own:
            raise NotMeasurable("updates can only be counted on the machine itself")
        if self._tree.exists(DPKG):
            found = self._of("apt", self._apt)
        elif any(map(self._tree.names, RPM)):
            found = self._of("dnf", self._dnf)
        elif self._tree.exists(PACMAN):
            found = self._of("pacman", self._pacman)
        else:
            raise NotMeasurable(UNSUPPORTED)
        if not self._tree.names(_FLATPAK):
            return found
        return found._replace(pending=found.pending + self._of("flatpak", self._flatpak).pending)

    def _of(self, name: str, count: Callable[[], Updates]) -> Updates:
        state = [self._tree.changed(path) for path in _FILES[name]]
        before = self._known.get(name)
        if before is None or before[0] != state:
            self._known[name] = before = (state, count())
        return before[1]

    def _apt(self) -> Updates:
        if not any(name.find("_Packages") > 0 for name in self._tree.names(LISTS)):
            raise NotMeasurable("there are no package lists; `apt-get update` fetches them")
        result = self._run(_APT, self._timeout)
        if result.status:
            raise NotMeasurable(f"apt cannot tell which updates wait; it ended with status {result.status}")
        # By another program: what is read here of a file of megabytes, the resident process would keep as holes.
        held = self._run(("grep", "-B1", "^Status: hold ", self._tree.path(DPKG)), self._timeout).output
        names = {name.decode("ascii", "replace") for name in _HELD.findall(held)}
        return parse(result.output.decode("utf-8", "replace"), names)

    def _dnf(self) -> Updates:
        waiting = self._run([*_DNF, "check-update"], self._timeout)
        if waiting.status not in (0, _UPDATES_WAIT):
            raise NotMeasurable(f"dnf cannot tell which updates wait; it ended with status {waiting.status}")
        advised = self._run([*_DNF, "updateinfo", "list", "--updates"], self._timeout)
        security = None if advised.status else secure(advised.output.decode("utf-8", "replace"))
        return Updates(listed(waiting.output.decode("utf-8", "replace")), security)

    def _pacman(self) -> Updates:
        # Its exit status is 1 where none waits, and what is held back is marked.
        told = self._run(["pacman", "--query", "--upgrades"], self._timeout).output.decode("utf-8", "replace")
        return Updates(sum(" -> " in line and "[ignored]" not in line for line in told.splitlines()), None)

    def _flatpak(self) -> Updates:
        """Programs beside those of the system; where flatpak cannot tell, the system's alone are counted."""
        try:
            result = self._run(_FLATPAK_UPDATES, self._timeout)
        except NotMeasurable:
            return Updates(0, None)
        names = {line.strip() for line in result.output.decode("utf-8", "replace").splitlines()}
        return Updates(len(names - {""}), None)


def parse(output: str, held: Collection[str] = ()) -> Updates:
    """Counts apt's lines "name/suite,suite version architecture [upgradable from: version]", without ``held`` ones."""
    found = [line.partition(" ")[0].partition("/") for line in output.splitlines() if "[upgradable from: " in line]
    suites = [suite for name, _, suite in found if name not in held]
    return Updates(len(suites), sum(bool(_SECURITY.search(suite)) for suite in suites))


def listed(output: str) -> int:
    """Counts dnf's lines of "name.arch version repository", until it begins to list what became obsolete."""
    return sum(bool(_PACKAGE.match(line)) for line in output.partition("Obsoleting Packages")[0].splitlines())


def secure(output: str) -> int:
    """Counts packages for which dnf's list of advisories has one of security; some packages have several."""
    matches = (_ADVISORY.match(line) for line in output.splitlines())
    return len({match[1] for match in matches if match is not None})
