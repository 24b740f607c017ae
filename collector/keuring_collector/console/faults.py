"""What is wrong with a rule, in the reader's language.

The rule pack and the commands speak English alone: whoever writes rules as files reads the rule language anyway; on a
page of the console Dutch is expected.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from django.utils.translation import get_language

from keuring.reasons import Reasons


def said(text: str) -> str:
    """A sentence of the rule pack in the reader's language; each line of several for itself."""
    if (get_language() or "nl")[:2] != "nl":
        return text
    return "\n".join(map(_dutch(), text.split("\n")))


@cache
def _dutch() -> Reasons:
    tables = tomllib.loads(Path(__file__).with_name("faults_nl.toml").read_text(encoding="utf-8"))
    return Reasons({english: dutch for table in tables.values() for english, dutch in table.items()})
