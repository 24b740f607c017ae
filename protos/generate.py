"""Generates what the contract implies: gRPC code, the signal catalogue as Python, and SIGNALS.md.

``python protos/generate.py`` writes the files; with ``--check`` it writes nothing and fails when one of them is
not what it would write.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from keuring.signals.model import Kind, Privacy, Statistic, Status, ValueType

HERE = Path(__file__).parent
SIGNALS = HERE / "keuring" / "signals"
PLATFORMS = {"linux", "windows", "macos"}


class CatalogueError(Exception):
    """An entry of the catalogue is wrong; the message says which file, which entry and what to mend."""


def load() -> list[tuple[str, list[dict[str, Any]]]]:
    """All subjects as (title, entries), in order of their first id."""
    subjects = []
    seen: dict[Any, str] = {}
    for path in SIGNALS.glob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in document["signals"]:
            check(entry, path, seen)
        subjects.append((document["title"], document["signals"]))
    return sorted(subjects, key=lambda subject: int(subject[1][0]["id"]))


def check(entry: dict[str, Any], path: Path, seen: dict[Any, str]) -> None:
    """Refuses an entry that breaks a rule of the catalogue."""
    where = f"{path.name}: {entry.get('name', entry)}"

    def require(condition: object, mend: str) -> None:
        if not condition:
            raise CatalogueError(f"{where}: {mend}")

    for key in ("id", "name", "kind", "unit", "brief", "purpose", "privacy", "platforms"):
        require(key in entry, f"'{key}' is missing")
    for key in (entry["id"], entry["name"]):
        require(key not in seen, f"{key} is taken by {seen.get(key)}; draw another")
        seen[key] = where
    require(len(entry["name"]) <= 64, "a name has at most 64 characters")
    require(set(entry["platforms"]) <= PLATFORMS, f"platforms are among {sorted(PLATFORMS)}")
    require(entry["brief"].endswith(".") and entry["purpose"].endswith("."), "brief and purpose are sentences")
    kind = Kind(entry["kind"])
    numeric = kind in (Kind.GAUGE, Kind.COUNTER)
    require(("statistics" in entry) == numeric, "gauges and counters, and only they, name their statistics")
    require(("precision" in entry) == numeric, "gauges and counters, and only they, have a precision")
    require(("value" in entry) == (kind is Kind.FACT), "facts, and only they, say what their value is")
    if kind is Kind.COUNTER:
        require(entry["statistics"] == ["sum"], "a counter's statistic is [sum]")
    elif numeric:
        require("sum" not in entry["statistics"], "[sum] is for counters")


def constant(name: str) -> str:
    """The Python name of a signal: ``system.cpu.utilization`` becomes ``SYSTEM_CPU_UTILIZATION``."""
    return name.upper().replace(".", "_").replace("-", "_")


def source(entry: dict[str, Any]) -> str:
    """The Python expression for one entry."""
    parts = [
        f"id={entry['id']}",
        f"name={entry['name']!r}",
        f"kind=Kind.{Kind(entry['kind']).name}",
        f"unit={entry['unit']!r}",
        f"brief={entry['brief']!r}",
        f"purpose={entry['purpose']!r}",
        f"privacy=Privacy.{Privacy[entry['privacy'].upper()].name}",
        f"platforms={tuple(entry['platforms'])!r}",
    ]
    if "subject" in entry:
        parts.append(f"subject={entry['subject']!r}")
    if "statistics" in entry:
        names = ", ".join(f"Statistic.{Statistic[name.upper()].name}" for name in entry["statistics"])
        parts.append(f"statistics=({names},)")
    if "precision" in entry:
        parts.append(f"precision={float(entry['precision'])!r}")
    if "value" in entry:
        parts.append(f"value=ValueType.{ValueType(entry['value']).name}")
    if "attributes" in entry:
        parts.append(f"attributes={tuple(entry['attributes'])!r}")
    if "otel" in entry:
        parts.append(f"otel={entry['otel']!r}")
    if "status" in entry:
        parts.append(f"status=Status.{Status(entry['status']).name}")
    return f"{constant(entry['name'])}: Final = Signal({', '.join(parts)})"


def python(subjects: list[tuple[str, list[dict[str, Any]]]]) -> str:
    """The module keuring.signals.catalogue, formatted."""
    lines = [
        '"""The signal catalogue as typed constants. Generated from the YAML files beside it by `make gen`."""',
        "from __future__ import annotations",
        "from typing import Final",
        "from keuring.signals.model import Kind, Privacy, Signal, Statistic, Status, ValueType",
    ]
    names = []
    for title, entries in subjects:
        lines.append(f"\n# {title}")
        for entry in entries:
            lines.append(source(entry))
            names.append(constant(entry["name"]))
    lines.append(f"\nSIGNALS: Final[tuple[Signal, ...]] = ({', '.join(names)},)")
    lines.append("BY_ID: Final[dict[int, Signal]] = {signal.id: signal for signal in SIGNALS}")
    lines.append("BY_NAME: Final[dict[str, Signal]] = {signal.name: signal for signal in SIGNALS}")
    text = "\n".join(lines)
    if "Status." not in text:
        text = text.replace("Statistic, Status, ValueType", "Statistic, ValueType")
    for command in (["check", "--select=I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(SIGNALS / "catalogue.py"), "-"],
            input=text, capture_output=True, text=True, check=True, cwd=HERE.parent,
        ).stdout  # fmt: skip
    return text


def markdown(subjects: list[tuple[str, list[dict[str, Any]]]]) -> str:
    """SIGNALS.md: the list that a works council reads."""
    count = sum(len(entries) for _, entries in subjects)
    lines = [
        "# What Keuring measures, and why",
        "",
        "Generated from the YAML files beside it by `make gen`: this is the whole list. What is not in it cannot",
        f"leave a machine. {count} signals. Privacy classes: *hardware* says nothing about a person; *software* is",
        "what is installed and how it fares; *identity* names one machine; *presence* could tell when somebody",
        "works, so staff see it by the day.",
    ]
    for title, entries in subjects:
        lines += [
            "",
            f"## {title}",
            "",
            "| signal | unit | what | why | privacy | systems |",
            "|---|---|---|---|---|---|",
        ]
        for entry in entries:
            about = f" (per {entry['subject']})" if "subject" in entry else ""
            status = {"planned": " *Planned.*", "collector": " *No agent sends it: the collector adds it.*"}
            planned = status.get(entry.get("status", ""), "")
            unit = f"`{entry['unit']}`" if entry["unit"] else entry.get("value", "")
            lines.append(
                f"| `{entry['name']}`{about} | {unit} | {entry['brief']}{planned} | {entry['purpose']} "
                f"| {entry['privacy']} | {', '.join(entry['platforms'])} |"
            )
    return "\n".join(lines) + "\n"


def grpc() -> dict[Path, str]:
    """The modules that protoc makes of the services and messages."""
    from grpc_tools import protoc

    # protoc looks for its mypy plugins on the PATH; they are beside this very Python.
    beside = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join((beside, os.environ.get("PATH", "")))
    protos = sorted(str(path.relative_to(HERE)) for path in HERE.glob("keuring/*/v1/*.proto"))
    well_known = str(resources.files("grpc_tools") / "_proto")
    with tempfile.TemporaryDirectory() as out:
        flags = [
            f"--{kind}_out={'quiet:' if 'mypy' in kind else ''}{out}"
            for kind in ("python", "grpc_python", "mypy", "mypy_grpc")
        ]
        if protoc.main(["protoc", f"-I{HERE}", f"-I{well_known}", *flags, *protos]) != 0:
            raise CatalogueError("protoc failed; its message is above")
        return {
            HERE / path.relative_to(out): path.read_text(encoding="utf-8")
            for path in sorted(Path(out).rglob("*_pb2*.py*"))
        }


def main() -> int:
    """Writes or checks all generated files of the contract."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    arguments = parser.parse_args()
    try:
        subjects = load()
        files = {
            SIGNALS / "catalogue.py": python(subjects),
            SIGNALS / "SIGNALS.md": markdown(subjects),
            **grpc(),
        }
    except CatalogueError as error:
        print(f"generate: {error}", file=sys.stderr)
        return 2
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if arguments.check:
            print(f"stale: {path.relative_to(HERE.parent)}; run `make gen`", file=sys.stderr)
        else:
            path.write_text(files[path], encoding="utf-8")
            print(f"wrote {path.relative_to(HERE.parent)}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
