"""One search over machines, colleagues, tickets, articles and software; each kind within what the seeker may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import numpy as np
from django.db.models import Count, Q
from django.urls import reverse

from keuring_collector.console import fleet_counts, pack, readings, stories
from keuring_collector.console.lookups import among, has, many
from keuring_collector.console.sought import Fits, Sought
from keuring_collector.desk import scope
from keuring_collector.desk.counts import MOST_PROGRAMS, PROGRAMS
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Colleague, Endpoint
from keuring_collector.service import knowledge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.console.pack import PackState
    from keuring_collector.desk.models import Staff

SHORTEST: Final = 2  # letters; one would find everything
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that was found: what it is called, what else tells it apart, and where it is."""

    text: str
    about: str
    url: str


def clean(text: str) -> str:
    """What is sought, as it is looked for: at most 100 characters, without what no database takes."""
    return text.replace("\0", "").strip()[:100]


def machines(found: Sequence[int]) -> list[Endpoint]:
    """Those machines (see ``Sought.first_machines``), in their order."""
    read = {each.pk: each for each in _numbered(found)}
    return [read[pk] for pk in found if pk in read]


@prepared
def _numbered(numbers: Any) -> QuerySet[Endpoint]:
    told = ("uuid", "host_name", "simulated", "colleague__name", "department__name")
    return Endpoint.objects.filter(pk__in=numbers).select_related("colleague", "department").only(*told)


def colleagues(staff: Staff, sought: Sought) -> list[Colleague]:
    """The first SHOWN colleagues by name or mail address, with how many machines each has."""
    mine = scope.colleagues(staff)
    if sought.people is None:
        mine = mine.filter(has("name", sought.text) | has("mail", sought.text))
    elif sought.people:
        mine = mine.filter(among("pk", many(np.array([pk for pk, _named in sought.people]))))
    else:
        return []
    # Which they are first: machines are counted for those that are shown.
    which = mine.order_by("name", "pk").values("pk")[:SHOWN]
    found = Colleague.objects.filter(pk__in=which).select_related("department").order_by("name", "pk")
    return list(found.annotate(machines=Count("endpoint", distinct=True)))


def tickets(staff: Staff, sought: Sought) -> tuple[list[Ticket], bool]:
    """Tickets by number (31 or #31), machine, colleague, department, cause or part; the open ones first. At most SHOWN,
    and whether there are more.
    """
    number, found = re.fullmatch(r"#?([0-9]{1,15})", sought.text), dict[int, None]()
    if number:
        found |= dict.fromkeys(scope.tickets(staff).filter(pk=int(number[1])).values_list("pk", flat=True))
    # One after the other: what was closed is forty times as much, and is only sought for the room that is left. So are
    # open ones by what they no longer find, and of those on many machines all that are not urgent.
    for only_open, urgent in ((True, True), (True, False), (False, False)):
        if len(found) <= SHOWN and (sought.is_wide or not urgent):
            fits, asked = sought.fits(only_open=only_open), (*scope.reach(staff), only_open, urgent, list(found))
            told = _fitting(*asked, *fits) if fits else _first(*asked, sought.tickets(only_open=only_open))
            found |= dict.fromkeys(told)
    shown = list(found)[:SHOWN]
    read = stories.read(shown)
    return [read[pk] for pk in shown if pk in read], len(found) > SHOWN


@prepared
def _fitting(
    departments: Any, answers: bool, only_open: bool, urgent: bool, but: Any, *fits: Any
) -> QuerySet[Any, int]:
    return _first(departments, answers, only_open, urgent, but, Fits._make(fits).condition(only_open=only_open))


def _first(departments: Any, answers: bool, only_open: bool, urgent: bool, but: Any, fits: Q) -> QuerySet[Any, int]:
    found = scope.tickets_of(departments, answers).filter(fits).exclude(pk__in=but)
    found = found.filter(closed_at=None) if only_open else found
    found = found.filter(severity=Ticket.Severity.URGENT) if urgent else found
    return found.order_by("-severity", "-opened_at", "pk").values_list("pk", flat=True)[: SHOWN + 1]


def articles(state: PackState, text: str, language: str) -> list[Hit]:
    """Published articles with the words of ``text``, also when they are typed a little wrong."""
    found, _corrected = knowledge.find(state.pack, text, language)
    named = knowledge.read(state.pack, text, language)  # by the name in its address
    hits = [Hit(each.title, "", reverse("article", args=[each.slug])) for each in ([named] if named else []) + found]
    return list(dict.fromkeys(hits))[:SHOWN]


def programs(text: str, now: datetime) -> tuple[list[Hit], datetime | None]:
    """Programs by name, and when those were listed. Names alone tell nothing of a machine, so departments do not limit
    them.
    """
    known = fleet_counts.programs(now)
    if len(known.content) < MOST_PROGRAMS:
        names = [name for name in known.content if text.lower() in name.lower()][:SHOWN]
    else:
        names = readings.store().subjects(PROGRAMS, text, SHOWN)
    return [Hit(name, "", reverse("program") + "?" + urlencode({"name": name})) for name in names], known.counted_at


def suggestions(staff: Staff, text: str, language: str) -> dict[str, list[Hit]]:
    """What the command palette offers for ``text``: a few of each kind but tickets."""
    if len(text) < SHORTEST:
        return {}
    few = SHOWN // 2
    return {
        "machine": [
            Hit(each.host_name, each.colleague.name if each.colleague else "", reverse("machine", args=[each.uuid]))
            for each in machines(Sought(text).first_machines(staff, few))
        ],
        "article": articles(pack.current(), text, language)[:few],
    }
