"""A report as PDF, set by typst from report.typ with fonts of its own: the same report gives the same file."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import typst
from django.utils.translation import override

from keuring_collector.desk import wording
from keuring_collector.desk.inspection.words import WORDS

if TYPE_CHECKING:
    from keuring_collector.desk.models import Inspection


@cache
def _template() -> bytes:
    return (resources.files("keuring_collector.desk.inspection") / "report.typ").read_bytes()


def code(digest: str) -> str:
    """What is printed of a digest: sixteen digits in groups of four."""
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4))


def build(inspection: Inspection, language: str, check_address: str) -> bytes:
    """The report as a PDF. ``check_address`` is where its number and code can be checked."""
    words, content = WORDS[language], inspection.content
    with override(language):
        told: dict[str, Any] = {
            "language": language,
            "words": words,
            "report": content,
            "days": {
                "issued": _day(content["issued"]),
                "valid_until": _day(content["valid_until"]),
                "next_due": _day(content["next_due"]),
                "previous": _day(content["previous"].get("issued", "")),
            },
            "code": code(inspection.digest),
            "check": str(words["check"]).format(address=check_address),
        }
    made = typst.compile(_template(), sys_inputs={"told": json.dumps(told)}, ignore_system_fonts=True)
    assert isinstance(made, bytes)  # noqa: S101 - one document, no output path
    return made


def _day(text: str) -> str:
    """A day of a report in words, with its year: a report is read for years."""
    if not text:
        return ""
    return wording.full_day(date.fromisoformat(text))
