"""An IT report as PDF, set by typst from report.typ with fonts of its own: the same report gives the same file."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import typst
from django.utils.translation import gettext as _
from django.utils.translation import override

from keuring_collector.desk import wording

if TYPE_CHECKING:
    from keuring_collector.service.models import ItReport


@cache
def _template() -> bytes:
    return (resources.files("keuring_collector.service.it_report") / "report.typ").read_bytes()


def span(report: ItReport) -> str:
    """The days that a report is about, in the language in force."""
    last = report.ends - timedelta(days=1)
    return _("%(first)s to %(last)s") % {"first": wording.full_day(report.starts), "last": wording.full_day(last)}


def build(report: ItReport, language: str) -> bytes:
    """The report as a PDF."""
    with override(language):
        told = {
            "language": language,
            "title": _("IT report %(number)s") % {"number": report.number},
            "span": span(report),
            "machines": _("machines in use: %(n)s") % {"n": wording.number(report.content["machines"])},
            "issued": _("issued on %(day)s") % {"day": wording.full_day(wording.local_day(report.issued_at))},
            "sections": report.content[language],
        }
    made = typst.compile(_template(), sys_inputs={"told": json.dumps(told)}, ignore_system_fonts=True)
    assert isinstance(made, bytes)  # noqa: S101 - one document, no output path
    return made
