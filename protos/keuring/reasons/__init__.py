"""Why something cannot be measured, in the reader's language: reports carry it in English, as agents say it.

English sentences are their own keys (nl.toml), so one that changes and is not translated anew is found by a test.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Final = "en"


@cache
def table(language: str) -> Mapping[str, str]:
    """{English: translated}; none for English."""
    if language == ENGLISH:
        return {}
    import tomllib

    tables = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    return {english: text for part in tables.values() for english, text in part.items()}


class Reasons:
    """Says reasons by a table of sentences; those with {places} fit whatever stands there."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._fitting = _patterns(texts)

    def __call__(self, text: str) -> str:
        """The sentence itself, one with {places} that it fits, or its parts; what is not known stays as it is."""
        found = self._texts.get(text)
        if found is not None:
            return found
        for fits, told in self._fitting:
            if (match := fits.fullmatch(text)) is not None:
                values = {key: self(value) for key, value in match.groupdict().items()}
                return told.format(**values)
        return "; ".join(map(self, text.split("; "))) if "; " in text else text


@cache
def told(language: str) -> Reasons:
    """What says the reasons of agents in a language."""
    return Reasons(table(language))


def _patterns(texts: Mapping[str, str]) -> list[tuple[re.Pattern[str], str]]:
    """Sentences with {places}, as what they fit and how they are said; those with most words of their own first."""
    found = []
    for english, translated in texts.items():
        parts = re.split(r"\{(\w+)\}", english)
        if len(parts) > 1:
            # Between quotes something may be empty.
            some = [".*?" if part.endswith("'") else ".+?" for part in parts]
            fits = "".join(
                f"(?P<{part}>{some[place - 1]})" if place % 2 else re.escape(part) for place, part in enumerate(parts)
            )
            found.append((len("".join(parts[::2])), re.compile(fits), translated))
    return [(fits, translated) for _, fits, translated in sorted(found, key=lambda item: -item[0])]
