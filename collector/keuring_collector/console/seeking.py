"""One search over machines, colleagues, tickets, articles and software; each kind within what the seeker may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.urls import reverse

from keuring_collector.console import listing, pack, readings, stories
from keuring_collector.desk import scope
from keuring_collector.desk.counts import PROGRAMS
from keuring_collector.desk.models import Ticket
from keuring_collector.service import knowledge

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from keuring_collector.console.pack import PackState
    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Colleague, Endpoint

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


def machines(staff: Staff, text: str) -> QuerySet[Endpoint]:
    """Machines whose name holds ``text``, those that begin with it first; and those of colleagues and departments."""
    found = scope.endpoints(staff).filter(listing.named(text))
    near = Case(
        When(host_name__iexact=text, then=Value(0)),
        When(host_name__istartswith=text, then=Value(1)),
        When(host_name__icontains=text, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return found.select_related("colleague", "department").order_by(near, "host_name", "pk")


def colleagues(staff: Staff, text: str) -> QuerySet[Colleague]:
    """Colleagues by name or mail address."""
    found = scope.colleagues(staff).filter(Q(name__icontains=text) | Q(mail__icontains=text))
    return found.select_related("department").annotate(machines=Count("endpoint", distinct=True)).order_by("name", "pk")


def tickets(staff: Staff, text: str) -> tuple[list[Ticket], bool]:
    """Tickets by number (31 or #31), machine, colleague, department, cause or part; the open ones first. At most SHOWN,
    and whether there are more.
    """
    # One after the other: what was closed is forty times as much, and is only sought for the room that is left. So are
    # open ones by what they no longer find.
    number, mine = re.fullmatch(r"#?([0-9]{1,15})", text), scope.tickets(staff)
    parts = [mine.filter(pk=int(number[1]))] if number else []
    parts += [mine.filter(listing.matching(text, only_open=True), closed_at=None), mine.filter(listing.matching(text))]
    found: dict[int, None] = {}
    for part in parts:
        if len(found) <= SHOWN:
            ordered = part.order_by("-severity", "-opened_at", "pk")
            found |= dict.fromkeys(ordered.exclude(pk__in=found).values_list("pk", flat=True)[: SHOWN + 1])
    shown = list(found)[:SHOWN]
    read = stories.listed(Ticket.objects.all()).in_bulk(shown)
    return [read[pk] for pk in shown if pk in read], len(found) > SHOWN


def articles(state: PackState, text: str, language: str) -> list[Hit]:
    """Published articles with the words of ``text``, also when they are typed a little wrong."""
    found, _corrected = knowledge.find(state.pack, text, language)
    named = knowledge.read(state.pack, text, language)  # by the name in its address
    hits = [Hit(each.title, "", reverse("article", args=[each.slug])) for each in ([named] if named else []) + found]
    return list(dict.fromkeys(hits))[:SHOWN]


def programs(text: str) -> list[Hit]:
    """Programs by name. Names of programs alone tell nothing of a machine, so departments do not limit them."""
    names = readings.store().subjects(PROGRAMS, text, SHOWN)
    return [Hit(name, "", reverse("program") + "?" + urlencode({"name": name})) for name in names]


def suggestions(staff: Staff, text: str, language: str) -> dict[str, list[Hit]]:
    """What the command palette offers for ``text``: a few of each kind but tickets."""
    if len(text) < SHORTEST:
        return {}
    few = SHOWN // 2
    return {
        "machine": [
            Hit(each.host_name, each.colleague.name if each.colleague else "", reverse("machine", args=[each.uuid]))
            for each in machines(staff, text)[:few]
        ],
        "article": articles(pack.current(), text, language)[:few],
    }
