"""Texts that people read speak of colleagues. Technical names of others' things are what they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.architecture.sources import strings
from tests.repository import modules, named, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = re.compile(r"\w*gebruiker\w*|\b(?:end[- ]?|power[- ]?|super[- ]?)?users?\b", re.IGNORECASE)
TEXTS = (".md", ".html", ".txt", ".po", ".proto", ".svg", ".js", ".typ")
DATA = ("rules/", "protos/keuring/signals/", "agent/keuring_agent/languages/", "deploy/grafana/", "deploy/prometheus/")
READ = re.compile(r"""\b(?:alt|title|placeholder|aria-\w+|data-\w+|content)=("[^"]*"|'[^']*')""")  # of a tag, by people
CODE = re.compile(
    r"```.*?```|`[^`]*`"  # code in Markdown
    r"|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"  # Django's templates
    r"|<!--.*?-->|<[^>]*>"  # tags: attributes such as autocomplete="username"
    r"|^#[:,|~. ].*$|%\([^)]*\)[sd]",  # gettext: places, flags, placeholders
    re.DOTALL | re.MULTILINE,
)
# {file: what stands there, exactly}, for the word as part of somebody else's name; may only shrink.
ALLOWED: dict[str, tuple[str, ...]] = {}


def read_by_people() -> Iterator[Path]:
    for path in tracked():
        name = named(path)
        if name.startswith("tests/"):
            continue
        if path.suffix in TEXTS or (path.suffix in (".yaml", ".yml", ".toml", ".json") and name.startswith(DATA)):
            yield path


def without_code(path: Path, text: str) -> str:
    """The text with code blanked out, its lines where they were."""
    if path.suffix not in (".md", ".html", ".txt", ".po", ".svg"):
        return text

    def blanked(match: re.Match[str]) -> str:
        told = " ".join(READ.findall(match[0])) if match[0].startswith("<") else ""
        return told + "\n" * (match[0].count("\n") - told.count("\n"))

    return CODE.sub(blanked, text)


def found_in(name: str, text: str) -> list[str]:
    for allowed in ALLOWED.get(name, ()):
        text = text.replace(allowed, "")
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        if WORD.search(line)
    ]


def test_pages_rules_and_documents_speak_of_colleagues() -> None:
    paths = list(read_by_people())
    assert len(paths) > 20
    found = [
        line for path in paths for line in found_in(named(path), without_code(path, path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_programs_speak_of_colleagues() -> None:
    """Strings with a space in them are sentences; keys and names of settings have none."""
    found = [
        f"{named(path)}:{line}: {text.strip()[:100]}"
        for path in modules()
        if named(path).startswith(("agent/", "collector/")) and "migrations" not in path.parts
        for line, text in strings(path)
        if " " in text.strip() and WORD.search(re.sub(r"-- *user\b|[-_.]user\b|\buser[-_./:@]|Show-User-\S+", "", text))
    ]
    assert found == []


def test_the_help_of_the_commands_speaks_of_colleagues(capsys: pytest.CaptureFixture[str]) -> None:
    from keuring_collector.__main__ import MODULES, main

    for command in ((), *((name.replace("_", "-"),) for name in MODULES)):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
    printed = capsys.readouterr().out
    assert "usage: keuring-collector" in printed
    assert found_in("help", printed) == []


def test_the_word_is_found_where_it_stands() -> None:
    assert WORD.search("De gebruiker meldt")
    assert WORD.search("ask your users")
    assert WORD.search("End-User")
    assert WORD.search("de thuisgebruikers van de afdeling")
    assert WORD.search("for power users' machines")
    page = Path("a.html")
    assert WORD.search(without_code(page, '<button\n aria-label="Ask your users">x</button>'))
    assert not WORD.search(without_code(page, '<input name="user" autocomplete="user">{% if request.user %}'))
    assert not WORD.search("username")
    assert not WORD.search("a superuser_name")
