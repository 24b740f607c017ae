"""The demo's directory: made afresh each time, and never one that was not a demo's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from keuring_collector import addresses
from keuring_collector.demo.errors import DemoError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT: Final = ".demo"
MARKER: Final = "THIS-IS-A-DEMO"
_TEXT: Final = "Everything here belongs to a demo of Keuring, and is wiped when the next one starts.\n"
_PROCESSES: Final = ("ingest", "console", "jobs")


def prepare(directory: Path) -> None:
    """Empties the directory of an earlier demo, or makes a new one.

    Raises DemoError when something else is in it, when a demo still runs there, and when it cannot be written to.
    """
    try:
        if directory.exists() and any(directory.iterdir()):
            _check(directory)
            shutil.rmtree(directory)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / MARKER).write_text(_TEXT, encoding="utf-8")
    except OSError as error:
        raise DemoError(
            f"{error.filename or directory}: the demo's directory cannot be made: {error.strerror}; "
            "choose another with --data-directory"
        ) from error


def _check(directory: Path) -> None:
    if not (directory / MARKER).is_file():
        raise DemoError(
            f"{directory}: there is something here that no demo made, and a demo wipes its directory; "
            "choose an empty or new one with --data-directory"
        )
    running = next((name for name in _PROCESSES if addresses.read(directory, name)), None)
    if running:
        raise DemoError(
            f"{directory}: a demo still runs here ({running}); stop it with Ctrl C where it was started, "
            "or choose another directory with --data-directory"
        )
