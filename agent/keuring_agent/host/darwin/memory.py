"""Pages that went to swap and came back, from vm_stat: psutil would count those of files among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_COUNT: Final = re.compile(r"^\"?(Swapins|Swapouts)\"?:\s+(\d{1,19})\.?$", re.MULTILINE)


def swapped(run: Run, timeout: float) -> tuple[int, int]:
    """Pages in and out, since the start."""
    return of_statistics(run(["vm_stat"], timeout).output.decode("utf-8", "replace"))


def of_statistics(output: str) -> tuple[int, int]:
    """The same of what vm_stat said."""
    counts = dict(_COUNT.findall(output))
    if len(counts) < 2:
        raise NotMeasurable("vm_stat does not count the pages that went to swap")
    return int(counts["Swapins"]), int(counts["Swapouts"])
