"""Which versions a program's source offered lately, and how many of them a machine is behind.

A *release* is a version that several machines with the same system were updated to. A machine that was installed with
a version says nothing of when that came out, and a single machine may be somebody's trial.

Versions run in lines: 3.11 and 3.12, 128 and 140. Where a line got a version a month or more after a higher one had
begun, it is kept beside it, and its machines are where they should be: of them only the line's own versions count.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from keuring_collector.engine.facts import version_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FEWEST_MACHINES = 5  # that were updated to a release: fewer say nothing, and could say who they are
BESIDE_DAYS = 30  # between the begin of a higher line and a version of a lower one that is kept beside it

Parts = tuple[int, ...]


class Release(NamedTuple):
    """A version and the day (since 1970) on which the first machine was updated to it."""

    parts: Parts
    day: int


def parts(version: str) -> Parts:
    """The numbers of a version without zeros at the end, for 24.2 and 24.2.0 are the same; none: it is no version."""
    found = list(version_parts(version))
    while found and not found[-1]:
        found.pop()
    return tuple(found)


class Releases:
    """The releases of each program of each source (a system); does not change."""

    def __init__(self, rows: Iterable[tuple[str, str, str, int]] = ()) -> None:
        first: dict[tuple[str, str], dict[Parts, int]] = defaultdict(dict)
        for source, program, version, day in rows:
            known, each = first[source, program], parts(version)
            known[each] = min(day, known.get(each, day))
        self._found: Mapping[tuple[str, str], Sequence[Release]] = {
            key: [Release(*item) for item in sorted(known.items())] for key, known in first.items()
        }

    def behind(self, source: str, program: str, version: str) -> int:
        """How many releases are newer than ``version``, in the line that it is of."""
        known, mine = self._found.get((source, program), ()), parts(version)
        if not mine or not known:
            return 0
        kept: dict[int, bool] = {}  # by how many numbers lines have in common: whether ours is kept beside higher ones
        count = 0
        for each in known:
            if each.parts > mine:
                depth = _shared(each.parts, mine)
                if depth not in kept:
                    kept[depth] = _is_kept(known, mine, depth)
                count += not kept[depth]
        return count


def _shared(one: Parts, other: Parts) -> int:
    """How many numbers two versions begin with alike."""
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
                min(len(one), len(other)))  # fmt: skip


def _is_kept(known: Sequence[Release], mine: Parts, depth: int) -> bool:
    """Whether the line of ``mine``, that of its first ``depth`` + 1 numbers, is kept beside a higher one."""
    line = mine[: depth + 1]
    last = max((each.day for each in known if each.parts[: depth + 1] == line), default=None)
    if last is None:
        return False
    begun: dict[Parts, int] = {}
    for each in known:
        other = each.parts[: depth + 1]
        if other[:depth] == mine[:depth] and other > line:
            begun[other] = min(each.day, begun.get(other, each.day))
    return any(last >= day + BESIDE_DAYS for day in begun.values())


def moves(versions: Iterable[tuple[str | None, int]]) -> dict[str, int]:
    """The versions that one machine was updated to, by the first day, from the (version, day) of a program in order.

    The first one is what it was installed with. Going back is no update.
    """
    found: dict[str, int] = {}
    before: Parts = ()
    for version, day in versions:
        now = parts(version or "")
        if before and now > before:
            found.setdefault(version or "", day)
        before = now
    return found
