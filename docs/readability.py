"""How easily the texts read that Keuring ships for colleagues and the desk: ``python docs/readability.py``.

Prints every text with its words, its mean and longest sentence and its ease, the hardest first, and ends with 1 when
one is beyond its limit. Ease is that of Flesch (English) and Flesch-Douma (Dutch): from some 65 on a text is B1. What a
colleague reads has the stricter limits; advice and the part of an article for the service desk may be a little harder.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.service.readability import Measured

ROOT = Path(__file__).parents[1]
FEW_WORDS = 25  # below this the ease of Flesch swings with a single long word


class Limit(NamedTuple):
    """What a kind of text may be: the mean and longest sentence in words, and the least ease, also of a short text."""

    mean: float
    longest: int
    ease: float
    ease_short: float


COLLEAGUE, DESK = Limit(13, 20, 65, 60), Limit(15, 25, 60, 55)
LIMITS = {
    "article": COLLEAGUE,
    "say": COLLEAGUE,
    "message": COLLEAGUE,
    "notice": Limit(15, 20, 55, 45),  # lines of the agent, of some words each
    "advice": DESK,
    "article for the desk": DESK,
}


class Text(NamedTuple):
    """One text that people read."""

    kind: str
    name: str
    language: str
    markdown: str


def texts() -> Iterator[Text]:
    """Every text that ships and has a limit."""
    from keuring_collector import rulepack
    from keuring_collector.service import colleagues
    from keuring_collector.service.messages.shipped import TEMPLATES

    pack = rulepack.load()
    for language in ("nl", "en"):
        for rule in pack.rules.values():
            yield Text("say", rule.name, language, getattr(rule.say, language))
            yield Text("advice", rule.name, language, getattr(rule.advice, language))
        for slug in sorted({rule.article for rule in pack.rules.values()}):
            markdown = pack.article(slug, language)
            yield Text("article", slug, language, colleagues.part(markdown))
            yield Text("article for the desk", slug, language, colleagues.desk_part(markdown))
        for key, template in TEMPLATES.items():
            # Of the greeting and the closing nobody reads more than the name.
            body = template[language].body.split("\n\n", 1)[1].rsplit("\n\n", 1)[0]
            yield Text("message", key, language, body)
    dutch = tomllib.loads((ROOT / "agent/keuring_agent/languages/nl.toml").read_text(encoding="utf-8"))
    for english, translated in {**dutch["notices"], **dutch["page"], **dutch["pause"]}.items():
        yield Text("notice", english[:40], "en", english)
        yield Text("notice", english[:40], "nl", translated)


def measured() -> list[tuple[Text, Measured]]:
    """Every text with what was measured of it; words that are filled in count as one."""
    from keuring_collector.service import readability

    return [(text, readability.measure(re.sub(r"\{\w+\}", "naam", text.markdown), text.language)) for text in texts()]


def beyond(text: Text, found: Measured) -> list[str]:
    """In what a text is harder than its kind may be; empty when it is well."""
    limit, short = LIMITS[text.kind], found.words < FEW_WORDS
    told = []
    if found.mean > limit.mean:
        told.append(f"sentences of {found.mean:g} words on average, at most {limit.mean:g}")
    if found.longest > limit.longest:
        told.append(f"a sentence of {found.longest} words, at most {limit.longest}")
    if found.words > 3 and found.ease < (limit.ease_short if short else limit.ease):
        told.append(f"ease {found.ease:g}, at least {limit.ease_short if short else limit.ease:g}")
    return told


def main() -> int:
    """Prints the list."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "keuring_collector.settings")
    import django

    django.setup()
    found = sorted(measured(), key=lambda pair: pair[1].ease)
    print(f"{'ease':>6} {'mean':>5} {'longest':>7} {'words':>5}  lang  kind: text")
    for text, each in found:
        wrong = "; ".join(beyond(text, each))
        row = f"{each.ease:6.1f} {each.mean:5.1f} {each.longest:7} {each.words:5}  {text.language}    "
        print(f"{row}{text.kind}: {text.name}{f'  <- {wrong}' if wrong else ''}")
    hard = sum(1 for text, each in found if beyond(text, each))
    print(f"{len(found)} texts, {hard} beyond their limit")
    return 1 if hard else 0


if __name__ == "__main__":
    sys.exit(main())
