"""Following a rule pack on disk: a good change is taken over, a broken one is reported and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_collector.rulepack import pack
from keuring_collector.rulepack.problems import Problem, RulePackError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.engine.compiled import Calendar
    from keuring_collector.rulepack.pack import RulePack

Stamp = tuple[tuple[str, int, int], ...]


class Watcher:
    """Looks, whenever it is asked, whether the pack in a directory has changed. No threads, no clock.

    ``problems`` is what is wrong with the pack as it is on disk now; empty when it is good. The pack that was good
    last stays in force as long as it is not. ``again`` may be called from a signal handler or another thread.
    """

    def __init__(self, directory: Path | None = None, place: Calendar | None = None) -> None:
        """Reads the pack in ``directory`` (None: the shipped one) for a ``place``. RulePackError: it is not good."""
        self._place = place
        self.directory = pack.shipped() if directory is None else directory
        self._stamp: Stamp | None = self._look()
        self.current: RulePack = pack.load(self.directory, place)
        self.problems: tuple[Problem, ...] = ()

    def again(self) -> None:
        """Lets the next call of ``poll`` read the files, even if they look unchanged."""
        self._stamp = None

    def poll(self) -> RulePack | None:
        """The new pack when files changed since the last call and it is good and judges differently, else None."""
        stamp = self._look()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            found = pack.load(self.directory, self._place)
        except RulePackError as error:
            self.problems = error.problems
            return None
        except OSError:  # a file that went while the pack was read: the next look will see
            self._stamp = None
            mend = "see that the collector's account may read all that is in it"
            self.problems = (Problem(self.directory, 1, "cannot be read as a whole", mend),)
            return None
        self.problems = ()
        if found.version == self.current.version:
            # Articles or tests only: nobody has to load anything anew.
            self.current = found
            return None
        self.current = found
        return found

    def _look(self) -> Stamp:
        found = []
        for path in sorted(self.directory.rglob("*")):
            try:
                status = path.stat()
            except OSError:
                continue  # gone between looking and asking
            if path.is_file() and path.suffix in (".yaml", ".md"):
                found.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(found)
