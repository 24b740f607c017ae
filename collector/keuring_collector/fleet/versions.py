"""Versions of agents, against the one that the organisation wants everywhere (setting ``wanted_agent_version``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}")


def is_behind(told: str, wanted: str) -> bool:
    """Whether an agent of version ``told`` is older; never for what is no version, or when none is wanted."""
    return bool(told and wanted) and _numbers(told) < _numbers(wanted)


def behind(told: Mapping[int, str], wanted: str) -> set[int]:
    """Those of ``told`` (endpoint: version) that are behind."""
    return {endpoint for endpoint, version in told.items() if is_behind(version, wanted)}


def _numbers(version: str) -> tuple[int, ...]:
    """0.2 and 0.2.0 are the same; what follows the numbers (a build of one's own) does not count."""
    found = _NUMBERS.match(version)
    if found is None:
        return (10**9,)  # not a version as we write them: nobody can say that it is behind
    numbers = [int(part) for part in found[0].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
