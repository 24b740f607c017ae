"""What macOS noted of crashes: that there was one, when, and of which program. Never what is in a report."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.darwin import plists, software
from keuring_agent.host.inventory import BugCheck, BugChecks
from keuring_agent.host.readings import Crash, Crashes, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

_SYSTEM: Final = "Library/Logs/DiagnosticReports"
_PEOPLE: Final = "Users"
_HEAD: Final = 2048
# How the names of older reports end, and the "bug_type" of the one line that all others begin with.
_KINDS: Final = {"crash": ((".crash",), ("109", "309")), "hang": ((".hang", ".spin"), ("228",))}
_OLD_IDENTIFIER: Final = re.compile(r"^Identifier:\s+(\S+)", re.MULTILINE)
_PANIC: Final = re.compile(r"^(?:panic-|Kernel[_-]).*\.(?:panic|ips)$|\.panic$")
_JETSAM: Final = re.compile(r"^JetsamEvent-.*\.ips$")
_CODE: Final = "panic"  # what it was about stands in the report only, among much else
_CLOSED: Final = "reports of crashes may be read by administrators only; run the agent as root to count them"


class Report(NamedTuple):
    """One report: when it was written, what of ("crash", "hang"; "" for anything else), and of which program."""

    time: float
    kind: str
    program: str


def header(name: str, head: bytes) -> Report:
    """By the first bytes of a report; its time is not among them."""
    import json

    line, _, rest = head.decode("utf-8", "replace").partition("\n")
    try:
        fields = plists.mapping(json.loads(line))
    except (ValueError, RecursionError):
        fields = {}
    kind = next((kind for kind, (ends, numbers) in _KINDS.items() if _is(name, fields, ends, numbers)), "")
    old = _OLD_IDENTIFIER.search(rest if fields else f"{line}\n{rest}")
    identifier = plists.text(fields.get("bundleID")) or (old[1] if old else "")
    return Report(0.0, kind, software.of_identifier(identifier))


def _is(name: str, fields: dict[str, object], ends: tuple[str, ...], numbers: tuple[str, ...]) -> bool:
    return name.endswith(ends) or fields.get("bug_type") in numbers


def read(tree: Tree, since: float, until: float) -> Iterator[Report]:
    """Reports written after ``since``, of the system and of the colleagues who work here. Raises NotMeasurable."""
    for path, name, time in _files(tree):
        if since < time <= until and name.endswith((".ips", ".crash", ".hang", ".spin")):
            yield header(name, tree.head(path, _HEAD))._replace(time=time)


def _files(tree: Tree) -> Iterator[tuple[str, str, float]]:
    """(path, name, time) of each report."""
    if not os.access(tree.path(_SYSTEM), os.R_OK | os.X_OK):
        raise NotMeasurable(_CLOSED)
    folders = [_SYSTEM, *(f"{_PEOPLE}/{name}/{_SYSTEM}" for name in tree.names(_PEOPLE))]
    for folder in folders:
        for name in tree.names(folder):
            path = f"{folder}/{name}"
            try:
                yield path, name, os.stat(tree.path(path)).st_mtime  # noqa: PTH116  # see tree.py
            except OSError:
                continue


def crashes(tree: Tree, position: str, now: float, kind: str = "crash") -> Crashes:
    """What crashed (or hung) after ``position`` (a time) until ``now``; of "" nothing, as nobody watched before."""
    since = _since(position, now)
    found = [Crash(one.time, one.program) for one in read(tree, since, now) if one.kind == kind]
    return Crashes(repr(now), sorted(found))


def panics(tree: Tree, position: str, now: float) -> BugChecks:
    """Panics of the kernel. Their time is that of the report, which is written at the next start."""
    since = _since(position, now)
    found = [time for _, name, time in _files(tree) if _PANIC.search(name) and since < time <= now]
    return BugChecks(repr(now), [BugCheck(time, _CODE) for time in sorted(found)])


def _since(position: str, now: float) -> float:
    try:
        return float(position)
    except ValueError:
        return now


def panicked(tree: Tree, booted: float) -> bool:
    """Whether a report of a panic was written since the start: macOS does so as soon as it is up again."""
    return any(_PANIC.search(name) and time >= booted for _, name, time in _files(tree))


class Jetsam:
    """Counts the times that programs were ended for want of memory, as long as the agent runs.

    Old reports are cleared away, so how many there are is no count of what happened.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: set[str] | None = None
        self._count = 0

    def count(self) -> int:
        """Since the first call, which gives 0."""
        found = {path for path, name, _ in _files(self._tree) if _JETSAM.match(name)}
        if self._known is not None:
            self._count += len(found - self._known)
        self._known = found
        return self._count
