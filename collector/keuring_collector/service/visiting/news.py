"""What is worth telling on a visit: what is coming for colleagues' machines, and a tip for who may have one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service.announcing import current, letters
from keuring_collector.service.models import Stop, StopItem, TipOffer
from keuring_collector.service.tips import choosing, offering, rules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import RulePack
    from keuring_collector.service.models import TipChance
    from keuring_collector.store import Store


@dataclass(frozen=True, slots=True)
class Sources:
    """What a proposal looks at beside what the desk wrote down. ``heard``: when each machine was last heard of, in
    seconds since 1970.
    """

    store: Store
    pack: RulePack
    now: datetime
    heard: Mapping[int, float]


def announcements(machines: Sequence[Endpoint], day: date, sources: Sources) -> dict[int, list[str]]:
    """{machine: titles} of what is announced for it and not over on ``day``, in its colleague's language; without what
    they were told on an earlier visit under that title.
    """
    coming = current.for_machines([each.pk for each in machines], sources.store, day)
    told = _told([each.colleague_id for each in machines if each.colleague_id])
    found = {}
    for machine in machines:
        spoken = machine.colleague.language if machine.colleague else LANGUAGES[0]
        titles = [each.text("title", letters.language_of(each, spoken)) for each in coming.get(machine.pk, ())]
        if left := [title for title in titles if (machine.colleague_id, title) not in told]:
            found[machine.pk] = left
    return found


def _told(colleagues: Collection[int]) -> set[tuple[int | None, str]]:
    items = StopItem.objects.filter(
        kind=StopItem.Kind.ANNOUNCEMENT, stop__colleague__in=colleagues, stop__outcome=Stop.Outcome.HELPED
    )
    return set(items.values_list("stop__colleague", "text"))


def tips(machines: Sequence[Endpoint], day: date, sources: Sources) -> dict[int, TipChance]:
    """{machine: tip} that may be told on ``day``: at most one to a colleague, as ever, and none that a ticket tells.

    None at all where tips are switched off: then they are only counted.
    """
    if not settings.KEURING.tips:
        return {}
    ids = [each.pk for each in machines]
    people = {each.colleague_id for each in machines if each.colleague_id}
    known = rules.tips(sources.pack)
    ticketed = set(
        TicketLine.objects.filter(ticket__endpoint__in=ids, ticket__state__in=Ticket.OPEN).values_list(
            "ticket__endpoint", "rule"
        )
    )
    offers: dict[tuple[str, int], list[TipOffer]] = defaultdict(list)
    rows = TipOffer.objects.filter(Q(colleague__in=people) | Q(colleague=None, endpoint__in=ids))
    for offer in rows:
        offers[offering.receiver(offer.colleague_id, offer.endpoint_id)].append(offer)
    found = {}
    for group in offering.by_receiver(offering.may_be_offered(sources.store, sources.pack, sources.now, among=ids)):
        had = offers[offering.receiver(group[0].endpoint.colleague_id, group[0].endpoint_id)]
        free = choosing.free_from(had)
        left = [each for each in group if (each.endpoint_id, each.rule) not in ticketed]
        if free is not None and day < free:
            continue
        if choice := choosing.choose(left, had, known, day):
            found[choice.chance.endpoint_id] = choice.chance
    return found
