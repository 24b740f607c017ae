"""deploy/packages: the agent frozen, as a .deb and as an .rpm; built, installed into a root of its own, used, upgraded
and removed again without a trace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_agent import VERSION, state
from tests.agent.collector import Collector
from tests.agent.test_agent_process import QUICK, wait_for
from tests.repository import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = DEPLOY / "packages"
STARTER = "etc/xdg/autostart/keuring-notices.desktop"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="packages are installed by root")
# One build for all of it, so all of it in one process.
pytestmark = [pytest.mark.long, pytest.mark.needs("dpkg-deb", "objdump")]
# What programs that keep accounts and units leave behind, whoever calls them.
NOT_OURS = re.compile(
    r"etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?)|var/lib/(dpkg|systemd|rpm)(/.*)?"
)


@cache
def build(output: Path, kind: str, *more: str) -> Path:
    """Builds with deploy/packages/build.py, once; returns what it made."""
    command = [sys.executable, str(PACKAGES / "build.py"), kind, "--output", str(output), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where packages are built, with the one-folder build in it."""
    found = tmp_path_factory.mktemp("build")
    build(found, "frozen")
    yield found
    shutil.rmtree(found)


@dataclass
class System:
    """A small installed system below ``root``, with the packages' own database."""

    root: Path

    def tree(self) -> dict[str, str]:
        """Every file and directory with its kind, and of accounts the text."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if not NOT_OURS.fullmatch(name):
                found[name] = "link" if path.is_symlink() else "directory" if path.is_dir() else "file"
        return found

    def dpkg(self, *arguments: str) -> str:
        flags = [f"--root={self.root}", "--force-script-chrootless", "--no-triggers", "--log=/dev/null"]
        environment = {
            **os.environ,
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }
        done = subprocess.run(
            ["dpkg", *flags, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def state(self) -> Path:
        return self.root / "var" / "lib" / "keuring-agent"

    def agent(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the installed program. As root of the test it goes on as the account that owns the state directory."""
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **QUICK}
        where = ["--state-directory", str(self.state), "--config", str(self.root / "etc/keuring-agent/agent.toml")]
        program = self.root / "usr/bin/keuring-agent"
        flags = [] if arguments == ("--version",) else where
        return subprocess.run(
            [program, *arguments, *flags], env=environment, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture
def system() -> Iterator[System]:
    """In /tmp itself, since the agent's account must be able to get there."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="keuring-root-") as directory:
        root = Path(directory)
        root.chmod(0o755)
        for name in ("etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"):
            (root / name).mkdir(parents=True)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")
        # What the package depends on is what this system has of it, so that dpkg's check is a real one.
        known = subprocess.run(
            ["dpkg-query", "-s", "libc6", "systemd", "passwd"], capture_output=True, text=True, check=True
        )
        paragraphs = [
            re.sub(r"^(Pre-)?Depends:.*\n", "", text, flags=re.MULTILINE) for text in known.stdout.split("\n\n")
        ]
        paragraphs = [re.sub(r"^Conffiles:\n( .*\n)*", "", text, flags=re.MULTILINE) for text in paragraphs]
        (root / "var/lib/dpkg/status").write_text("\n\n".join(paragraphs))
        for name in ("libc6:amd64", "libc6:arm64", "systemd", "passwd"):
            (root / f"var/lib/dpkg/info/{name}.list").write_text("")
        yield System(root)


@AS_ROOT
def test_deb_installed_used_upgraded_removed_and_purged(output: Path, system: System) -> None:
    first = build(output, "deb", "--compression", "gzip")
    second = build(output, "deb", "--compression", "gzip", "--version", f"{VERSION}.1")
    before = system.tree()

    system.dpkg("--install", str(first))
    installed = system.tree()
    assert system.agent("--version").stdout == f"keuring-agent {VERSION}\n"
    assert (system.root / STARTER).read_text() == (DEPLOY / "session" / "keuring-notices.desktop").read_text()
    for unit in ("multi-user.target.wants/keuring-agent.service", "sockets.target.wants/keuring-agent-smart.socket"):
        assert (system.root / "etc/systemd/system" / unit).is_symlink()
    account = re.search(r"^keuring-agent:x:(\d+):(\d+)", (system.root / "etc/passwd").read_text(), re.MULTILINE)
    assert account is not None
    kept = system.state.stat()
    assert (kept.st_uid, kept.st_mode & 0o7777) == (int(account[1]), 0o711)

    found = system.agent("doctor")
    assert found.returncode == 1
    assert "is not enrolled" in found.stdout
    assert "fail state directory" not in found.stdout

    with Collector() as collector:
        enrolled = system.agent("enroll", "--token", collector.token())
        assert enrolled.returncode == 0, enrolled.stderr
        sent = system.agent("once")
        assert sent.stdout == "sent 1 report\n", sent.stderr
        assert {path.stat().st_uid for path in system.state.iterdir()} == {int(account[1])}
        identity = (system.state / "identity.json").read_bytes()
        collector.stop()
        assert system.agent("once").returncode == 5  # it stays in the spool
        settings = system.root / "etc/keuring-agent/agent.toml"
        settings.write_text(settings.read_text() + "disabled_signals = []\n")

        system.dpkg("--install", str(second))
        assert (system.state / "identity.json").read_bytes() == identity
        assert settings.read_text().endswith("\ndisabled_signals = []\n")
        collector.start()
        assert system.agent("once").stdout == "sent 2 reports\n"
        assert [report.sequence for report in collector.journal.reports] == [1, 2, 3]

    system.dpkg("--remove", "keuring-agent")
    left = {name for name, kind in system.tree().items() if kind == "file"} - before.keys()
    assert {name.rpartition("/")[0] for name in left} == {
        "var/lib/keuring-agent",
        "etc/keuring-agent",
        "etc/xdg/autostart",
    }
    system.dpkg("--install", str(second))
    assert (system.state / "identity.json").read_bytes() == identity
    system.dpkg("--purge", "keuring-agent")
    empty = {"etc/systemd", "etc/systemd/system"}
    assert system.tree().keys() - before.keys() <= empty
    assert before.keys() - system.tree().keys() == set()
    for name in ("passwd", "group"):
        assert "keuring" not in (system.root / "etc" / name).read_text()
    assert len(installed) > 50


def test_deb_is_what_debian_expects(output: Path) -> None:
    package = build(output, "deb", "--compression", "gzip")

    def said(*arguments: str) -> str:
        return subprocess.run(["dpkg-deb", *arguments, package], capture_output=True, text=True, check=True).stdout

    listed = said("--contents").splitlines()
    assert {line.split()[1] for line in listed} == {"root/root"}
    assert not [line for line in listed if line.startswith(("-rws", "-rwxr-s"))]
    assert {line.split()[0][5] for line in listed if line[0] in "-d"} == {"-"}  # no group may write
    fields = dict(re.findall(r"^(\S+): (.*)$", said("--field"), re.MULTILINE))
    assert (fields["Package"], fields["Version"]) == ("keuring-agent", VERSION)
    assert re.search(r"libc6 \(>= 2\.\d+\)", fields["Depends"])
    assert 20_000 < int(fields["Installed-Size"]) < 70_000  # KiB
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["/bin/sh", "-n", PACKAGES / "deb" / script], check=True)


def test_frozen_agent_reports_enrols_itself_and_is_light(output: Path, tmp_path: Path) -> None:
    """What the folder build must do that plain Python does otherwise: find its texts, start its child, stay small."""
    program = output / "keuring-agent" / "keuring-agent"
    with Collector() as collector:
        (tmp_path / state.TOKEN).write_text(collector.token())
        clean = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **QUICK}
        running = subprocess.Popen(
            [program, "run", "--state-directory", tmp_path], env=clean, stderr=subprocess.PIPE, text=True
        )
        try:
            wait_for(lambda: len(collector.journal.reports) >= 3)
            status = (Path("/proc") / str(running.pid) / "status").read_text()
            mapped = (Path("/proc") / str(running.pid) / "maps").read_text()
        finally:
            running.terminate()
            said = running.communicate(timeout=30)[1]
        assert "enrolled as " in said
        assert running.returncode == 0
        assert "cygrpc" not in mapped
        resident = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert resident is not None
        print(f"resident: {int(resident[1]) / 1024:.1f} MiB")
        assert int(resident[1]) < 30 * 1024
        dutch = subprocess.run(
            [program, "show", "--language", "nl", "--state-directory", tmp_path],
            env=clean,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Dit is alles wat deze computer zou verlaten" in dutch.stdout
        units = subprocess.run(
            [program, "service", "install", "--print"], env=clean, capture_output=True, text=True, check=True
        )
        assert f"ExecStart={program} run" in units.stdout
        spawned = {**clean, **{f"KEURING_AGENT_{name}": "" for name in ("PROXY", "ENROLMENT_TOKEN")}}
        child: list[str | Path] = [program, "--sending", f"state_directory={tmp_path}"]
        assert subprocess.run(child, env=spawned, check=False).returncode == 0


def test_specs_are_python_and_name_what_is_there() -> None:
    for path in sorted((PACKAGES / "frozen").glob("*.spec")):
        compile(path.read_text(encoding="utf-8"), path.name, "exec")
    assert len(list((PACKAGES / "frozen").glob("*.spec"))) == 3


@AS_ROOT
@pytest.mark.needs("rpmbuild")
def test_rpm_installed_used_upgraded_and_removed(output: Path, system: System) -> None:
    first = build(output, "rpm", "--compression", "gzip")
    second = build(output, "rpm", "--compression", "gzip", "--version", f"{VERSION}.1")

    def rpm(*arguments: str | Path) -> str:
        done = subprocess.run(["rpm", f"--root={system.root}", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    rpm("--initdb")
    before = system.tree()
    # Scripts of rpm run inside the root, where there is no shell; they are read below.
    rpm("--install", "--nodeps", "--noscripts", first)
    assert system.agent("--version").stdout == f"keuring-agent {VERSION}\n"
    assert (system.root / STARTER).is_file()
    settings = system.root / "etc/keuring-agent/agent.toml"
    settings.write_text("deadline = 20.0\n")
    rpm("--upgrade", "--nodeps", "--noscripts", second)
    assert settings.read_text() == "deadline = 20.0\n"
    assert f"keuring-agent-{VERSION}.1-1" in rpm("--query", "--all")
    scripts = rpm("--query", "--scripts", "keuring-agent")
    for part in re.split(r"^\w+ scriptlet \(using /bin/sh\):$", scripts, flags=re.MULTILINE)[1:]:
        subprocess.run(["/bin/sh", "-n"], input=part, text=True, check=True)
    assert scripts.count("scriptlet (using /bin/sh)") == 3
    assert "glibc >= 2." in rpm("--query", "--requires", "keuring-agent")
    rpm("--erase", "--noscripts", "keuring-agent")
    left = {name for name, kind in system.tree().items() if kind == "file"} - before.keys()
    assert left <= {"etc/keuring-agent/agent.toml.rpmsave"}  # removed by the last script
