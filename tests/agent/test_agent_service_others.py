"""The services of macOS and Windows: what is written, and which commands are called. Never run there by us."""

from __future__ import annotations

import plistlib
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from keuring_agent import access, cli, dispatches, restarting, service, state
from keuring_agent.errors import StateError
from keuring_agent.service import Outcome, ServiceError
from keuring_agent.service.macos import ACCOUNT, Launchd
from keuring_agent.service.windows import GROUPS, NAME, SHARED, WindowsService
from keuring_agent.service.windows_host import Bell, service_class

if TYPE_CHECKING:
    from collections.abc import Sequence


COMMAND = ("/opt/keuring/bin/keuring-agent",)


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
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


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
    assert [(step[1], step[2]) for step in ran] == [
        (str(data / place), "/inheritance:r") for place in ("", "state", "state/requests")
    ]
    assert (data / "state" / state.TOKEN).read_text() == "keuring1.x\n"
    assert not windows.install("")
    assert windows.is_running()
    assert any("service host" in line for line in windows.plan())
    windows.uninstall(purge=False)
    assert (control.services, (data / "state").exists()) == ({}, True)
    windows.uninstall(purge=True)
    assert not data.exists()


def granted(windows: WindowsService) -> dict[str, dict[str, str]]:
    """{file or directory: {SID or account: rights}} that the service's installation gives, as icacls reads them."""
    lists = {}
    for step in windows.rights():
        _, path, *words = step.arguments
        grants = words[words.index("/grant:r") + 1 :]
        lists[Path(path).name] = {who: what for who, _, what in (grant.rpartition(":") for grant in grants)}
    return lists


def test_on_windows_colleagues_may_ask_and_read_what_is_for_them_and_nothing_else(tmp_path: Path) -> None:
    windows = WindowsService(("agent.exe",), Control(), lambda _: Outcome(0, ""), tmp_path)
    colleagues, everybody, service_account = f"*{access.COLLEAGUES}", "*S-1-5-32-545", rf"NT SERVICE\{NAME}"
    lists = granted(windows)
    assert lists[tmp_path.name][everybody] == "(OI)(CI)RX"  # settings: not to be written by anybody
    assert lists[tmp_path.name][service_account] == "(OI)(CI)RX"
    assert (lists["state"][colleagues], lists["requests"][colleagues]) == ("(S,X)", "(S,X,WD)")  # no RD: no looking
    assert everybody not in {**lists["state"], **lists["requests"]}
    assert lists["state"][service_account] == lists["requests"][service_account] == "(OI)(CI)M"

    (tmp_path / "state").mkdir()
    for name in (*SHARED, state.IDENTITY, "spool.sqlite3", state.TOKEN):
        (tmp_path / "state" / name).touch()
    opened = {name for name, grants in granted(windows).items() if grants == {colleagues: "R"}}
    assert opened == {"dispatches.log", "dispatches.1.log", "pause.json", "notices.json", "policy.json", "effort.json"}


class Entries:
    """An access list of Windows."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.added: list[tuple[int, int, str]] = []

    def GetSecurityDescriptorDacl(self) -> Entries:  # noqa: N802  # Windows' names
        return self

    def AddAccessAllowedAce(self, revision: int, rights: int, who: str) -> None:  # noqa: N802
        self.added.append((revision, rights, who))


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[int, int, str]]]:
    """{file: what its access list was given}, of the files that pywin32 was asked for."""
    given: dict[str, list[tuple[int, int, str]]] = {}
    refused = type("error", (Exception,), {"winerror": 5, "strerror": "Access is denied."})

    def get(path: str, kind: int, part: int) -> Entries:
        assert (kind, part) == (1, 4)
        if "refused" in path:
            raise refused
        return Entries(path)

    def put(path: str, kind: int, part: int, owner: None, group: None, entries: Entries, audit: None) -> None:
        assert (kind, part, owner, group, audit, entries.path) == (1, 4, None, None, None, path)
        assert Path(path).exists()
        given[Path(path).name] = entries.added

    calls = {
        "GetNamedSecurityInfo": get,
        "SetNamedSecurityInfo": put,
        "ConvertStringSidToSid": lambda text: f"<{text}>",
    }
    security = SimpleNamespace(SE_FILE_OBJECT=1, DACL_SECURITY_INFORMATION=4, **calls)
    monkeypatch.setitem(sys.modules, "win32security", security)
    monkeypatch.setitem(sys.modules, "pywintypes", SimpleNamespace(error=refused))
    monkeypatch.setattr(access, "IS_NEEDED", True)
    return given


def test_on_windows_what_is_for_colleagues_is_opened_up_as_it_is_written(
    tmp_path: Path, lists: dict[str, list[tuple[int, int, str]]]
) -> None:
    read_only = [(2, 0x120089, "<S-1-5-4>")]
    state.write(tmp_path / state.IDENTITY, {})
    assert lists == {}
    state.write(tmp_path / state.POLICY, {}, shared=True)
    assert lists.pop(".policy.json.new") == read_only  # before it takes the place of the one that was there
    for _ in range(2):
        dispatches.append(tmp_path, [dispatches.Dispatch(1.0, dispatches.REPORTS, "collector:443")])
    assert lists == {dispatches.FILE_NAME: read_only}  # once, when the file is new
    with pytest.raises(StateError, match=r"policy\.json: cannot be written \(Access is denied"):
        state.write(tmp_path / "refused.policy.json", {}, shared=True)


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


def test_windows_starts_the_agent_anew_that_asks_for_it() -> None:
    manager = Manager()
    left: list[int] = []
    running: Any = service_class(Framework, manager, States, lambda _bell: restarting.EXIT_CODE, left.append)(["x"])
    running.SvcDoRun()
    assert left == [restarting.EXIT_CODE]
    assert (running.reported, manager.said) == ([], [])  # or Windows would take it for stopped


def test_host_is_for_windows_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["service", "host"]) == 1
    assert "is what Windows starts" in capsys.readouterr().err
