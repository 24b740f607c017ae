"""When programs were started, from ps. Which ones there are is nobody's business: only those looked for are kept."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.commands import Run

_ROW: Final = re.compile(
    r"^ *(\d{1,10}) +(\w{3} +\w{3} +\d{1,2} +\d\d:\d\d:\d\d +\d{4}) +(.+)$", re.MULTILINE | re.ASCII
)
_STAMP: Final = "%a %b %d %H:%M:%S %Y"  # in the C locale: "Thu Nov 26 09:09:05 2026"


class Process(NamedTuple):
    """A program that runs: its account's number, and when it was started, in seconds since 1970."""

    account: int
    started: float
    name: str


def ask(run: Run, timeout: float) -> str:
    """What ps says of all."""
    result = run(["ps", "-A", "-c", "-o", "uid=,lstart=,comm="], timeout)
    return result.output.decode("utf-8", "replace")


def read(listing: str) -> Iterator[Process]:
    """What can be read of it; ps writes local time."""
    for account, stamp, name in _ROW.findall(listing):
        try:
            started = time.mktime(time.strptime(" ".join(stamp.split()), _STAMP))
        except (ValueError, OverflowError):
            continue
        yield Process(int(account), started, name.strip())
