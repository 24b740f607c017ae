"""Runs another program for its output, bounded in time and size: the few things that no API of Windows tells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_agent.host.commands import LIMIT, Result
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_WINDOW: Final = 0x08000000


def places() -> list[str]:
    """Where programs are looked for: only directories that administrators alone may write to."""
    root = os.environ.get("SYSTEMROOT", r"C:\Windows")
    installed = os.environ.get("PROGRAMFILES", r"C:\Program Files")
    return [rf"{root}\System32", rf"{installed}\smartmontools\bin"]


def run(program: str, arguments: Sequence[str], timeout: float, directories: Sequence[str] | None = None) -> Result:
    """Runs a program without input and without a window. Raises NotMeasurable as commands.run does."""
    import subprocess

    found = (os.path.join(directory, program) for directory in directories or places())  # noqa: PTH118  # memory
    path = next((path for path in found if os.path.isfile(path)), None)  # noqa: PTH113
    if path is None:
        raise NotMeasurable(f"{program.removesuffix('.exe')} is not installed")
    flags = _NO_WINDOW if os.name == "nt" else 0
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
            creationflags=flags,
        )
    except subprocess.TimeoutExpired:
        raise NotMeasurable(f"{program.removesuffix('.exe')} took longer than {timeout:g} s") from None
    except OSError as error:
        raise NotMeasurable(f"{program.removesuffix('.exe')} cannot be started: {error.strerror}") from error
    if len(done.stdout) > LIMIT:
        raise NotMeasurable(f"{program.removesuffix('.exe')} wrote too much")
    return Result(done.returncode, done.stdout)


def battery_report(timeout: float) -> str:
    """What powercfg writes into a file, as it does not write it anywhere else; the file is gone afterwards."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="keuring-", ignore_cleanup_errors=True) as directory:
        path = os.path.join(directory, "battery.xml")  # noqa: PTH118  # memory
        done = run("powercfg.exe", ["/batteryreport", "/xml", "/output", path], timeout)
        try:
            with open(path, encoding="utf-8-sig", errors="replace") as file:  # noqa: PTH123
                text = file.read(LIMIT)
        except OSError:
            raise NotMeasurable("powercfg writes no report of the battery here") from None
    if done.status:
        raise NotMeasurable("powercfg writes no report of the battery here")
    return text
