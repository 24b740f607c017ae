"""What starts the colleague's side of notices in a session: each calls a command that there is."""

from __future__ import annotations

import configparser
import plistlib
import re
import shlex
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from keuring_agent import cli
from tests.repository import ROOT

SESSION: Final = ROOT / "deploy" / "session"


def of_linux() -> list[str]:
    entry = configparser.ConfigParser(interpolation=None, strict=True)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(SESSION / "keuring-notices.desktop", encoding="utf-8")
    found = entry["Desktop Entry"]
    assert found["Type"] == "Application"
    assert found["Name[nl]"]
    return shlex.split(found["Exec"])


def of_macos() -> list[str]:
    found = plistlib.loads((SESSION / "keuring.notices.plist").read_bytes())
    assert found["LimitLoadToSessionType"] == "Aqua"  # not where nobody is signed in
    return [str(part) for part in found["ProgramArguments"]]


def of_windows() -> list[str]:
    text = (SESSION / "keuring-notices.reg").read_text(encoding="utf-8")
    (command,) = re.findall(r'^"KeuringNotices"="(.*)"$', text, re.MULTILINE)
    return shlex.split(command.replace('\\"', '"').replace("\\\\", "/"))


def of_the_msi() -> list[str]:
    package = ET.parse(ROOT / "deploy" / "packages" / "windows" / "keuring-agent.wxs")
    (value,) = package.iterfind(".//{*}RegistryValue")
    assert value.get("Key") == r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
    return shlex.split((value.get("Value") or "").replace("[INSTALLFOLDER]", "/"))


@pytest.mark.parametrize("start", [of_linux, of_macos, of_windows, of_the_msi])
def test_the_session_starts_a_command_that_there_is(start: object) -> None:
    assert callable(start)
    program, *arguments = start()
    assert program.rsplit("/", 1)[-1].removesuffix(".exe") == "keuring-agent"
    chosen = cli.parser().parse_args(arguments)
    assert (chosen.command, chosen.watch) == ("notices", True)


def test_the_pkg_brings_the_starter_of_a_program_that_it_installs() -> None:
    script = (ROOT / "deploy" / "packages" / "macos" / "build.sh").read_text(encoding="utf-8")
    assert "session/keuring.notices.plist" in script
    assert f'"$stage{of_macos()[0]}"' in script
