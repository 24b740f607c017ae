"""launchd: a daemon under an account of its own.

Never run by us; tested on what it writes and which commands it calls.
"""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Final

from keuring_agent import service, state
from keuring_agent.service import ServiceError, Step, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from keuring_agent.service import Outcome

LABEL: Final = "keuring.agent"
PLIST: Final = f"/Library/LaunchDaemons/{LABEL}.plist"
ACCOUNT: Final = "_keuring"
STATE: Final = "/var/lib/keuring-agent"
CONFIG: Final = "/etc/keuring-agent"
LOG: Final = "/var/log/keuring-agent.log"
# Numbers that macOS leaves to others, below those of people.
_NUMBERS: Final = range(350, 400)


def job(command: Sequence[str]) -> dict[str, object]:
    """The launchd job: started with the machine, kept alive, out of everybody's way."""
    return {
        "Label": LABEL,
        "ProgramArguments": [*command, "run"],
        "EnvironmentVariables": {"KEURING_AGENT_STATE_DIRECTORY": STATE},
        "WorkingDirectory": STATE,
        "UserName": ACCOUNT,
        "GroupName": ACCOUNT,
        "RunAtLoad": True,
        # launchd cannot tell one exit code from another; an agent that was refused asks nobody again by itself.
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 300,
        "ExitTimeOut": 20,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "LowPriorityBackgroundIO": True,
        "Nice": 10,
        "Umask": 0o077,
        "SoftResourceLimits": {"NumberOfFiles": 256},
        "StandardErrorPath": LOG,
        "StandardOutPath": LOG,
    }


def files(command: Sequence[str]) -> tuple[Written, ...]:
    """Everything that is written."""
    return (Written(PLIST, plistlib.dumps(job(command), sort_keys=False).decode("utf-8")),)


class Launchd:
    """The service on macOS, in the system below ``root``."""

    def __init__(self, root: Path, command: Sequence[str], runs: Callable[[Sequence[str]], Outcome]) -> None:
        self._root = root
        self._files = files(command)
        self._runs = runs

    @property
    def is_live(self) -> bool:
        """Whether this is the running system."""
        return str(self._root) == "/"

    def account(self) -> tuple[Step, ...]:
        """The commands that make the account; none where there is one."""
        if self._runs(("dscl", ".", "-read", f"/Users/{ACCOUNT}", "UniqueID")).status == 0:
            return ()
        listed = self._runs(("dscl", ".", "-list", "/Users", "UniqueID")).output
        listed += "\n" + self._runs(("dscl", ".", "-list", "/Groups", "PrimaryGroupID")).output
        used = {line.split()[-1] for line in listed.splitlines() if line.split()}
        free = next((str(number) for number in _NUMBERS if str(number) not in used), None)
        if free is None:
            raise ServiceError(f"no number from {_NUMBERS[0]} to {_NUMBERS[-1]} is free for the account {ACCOUNT}")
        group, person = f"/Groups/{ACCOUNT}", f"/Users/{ACCOUNT}"
        values = (
            (group, "PrimaryGroupID", free),
            (person, "UniqueID", free),
            (person, "PrimaryGroupID", free),
            (person, "UserShell", "/usr/bin/false"),
            (person, "NFSHomeDirectory", "/var/empty"),
            (person, "RealName", "Keuring agent"),
            (person, "IsHidden", "1"),
        )
        return tuple(Step(("dscl", ".", "-create", where, name, value)) for where, name, value in values)

    def steps(self) -> tuple[Step, ...]:
        """The commands that follow the files."""
        return (
            Step(("chown", "-R", f"{ACCOUNT}:{ACCOUNT}", STATE)),
            Step(("launchctl", "bootout", f"system/{LABEL}"), may_fail=True),
            Step(("launchctl", "enable", f"system/{LABEL}")),
            Step(("launchctl", "bootstrap", "system", PLIST)),
        )

    def plan(self) -> Iterator[str]:
        """What ``install`` does, line by line."""
        for file in self._files:
            yield f"# {service.below(self._root, file.path)} ({file.mode:04o})"
            yield from file.text.splitlines()
        for step in (*self.account(), *self.steps()):
            yield f"$ {' '.join(step.arguments)}"

    def install(self, token: str) -> bool:
        """Writes, makes the account and starts. Whether anything was written. Raises ServiceError."""
        changed = [service.write(self._root, file) for file in self._files]
        directory = service.below(self._root, STATE)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711)
        if token:
            path = directory / state.TOKEN
            path.write_text(token + "\n", encoding="utf-8")
            path.chmod(0o600)
        log = service.below(self._root, LOG)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o640)
        if self.is_live:
            service.carry_out([*self.account(), *self.steps()[:1]], self._runs)
            service.carry_out([Step(("chown", f"{ACCOUNT}:{ACCOUNT}", LOG))], self._runs)
            service.carry_out(self.steps()[1:], self._runs)
        return any(changed)

    def is_installed(self) -> bool:
        """Whether the job is there as this version would write it."""
        path = service.below(self._root, PLIST)
        return path.is_file() and path.read_text(encoding="utf-8") == self._files[0].text

    def is_there(self) -> bool:
        """Whether any file is there."""
        return service.below(self._root, PLIST).exists()

    def is_running(self) -> bool:
        """Whether the agent runs as a service now."""
        return self.is_live and "state = running" in self._runs(("launchctl", "print", f"system/{LABEL}")).output

    def uninstall(self, *, purge: bool) -> None:
        """Stops the agent and removes what was written; with ``purge`` also state, settings and account."""
        if self.is_live:
            service.carry_out([Step(("launchctl", "bootout", f"system/{LABEL}"), may_fail=True)], self._runs)
        service.remove(self._root, PLIST)
        service.remove(self._root, LOG)
        if purge:
            service.remove(self._root, STATE)
            service.remove(self._root, CONFIG)
            if self.is_live:
                gone = [
                    Step(("dscl", ".", "-delete", f"/{kind}/{ACCOUNT}"), may_fail=True) for kind in ("Users", "Groups")
                ]
                service.carry_out(gone, self._runs)
