"""The tips of one machine, for whoever goes there: the machine's page, a visit, the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext

from keuring_collector.desk.prepared import prepared
from keuring_collector.service.models import TipChance
from keuring_collector.service.tips import choosing, rules
from keuring_collector.service.tips.chances import FRESH, holding

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import Rule, RulePack
    from keuring_collector.service.models import TipOffer


@dataclass(frozen=True, slots=True)
class OpenTip:
    """A tip that holds on a machine now and was not put aside: what it is called, what to say, and which article.

    ``offer``: the last time that it was offered to this colleague. ``free_from``: the day from which it may be told in
    person; None: it need not be offered again.
    """

    chance: TipChance
    rule: Rule
    title: str
    say: str
    offer: TipOffer | None
    free_from: date | None

    @property
    def why(self) -> str:
        """Why this one was offered first, in words; empty where there was no choice."""
        if self.offer is None or self.offer.among < 2 or self.offer.why not in choosing.WHY:
            return ""
        return gettext("of %(n)s; %(why)s") % {"n": self.offer.among, "why": choosing.WHY[self.offer.why]}


@prepared
def _holding(endpoint: Any, since: Any) -> QuerySet[TipChance]:
    return TipChance.objects.filter(holding(since), endpoint=endpoint)


def open_tips(endpoint: Endpoint, pack: RulePack, language: str, now: datetime) -> list[OpenTip]:
    """The open tips of a machine, what stands longest first. Its colleague and department must be fetched already."""
    today, known = timezone.localtime(now).date(), rules.tips(pack)
    chances = [each for each in _holding(endpoint.pk, today - FRESH) if each.rule in known]
    if not chances:
        return []
    offers = list(choosing.offers_to(endpoint.colleague, endpoint))
    aside = {each.rule for each in offers if each.outcome == each.Outcome.ASIDE}
    free = choosing.free_from(offers) or today
    found = []
    for chance in chances:
        if chance.rule in aside:
            continue
        rule = known[chance.rule]
        chance.endpoint = endpoint
        last = next((each for each in offers if each.rule == chance.rule), None)
        found.append(
            OpenTip(
                chance, rule, rules.headline(rule, pack, language), rules.said(chance, rule, language, now), last,
                None if choosing.is_done(chance, offers, today) else max(free, today),
            )
        )  # fmt: skip
    return sorted(found, key=lambda tip: (tip.chance.since, tip.rule.name, tip.chance.subject))
