"""The colleague's side of notices: a small program in each session that shows what the service keeps, once each.

Started by the session itself (XDG autostart, a launch agent, the Run key). It reads a file, with the colleague's own
rights; which notices were shown it keeps in the colleague's own directory.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_agent import notices, state, working_hours
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keuring_agent.desktop import Desktop
    from keuring_agent.language import Language
    from keuring_agent.working_hours import Span

EVERY: Final = 300.0  # seconds between two looks; a sleeping program costs nothing
AT_ONCE: Final = 3  # notices that are shown at one look; more would be a nuisance
FILE_NAME: Final = "notices-shown.json"


def own_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Where this colleague's programs keep what they must know again."""
    environment = os.environ if environment is None else environment
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home()) / "Keuring"
    return Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "keuring"


class Messenger:
    """Shows notices of an agent's state directory on a desktop, within working hours. ``own``: see own_directory."""

    def __init__(
        self,
        directory: Path,
        own: Path,
        desktop: Desktop,
        hours: tuple[Span, ...],
        say: Language,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._own = own
        self._desktop = desktop
        self._hours = hours
        self._say = say
        self._wall = wall

    def look(self) -> int:
        """Shows what is new, if this is the time for it; returns how many. Raises StateError when it cannot note it."""
        now = self._wall()
        if not working_hours.within(self._hours, now):
            return 0
        shown = self._shown()
        found = notices.load(self._directory, now)
        new = [notice for notice in found if notice.notice_id not in shown and not notice.declined and not notice.ended]
        if not new or self._desktop.is_busy():
            return 0
        count = 0
        for notice in new[:AT_ONCE]:
            # Noted first: a notice that nobody saw is listed all the same, one that comes again and again is a plague.
            shown.add(notice.notice_id)
            self._note(shown & {each.notice_id for each in found})
            if not self._desktop.show(notice.title(self._say.name), notice.body(self._say.name)):
                shown.discard(notice.notice_id)
                self._note(shown & {each.notice_id for each in found})
                break  # no desktop takes it now; the next look tries again
            count += 1
        return count

    def watch(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Looks until the session ends."""
        while True:
            self.look()
            wait(EVERY)

    def _shown(self) -> set[str]:
        try:
            found = (state.read(self._own / FILE_NAME) or {}).get("shown")
        except StateError:
            return set()
        return {item for item in (found if isinstance(found, list) else ()) if isinstance(item, str)}

    def _note(self, shown: set[str]) -> None:
        state.prepare(self._own)
        state.write(self._own / FILE_NAME, {"shown": sorted(shown)})
