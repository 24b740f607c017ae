"""Both languages are complete, what is compiled is what is written, and nobody is called a user."""

from __future__ import annotations

import ast
import gettext
import re
import subprocess
from pathlib import Path

import pytest

import keuring_collector
from tests.collector.django_database import set_up_django

PACKAGE = Path(keuring_collector.__file__).parent
FORBIDDEN = re.compile(r"\busers?\b|gebruiker", re.IGNORECASE)
# Django's own words, which our catalogues say differently; and the names of its variables in templates.
ALLOWED = re.compile(
    r'msgid "username"|request\.user\b|autocomplete="username"|form\.username|"username"|user\.username'
)


def catalogue(language: str) -> Path:
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def entries(path: Path) -> dict[tuple[str, str], list[str]]:
    """{(context, msgid): translations} of a catalogue, without its header."""
    found: dict[tuple[str, str], list[str]] = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        current = ""
        for line in block.splitlines():
            if match := re.match(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$', line):
                current = match[1]
                parts[current] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                parts[current] += ast.literal_eval(line)
        if parts.get("msgid"):
            told = [text for name, text in parts.items() if name.startswith("msgstr")]
            found[parts.get("msgctxt", ""), parts["msgid"]] = told
    return found


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_string_is_translated(language: str) -> None:
    text = catalogue(language).read_text(encoding="utf-8")
    assert "#, fuzzy" not in text
    assert "#~" not in text
    found = entries(catalogue(language))
    assert len(found) > 300
    assert [key for key, told in found.items() if not all(told)] == []
    for (_, source), told in found.items():
        names = set(re.findall(r"%\((\w+)\)s|\{(\w+)\}", source))
        for translation in told:
            assert set(re.findall(r"%\((\w+)\)s|\{(\w+)\}", translation)) == names, source


def test_both_catalogues_hold_the_same_strings() -> None:
    assert set(entries(catalogue("nl"))) == set(entries(catalogue("en")))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, source), told in entries(catalogue(language)).items():
        if len(told) == 2:
            assert compiled._catalog[source, 0] == told[0]  # type: ignore[attr-defined]
        else:
            key = f"{context}\x04{source}" if context else source
            assert compiled._catalog[key] == told[0]  # type: ignore[attr-defined]


@pytest.mark.needs("msgfmt")
@pytest.mark.parametrize("language", ["nl", "en"])
def test_msgfmt_finds_nothing_wrong(language: str, tmp_path: Path) -> None:
    command = ["msgfmt", "--check-format", "--check-domain", "-o", str(tmp_path / "x.mo"), str(catalogue(language))]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.needs("xgettext")
def test_every_string_in_code_and_templates_is_in_the_catalogues(tmp_path: Path) -> None:
    from django.utils.translation.template import templatize

    set_up_django()
    sources = [str(path) for part in ("console", "desk", "fleet") for path in (PACKAGE / part).rglob("*.py")]
    for number, path in enumerate(PACKAGE.glob("*/templates/**/*.*")):
        plain = tmp_path / f"{number}.py"
        plain.write_text(templatize(path.read_text(encoding="utf-8"), origin=str(path)), encoding="utf-8")
        sources.append(str(plain))
    keywords = ["gettext_lazy", "ngettext:1,2", "pgettext:1c,2", "pgettext_lazy:1c,2", "_"]
    command = ["xgettext", "-L", "Python", "--from-code=UTF-8", "-o", str(tmp_path / "found.po")]
    command += [f"--keyword={word}" for word in keywords]
    subprocess.run([*command, *sources], check=True, timeout=60)
    found = set(entries_of_template(tmp_path / "found.po"))
    assert len(found) > 300
    assert found - set(entries(catalogue("nl"))) == set()


def test_the_meaning_of_every_setting_is_in_the_catalogues() -> None:
    """They stand in config.py, which knows no gettext; the page with the collector's settings translates them."""
    from keuring_collector.config import Settings

    known = set(entries(catalogue("nl")))
    meanings = [field.description or "" for field in Settings.model_fields.values()]
    assert [text for text in meanings if ("setting", text) not in known] == []


def entries_of_template(path: Path) -> dict[tuple[str, str], list[str]]:
    text = path.read_text(encoding="utf-8").replace("charset=CHARSET", "charset=UTF-8")
    path.write_text(text, encoding="utf-8")
    return entries(path)


def test_nobody_is_called_a_user() -> None:
    files = [*PACKAGE.glob("*/templates/**/*.*"), catalogue("nl"), catalogue("en")]
    assert len(files) > 15
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not FORBIDDEN.search(ALLOWED.sub("", line)), f"{path}: {line}"


def test_templates_translate_what_they_say() -> None:
    """Text between tags is either translated, a variable, or a word that is the same everywhere."""
    same = {"Keuring", "·", "–", "×", "/", ":", ",", ".", "j", "k", "Enter", "x", "…"}
    for path in (PACKAGE / "console" / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{%\s*blocktranslate.*?endblocktranslate\s*%}", "", text, flags=re.DOTALL)
        text = re.sub(r"<code>.*?</code>|<svg.*?</svg>", "", text, flags=re.DOTALL)
        text = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>|&\w+;", "\n", text, flags=re.DOTALL)
        left = {word for line in text.splitlines() for word in line.split() if word not in same}
        left = {word for word in left if re.search(r"[A-Za-z]{2}", word)}
        assert not left, f"{path.name}: {left}"
