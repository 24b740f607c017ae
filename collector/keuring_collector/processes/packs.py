"""The rule pack in force, and whether the files on disk have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from keuring_collector import metrics
from keuring_collector.rulepack import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.engine.compiled import Calendar
    from keuring_collector.rulepack import RulePack

log = structlog.get_logger(__name__)


class PackWatch:
    """Follows a pack on disk for a process, and says in log and metrics how it is; the last good one stays in force."""

    def __init__(self, directory: Path | None, place: Calendar | None = None) -> None:
        """Raises RulePackError: there is no good pack to start with."""
        self._watcher = Watcher(directory, place)
        self._told: object = ()
        metrics.RULES_BROKEN.set(0)

    def first(self) -> RulePack:
        """The pack to start with."""
        return self._watcher.current

    def again(self) -> None:
        """Lets the next look read the files even if they look unchanged (SIGHUP)."""
        self._watcher.again()

    def changed(self) -> RulePack | None:
        """The new pack, once, when the files changed and are good."""
        pack = self._watcher.poll()
        problems = self._watcher.problems
        metrics.RULES_BROKEN.set(bool(problems))
        if problems and problems != self._told:
            log.error("rules broken, the last good pack stays in force", problems=[str(each) for each in problems])
        self._told = problems
        return pack
