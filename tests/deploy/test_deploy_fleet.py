"""deploy/fleet and the recipes for other systems: parsed by what is to be had here, and held against the agent."""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from keuring_agent import VERSION, cli, state
from keuring_agent.service import macos, windows
from tests.programs import find_program
from tests.repository import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

FLEET, PACKAGES = DEPLOY / "fleet", DEPLOY / "packages"
PLAYBOOK = FLEET / "ansible" / "keuring-agent.yml"
WIX = "{http://wixtoolset.org/schemas/v4/wxs}"


@pytest.mark.needs("ansible-playbook")
def test_ansible_understands_the_playbook(tmp_path: Path) -> None:
    program = find_program("ansible-playbook")
    assert program is not None
    environment = {**os.environ, "HOME": str(tmp_path), "ANSIBLE_LOCAL_TEMP": str(tmp_path), "LC_ALL": "C.UTF-8"}
    command: list[str | Path] = [program, "--syntax-check", "--inventory", "localhost,", PLAYBOOK]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("ansible-playbook")
def test_ansible_asks_for_a_package(tmp_path: Path) -> None:
    program = find_program("ansible-playbook")
    assert program is not None
    environment = {**os.environ, "HOME": str(tmp_path), "ANSIBLE_LOCAL_TEMP": str(tmp_path), "LC_ALL": "C.UTF-8"}
    more = ["--extra-vars", "ansible_become=false ansible_python_interpreter=/usr/bin/python3"]
    command: list[str | Path] = [program, "--inventory", "localhost,", "--connection", "local", *more, PLAYBOOK]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "set keuring_package to the .deb or .rpm" in done.stdout


def test_the_playbook_leaves_the_token_where_the_agent_looks_and_never_logs_it() -> None:
    (play,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    tasks: list[dict[str, Any]] = play["tasks"]
    (token,) = (task for task in tasks if "keuring_token" in str(task.get("ansible.builtin.copy", {}).get("content")))
    assert token["no_log"] is True
    copied = token["ansible.builtin.copy"]
    assert copied["dest"].rpartition("/")[2] == state.TOKEN
    assert (copied["owner"], copied["mode"]) == ("keuring-agent", "0600")
    assert all(name.startswith("ansible.builtin.") for task in tasks for name in task if "." in name)


@pytest.mark.parametrize(
    "path",
    [
        *sorted(FLEET.glob("jamf/*.sh")),
        PACKAGES / "macos" / "build.sh",
        *sorted((PACKAGES / "macos" / "scripts").iterdir()),
    ],
    ids=lambda path: path.name,
)
def test_shell_scripts_are_read_by_a_shell(path: Path) -> None:
    subprocess.run(["/bin/sh", "-n", path], check=True)
    assert os.access(path, os.X_OK)


def test_jamf_leaves_a_token_once(tmp_path: Path) -> None:
    script = (FLEET / "jamf" / "install.sh").read_text(encoding="utf-8")
    assert macos.STATE in script
    script = script.replace(macos.STATE, str(tmp_path / "state"))

    def run(token: str) -> None:
        subprocess.run(["/bin/sh", "-c", script, "install.sh", "/", "host", "login", token], check=True)

    run("")
    assert not (tmp_path / "state").exists()
    run("keuring1.x")
    left = tmp_path / "state" / state.TOKEN
    assert (left.read_text(), left.stat().st_mode & 0o777) == ("keuring1.x\n", 0o600)
    left.unlink()
    (tmp_path / "state" / "identity.json").touch()
    run("keuring1.x")
    assert not left.exists()


def test_macos_knows_the_daemon_by_its_label() -> None:
    profile = plistlib.loads((FLEET / "jamf" / "background.mobileconfig").read_bytes())
    (payload,) = profile["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.servicemanagement"
    assert [(rule["RuleType"], rule["RuleValue"]) for rule in payload["Rules"]] == [("Label", macos.LABEL)]
    distribution = ET.parse(PACKAGES / "macos" / "distribution.xml").getroot()
    assert {ref.get("id") for ref in distribution.iter("pkg-ref")} == {macos.LABEL}
    assert f"--identifier {macos.LABEL}" in (PACKAGES / "macos" / "build.sh").read_text(encoding="utf-8")


def test_the_msi_calls_commands_that_there_are() -> None:
    package = ET.parse(PACKAGES / "windows" / "keuring-agent.wxs").getroot().find(f"{WIX}Package")
    assert package is not None
    identities = [element.get("Id") for element in package.iter() if element.get("Id")]
    actions = {element.get("Id") for element in package.iter(f"{WIX}CustomAction")}
    assert {element.get("Action") for element in package.iter(f"{WIX}Custom")} <= actions
    assert {"TOKEN", "PURGE"} <= set(identities)
    (token,) = (each for each in package.iter(f"{WIX}Property") if each.get("Id") == "TOKEN")
    assert token.get("Hidden") == "yes"  # not in the installer's log
    called = [str(each.get("Value")) for each in package.iter(f"{WIX}SetProperty")]
    assert len(called) == 4
    for value in called:
        program, arguments = re.fullmatch(r'"\[INSTALLFOLDER\]([\w.-]+)" (.*)', value).groups()  # type: ignore[union-attr]
        assert program == "keuring-agent.exe"
        cli.parser().parse_args(arguments.replace('"[TOKEN]"', "keuring1.x").split())


SCRIPTS = sorted((FLEET / "intune").glob("*.ps1"))


def without_texts(script: str) -> str:
    """A PowerShell script without its comments and the insides of its texts. There is no PowerShell here to ask."""
    pattern = r"<#.*?#>|#[^\n]*|'(?:[^']|'')*'|\"(?:[^\"`]|`.|\"\")*\""
    return re.sub(pattern, "", script, flags=re.DOTALL)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_powershell_is_balanced_and_ends_with_a_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    waiting = []
    for letter in without_texts(text):
        if letter in "({[":
            waiting.append({"(": ")", "{": "}", "[": "]"}[letter])
        elif letter in ")}]":
            assert waiting.pop() == letter
    assert waiting == []
    assert '"' not in without_texts(text)
    assert re.search(r"^exit ", text, re.MULTILINE)
    assert text.startswith("<#\n.SYNOPSIS")


def test_intune_looks_for_what_is_installed() -> None:
    detect = (FLEET / "intune" / "detect.ps1").read_text(encoding="utf-8")
    assert f"-Name '{windows.NAME}'" in detect
    assert f"[version]'{VERSION}'" in detect
    package = ET.parse(PACKAGES / "windows" / "keuring-agent.wxs").getroot().find(f"{WIX}Package")
    assert package is not None
    uninstall = (FLEET / "intune" / "uninstall.ps1").read_text(encoding="utf-8")
    assert f"DisplayName -eq '{package.get('Name')}'" in uninstall
    (folder,) = (each.get("Name") for each in package.iter(f"{WIX}Directory") if each.get("Id") == "INSTALLFOLDER")
    assert rf"{folder}\keuring-agent.exe" in detect


def test_every_recipe_has_a_page() -> None:
    for folder in (FLEET, PACKAGES):
        for place in (folder, *(each for each in folder.iterdir() if each.is_dir())):
            if place.name != "__pycache__":
                assert (place / "README.md").is_file(), place
