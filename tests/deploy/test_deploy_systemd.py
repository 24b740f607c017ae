"""deploy/systemd: the collector's units, that systemd accepts, hardened, and that run programs which exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.programs import find_program
from tests.repository import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

UNITS = DEPLOY / "systemd"
PROGRAM = re.compile(r"/opt/keuring/bin/(keuring-[a-z]+)")
NAMES = ("keuring-collector.service", "keuring-collector@ingest.service")
# systemd's own scale runs from 0 (closed) to 100 (open); an unhardened unit has 96.
MOST_EXPOSED = {"keuring-collector.service": 20, "keuring-collector@ingest.service": 20}


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with programs that are installed here."""
    shutil.copytree(UNITS, tmp_path / "units")
    for path in (tmp_path / "units").glob("*.service"):
        path.write_text(PROGRAM.sub("/bin/true", path.read_text(encoding="utf-8")), encoding="utf-8")
    return tmp_path / "units"


def analyze(units: Path, *arguments: str) -> str:
    program = find_program("systemd-analyze")
    assert program is not None
    finished = subprocess.run(
        [program, *arguments],
        cwd=units,
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_units(units: Path) -> None:
    names = (*NAMES, "keuring-collector@console.service", "keuring-collector@jobs.service", "keuring-collector.target")
    assert analyze(units, "verify", *(f"./{name}" for name in names)) == ""


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("name", NAMES)
def test_units_are_closed(units: Path, name: str) -> None:
    analyze(units, "security", "--offline=true", f"--threshold={MOST_EXPOSED[name]}", "--no-pager", f"./{name}")


def test_units_run_commands_that_exist() -> None:
    for path in sorted(UNITS.glob("*.service")):
        line = re.search(r"^ExecStart=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert line is not None, path.name
        program, *arguments = line[1].split()
        match = PROGRAM.fullmatch(program)
        assert match is not None, path.name
        command = [argument for argument in arguments if argument not in ("--only", "%i")]
        module = match[1].replace("-", "_")
        finished = subprocess.run(
            [sys.executable, "-m", module, *command, "--help"], capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, f"{path.name}: {finished.stderr}"


def test_both_ways_to_run_the_collector_are_equally_closed() -> None:
    def settings(name: str) -> str:
        return (UNITS / name).read_text(encoding="utf-8").partition("# Who it runs as")[2].partition("[Install]")[0]

    assert settings("keuring-collector.service") == settings("keuring-collector@.service")
