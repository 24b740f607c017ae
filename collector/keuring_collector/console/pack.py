"""The rule pack as the console shows it: read again when a file of it changed, the last good one kept when broken."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from keuring_collector import rulepack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.rulepack import Rule, RulePack


@dataclass(frozen=True, slots=True)
class PackState:
    """The pack to show and what is wrong with the files on disk, if anything."""

    pack: RulePack
    problems: Sequence[Any] = field(default_factory=tuple)

    def rule(self, rule_id: str) -> Rule | None:
        """A rule by its id; None when it is no longer in the pack."""
        return self.pack.rules.get(rule_id)


_lock = threading.Lock()
_kept: dict[Path | None, tuple[tuple[tuple[str, int], ...], PackState]] = {}


def current() -> PackState:
    """The pack in the configured directory. When its files are broken: the last good pack, else the shipped one."""
    directory: Path | None = settings.KEURING.rules_directory
    marks = _marks(directory)
    with _lock:
        kept = _kept.get(directory)
        if kept is not None and kept[0] == marks:
            return kept[1]
        try:
            state = PackState(rulepack.load(directory))
        except rulepack.RulePackError as error:
            last = kept[1].pack if kept is not None else rulepack.load(None)
            state = PackState(last, tuple(error.problems))
        _kept[directory] = (marks, state)
        return state


def _marks(directory: Path | None) -> tuple[tuple[str, int], ...]:
    """Names and times of the pack's files; empty for the shipped pack, which does not change while we run."""
    if directory is None:
        return ()
    files = (path for path in directory.rglob("*") if path.suffix in {".yaml", ".yml", ".md"})
    return tuple(sorted((str(path), path.stat().st_mtime_ns) for path in files))
