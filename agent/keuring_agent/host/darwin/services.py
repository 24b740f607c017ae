"""Services that launchd gave up, and how long the last signing in took."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import processes
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_ROW: Final = re.compile(r"^(-|\d+)\t(-?\d+)\t(\S+)$", re.MULTILINE)
_APPLES: Final = "com.apple."
# launchd itself ends services that are idle, and those that it was asked to: by these signals.
_ENDED: Final = frozenset({-9, -15})
_PERSON: Final = 501  # the first account of a person on macOS
_DESKTOP: Final = "Finder"
_LONGEST: Final = 600.0
_AGAIN: Final = "the Finder was started anew since signing in, so how long that took is gone"


def failed(run: Run, timeout: float) -> int:
    """launchctl, as root: the system's own list."""
    return of_list(run(["launchctl", "list"], timeout).output.decode("utf-8", "replace"))


def of_list(output: str) -> int:
    """Services that do not run and ended badly. Apple's own do so all the time, and mean nothing by it."""
    rows = _ROW.findall(output)
    if not rows:
        raise NotMeasurable("launchd does not tell of its services")
    return sum(
        pid == "-" and int(status) not in _ENDED and status != "0" and not label.startswith(_APPLES)
        for pid, status, label in rows
    )


def sign_in_duration(run: Run, timeout: float) -> float | None:
    """From the first program of a person's session to the Finder; None where nobody has signed in."""
    return to_desktop(processes.ask(run, timeout))


def to_desktop(listing: str) -> float | None:
    """The same of what ps said; whose session it is is not looked at further."""
    began: dict[int, float] = {}
    ready: dict[int, float] = {}
    for found in processes.read(listing):
        if found.account >= _PERSON:
            began[found.account] = min(found.started, began.get(found.account, found.started))
            if found.name == _DESKTOP:
                ready[found.account] = found.started
    if not ready:
        return None
    account, at = max(ready.items(), key=lambda item: item[1])
    took = at - began[account]
    if took > _LONGEST:
        raise NotMeasurable(_AGAIN)
    return took
