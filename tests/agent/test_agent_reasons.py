"""Why something cannot be measured is said in Dutch too, whatever the reason."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import keuring.reasons as reasons_of_all
import keuring_agent
from keuring_agent.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(keuring_agent.__file__).parent
# Those of Windows have a test of their own.
SOURCES: Final = [
    *sorted(PACKAGE.glob("host/*.py")),
    *sorted(PACKAGE.glob("host/linux/*.py")),
    *sorted(PACKAGE.glob("host/darwin/*.py")),
    *sorted(PACKAGE.glob("sensors/*.py")),
    PACKAGE / "recorder.py",
]
# Functions that take a reason, and in which of their places.
TAKES: Final = {"NotMeasurable": 0, "cannot": 0, "_untold": 0, "text": 1, "data": 1}
PLACE: Final = re.compile(r"\{[^{}]*\}")


def said(node: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """The sentences that an argument may be, {} where a value stands; none for what comes from elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from said(node.body, names)
        yield from said(node.orelse, names)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from said(value, names)
    elif isinstance(node, ast.Name) and node.id in names:
        yield from said(names[node.id], {})


def reasons(path: Path) -> set[str]:
    """Every sentence of a module that says why something cannot be measured."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names[node.target.id] = node.value
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            place = TAKES.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
            if place is not None and len(node.args) > place:
                found.update(said(node.args[place], names))
    return found - {"", "{}; {}"}  # two reasons together are two reasons


def test_every_reason_is_there_in_dutch() -> None:
    tables = tomllib.loads((Path(reasons_of_all.__file__).parent / "nl.toml").read_text(encoding="utf-8"))
    ours = {PLACE.sub("{}", english) for english in tables["reasons"]}
    known = {PLACE.sub("{}", english) for table in tables.values() for english in table}
    told = {str(path.relative_to(PACKAGE)): reasons(path) for path in SOURCES}
    assert len(set().union(*told.values())) > 150
    missing = {name: found - known for name, found in told.items() if found - known}
    assert missing == {}, "say them in Dutch too, in [reasons] of protos/keuring/reasons/nl.toml"
    assert ours - set().union(*told.values()) == set()  # what nobody says any more


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        ("this machine has no battery", "deze computer heeft geen accu"),
        (
            "/dev/x may not be read by the account that the agent runs under",
            "het account waaronder de agent draait, mag /dev/x niet lezen",
        ),
        ("there is no /proc/x on this machine", "op deze computer is er geen /proc/x"),
        ("iw is not installed", "iw is niet geïnstalleerd"),
        (
            "pressure on cpu cannot be read on Windows yet",
            "op Windows is nog niet te lezen: druk op cpu",
        ),
        (
            "/dev/kmsg cannot be read: Operation not permitted; journalctl is not installed",
            "/dev/kmsg is niet te lezen: Operation not permitted; journalctl is niet geïnstalleerd",
        ),
        (
            "no certificate of the machine for Wi-Fi, cable or VPN is set up where it can be read; 2 could not be read",
            "er is geen certificaat van de computer voor wifi, kabel of VPN ingesteld waar het te lezen is; "
            "2 waren niet te lezen",
        ),
        ("what smartctl says itself", "what smartctl says itself"),
    ],
)
def test_how_a_reason_is_said(english: str, dutch: str) -> None:
    assert Language("nl").reason(english) == dutch
    assert Language("en").reason(english) == english
