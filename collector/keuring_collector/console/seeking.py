"""One search over machines, colleagues, tickets, articles and software; each kind within what the seeker may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import numpy as np
from django.db.models import Count
from django.urls import reverse

from keuring_collector.console import fleet_counts, pack, readings, stories
from keuring_collector.console.lookups import among, has
from keuring_collector.console.sought import Sought
from keuring_collector.desk import scope
from keuring_collector.desk.counts import MOST_PROGRAMS, PROGRAMS
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Colleague, Endpoint
from keuring_collector.service import knowledge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
        mine = mine.filter(among("pk", np.array([pk for pk, _named in sought.people])))
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
    # One after the other: what was closed is forty times as much, and is only sought for the room that is left. So are
    # open ones by what they no longer find, and of those on many machines all that are not urgent.
    number, mine = re.fullmatch(r"#?([0-9]{1,15})", sought.text), scope.tickets(staff)
    parts: list[Callable[[], QuerySet[Ticket]]] = [lambda: mine.filter(pk=int(number[1]))] if number else []
    opened = mine.filter(closed_at=None)
    if sought.is_wide:
        urgent = opened.filter(severity=Ticket.Severity.URGENT)
        parts.append(lambda: urgent.filter(sought.tickets(only_open=True)))
    parts += [lambda: opened.filter(sought.tickets(only_open=True)), lambda: mine.filter(sought.tickets())]
    found: dict[int, None] = {}
    for part in parts:
        if len(found) <= SHOWN:
            ordered = part().order_by("-severity", "-opened_at", "pk")
            found |= dict.fromkeys(ordered.exclude(pk__in=found).values_list("pk", flat=True)[: SHOWN + 1])
    shown = list(found)[:SHOWN]
    read = stories.read(shown)
    return [read[pk] for pk in shown if pk in read], len(found) > SHOWN


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
