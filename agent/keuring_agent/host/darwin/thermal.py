"""Whether heat holds the processor back: how hard macOS is pressed by it, and on Intel the limit set to the speed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_LEVEL: Final = "com.apple.system.thermalpressurelevel"
_HEAVY: Final = 2  # 0 nominal, 1 moderate, 2 heavy, 3 trapping, 4 sleeping
_TOLD: Final = re.compile(rf"^{re.escape(_LEVEL)}[ \t]+(\d)[ \t]*$", re.MULTILINE)
_LIMIT: Final = re.compile(r"CPU_Speed_Limit\s*=\s*(\d{1,3})")
_WHOLE: Final = 100  # percent of the speed
_NEVER: Final = "No CPU power status has been recorded"


class Throttling:
    """Counts how often the processor began to be held back, as seen at each call."""

    def __init__(self, run: Run, timeout: float, *, apple_silicon: bool) -> None:
        self._run = run
        self._timeout = timeout
        self._apple_silicon = apple_silicon
        self._held = False
        self._count = 0

    def count(self) -> int:
        """Since the agent began to look."""
        held = self._is_held()
        self._count += held and not self._held
        self._held = held
        return self._count

    def _is_held(self) -> bool:
        if not self._apple_silicon:
            try:
                return slowed(self._said("pmset", "-g", "therm"))
            except NotMeasurable:
                pass
        return pressed(self._said("notifyutil", "-g", _LEVEL))

    def _said(self, *arguments: str) -> str:
        return self._run(arguments, self._timeout).output.decode("utf-8", "replace")


def pressed(output: str) -> bool:
    """What notifyutil says of the pressure by heat."""
    found = _TOLD.search(output)
    if found is None:
        raise NotMeasurable("macOS does not tell how hard heat presses it")
    return int(found[1]) >= _HEAVY


def slowed(output: str) -> bool:
    """What pmset says of the limit on the speed."""
    found = _LIMIT.search(output)
    if found is None and _NEVER not in output:
        raise NotMeasurable("macOS does not tell whether it holds the processor back")
    return found is not None and int(found[1]) < _WHOLE
