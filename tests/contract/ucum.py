"""As much of UCUM (case sensitive) as a catalogue of machine health needs: says whether a unit is written rightly."""

from __future__ import annotations

import re
from typing import Final

PREFIXES: Final = ("Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a")
BINARY: Final = ("Ki", "Mi", "Gi", "Ti")
# Atoms that take metric prefixes, those that take binary ones too, and those that take none.
METRIC: Final = frozenset({"s", "m", "g", "K", "Cel", "Hz", "W", "V", "A", "J", "N", "Pa", "B", "lm", "Ohm", "C"})
INFORMATION: Final = frozenset({"By", "bit", "Bd"})
PLAIN: Final = frozenset({"min", "h", "d", "wk", "mo", "a", "%", "deg", "dB"})
ANNOTATION: Final = re.compile(r"\{[!-z|~]+\}")
COMPONENT: Final = re.compile(r"(?P<atom>[A-Za-z%]+)?(?P<power>-?[1-9])?(?P<annotation>\{[!-z|~]+\})?|1")


def is_atom(text: str) -> bool:
    """Whether ``text`` is a unit, with or without a prefix."""
    if text in METRIC | INFORMATION | PLAIN:
        return True
    if any(text.startswith(prefix) and text[len(prefix) :] in METRIC | INFORMATION for prefix in PREFIXES):
        return True
    return any(text.startswith(prefix) and text[len(prefix) :] in INFORMATION for prefix in BINARY)


def is_unit(text: str) -> bool:
    """Whether ``text`` is a UCUM unit: components joined by ``.`` and ``/``."""
    if not text:
        return False
    for component in re.split(r"[./]", text.removeprefix("/")):
        if component == "1":
            continue
        match = COMPONENT.fullmatch(component)
        if match is None or not component:
            return False
        if match["atom"] is None:
            if match["power"] is not None or match["annotation"] is None:
                return False
        elif not is_atom(match["atom"]):
            return False
    return True
