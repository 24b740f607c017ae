"""systemd: an account of its own, a unit without privilege, and a helper that asks disks for their health."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_agent import config, service, state
from keuring_agent.service import FILES, ServiceError, Step, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keuring_agent.service import Outcome

ACCOUNT: Final = "keuring-agent"
UNIT: Final = "keuring-agent.service"
SOCKET: Final = "keuring-agent-smart.socket"
HELPER_UNIT: Final = "keuring-agent-smart@.service"
STATE: Final = str(config.SYSTEM_STATE_DIRECTORY)
CONFIG: Final = "/etc/keuring-agent"
OWN: Final = ("/tmp", "/var/tmp")  # noqa: S108  # nothing is written there: the unit gives the service its own (PrivateTmp)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where files go: other places for a package than for an administrator."""

    units: str
    accounts: str
    library: str


LOCAL: Final = Layout("/etc/systemd/system", "/etc/sysusers.d", "/usr/local/lib/keuring-agent")
PACKAGE: Final = Layout("/lib/systemd/system", "/usr/lib/sysusers.d", "/usr/lib/keuring-agent")


def files(command: Sequence[str], layout: Layout = LOCAL) -> tuple[Written, ...]:
    """Everything that is written. ``command`` starts the agent."""
    helper = f"{layout.library}/smart-helper"
    places = {"@COMMAND@": " ".join(_quoted(word) for word in command), "@HELPER@": helper}

    def text(name: str) -> str:
        found = (FILES / name).read_text(encoding="utf-8")
        for place, value in places.items():
            found = found.replace(place, value)
        return found

    return (
        Written(helper, text("smart-helper"), 0o755),
        Written(f"{layout.accounts}/keuring-agent.conf", text("keuring-agent.sysusers")),
        *(Written(f"{layout.units}/{name}", text(name)) for name in (UNIT, SOCKET, HELPER_UNIT)),
    )


def _quoted(word: str) -> str:
    """A word as systemd reads it in ExecStart."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if any(letter.isspace() for letter in word) or "\\" in word else word


class Systemd:
    """The service on Linux, in the system below ``root``."""

    def __init__(self, root: Path, command: Sequence[str], runs: Callable[[Sequence[str]], Outcome]) -> None:
        self._root = root
        self._files = files(command)
        self._program = command[0]
        self._runs = runs

    @property
    def is_live(self) -> bool:
        """Whether this is the running system, and systemd runs it."""
        return self._root == Path("/") and Path("/run/systemd/system").is_dir()

    def steps(self) -> tuple[Step, ...]:
        """The commands that follow the files."""
        there = () if self._root == Path("/") else (f"--root={self._root}",)
        account = Step(("systemd-sysusers", *there, str(service.below(self._root, self._files[1].path))))
        enable = Step(("systemctl", *there, "enable", UNIT, SOCKET))
        if not self.is_live:
            return (account, enable)
        return (
            account,
            Step(("systemctl", "daemon-reload")),
            enable,
            Step(("systemctl", "restart", SOCKET)),
            Step(("systemctl", "restart", UNIT), may_fail=True),  # a machine that is not enrolled yet does not stay up
        )

    def plan(self) -> Iterator[str]:
        """What ``install`` does, line by line."""
        for file in self._files:
            yield f"# {service.below(self._root, file.path)} ({file.mode:04o})"
            yield from file.text.splitlines()
            yield ""
        yield f"# {service.below(self._root, STATE)} (0711, {ACCOUNT})"
        for step in self.steps():
            yield f"$ {' '.join(step.arguments)}"

    def install(self, token: str) -> bool:
        """Writes, makes the account and starts. Whether anything was written. Raises ServiceError."""
        self._refuse_package()
        self._check_reach()
        changed = [service.write(self._root, file) for file in self._files]
        account, *others = self.steps()
        service.carry_out([account], self._runs)
        self._prepare_state(token)
        service.carry_out(others, self._runs)
        return any(changed)

    @property
    def _packaged(self) -> str:
        """The unit that a package has brought; "" where none has."""
        places = (f"{directory}/{UNIT}" for directory in ("/lib/systemd/system", "/usr/lib/systemd/system"))
        return next((place for place in places if service.below(self._root, place).exists()), "")

    def _refuse_package(self) -> None:
        if place := self._packaged:
            raise ServiceError(
                f"{place}: the service came with the agent's package; `systemctl enable --now keuring-agent` starts "
                "it, and the system's package tools update and remove it"
            )

    def _check_reach(self) -> None:
        """The service, which has another account, must be able to start the program."""
        if self._root != Path("/"):
            return
        if hidden := [place for place in OWN if Path(self._program).is_relative_to(place)]:
            raise ServiceError(
                f"{self._program}: the service has a {hidden[0]} of its own, so it could not start what lies there; "
                "install the agent in a place such as /opt/keuring, and run this from there"
            )
        for place in (Path(self._program), *Path(self._program).parents):
            if not place.stat().st_mode & 0o001:
                raise ServiceError(
                    f"{place}: other accounts may not go through, so the service's account could not start "
                    f"{self._program}; install the agent in a place such as /opt/keuring, and run this from there"
                )

    def _prepare_state(self, token: str) -> None:
        directory = service.below(self._root, STATE)
        owner = _owner(self._root)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o711)
            for path in (directory, *directory.iterdir()):
                if owner is not None:
                    os.chown(path, *owner)
            if token:
                path = directory / state.TOKEN
                path.write_text(token + "\n", encoding="utf-8")
                path.chmod(0o600)
                if owner is not None:
                    os.chown(path, *owner)
        except OSError as error:
            raise ServiceError(f"{directory}: cannot be prepared ({error.strerror}); run this as root") from error

    def is_installed(self) -> bool:
        """Whether all files are there as this version would write them, or came with a package."""
        if self._packaged:
            return True
        paths = ((service.below(self._root, file.path), file.text) for file in self._files)
        return all(path.is_file() and path.read_text(encoding="utf-8") == text for path, text in paths)

    def is_there(self) -> bool:
        """Whether any file is there."""
        return bool(self._packaged) or any(service.below(self._root, file.path).exists() for file in self._files)

    def is_running(self) -> bool:
        """Whether the agent runs as a service now."""
        return self.is_live and self._runs(("systemctl", "is-active", "--quiet", UNIT)).status == 0

    def uninstall(self, *, purge: bool) -> None:
        """Stops the agent and removes what was written; with ``purge`` also state, settings and account."""
        self._refuse_package()
        there = () if self._root == Path("/") else (f"--root={self._root}",)
        if self.is_live:
            service.carry_out([Step(("systemctl", "stop", SOCKET, UNIT), may_fail=True)], self._runs)
        service.carry_out([Step(("systemctl", *there, "disable", UNIT, SOCKET), may_fail=True)], self._runs)
        for file in self._files:
            service.remove(self._root, file.path)
        service.remove(self._root, LOCAL.library)
        if self.is_live:
            service.carry_out([Step(("systemctl", "daemon-reload"))], self._runs)
        if purge:
            service.remove(self._root, STATE)
            service.remove(self._root, CONFIG)
            if _owner(self._root) is not None:
                where = () if self._root == Path("/") else ("--prefix", str(self._root))
                # Whether the account's own group goes with it is a setting of the system.
                group = Step(("groupdel", *where, ACCOUNT), may_fail=True)
                service.carry_out([Step(("userdel", *where, ACCOUNT)), group], self._runs)


def _owner(root: Path) -> tuple[int, int] | None:
    """The account's numbers in the system below ``root``; None where there is none, or another may own nothing."""
    if os.geteuid() != 0:
        return None
    try:
        lines = service.below(root, "/etc/passwd").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, numbers = line.partition(":x:")
        if name == ACCOUNT:
            account, group, *_ = numbers.split(":")
            return int(account), int(group)
    return None
