"""`service install|status|uninstall` on Linux: what is written and run, twice the same, and gone afterwards."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_agent import cli, state
from keuring_agent.service import Outcome, ServiceError, linux
from keuring_agent.service.linux import HELPER_UNIT, OWN, SOCKET, UNIT, Systemd, files
from tests.programs import find_program

if TYPE_CHECKING:
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
    for action in ("install", "uninstall"):
        assert run(action, "--root", str(root)) == 1
        assert "the service came with the agent's package" in capsys.readouterr().err
    assert run("status", "--root", str(root)) == 1  # it does not run
    assert "the service is installed" in capsys.readouterr().out


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


@pytest.mark.parametrize("place", OWN)
def test_a_program_that_the_service_does_not_see_is_told(place: str) -> None:
    found = Systemd(Path("/"), (f"{place}/keuring/bin/python",), lambda _arguments: Outcome(1, "not asked"))
    with pytest.raises(ServiceError, match=f"the service has a {place} of its own"):
        found._check_reach()


def test_a_program_that_the_account_cannot_reach_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "OWN", ())
    (tmp_path / "closed").mkdir(mode=0o700)
    program = tmp_path / "closed" / "python"
    program.write_text("")
    program.chmod(0o755)
    found = Systemd(Path("/"), (str(program),), lambda _arguments: Outcome(1, "not asked"))
    with pytest.raises(ServiceError, match="other accounts may not go through"):
        found._check_reach()
