"""Modules stay small, declare what they import, and keep to the places that are meant for things."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import imports, strings
from tests.repository import DISTRIBUTIONS, ROOT, modules, named, tracked

if TYPE_CHECKING:
    from pathlib import Path

MOST_LINES = 400
LONGER: dict[str, str] = {}  # path: why; may only shrink
OWN = {"keuring", "keuring_rules", "keuring_agent", "keuring_collector", "tests"}
SQL = re.compile(
    r"\b(SELECT\s[^;]*?\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|VIEW)"
    r"|TRUNCATE\s+\w+|COPY\s+\w+\s*\(|BEGIN\s+IMMEDIATE|PRAGMA\s+\w+)"
)


def below(*folders: str) -> list[Path]:
    return [path for path in modules() if named(path).startswith(tuple(f"{folder}/" for folder in folders))]


def test_modules_stay_short() -> None:
    long = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES and name not in LONGER} == {}
    assert {name for name in LONGER if long.get(name, 0) <= MOST_LINES} == set()


def declared(project: Path, *, group: str = "") -> set[str]:
    """The distributions that a pyproject.toml names, canonically."""
    content = tomllib.loads(project.read_text(encoding="utf-8"))
    texts = list(content["project"].get("dependencies", ()))
    for extra in content["project"].get("optional-dependencies", {}).values():
        texts += extra
    texts += content.get("dependency-groups", {}).get(group, ())
    return {canonicalize_name(Requirement(text).name) for text in texts}


def foreign(paths: list[Path]) -> dict[str, set[str]]:
    """{imported name: modules that import it} for what is neither of the standard library nor ours."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for name in imports(path) - OWN:
            found.setdefault(name, set()).add(named(path))
    return found


installed = cache(metadata.packages_distributions)


def providers(name: str) -> set[str]:
    if name == "google":
        return {"protobuf"}
    if name.startswith(("win32", "pywin")) or name in ("pythoncom", "servicemanager"):
        return {"pywin32"}
    return {canonicalize_name(found) for found in installed().get(name, [name])}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_each_distribution_declares_what_it_imports(distribution: str) -> None:
    sources = [path for path in below(distribution) if path.name != "generate.py"]
    known = declared(ROOT / distribution / "pyproject.toml")
    used = foreign(sources + [path for path in tracked() if path.suffix == ".py" and path in sources])
    assert {name: sorted(where) for name, where in used.items() if not providers(name) & known} == {}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_each_distribution_declares_those_of_ours_that_it_imports(distribution: str) -> None:
    own = {"protos": "keuring", "rules": "keuring_rules", "agent": "keuring_agent", "collector": "keuring_collector"}
    used = set().union(*map(imports, below(distribution))) & set(own.values()) - {own[distribution]}
    packages = {"keuring": "keuring-protos", **{name: name.replace("_", "-") for name in list(own.values())[1:]}}
    assert {packages[name] for name in used} <= declared(ROOT / distribution / "pyproject.toml")


def test_tools_and_tests_import_only_what_is_locked() -> None:
    known = declared(ROOT / "pyproject.toml", group="dev")
    for distribution in DISTRIBUTIONS:
        known |= declared(ROOT / distribution / "pyproject.toml")
    known.add("packaging")  # comes with pytest, which cannot do without
    used = foreign([*below("tests", "docs", "deploy"), ROOT / "protos" / "generate.py"])
    used = {name: where for name, where in used.items() if not (ROOT / "tests" / f"{name}.py").exists()}
    assert {name: sorted(where) for name, where in used.items() if not providers(name) & known} == {}


def test_the_engine_imports_numpy_and_the_standard_library() -> None:
    assert set().union(*map(imports, below("collector/keuring_collector/engine"))) <= {"numpy", "keuring_collector"}


def test_the_engine_knows_no_clock_and_no_input() -> None:
    forbidden = {"time", "datetime", "random", "secrets", "os", "pathlib", "socket", "subprocess", "threading"}
    for path in below("collector/keuring_collector/engine"):
        used = imports(path, standard=True) & forbidden
        assert used == set(), f"{named(path)} imports {sorted(used)}"


def test_sql_is_written_in_the_store() -> None:
    allowed = (
        "collector/keuring_collector/store/",
        "collector/keuring_collector/backup/",  # whole databases, whatever is in them
        "collector/keuring_collector/commands/backup.py",
        "collector/keuring_collector/commands/restore.py",
    )
    found = [
        f"{named(path)}:{line}: {text.strip()[:60]}"
        for path in below("agent", "collector")
        if not named(path).startswith((*allowed, "agent/keuring_agent/spool"))
        for line, text in strings(path)
        if SQL.search(text)
    ]
    assert found == []


def test_python_is_new_enough_to_read_the_modules() -> None:
    for distribution in DISTRIBUTIONS:
        content = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8"))
        assert content["project"]["requires-python"] == ">=3.11"
    assert sys.version_info >= (3, 11)


def test_nothing_is_left_to_do() -> None:
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
    found = [
        f"{named(path)}:{number}"
        for path in tracked()
        if path.suffix in (".py", ".proto", ".yaml", ".yml", ".md", ".html", ".css", ".js", ".toml", "")
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []
