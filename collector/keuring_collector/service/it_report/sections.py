"""The sections of an IT report, in their order: a name, a title, and the one function that makes it.

A new section is a line here. Its function is asked once for each language, which is in force then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from django.utils.translation import gettext_lazy

from keuring_collector.service.it_report.feeling import feeling
from keuring_collector.service.it_report.helping import helping
from keuring_collector.service.it_report.planning import planned
from keuring_collector.service.it_report.prevented import prevented
from keuring_collector.service.it_report.recurring import recurring
from keuring_collector.service.it_report.replacing import replacing
from keuring_collector.service.it_report.telling import telling
from keuring_collector.service.it_report.trends import trends

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise

    from keuring_collector.service.it_report.around import Around
    from keuring_collector.service.it_report.parts import Part


class Section(NamedTuple):
    """One section. ``name`` is what comments and programs call it, and never changes."""

    name: str
    title: str | _StrPromise
    make: Callable[[Around], Part]


SECTIONS: Final = (
    Section("prevented", gettext_lazy("What was prevented"), prevented),
    Section("replacing", gettext_lazy("What will need replacing, and when"), replacing),
    Section("recurring", gettext_lazy("Causes that come back"), recurring),
    Section("trends", gettext_lazy("Trends"), trends),
    Section("mood", gettext_lazy("How colleagues feel"), feeling),
    Section("announced", gettext_lazy("Announcements and promises"), telling),
    Section("tips", gettext_lazy("Tips"), helping),
    Section("planned", gettext_lazy("What IT plans"), planned),
)
