"""What is wrong with a rule, and why something cannot be measured, is said in Dutch on a Dutch page."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import keuring_collector
from keuring.reasons import Reasons
from keuring.signals import catalogue
from tests.collector.console_fixtures import words
from tests.collector.test_console_backtest import browser, folder, held, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.collector.console_fixtures import Site

__all__ = ["browser", "folder"]  # fixtures
PACKAGE: Final = Path(keuring_collector.__file__).parent
RULES: Final = PACKAGE / "rulepack"
SOURCES: Final = [path for path in (*RULES.glob("*.py"), *RULES.glob("conditions/*.py")) if path.name != "commands.py"]
# Functions that take what is wrong or how to mend it, and in which of their places; "yield": what failed in a test.
TAKES: Final = {"Problem": (2, 3), "Fault": (1, 2), "ValueError": (0,), "owe": (1, 2), "Words": (0, 1)}
# They would fit nearly everything.
GENERAL: Final = {"write {what}", "{name}: {what}", "{path}.yaml:{line}: {what}"}


def said(node: ast.expr, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The sentences that an argument may be, Q where a value stands; none for what comes from elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "Q" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from said(node.body, names)
        yield from said(node.orelse, names)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from said(value, names)
    elif isinstance(node, ast.Name):
        for value in names.get(node.id, ()):
            yield from said(value, {})


def assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = (
                zip(target.elts, value.elts, strict=False)
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
                else [(target, value)]
            )
            for name, part in pairs:
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(part)
    return found


def sentences(path: Path) -> set[str]:
    """All that a module says of a rule that is wrong."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names, found = assigned(tree), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for place in TAKES.get(called, ()):
                if len(node.args) > place:
                    found.update(said(node.args[place], names))
        elif isinstance(node, ast.Yield) and node.value is not None and path.stem == "trial":
            found.update(said(node.value, names))
    return {part for sentence in found for part in sentence.split("; ")} - {"", "Q", "Q: Q"}


def test_everything_that_the_rule_pack_says_is_there_in_dutch() -> None:
    tables = tomllib.loads((PACKAGE / "console" / "faults_nl.toml").read_text(encoding="utf-8"))
    table = {english: dutch for part in tables.values() for english, dutch in part.items()}
    dutch = Reasons({english: text for english, text in table.items() if english not in GENERAL})
    told = {str(path.relative_to(RULES)): sentences(path) for path in SOURCES}
    assert len(set().union(*told.values())) > 150
    missing = {name: {each for each in found if dutch(each) == each} for name, found in told.items()}
    assert dutch("'x' is missing in 'y'") == "'x' ontbreekt in 'y'"
    # That one as the code has it; and the same in both: a file after "write", and formulas.
    same = {"'Q' is missingQ", "write Q"}
    left = {name: {each for each in found - same if " <= " not in each} for name, found in missing.items()}
    assert {name: found for name, found in left.items() if found} == {}


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_dutch_page_says_in_dutch_what_is_wrong_with_a_rule(site: Site, browser: Client, folder: Path) -> None:
    dutch = site.client(site.staff("saar", language="nl"))
    form = shown(dutch)
    wrong = form["text"].replace("severity: soon", "severity: sooner").replace("hold: 0", "holds: 0")
    response = dutch.post("/backtests/new/", {**form, "text": wrong})
    text = words(response)
    assert response.status_code == 422
    assert "severity: 'sooner' is geen van de woorden daarvoor; schrijf 'tip', 'watch', 'soon' of 'urgent'" in text
    assert "onbekend veld 'holds'; bedoel je 'hold'?" in text
    for before, after, told in (
        ("above: 90 %", "above: 900", "'900' is meer dan alles wat er is; schrijf het zoals '85 %'"),
        ("hold: 0", "hold: soon", "'soon' is geen tijdsduur; schrijf het zoals '30m', '36h' of '14d'"),
        ("privacy: Space", "privacies: Space", "'privacy' ontbreekt; zet er 'privacy: …' bij"),
        ("system.filesystem.utilization", "system.filesystem.utilisation", "onbekend signaal"),
    ):
        answer = dutch.post("/backtests/new/", {**held(response), "text": form["text"].replace(before, after)})
        assert told in words(answer), words(answer)
    assert "unknown field 'holds'" in words(browser.post("/backtests/new/", {**form, "text": wrong}))
    file = folder / "storage" / "test_space.yaml"
    file.write_text(wrong, encoding="utf-8")
    assert "onbekend veld 'holds' bedoel je 'hold'?" in words(dutch.get("/rules/"))


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_dutch_page_and_report_say_in_dutch_why_something_is_not_measured(site: Site) -> None:
    from keuring_collector.store import facts, open_store
    from tests.collector.console_fixtures import USED

    machine = site.machine()
    site.measure(machine, USED, [0.5] * 4, subject="C:")
    store, at = open_store(site.url), site.now.timestamp()
    with store.connection.transaction():
        rows = [
            (machine.pk, catalogue.KEURING_BATTERY_HEALTH.id, "", at, "this machine has no battery"),
            (machine.pk, catalogue.KEURING_WIFI_SIGNAL.id, "", at, "iw is not installed"),
            (machine.pk, catalogue.KEURING_CLOCK_OFFSET.id, "", at, "what chronyc says itself"),
        ]
        facts.put_unmeasured(store.connection, rows)
    store.close()
    saar, noor = site.client(site.staff("saar", language="nl")), site.client(site.staff("noor"))
    page = words(saar.get(f"/machines/{machine.uuid}/"))
    for told in ("deze computer heeft geen accu", "iw is niet geïnstalleerd", "what chronyc says itself"):
        assert told in page, told
    assert "this machine has no battery" in words(noor.get(f"/machines/{machine.uuid}/"))
    battery = next(item for item in site.inspection(machine).content["items"] if item["item"] == "battery")
    reasons = [[each["reason"] for each in battery[language]["unmeasured"]] for language in ("nl", "en")]
    assert reasons == [["deze computer heeft geen accu"], ["this machine has no battery"]]
