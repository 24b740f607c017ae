"""`service install|status|uninstall`: what is written and run on each system, twice the same, and gone afterwards."""

from __future__ import annotations

import os
import plistlib
import re
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from keuring_agent import cli, service, state
from keuring_agent.host.linux import smart_helper
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.service import Outcome, ServiceError
from keuring_agent.service.linux import HELPER_UNIT, SOCKET, UNIT, Systemd, files
from keuring_agent.service.macos import ACCOUNT, Launchd
from keuring_agent.service.windows import GROUPS, NAME, WindowsService
from keuring_agent.service.windows_host import Bell, service_class
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.agent.collector import Collector

COMMAND = ("/opt/keuring/bin/keuring-agent",)
# systemd's own scale runs from 0 (closed) to 100 (open); an unhardened unit has 96.
MOST_EXPOSED = {UNIT: 24, "keuring-agent-smart@0.service": 18}


def tree(root: Path) -> dict[str, str]:
    """Every file below ``root`` with its mode and what it holds."""
    return {
        path.relative_to(root).as_posix(): f"{path.lstat().st_mode:o} "
        + (str(path.readlink()) if path.is_symlink() else path.read_text())
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system with accounts and nothing else."""
    found = tmp_path / "system"
    (found / "etc").mkdir(parents=True)
    (found / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (found / "etc" / "group").write_text("root:x:0:\n")
    return found


def run(*arguments: str, language: str = "en") -> int:
    return cli.main(["service", *arguments, "--language", language])


@pytest.mark.needs("systemd-analyze")
@pytest.mark.skipif(os.geteuid() != 0, reason="accounts are made by root")
def test_installed_twice_and_removed(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], collector: Collector
) -> None:
    before = tree(root)
    flags = ["--root", str(root), "--state-directory", str(tmp_path / "none")]
    assert run("status", *flags) == 1
    assert "not installed" in capsys.readouterr().out
    assert run("install", *flags, "--token", collector.token()) == 0
    assert "the service is installed" in capsys.readouterr().out
    first = tree(root)
    assert first.keys() - before.keys() >= {
        "etc/systemd/system/keuring-agent.service",
        "etc/systemd/system/multi-user.target.wants/keuring-agent.service",
        "etc/systemd/system/sockets.target.wants/keuring-agent-smart.socket",
        "usr/local/lib/keuring-agent/smart-helper",
    }
    account = next(
        line for line in (root / "etc" / "passwd").read_text().splitlines() if line.startswith("keuring-agent:")
    )
    kept = root / "var" / "lib" / "keuring-agent"
    assert (kept / state.TOKEN).stat().st_uid == kept.stat().st_uid == int(account.split(":")[2]) != 0
    assert (kept.stat().st_mode & 0o777, (kept / state.TOKEN).stat().st_mode & 0o777) == (0o711, 0o600)

    assert run("install", *flags) == 0
    assert "installed already; nothing changed" in capsys.readouterr().out
    assert tree(root) == first
    assert run("status", *flags, language="nl") == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "de service is geïnstalleerd",
        "deze computer is niet aangemeld",
    ]

    assert run("uninstall", *flags) == 0
    assert "stays, with identity" in capsys.readouterr().out
    left = tree(root).keys() - before.keys()
    kept_by_accounts = re.compile(r"etc/(passwd|group|shadow|gshadow|\.pwd)[-.\w]*")
    assert [name for name in sorted(left) if not kept_by_accounts.fullmatch(name)] == [
        "var/lib/keuring-agent/enrolment-token"
    ]
    assert run("install", *flags) == 0
    assert run("uninstall", "--purge", *flags) == 0
    found = tree(root)
    # Programs that keep accounts leave their own backups and locks; of us nothing is in any file.
    assert not [name for name in found if "keuring" in name]
    assert not [name for name, text in found.items() if "keuring" in text and not name.endswith("-")]


def test_what_would_be_written_is_shown_and_not_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert run("install", "--print", "--root", str(root)) == 0
    said = capsys.readouterr().out
    assert tree(root) == before
    for word in (
        UNIT,
        SOCKET,
        HELPER_UNIT,
        "smart-helper (0755)",
        "$ systemd-sysusers",
        "enable keuring-agent.service",
        "CapabilityBoundingSet=",
    ):
        assert word in said


def test_a_package_is_left_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "lib" / "systemd" / "system").mkdir(parents=True)
    (root / "lib" / "systemd" / "system" / UNIT).write_text("")
    assert run("install", "--root", str(root)) == 1
    assert "the agent's package has installed the service already" in capsys.readouterr().err


def test_a_wrong_token_is_told_before_anything_is_done(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert run("install", "--root", str(root), "--token", "rubbish") == 4
    assert "does not begin with 'keuring1.'" in capsys.readouterr().err
    assert tree(root) == before


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are written, with programs that are installed here."""
    for file in files(("/bin/true",)):
        path = tmp_path / Path(file.path).name
        path.write_text(file.text.replace("/usr/local/lib/keuring-agent/smart-helper", "/bin/true"))
    return tmp_path


def analyze(units: Path, *arguments: str) -> str:
    program = find_program("systemd-analyze")
    assert program is not None
    environment = {"SYSTEMD_UNIT_PATH": f"{units}:", "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(
        [program, *arguments], cwd=units, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_units(units: Path) -> None:
    (units / "keuring-agent-smart@0.service").write_text((units / HELPER_UNIT).read_text())
    assert analyze(units, "verify", f"./{UNIT}", f"./{SOCKET}", "./keuring-agent-smart@0.service") == ""


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("name", MOST_EXPOSED)
def test_the_units_are_closed(units: Path, name: str) -> None:
    (units / "keuring-agent-smart@0.service").write_text((units / HELPER_UNIT).read_text())
    analyze(units, "security", "--offline=true", f"--threshold={MOST_EXPOSED[name]}", "--no-pager", f"./{name}")


@pytest.mark.needs("systemd-analyze")
def test_the_helper_has_two_capabilities_and_the_agent_none(units: Path) -> None:
    def open_ones(name: str) -> set[str]:
        (units / "keuring-agent-smart@0.service").write_text((units / HELPER_UNIT).read_text())
        said = analyze(units, "security", "--offline=true", "--threshold=100", "--no-pager", f"./{name}")
        lines = [line for line in said.splitlines() if "CapabilityBoundingSet=~" in line and line.startswith("-")]
        return {word for line in lines for word in re.findall(r"CAP_[A-Z_]+", line)}

    assert open_ones(UNIT) == set()
    assert open_ones("keuring-agent-smart@0.service") == {"CAP_SYS_ADMIN", "CAP_SYS_RAWIO"}


def test_a_path_with_a_space_and_odd_letters_is_quoted(tmp_path: Path) -> None:
    unit = next(
        file for file in files(("/opt/my tools/100%/python", "-m", "keuring_agent")) if file.path.endswith(UNIT)
    )
    assert 'ExecStart="/opt/my tools/100%%/python" -m keuring_agent run' in unit.text


def test_a_program_that_the_account_cannot_reach_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    program = tmp_path / "closed" / "python"
    program.write_text("")
    program.chmod(0o755)
    found = Systemd(Path("/"), (str(program),), lambda _arguments: Outcome(1, "not asked"))
    with pytest.raises(ServiceError, match="other accounts may not go through"):
        found._check_reach()


# --- the helper for disks -----------------------------------------------------------------------------------------

SCRIPT = service.FILES / "smart-helper"


def helped(tmp_path: Path, asked: bytes) -> tuple[int, str]:
    """The helper's exit code, and what smartctl was called with: a fake one that tells."""
    fake = tmp_path / "bin"
    fake.mkdir(exist_ok=True)
    (fake / "smartctl").write_text('#!/bin/sh\necho "$@"\n')
    (fake / "smartctl").chmod(0o755)
    text = SCRIPT.read_text().replace("PATH=/usr/sbin", f"PATH={fake}:/usr/sbin").replace("/dev/", f"{tmp_path}/dev/")
    text = text.replace("[ -b", "[ -e")
    script = tmp_path / "helper"
    script.write_text(text)
    done = subprocess.run(["/bin/sh", script], input=asked, capture_output=True, check=False, timeout=10)
    return done.returncode, done.stdout.decode().strip()


def test_the_helper_runs_smartctl_with_fixed_options_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    for name in ("sda", "sdab", "nvme0n1", "sda1", "mem"):
        (tmp_path / "dev" / name).touch()
    for name in ("sda", "sdab", "nvme0n1"):
        options = f"--json --info --health --attributes --nocheck=standby {tmp_path}/dev/{name}"
        assert helped(tmp_path, f"{name}\n".encode()) == (0, options)
    assert helped(tmp_path, b"sdc\n") == (66, "")
    for wrong in (
        *(b"", b"\n", b"sda", b"sda1\n", b"mem\n", b"../sda\n", b"sda --smart=off\n", b"sda;id\n", b"$(id)\n", b"-a\n"),
        *(b" sda\n", b"sda \n", b"sd*\n", b"sd[a]\n", b"sda\x00b\n", b"s\\da\n"),
    ):
        code, said = helped(tmp_path, wrong)
        assert (code, said) in {(64, ""), (66, "")} or (wrong == b"sda\x00b\n" and "--smart" not in said), wrong


def answering(path: Path, answer: bytes) -> tuple[threading.Thread, list[bytes]]:
    """A socket that gives one answer, and what it was asked."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection, server:
            asked.append(connection.makefile("rb").readline())
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread, asked


def test_the_agent_asks_the_helper(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    assert not smart_helper.offered(path)
    thread, asked = answering(tmp_path / "socket", b'{"smartctl": {}}')
    assert smart_helper.offered(path)
    assert smart_helper.ask("sda", 5.0, path) == b'{"smartctl": {}}'
    thread.join()
    assert asked == [b"sda\n"]
    with pytest.raises(NotMeasurable, match="does not answer"):
        smart_helper.ask("sda", 5.0, path)


def test_a_helper_that_says_nothing_is_told(tmp_path: Path) -> None:
    thread, _ = answering(tmp_path / "socket", b"")
    with pytest.raises(NotMeasurable, match="knows no disk of that name"):
        smart_helper.ask("sda", 5.0, str(tmp_path / "socket"))
    thread.join()


def test_unit_and_agent_mean_the_same_socket() -> None:
    unit = next(file for file in files(COMMAND) if file.path.endswith(SOCKET))
    assert f"ListenStream={smart_helper.SOCKET}\n" in unit.text


# --- launchd ------------------------------------------------------------------------------------------------------

# launchd.plist(5), as far as it is used here: key and type.
LAUNCHD: dict[str, type] = {
    "Label": str, "ProgramArguments": list, "EnvironmentVariables": dict, "WorkingDirectory": str, "UserName": str,
    "GroupName": str, "RunAtLoad": bool, "KeepAlive": dict, "ThrottleInterval": int, "ExitTimeOut": int,
    "ProcessType": str, "LowPriorityIO": bool, "LowPriorityBackgroundIO": bool, "Nice": int, "Umask": int,
    "SoftResourceLimits": dict, "StandardErrorPath": str, "StandardOutPath": str,
}  # fmt: skip


class Mac:
    """Answers as macOS would, and remembers what was run."""

    def __init__(self, *, known: bool = False, used: Sequence[int] = ()) -> None:
        self.known, self.used = known, used
        self.ran: list[tuple[str, ...]] = []

    def __call__(self, arguments: Sequence[str]) -> Outcome:
        self.ran.append(tuple(arguments))
        if "-read" in arguments:
            return Outcome(0 if self.known else 56, "")
        if "-list" in arguments:
            return Outcome(0, "\n".join(f"_someone{number}  {number}" for number in self.used))
        return Outcome(0, "state = running" if "print" in arguments else "")


def test_the_plist_has_documented_keys_alone(tmp_path: Path) -> None:
    mac = Launchd(tmp_path, COMMAND, Mac())
    assert mac.install("keuring1.x")
    job = plistlib.loads((tmp_path / "Library/LaunchDaemons/keuring.agent.plist").read_bytes())
    assert {name: type(value) for name, value in job.items()} == LAUNCHD
    assert job["ProgramArguments"] == [*COMMAND, "run"]
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert job["ProcessType"] in {"Background", "Standard", "Adaptive", "Interactive"}
    assert (tmp_path / "var/lib/keuring-agent" / state.TOKEN).read_text() == "keuring1.x\n"
    assert not mac.install("")
    assert mac.is_installed()
    mac.uninstall(purge=True)
    assert tree(tmp_path) == {}


def test_macos_makes_its_account_once_with_a_free_number() -> None:
    mac = Mac(used=[350, 351, 501])
    steps = [step.arguments for step in Launchd(Path("/"), COMMAND, mac).account()]
    assert ("dscl", ".", "-create", f"/Users/{ACCOUNT}", "UniqueID", "352") in steps
    assert ("dscl", ".", "-create", f"/Groups/{ACCOUNT}", "PrimaryGroupID", "352") in steps
    assert Launchd(Path("/"), COMMAND, Mac(known=True)).account() == ()
    with pytest.raises(ServiceError, match="is free"):
        Launchd(Path("/"), COMMAND, Mac(used=range(300, 500))).account()


def test_a_command_that_fails_is_told() -> None:
    with pytest.raises(ServiceError, match=r"`false` failed \(1\)"):
        service.carry_out([service.Step(("false",))], service.run)
    service.carry_out([service.Step(("false",), may_fail=True)], service.run)
    assert service.run(("no-such-program",)) == Outcome(127, "no-such-program is not installed")


# --- Windows ------------------------------------------------------------------------------------------------------


class Control:
    """A service manager in memory."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.services: dict[str, dict[str, str]] = {}
        self.groups: set[tuple[str, str]] = set()
        self.refuse = refuse

    def state(self, name: str) -> str:
        return self.services.get(name, {}).get("state", "")

    def create(self, name: str, title: str, brief: str, command: str, account: str) -> None:
        if self.refuse:
            raise PermissionError(5, "Access is denied")
        self.services[name] = {"state": "stopped", "command": command, "account": account}

    def join(self, account: str, group: str) -> None:
        self.groups.add((account, group))

    def start(self, name: str) -> None:
        self.services[name]["state"] = "running"

    def stop(self, name: str) -> None:
        self.services[name]["state"] = "stopped"

    def delete(self, name: str) -> None:
        assert self.services.pop(name)["state"] == "stopped"


def test_windows_service_is_made_started_and_removed(tmp_path: Path) -> None:
    control, ran = Control(), []

    def runs(arguments: Sequence[str]) -> Outcome:
        ran.append(tuple(arguments))
        return Outcome(0, "")

    data = tmp_path / "Keuring"
    windows = WindowsService((r"C:\Program Files\Keuring\keuring-agent.exe",), control, runs, data)
    assert windows.install("keuring1.x")
    assert control.services[NAME] == {
        "state": "running",
        "command": r'"C:\Program Files\Keuring\keuring-agent.exe" service host',
        "account": rf"NT SERVICE\{NAME}",
    }
    assert {group for _, group in control.groups} == set(GROUPS)
    assert ran[0][:3] == ("icacls", str(data / "state"), "/inheritance:r")
    assert (data / "state" / state.TOKEN).read_text() == "keuring1.x\n"
    assert not windows.install("")
    assert windows.is_running()
    assert any("service host" in line for line in windows.plan())
    windows.uninstall(purge=False)
    assert (control.services, (data / "state").exists()) == ({}, True)
    windows.uninstall(purge=True)
    assert not data.exists()


def test_windows_without_rights(tmp_path: Path) -> None:
    windows = WindowsService(("agent.exe",), Control(refuse=True), lambda _: Outcome(0, ""), tmp_path)
    with pytest.raises(ServiceError, match="run this as administrator"):
        windows.install("")


class Framework:
    """The part of win32serviceutil.ServiceFramework that is used."""

    def __init__(self, arguments: list[str]) -> None:
        self.reported: list[tuple[int, int]] = []

    def ReportServiceStatus(self, status: int, svcExitCode: int = 0) -> None:  # noqa: N802, N803
        self.reported.append((status, svcExitCode))


class Manager:
    def __init__(self) -> None:
        self.said: list[str] = []

    def LogErrorMsg(self, text: str) -> None:  # noqa: N802
        self.said.append(text)


class States:
    SERVICE_STOP_PENDING, SERVICE_STOPPED = 3, 1


def test_windows_stops_the_agent_and_is_told_how_it_ended() -> None:
    began, bells = threading.Event(), []

    def work(bell: Bell) -> int:
        bells.append(bell)
        began.set()
        while not bell.stopped:
            bell.wait(60.0)
        return 8

    manager = Manager()
    running: Any = service_class(Framework, manager, States, work)(["x"])
    thread = threading.Thread(target=running.SvcDoRun)
    thread.start()
    assert began.wait(10)
    running.SvcStop()
    thread.join(10)
    assert not thread.is_alive()
    assert running.reported == [(States.SERVICE_STOP_PENDING, 0), (States.SERVICE_STOPPED, 8)]
    assert "code 8" in manager.said[0]
    bells[0].wait(60.0)  # returns at once


def test_host_is_for_windows_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("host") == 1
    assert "is what Windows starts" in capsys.readouterr().err
