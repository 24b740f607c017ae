"""Whether macOS sets its clock by a time server. By how much it is off timed keeps to itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import ClockState, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_STATE: Final = re.compile(r"^Network Time: (On|Off)[ \t]*$", re.MULTILINE)


def read(run: Run, timeout: float) -> ClockState:
    """systemsetup answers root only."""
    return of_setup(run(["systemsetup", "-getusingnetworktime"], timeout).output.decode("utf-8", "replace"))


def of_setup(output: str) -> ClockState:
    """What systemsetup said."""
    found = _STATE.search(output)
    if found is None:
        raise NotMeasurable("macOS tells the state of its clock to root only; run the agent as root to read it")
    return ClockState(found[1] == "On", None)
