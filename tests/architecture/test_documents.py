"""What is generated into docs/ is current, and nothing of the command line is undocumented."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from keuring_collector.__main__ import build_parser
from keuring_collector.commands.settings_file import names, replaced
from keuring_collector.config import Settings

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_pages_are_current() -> None:
    finished = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr


def test_each_promise_stands_once() -> None:
    rows = [
        line.split("|")[1].strip()
        for line in (DOCS / "status.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    promises = [row for row in rows if row != "promise"]
    assert len(promises) > 100
    assert [promise for promise in promises if promises.count(promise) > 1] == []


def test_every_setting_has_a_meaning_and_a_row() -> None:
    page = (DOCS / "operations" / "settings.md").read_text(encoding="utf-8")
    for name in names():
        assert (Settings.model_fields[name].description or "").endswith("."), name
        assert f"| `{name}` |" in page


def test_every_argument_of_every_command_has_help() -> None:
    def walk(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, child in action.choices.items():
                    assert child.description or any(choice.dest == name for choice in action._choices_actions), name
                    walk(child)
            elif action.option_strings:
                assert action.help, f"{parser.prog} {action.option_strings}"

    walk(build_parser())


def test_a_setting_can_be_changed_in_the_file_without_touching_the_rest() -> None:
    text = "# about a\n# a = 1\n\n# about b\nb = 2\n"
    assert replaced(text, "a", 3) == "# about a\na = 3\n\n# about b\nb = 2\n"
    assert replaced(text, "b", "x") == '# about a\n# a = 1\n\n# about b\nb = "x"\n'
    assert replaced(text, "c", True) == text + "c = true\n"
