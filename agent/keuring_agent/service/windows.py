"""The Windows service: under a virtual account of its own. Never run by us; tested with the thin layer faked.

``Control`` is all that is asked of pywin32 to install and remove; windows_host.py is what runs as the service.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final, Protocol

from keuring_agent import access, config, dispatches, notices, pause, service, state
from keuring_agent.pause import REQUESTS
from keuring_agent.service import ServiceError, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from keuring_agent.service import Outcome

NAME: Final = "KeuringAgent"
TITLE: Final = "Keuring agent"
BRIEF: Final = "Reads this machine's health and reports it; `keuring-agent show` says what, and why."
ACCOUNT: Final = rf"NT SERVICE\{NAME}"
# Groups by their numbers, since their names differ with the language: performance counters, event logs.
GROUPS: Final = ("S-1-5-32-558", "S-1-5-32-573")
# What colleagues may read; see state.write and dispatches.
SHARED: Final = (dispatches.FILE_NAME, dispatches.OLDER, pause.FILE_NAME, notices.FILE_NAME, state.POLICY, state.EFFORT)


class Control(Protocol):
    """What Windows does for us; raises OSError where it refuses."""

    def state(self, name: str) -> str:
        """ "running", "stopped", "changing", or "" where there is no such service."""

    def create(self, name: str, title: str, brief: str, command: str, account: str) -> None:
        """Makes the service, or changes one that is there: started with the machine, and again after a failure."""

    def join(self, account: str, group: str) -> None:
        """Adds the account to the group with that SID; nothing where it is in it."""

    def start(self, name: str) -> None:
        """Starts the service."""

    def stop(self, name: str) -> None:
        """Stops the service and waits until it has."""

    def delete(self, name: str) -> None:
        """Removes the service."""


class WindowsService:
    """The service on Windows."""

    def __init__(
        self,
        command: Sequence[str],
        control: Control,
        runs: Callable[[Sequence[str]], Outcome],
        data: Path | None = None,
    ) -> None:
        self._command = subprocess.list2cmdline([*command, "service", "host"])
        self._control = control
        self._runs = runs
        self._data = data or config.default_config().parent
        self._state = self._data / "state"

    def rights(self) -> tuple[Step, ...]:
        """Settings are for all to read and for administrators to write. Keys and spool are for the service alone.

        Colleagues may go through, to the files that the service opens up to them (access.py), and leave requests where
        nobody but the service may look: what modes 0711 and 1733 say elsewhere.
        """
        ours = ("*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F")
        colleagues = f"*{access.COLLEAGUES}"
        lists = (
            (self._data, (*ours, f"{ACCOUNT}:(OI)(CI)RX", "*S-1-5-32-545:(OI)(CI)RX")),
            (self._state, (*ours, f"{ACCOUNT}:(OI)(CI)M", f"{colleagues}:(S,X)")),
            (self._state / REQUESTS, (*ours, f"{ACCOUNT}:(OI)(CI)M", f"{colleagues}:(S,X,WD)")),
        )
        # What an agent of before wrote; what is written from now on is opened up as it is.
        older = (self._state / name for name in SHARED if (self._state / name).is_file())
        return (
            *(Step(("icacls", str(path), "/inheritance:r", "/grant:r", *grants)) for path, grants in lists),
            *(Step(("icacls", str(path), "/grant:r", f"{colleagues}:R")) for path in older),
        )

    def plan(self) -> Iterator[str]:
        """What ``install`` does, line by line."""
        yield f"service {NAME}: {self._command}"
        yield f"account {ACCOUNT}, in the groups {', '.join(GROUPS)}; started with the machine, a little later"
        yield f"directory {self._state / REQUESTS}"
        for step in self.rights():
            yield f"$ {' '.join(step.arguments)}"

    def install(self, token: str) -> bool:
        """Makes the service and starts it. Raises ServiceError."""
        try:
            before = self._control.state(NAME)
            if before == "running":
                self._control.stop(NAME)
            self._control.create(NAME, TITLE, BRIEF, self._command, ACCOUNT)
            for group in GROUPS:
                self._control.join(ACCOUNT, group)
            (self._state / REQUESTS).mkdir(parents=True, exist_ok=True)
            service.carry_out(self.rights(), self._runs)
            if token:  # not before nobody else may read it
                (self._state / state.TOKEN).write_text(token + "\n", encoding="utf-8")
            self._control.start(NAME)
        except OSError as error:
            raise ServiceError(f"Windows refuses ({error}); run this as administrator") from error
        return not before

    def is_installed(self) -> bool:
        """Whether the service is known."""
        return bool(self._control.state(NAME))

    is_there = is_installed

    def is_running(self) -> bool:
        """Whether the agent runs as a service now."""
        return self._control.state(NAME) == "running"

    def uninstall(self, *, purge: bool) -> None:
        """Stops and removes the service; with ``purge`` also state and settings. The account goes with the service."""
        try:
            if self._control.state(NAME):
                if self.is_running():
                    self._control.stop(NAME)
                self._control.delete(NAME)
        except OSError as error:
            raise ServiceError(f"Windows refuses ({error}); run this as administrator") from error
        if purge:
            service.remove(self._data, "")
