"""A copy of this machine with a systemd of its own, thrown away afterwards; see boot.sh."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.test_agent_process import wait_for
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("boot.sh")
_NAMESPACES = ("--mount", "--uts", "--ipc", "--cgroup", "--pid")


class Booted:
    """What runs in it. ``init`` is the process id of its systemd, as this machine counts."""

    def __init__(self, init: int) -> None:
        self.init = init

    def run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a program there, as root."""
        return subprocess.run(
            ["nsenter", "--target", str(self.init), *_NAMESPACES, "--", *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd="/",
        )

    def said(self, *arguments: str) -> str:
        """What a program says, which must end well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def shown(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit, as its systemd has them."""
        lines = self.said("systemctl", "show", unit, f"--property={','.join(names)}").splitlines()
        return dict(line.split("=", 1) for line in lines)


@contextmanager
def booted(directory: Path) -> Iterator[Booted]:
    """Starts it; ends with everything in it gone. Skips where this machine does not let it."""
    directory.mkdir()
    within = _cgroup()
    through = {
        str(parent)
        for path in (Path(sys.executable), Path(sys.executable).resolve(), ROOT / "x")
        for parent in path.parents
    }
    # From a cgroup of its own, or its systemd would make its cgroups among this machine's.
    enter = f'echo $$ > "{within}/cgroup.procs" && exec unshare --kill-child --fork {" ".join(_NAMESPACES)} -- sh "$@"'
    process = subprocess.Popen(["sh", "-c", enter, "sh", str(SCRIPT), str(directory), *sorted(through)])
    init = 0
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

        def is_up() -> bool:
            nonlocal init
            if process.poll() is not None:
                return True
            found = children.read_text().split()
            init = int(found[0]) if found else 0
            return bool(init) and "running" in Booted(init).run("systemctl", "is-system-running").stdout

        wait_for(is_up)
        if process.poll() is not None:  # a systemd that has begun does not end, so it never came so far
            pytest.skip(f"this machine lets no other system be started in it (code {process.poll()})")
        yield Booted(init)
    finally:
        if init:
            with suppress(ProcessLookupError):
                os.kill(init, signal.SIGKILL)
        process.kill()
        process.wait()
        wait_for(lambda: _removed(within))


def _cgroup() -> Path:
    """A new cgroup below the one that this process is in."""
    mounts = (line.split(" ") for line in Path("/proc/self/mountinfo").read_text().splitlines())
    places = [fields[4] for fields in mounts if fields[fields.index("-") + 1] == "cgroup2"]
    if not places:
        pytest.skip("this machine has no cgroups of the second version")
    ours = next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    made = Path(places[0] + ours.removeprefix("0::")) / f"keuring-test-{os.getpid()}"
    try:
        made.mkdir()
    except OSError as error:
        pytest.skip(f"this machine lets no cgroup be made ({error.strerror})")
    return made


def _removed(cgroup: Path) -> bool:
    """Removes it and those within it; whether that worked, for processes take a moment to end."""
    for directory, _, _ in os.walk(cgroup, topdown=False):
        with suppress(OSError):
            Path(directory).rmdir()
    return not cgroup.exists()
