"""The rule pack in force, and whether the files on disk have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from keuring_collector import metrics
from keuring_collector.rulepack import RulePackError, load, shipped

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.rulepack import RulePack

log = structlog.get_logger(__name__)


class PackWatch:
    """Loads a pack and looks, when asked, whether it changed; while the files are broken the last good one stays."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory or shipped()
        self._seen: object = None

    def first(self) -> RulePack:
        """The pack to start with. Raises RulePackError."""
        self._seen = self._state()
        metrics.RULES_BROKEN.set(0)
        return load(self._directory)

    def changed(self) -> RulePack | None:
        """The new pack, once, when the files changed and are good."""
        state = self._state()
        if state == self._seen:
            return None
        self._seen = state
        try:
            pack = load(self._directory)
        except RulePackError as error:
            metrics.RULES_BROKEN.set(1)
            log.error(
                "rules broken, the last good pack stays in force", problems=[str(each) for each in error.problems]
            )
            return None
        metrics.RULES_BROKEN.set(0)
        return pack

    def _state(self) -> object:
        files = (path for path in self._directory.rglob("*") if path.suffix in (".yaml", ".md"))
        return sorted((str(path), stat.st_mtime_ns, stat.st_size) for path in files if (stat := path.stat()))
