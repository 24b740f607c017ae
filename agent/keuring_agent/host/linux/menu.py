"""Programs with a place in the menu that a package brought for the whole machine, with the package's version.

Nothing below a home directory is looked at: what colleagues installed for themselves is theirs. Packages without a
place in the menu (libraries, tools) and entries that no package brought are left out as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import records
from keuring_agent.host.linux.bundles import flatpaks, snaps, title_of
from keuring_agent.host.linux.software import PROGRAM_OF, dpkg, version_of
from keuring_agent.host.readings import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_MENU: Final = "usr/share/applications"
_DPKG_LISTS: Final = "var/lib/dpkg/info"
_MOST: Final = 400
_IN_LIST: Final = re.compile(rb"^/?usr/share/applications/(\S+\.desktop)$", re.MULTILINE)


class MenuReader:
    """Reads again only after a record of packages changed: it takes thousands of small files."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._state: list[int] = []
        self._programs: list[Program] = []

    def programs(self) -> list[Program]:
        """Each once, sorted; those that the agent looks for anyway are left out."""
        state = records.changed(self._tree)
        if state != self._state:
            found: dict[str, str] = {}
            for package, program, version in (*self._packaged(), *flatpaks(self._tree), *snaps(self._tree)):
                if package not in PROGRAM_OF and program not in PROGRAM_OF.values() and version:
                    found.setdefault(program, version)
            self._programs = [Program(*item) for item in sorted(found.items())[:_MOST]]
            self._state = state
        return self._programs

    def _packaged(self) -> Iterator[tuple[str, str, str]]:
        """(package, program, version) of packages that brought an entry of the menu."""
        entries = {
            name: title for name in self._tree.names(_MENU) if (title := title_of(self._tree, f"{_MENU}/{name}"))
        }
        versions: dict[str, str] = {}
        titles: dict[str, list[str]] = {}
        for package, version, name in self._owners(entries):
            if name in entries:
                versions[package] = version
                titles.setdefault(package, []).append(entries[name])
        for package, named in titles.items():
            yield package, min(named, key=lambda title: (len(title), title)), versions[package]

    def _owners(self, entries: dict[str, str]) -> Iterator[tuple[str, str, str]]:
        """(package, version, name of an entry)."""
        if not entries:
            return
        if self._tree.exists(records.DPKG):
            yield from self._of_dpkg()
        for directory in self._tree.names(records.PACMAN):
            package, version = records.of_pacman(directory)
            for name in self._in_list(f"{records.PACMAN}/{directory}/files"):
                yield package, version_of(f"{version}-0"), name
        if self._tree.is_own and any(map(self._tree.names, records.RPM)):
            yield from self._of_rpm(entries)

    def _of_dpkg(self) -> Iterator[tuple[str, str, str]]:
        brought: dict[str, list[str]] = {}
        for name in self._tree.names(_DPKG_LISTS):
            if name.endswith(".list") and (entries := self._in_list(f"{_DPKG_LISTS}/{name}")):
                brought[name.removesuffix(".list").partition(":")[0]] = entries
        for package, version in dpkg(self._tree.data(records.DPKG)) if brought else ():
            for entry in brought.get(package, ()):
                yield package, version, entry

    def _in_list(self, path: str) -> list[str]:
        found = [name for piece in self._tree.pieces(path) for name in _IN_LIST.findall(piece)]
        return [name.decode("utf-8", "replace") for name in found]

    def _of_rpm(self, entries: dict[str, str]) -> Iterator[tuple[str, str, str]]:
        # One line for each file, in their order; of a file that no package brought it says so instead.
        paths = [f"/{_MENU}/{name}" for name in entries]
        form = "%{NAME}\\t%{VERSION}\\n"
        result = self._run(["rpm", "--query", f"--queryformat={form}", "--file", *paths], self._timeout)
        lines = result.output.decode("utf-8", "replace").splitlines()
        if len(lines) != len(paths):
            return  # two packages brought one file: which is whose cannot be told
        for name, line in zip(entries, lines, strict=True):
            package, separator, version = line.partition("\t")
            if separator:
                yield package, version, name
