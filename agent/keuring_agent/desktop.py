"""Shows a notice on the colleague's own desktop, from a program of the colleague's own session.

Each desktop is asked through what it has for that: freedesktop's notification service, macOS' Notification Center, the
Windows shell. Texts go there as arguments or as memory, never through a shell, and nothing in them can be clicked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from html import escape
from typing import TYPE_CHECKING, Final, Protocol

from keuring_agent.host.commands import which

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Runs a program; returns its exit status (None: it could not be run, or took too long) and its output.
    Run = Callable[[Sequence[str]], tuple[int | None, str]]

LIMIT: Final = 10.0  # seconds that a desktop may take
_NAME: Final = "Keuring"


class Desktop(Protocol):
    """Where notices are shown."""

    def is_busy(self) -> bool:
        """Whether the colleague does not want to be disturbed now; False where that cannot be read."""

    def show(self, title: str, body: str) -> bool:
        """Shows it once; whether the desktop took it."""


def run(arguments: Sequence[str]) -> tuple[int | None, str]:
    """Runs a program for so long at most. The session's environment is needed: it says where its desktop is."""
    program = which(arguments[0])
    if program is None:
        return None, ""
    try:
        found = subprocess.run(
            [program, *arguments[1:]], capture_output=True, text=True, timeout=LIMIT, check=False,
            stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None, ""
    return found.returncode, found.stdout


class Freedesktop:
    """Linux: notify-send, or else gdbus, in front of org.freedesktop.Notifications."""

    _BUS: Final = "org.freedesktop.Notifications"
    _PATH: Final = "/org/freedesktop/Notifications"

    def __init__(self, run: Run = run) -> None:
        self._run = run

    def is_busy(self) -> bool:
        """See Desktop: KDE and others tell that they are inhibited, GNOME that it shows no banners."""
        _, told = self._call("org.freedesktop.DBus.Properties.Get", self._BUS, "Inhibited")
        if "true" in told:
            return True
        status, banners = self._run(("gsettings", "get", "org.gnome.desktop.notifications", "show-banners"))
        return status == 0 and banners.strip() == "false"

    def show(self, title: str, body: str) -> bool:
        """See Desktop."""
        body = escape(body, quote=False)  # many desktops read it as markup, links among it
        status, _ = self._run(("notify-send", f"--app-name={_NAME}", "--urgency=normal", "--", title, body))
        if status is not None:
            return status == 0
        # GVariant's texts are written as JSON's are.
        name, icon, *texts = (json.dumps(text, ensure_ascii=False) for text in (_NAME, "", title, body))
        status, _ = self._call(f"{self._BUS}.Notify", name, "0", icon, *texts, "[]", "{}", "-1")
        return status == 0

    def _call(self, method: str, *arguments: str) -> tuple[int | None, str]:
        destination = ("--dest", self._BUS, "--object-path", self._PATH, "--method", method)
        return self._run(("gdbus", "call", "--session", "--timeout", "5", *destination, "--", *arguments))


class NotificationCenter:
    """macOS: osascript with the texts as arguments. Focus is the system's own to heed; it cannot be read."""

    _SCRIPT: Final = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")

    def __init__(self, run: Run = run) -> None:
        self._run = run

    def is_busy(self) -> bool:
        """See Desktop."""
        return False

    def show(self, title: str, body: str) -> bool:
        """See Desktop."""
        script = [part for line in self._SCRIPT for part in ("-e", line)]
        status, _ = self._run(("osascript", *script, title, body))
        return status == 0


def local() -> Desktop:
    """That of this session."""
    system: str = sys.platform  # as a variable, or mypy would see one branch only
    if system == "win32":
        from keuring_agent.toast import Shell

        return Shell()
    return NotificationCenter() if system == "darwin" else Freedesktop()
