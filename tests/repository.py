"""Where the repository's files are, and which of them are tracked; for tests that look at the files themselves."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
DEPLOY: Final = ROOT / "deploy"
DISTRIBUTIONS: Final = ("protos", "rules", "agent", "collector")


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file, and every new one that git would not ignore, below ``ROOT``; what is deleted is left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = (ROOT / name for name in sorted(set(listed.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


def named(path: Path) -> str:
    """A path as it is written in messages."""
    return path.relative_to(ROOT).as_posix()


def is_generated(path: Path) -> bool:
    """Whether a program wrote the file."""
    return "_pb2" in path.name or path.name == "catalogue.py"


def modules() -> list[Path]:
    """Every Python module that a person wrote."""
    return [path for path in tracked() if path.suffix == ".py" and not is_generated(path)]
