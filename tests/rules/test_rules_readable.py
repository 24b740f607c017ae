"""Every cause has an article that a colleague can follow, and what colleagues read is plain: B1, measured."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from keuring_collector import rulepack
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import colleagues, readability
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Counted by hand.
SYLLABLES = {
    "nl": "de 1, schijf 1, computer 3, geheugen 3, nieuwe 2, leeuw 1, moeilijk 2, geïnstalleerd 4, reservekopie 5, "
    "bijwerken 3, draaien 2, koelpasta 3, ruimte 2, beveiliging 4, ooit 1, programma 3, auto 2, beëindigen 4",
    "en": "the 1, disk 1, computer 3, memory 3, closes 2, named 1, wanted 2, table 2, files 1, people 2, battery 3, "
    "something 2, replace 2, videos 3, update 2, colleague 2, always 2, quiet 2, "
    "restart 2, screens 1, charger 2",
}
HARD = {
    "nl": "Ten aanzien van de beschikbaarheid van opslagcapaciteit dient geconstateerd te worden dat de "
    "ondersteuningsorganisatie onvoldoende geïnformeerd is omtrent de toepasselijke verantwoordelijkheden.",
    "en": "With regard to the availability of storage capacity it is necessary to establish that the organisation "
    "responsible for operational continuity has been informed insufficiently about applicable accountabilities.",
}


@lru_cache(maxsize=1)
def _list() -> Any:
    spec = importlib.util.spec_from_file_location("keuring_docs_readability", ROOT / "docs" / "readability.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def _pack() -> Any:
    return rulepack.load()


def _articles() -> Iterator[tuple[str, str, str]]:
    for slug in sorted({rule.article for rule in _pack().rules.values()}):
        for language in LANGUAGES:
            yield slug, language, _pack().article(slug, language)


def _steps(markdown: str) -> list[str]:
    return re.findall(r"^\d+\. ", markdown, re.MULTILINE)


def test_nothing_is_harder_than_its_limit() -> None:
    found = _list().measured()
    kinds = {(text.kind, text.language) for text, _each in found}
    assert kinds == {(kind, language) for kind in _list().LIMITS for language in LANGUAGES}
    assert len(found) > 500
    hard = {f"{text.kind} {text.name} ({text.language})": wrong for text, each in found
            if (wrong := _list().beyond(text, each))}  # fmt: skip
    assert hard == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hard_text_would_be_found(language: str) -> None:
    text = _list().Text("say", "hard", language, HARD[language])
    wrong = _list().beyond(text, readability.measure(HARD[language], language))
    assert len(wrong) == 3, wrong  # its sentences on average, its longest, and its words


@pytest.mark.parametrize("language", LANGUAGES)
def test_syllables_are_counted_as_one_hears_them(language: str) -> None:
    known = dict(pair.split() for pair in SYLLABLES[language].split(", "))
    wrong = {word: readability.syllables(word, language) for word, count in known.items()
             if readability.syllables(word, language) != int(count)}  # fmt: skip
    assert len(wrong) <= len(known) / 10, wrong
    total = sum(readability.syllables(word, language) for word in known)
    assert total == pytest.approx(sum(map(int, known.values())), rel=0.05)


def test_sentences_end_where_a_reader_stops() -> None:
    text = "# Title\n\nSave your work. Then:\n\n1. Restart\n2. Wait for `systemctl start all.service` and\n   sign in."
    assert [len(words) for words in readability.sentences(text)] == [3, 1, 1, 6]
    assert readability.measure("", "nl").words == 0


def test_every_cause_and_tip_has_an_article_to_follow() -> None:
    causes = {rule.cause for rule in _pack().rules.values()}
    assert causes == {rule.cause for rule in _pack().rules.values() if rule.article}
    tips = [rule for rule in _pack().rules.values() if rule.severity.value == "tip"]
    assert tips
    assert all(rule.article for rule in tips)
    articles = list(_articles())
    assert len(articles) >= 2 * 40
    counted: dict[str, set[int]] = {}
    for slug, language, markdown in articles:
        mine = colleagues.part(markdown)
        assert mine != markdown.strip(), f"{slug}.{language}: say with a heading what is for the service desk"
        title, heading, first = [line for line in mine.splitlines() if line.strip()][:3]
        assert title.startswith("# "), (slug, language)
        assert heading.startswith("## "), (slug, language)
        assert first.startswith("1. "), f"{slug}.{language}: the next step comes first"
        counted.setdefault(slug, set()).add(len(_steps(mine)))
        assert "`" not in mine, f"{slug}.{language}: a command is for the service desk"
        assert len(colleagues.desk_part(markdown)) > 200, (slug, language)
    assert {slug: steps for slug, steps in counted.items() if len(steps) != 1 or min(steps) < 3} == {}


def test_every_rule_has_a_line_for_face_to_face() -> None:
    for rule in _pack().rules.values():
        for language in LANGUAGES:
            said = getattr(rule.say, language).strip()
            assert 20 < len(said) <= 240, (rule.name, language)
            assert said[-1] in ".?!", (rule.name, language)
        assert rule.say.nl != rule.say.en
