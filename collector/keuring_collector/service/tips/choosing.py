"""Which tip is offered first to a colleague, and whether one may be offered now. The same facts give the same choice.

At most one in seven days to a colleague, however many rules hold on however many machines; the seven days count from
when it was offered, or when it reached the machine if that was later. A tip that was put aside never comes back to
that colleague; one that was offered comes back only when it ended, began anew, and half a year has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from keuring_collector.service.models import TipOffer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

    from keuring_collector.fleet.models import Colleague, Endpoint
    from keuring_collector.rulepack import Rule
    from keuring_collector.service.models import TipChance

EVERY: Final = timedelta(days=7)
AGAIN: Final = timedelta(days=183)
WHY: Final[Mapping[str, _StrPromise]] = {
    "only": _("the only one there was"),
    "longest": _("it had stood the longest"),
    "name": _("several had stood equally long; by name it came first"),
    "person": _("somebody of the desk chose it"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The tip to offer first; ``why`` is a key of WHY, ``among`` how many could have been offered."""

    chance: TipChance
    why: str
    among: int


def offers_to(colleague: Colleague | None, endpoint: Endpoint) -> QuerySet[TipOffer]:
    """What was offered to a colleague on any machine; where none is known, to that machine."""
    if colleague is not None:
        return TipOffer.objects.filter(colleague=colleague)
    return TipOffer.objects.filter(endpoint=endpoint, colleague=None)


def free_from(offers: Iterable[TipOffer]) -> date | None:
    """The first day on which the next tip may be offered; None: no tip was offered yet."""
    days = [
        max(each.offered_on, each.reached_on or each.offered_on) + EVERY
        for each in offers
        if each.outcome != TipOffer.Outcome.MISSED
    ]
    return max(days, default=None)


def is_done(chance: TipChance, offers: Iterable[TipOffer], today: date) -> bool:
    """Whether the tip of a chance was put aside for good, or was offered and need not be again."""
    for each in offers:
        if each.rule != chance.rule or each.outcome == TipOffer.Outcome.MISSED:
            continue
        if each.outcome == TipOffer.Outcome.ASIDE:
            return True
        if chance.since <= each.offered_on or today < each.offered_on + AGAIN:
            return True
    return False


def choose(
    chances: Sequence[TipChance], offers: Sequence[TipOffer], rules: Mapping[str, Rule], today: date
) -> Choice | None:
    """What is offered first: what stands longest, then by name of the rule, the machine and the part; None: nothing.

    ``chances`` hold on the colleague's machines and may be offered as far as the desk is concerned.
    """
    left = [each for each in chances if not is_done(each, offers, today)]
    if not left:
        return None
    left.sort(key=lambda each: (each.since, rules[each.rule].name, each.endpoint.host_name, each.subject))
    kinds = {each.rule for each in left}
    first = left[0]
    others = [each for each in left if each.rule != first.rule]
    why = "only" if not others else "name" if others[0].since == first.since else "longest"
    return Choice(first, why, len(kinds))
