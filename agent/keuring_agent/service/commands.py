"""`keuring-agent service`: install, status, uninstall; and, on Windows, what the service manager starts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from keuring_agent import config, identity, language, service
from keuring_agent.errors import AgentError
from keuring_agent.service import ServiceError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from keuring_agent.config import Settings
    from keuring_agent.service.windows_host import Bell


class Manager(Protocol):
    """The service on one system."""

    def plan(self) -> Iterator[str]:
        """What installing does, line by line."""

    def install(self, token: str) -> bool:
        """Installs and starts; whether anything changed. Raises ServiceError."""

    def is_installed(self) -> bool:
        """Whether it is there as this version installs it."""

    def is_there(self) -> bool:
        """Whether anything of it is there."""

    def is_running(self) -> bool:
        """Whether it runs."""

    def uninstall(self, *, purge: bool) -> None:
        """Stops and removes it; with ``purge`` all that the agent kept too. Raises ServiceError."""


def manager(root: Path, system: str = sys.platform) -> Manager:
    """The one for this system."""
    if system == "win32":
        from keuring_agent.service.windows import WindowsService
        from keuring_agent.service.windows_host import Windows

        return WindowsService(service.command(), Windows(), service.run)
    if system == "darwin":
        from keuring_agent.service.macos import Launchd

        return Launchd(root, service.command(), service.run)
    from keuring_agent.service.linux import Systemd

    return Systemd(root, service.command(), service.run)


def run(settings: Settings, chosen: argparse.Namespace, work: Callable[[Settings, Bell], int]) -> int:
    """Does what was asked; returns the exit code. ``work`` runs the agent, for Windows' service manager."""
    if chosen.action == "host":
        return _host(settings, work)
    found = manager(chosen.root)
    if chosen.action == "install":
        return _install(settings, found, chosen)
    if chosen.action == "uninstall":
        return _uninstall(settings, found, chosen)
    return _status(settings, found, chosen)


def _host(settings: Settings, work: Callable[[Settings, Bell], int]) -> int:
    from keuring_agent.service.windows_host import host

    system: str = sys.platform
    if system != "win32":
        raise ServiceError("`service host` is what Windows starts; elsewhere: keuring-agent service install")

    def attempt(bell: Bell) -> int:
        try:
            return work(settings, bell)
        except AgentError as error:
            print(f"keuring-agent: {error}", file=sys.stderr, flush=True)
            return error.exit_code

    host(attempt)
    return 0


def _install(settings: Settings, found: Manager, chosen: argparse.Namespace) -> int:
    say = language.chosen(chosen.language)
    if chosen.print:
        for line in found.plan():
            print(line)
        return 0
    token = chosen.token or ""
    if token.strip("-") == "" and token:
        token = sys.stdin.read()
    if token:
        from keuring_agent import enrolment_token

        enrolment_token.parse(token)
        token = "".join(token.split())
    changed = found.install(token)
    print(say("the service is installed") if changed else say("the service was installed already; nothing changed"))
    if not found.is_running():
        print(say("it does not run yet; {next}", next=_next(settings, chosen.root, say, token=bool(token))))
        return 0
    print(say("it runs"))
    return 0


def _next(settings: Settings, root: Path, say: language.Language, *, token: bool) -> str:
    if not token and not _is_enrolled(settings, root):
        return say("enrol this machine: `keuring-agent enroll --token TOKEN`, then start the service")
    return say("start it, or restart this machine; `keuring-agent doctor` says what is in the way")


def _is_enrolled(settings: Settings, root: Path) -> bool:
    directory = settings.state_directory if root == Path("/") else service.below(root, _state())
    try:
        identity.load(directory)
    except AgentError:
        return False
    return True


def _state() -> str:
    return str(config.SYSTEM_STATE_DIRECTORY)


def _status(settings: Settings, found: Manager, chosen: argparse.Namespace) -> int:
    say = language.chosen(chosen.language)
    if not found.is_there():
        print(say("the service is not installed; `keuring-agent service install` does it"))
        return 1
    if not found.is_installed():
        print(say("the service was installed by another version; `keuring-agent service install` brings it up to date"))
    else:
        print(say("the service is installed"))
    enrolled = _is_enrolled(settings, chosen.root)
    print(say("this machine is enrolled") if enrolled else say("this machine is not enrolled"))
    if found.is_running():
        print(say("it runs"))
        return 0
    print(say("it does not run yet; {next}", next=_next(settings, chosen.root, say, token=False)))
    return 1


def _uninstall(settings: Settings, found: Manager, chosen: argparse.Namespace) -> int:
    say = language.chosen(chosen.language)
    directory = settings.state_directory if chosen.root == Path("/") else service.below(chosen.root, _state())
    found.uninstall(purge=chosen.purge)
    print(say("the service is removed"))
    if chosen.purge:
        print(say("and all that the agent kept: identity, reports that wait, log, settings and account"))
        print(say("its collector does not know; there: keuring-collector endpoint revoke NAME"))
    else:
        print(
            say(
                "{directory} stays, with identity, reports that wait and log; `service uninstall --purge` removes them",
                directory=directory,
            )
        )
    return 0
