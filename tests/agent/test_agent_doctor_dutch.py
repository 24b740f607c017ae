"""What `doctor` finds is said in Dutch too: every sentence of its code, and the command as a whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_agent import cli, doctor
from keuring_agent.language import Language, texts
from tests.agent.test_agent_reasons import PLACE, said

if TYPE_CHECKING:
    import pytest

# The same in both languages, or values alone.
SAME: Final = {"", "X is X", "X", "endpoint X", "collector", "proxy", "tls"}
RENEWED: Final = "valid until X, renewed before by itself"  # and then perhaps another sentence


def sentences() -> set[str]:
    """Whatever a Finding of doctor.py is made of, X where a value stands."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(Path(doctor.__file__).read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        names: dict[str, ast.expr] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names[node.targets[0].id] = node.value
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                found.update(text.replace("{}", "X") for argument in node.args[1:] for text in said(argument, names))
    return found


def test_every_sentence_is_there_in_dutch() -> None:
    """As a whole, or each of the sentences that it puts together."""
    known = {PLACE.sub("X", english) for english in texts("nl")} | SAME
    found = sentences()
    assert len(found) > 60
    untold = {text for text in found - known if not known.issuperset(text.split("; "))}
    assert untold == {RENEWED + "X"}, "say them in Dutch too, in [doctor] of languages/nl.toml"
    replaced = RENEWED.replace("X", "1 May") + "; one that had expired was replaced on 2 May"
    dutch = "geldig tot 1 May, wordt daarvoor vanzelf vernieuwd; een verlopen certificaat is vervangen op 2 May"
    assert Language("nl").reason(replaced) == dutch
    assert Language("en").reason(replaced) == replaced


def test_the_command_in_dutch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = "keuring.updates.pending,keuring.updates.security.pending,keuring.updates.last_installed"
    monkeypatch.setenv("KEURING_AGENT_DISABLED_SIGNALS", updates)
    assert cli.main(["doctor", "--language", "nl", "--state-directory", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    enrol = "voer `keuring-agent enroll --token TOKEN` uit met een token van `keuring-collector token`"
    assert f"fail identiteit: {tmp_path}: deze computer is niet aangemeld\n       doe dit: {enrol}\n" in out
    assert "ok   wachtrij: nog geen\n" in out
    assert re.search(r"^ok   sensoren: \d+ van \d+ werken; \d+ signalen zijn hier niet te meten", out, re.MULTILINE)
    assert out.splitlines()[-1] == f"eerst: identiteit: {enrol}"
