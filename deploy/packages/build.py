"""Builds the agent's packages for Linux from the one-folder build: a .deb with dpkg-deb, an .rpm with rpmbuild.

    python deploy/packages/build.py frozen --output build          # PyInstaller, one folder
    python deploy/packages/build.py deb --output build             # freezes first, unless build/keuring-agent is there
    python deploy/packages/build.py rpm --output build

In an environment in which requirements.lock and the agent are installed (make setup). Uses no network. The packages fit
systems with at least the C library of the machine that builds.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from keuring_agent.service.linux import PACKAGE, Layout, files

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAME = "keuring-agent"
PROGRAM = "/usr/bin/keuring-agent"
LIBRARY = "usr/lib/keuring-agent"
RPM_LAYOUT = Layout("/usr/lib/systemd/system", PACKAGE.accounts, PACKAGE.library)
SETTINGS = """\
# Settings of the Keuring agent; docs/agent.md describes each. The environment (KEURING_AGENT_…) wins over this file.
# proxy = "http://proxy.example.org:3128"
# disabled_signals = []
# machine_certificate = "/etc/ssl/private/machine.p12"
"""
TMPFILES = "d /var/lib/keuring-agent 0711 keuring-agent keuring-agent -\n"


def version() -> str:
    """The agent's version."""
    project = tomllib.loads((ROOT / "agent" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def freeze(output: Path) -> Path:
    """The one-folder build in ``output``; made by PyInstaller unless it is there."""
    folder = output / NAME
    if not folder.is_dir():
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
        places = ["--distpath", str(output), "--workpath", str(output / "work")]
        environment = {**os.environ, "PYINSTALLER_CONFIG_DIR": str(output / "cache")}
        subprocess.run([*command, *places, str(HERE / "frozen" / "linux.spec")], check=True, env=environment)
    return folder


def tree(folder: Path, target: Path, layout: Layout) -> None:
    """What every Linux package installs, below ``target``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target / LIBRARY, symlinks=True)
    texts = {file.path.lstrip("/"): (file.text, file.mode) for file in files((PROGRAM,), layout)}
    session = ROOT / "deploy" / "session" / "keuring-notices.desktop"
    texts["etc/xdg/autostart/keuring-notices.desktop"] = (session.read_text(encoding="utf-8"), 0o644)
    texts["usr/lib/tmpfiles.d/keuring-agent.conf"] = (TMPFILES, 0o644)
    texts["etc/keuring-agent/agent.toml"] = (SETTINGS, 0o644)
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    texts["usr/share/doc/keuring-agent/copyright"] = (licence, 0o644)
    for name, (text, mode) in texts.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    changes = gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), mtime=0)
    (target / "usr/share/doc/keuring-agent/changelog.gz").write_bytes(changes)
    (target / "usr/bin").mkdir(parents=True, exist_ok=True)
    (target / "usr/bin" / NAME).symlink_to(f"../lib/{NAME}/{NAME}")
    for path in (target, *target.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def c_library() -> str:
    """The version of the C library here, which the build needs at least."""
    return os.confstr("CS_GNU_LIBC_VERSION").rpartition(" ")[2]  # type: ignore[union-attr]


def deb(output: Path, wanted: str, compression: str) -> Path:
    """keuring-agent_VERSION_ARCHITECTURE.deb in ``output``."""
    target = output / "deb"
    tree(freeze(output), target, PACKAGE)
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout
    size = sum(path.lstat().st_size for path in target.rglob("*")) // 1024
    places = {
        "@VERSION@": wanted,
        "@ARCHITECTURE@": architecture.strip(),
        "@SIZE@": str(size),
        "@LIBC@": c_library(),
        "@MAINTAINER@": os.environ.get("KEURING_MAINTAINER", "Service desk <servicedesk@example.org>"),
    }
    (target / "DEBIAN").mkdir()
    for source in sorted((HERE / "deb").iterdir()):
        if source.suffix:  # README.md
            continue
        text = source.read_text(encoding="utf-8")
        for place, value in places.items():
            text = text.replace(place, value)
        made = target / "DEBIAN" / source.name
        made.write_text(text, encoding="utf-8")
        made.chmod(0o755 if text.startswith("#!") else 0o644)
    package = output / f"{NAME}_{wanted}_{architecture.strip()}.deb"
    subprocess.run(
        [
            "dpkg-deb",
            "--root-owner-group",
            f"-Z{compression}",
            f"-z{1 if compression == 'gzip' else 6}",
            "--build",
            target,
            package,
        ],
        check=True,
    )
    return package


def rpm(output: Path, wanted: str, compression: str) -> Path:
    """keuring-agent-VERSION-1.ARCHITECTURE.rpm in ``output``."""
    target = output / "rpm"
    tree(freeze(output), target, RPM_LAYOUT)
    payload = {"xz": "w6.xzdio", "gzip": "w1.gzdio"}[compression]
    defined = {
        "_binary_payload": payload,
        "tree": target,
        "wanted": wanted,
        "libc": c_library(),
        "_topdir": output / "rpmbuild",
        "_rpmdir": output,
    }
    flags = [word for name, value in defined.items() for word in ("--define", f"{name} {value}")]
    subprocess.run(["rpmbuild", "-bb", "--quiet", *flags, HERE / "rpm" / "keuring-agent.spec"], check=True)
    return next(output.glob(f"*/{NAME}-{wanted}-*.rpm"))


def main() -> None:
    """Builds what was asked for and prints where it is."""
    parser = argparse.ArgumentParser(description="Builds the agent's packages for Linux.")
    parser.add_argument("kind", choices=("frozen", "deb", "rpm"))
    parser.add_argument("--output", type=Path, default=Path("build"))
    parser.add_argument("--version", default=version(), help="default: the agent's")
    parser.add_argument(
        "--compression", choices=("xz", "gzip"), default="xz", help="gzip is quicker and a third larger"
    )
    chosen = parser.parse_args()
    output = chosen.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    made = {"deb": deb, "rpm": rpm}
    print(freeze(output) if chosen.kind == "frozen" else made[chosen.kind](output, chosen.version, chosen.compression))


if __name__ == "__main__":
    main()
