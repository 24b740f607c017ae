"""The agent as a service of the operating system: what is written, how it is started, how all of it goes away again.

Every system says the same: ``plan()`` is what would be done, as text and commands, so that it can be shown before it is
done (``--print``) and so that installing twice is installing once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FILES: Final = Path(__file__).parent / "files"


class ServiceError(AgentError):
    """The service cannot be installed, looked at or removed."""


class Written(NamedTuple):
    """A file of the service: where it goes, what is in it, and its mode."""

    path: str
    text: str
    mode: int = 0o644


class Step(NamedTuple):
    """A command of the operating system. ``may_fail``: the rest goes on, for it may have been done already."""

    arguments: tuple[str, ...]
    may_fail: bool = False


class Outcome(NamedTuple):
    """How a command ended."""

    status: int
    output: str


Run = "Callable[[Sequence[str]], Outcome]"


def run(arguments: Sequence[str]) -> Outcome:
    """Runs a command of the operating system; one that is missing counts as failed."""
    program = shutil.which(arguments[0], path=None) or shutil.which(arguments[0], path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        return Outcome(127, f"{arguments[0]} is not installed")
    done = subprocess.run(
        [program, *arguments[1:]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(done.returncode, (done.stdout + done.stderr).strip())


def carry_out(steps: Sequence[Step], runs: Callable[[Sequence[str]], Outcome]) -> None:
    """Runs the commands in order. Raises ServiceError at the first that fails and may not."""
    for step in steps:
        outcome = runs(step.arguments)
        if outcome.status and not step.may_fail:
            raise ServiceError(f"`{' '.join(step.arguments)}` failed ({outcome.status}): {outcome.output}")


def command() -> tuple[str, ...]:
    """What starts this very agent, before the name of a command."""
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    return (sys.executable, "-m", "keuring_agent")


def write(root: Path, file: Written) -> bool:
    """Writes a file below ``root``; whether anything changed. Raises ServiceError."""
    path = below(root, file.path)
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == file.text:
            path.chmod(file.mode)
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(file.mode)
    except OSError as error:
        raise ServiceError(f"{path}: cannot be written ({error.strerror}); run this as root") from error
    return True


def remove(root: Path, path: str) -> None:
    """Removes a file or a directory with all that is in it; nothing where there is none. Raises ServiceError."""
    found = below(root, path)
    try:
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        else:
            found.unlink(missing_ok=True)
    except OSError as error:
        raise ServiceError(f"{found}: cannot be removed ({error.strerror}); run this as root") from error


def below(root: Path, path: str) -> Path:
    """``path`` of the installed system, as seen from here."""
    return root / path.lstrip("/")
