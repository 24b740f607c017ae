"""Every program that a test needs is one that .ci/run installs, so that in CI nothing is skipped."""

from __future__ import annotations

import ast
import re
import shutil
from typing import TYPE_CHECKING

from tests.architecture.sources import tree
from tests.programs import PROGRAMS
from tests.repository import ROOT, modules, named

if TYPE_CHECKING:
    from collections.abc import Iterator


def needed() -> Iterator[tuple[str, str]]:
    """(program, where) of every needs(...) mark and every require_program(...)."""
    for path in modules():
        if not named(path).startswith("tests/"):
            continue
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("needs", "require_program"):
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value), f"{named(path)}:{node.lineno}"


def installed() -> dict[str, str]:
    """The programs that .ci/run makes sure of, and the packages that bring them."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    block = re.search(r"^programs=\($(.*?)^\)$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    return dict(re.findall(r"^\s+([\w.-]+):([\w.+-]+)", block[1], re.MULTILINE))


def test_ci_installs_every_program_that_a_test_needs() -> None:
    known = installed()
    missing = [f"{where}: {name}" for name, where in needed() if known.keys().isdisjoint(PROGRAMS.get(name, (name,)))]
    assert missing == []
    assert len(known) > 8


def test_ci_fails_where_something_is_missing() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^export CI=", text, re.MULTILINE)
    assert "set -euo pipefail" in text
    assert text.index('make --no-print-directory PYTHON="$python" check') < text.index("test PYTEST=")


def test_what_ci_calls_by_name_is_on_debian() -> None:
    assert shutil.which("bash")
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package) for package in installed().values())
