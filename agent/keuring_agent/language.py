"""What colleagues read, in their language: English as it stands in the code, Dutch from languages/nl.toml, and
why something cannot be measured from the contract's keuring/reasons, since the console says that too.

English texts are their own keys, so a text that changes and is not translated anew is found by a test.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keuring.reasons import Reasons
from keuring.reasons import table as reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH, DUTCH = "en", "nl"
KNOWN: Final = (ENGLISH, DUTCH)
_DUTCH_MARKS: Final = str.maketrans(".,", ",.")


class Language:
    """Says texts in one language."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._texts = texts(name)

    def __call__(self, text: str, **values: Any) -> str:
        """``text`` in this language (in English where it is not translated), with ``values`` in its {places}."""
        found = self._texts.get(text, text)
        return found.format(**values) if values else found

    def reason(self, text: str) -> str:
        """Why something cannot be measured: the sentence itself, one with {places} that it fits, or its parts."""
        return _reasons(self.name)(text)

    def number(self, text: str) -> str:
        """A number as it is written in this language, whatever follows it; ``text`` has it the English way."""
        return text.translate(_DUTCH_MARKS) if self.name == DUTCH else text


@cache
def texts(name: str) -> Mapping[str, str]:
    """{English: translated}; none for English."""
    if name == ENGLISH:
        return {}
    import tomllib

    tables = tomllib.loads((Path(__file__).parent / "languages" / f"{name}.toml").read_text(encoding="utf-8"))
    own = {english: text for table in tables.values() for english, text in table.items()}
    return {**reasons(name), **own}


@cache
def _reasons(name: str) -> Reasons:
    return Reasons(texts(name))


def chosen(name: str | None = None, environment: Mapping[str, str] | None = None) -> Language:
    """The language that was asked for, or else that of the session."""
    environment = os.environ if environment is None else environment
    if name is None:
        wanted = next((environment[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), "")
        name = DUTCH if wanted.lower().startswith("nl") else ENGLISH
    return Language(name)
