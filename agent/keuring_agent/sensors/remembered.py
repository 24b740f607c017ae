"""What a machine is used with, remembered for a month, so that nobody can tell where it is today."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.sensors.base import Notebook

KEPT: Final = 30 * 86400.0


def remember(
    notebook: Notebook, key: str, found: Iterable[tuple[str, float | None]], now: float
) -> list[tuple[str, str, float | None]]:
    """(number, model, date) of what is here or was within a month. A number stays with its part; alike are one."""
    kept = {number: part for number, part in _stored(notebook.get(key)).items() if part[2] > now - KEPT}
    for model, date in found:
        known = next((number for number, part in kept.items() if part[:2] == (model, date)), None)
        number = known or next(str(free) for free in range(1, len(kept) + 2) if str(free) not in kept)
        kept[number] = (model, date, now)
    notebook[key] = json.dumps(kept)
    return [(number, model, date) for number, (model, date, _) in sorted(kept.items())]


def _stored(text: object) -> dict[str, tuple[str, float | None, float]]:
    """What was written before; nothing where it is damaged."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
        return {
            str(number): (str(model), None if date is None else float(date), float(seen))
            for number, (model, date, seen) in found.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
