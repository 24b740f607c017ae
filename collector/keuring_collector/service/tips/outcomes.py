"""What became of tips: put aside at the machine, gone within four weeks, still there, or never seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from keuring_collector.service.models import TipChance, TipOffer
from keuring_collector.service.tips.offering import SHOWN_FOR
from keuring_collector.store import notices

if TYPE_CHECKING:
    from datetime import date

    from keuring_collector.store import Store

WITHIN: Final = timedelta(days=28)  # a tip helped when what it is about went away so soon after
SEEN: Final = timedelta(days=21)  # a machine that was not heard of after so long tells nothing about the tip
KEPT: Final = timedelta(days=400)
Outcome = TipOffer.Outcome


def read_answers(store: Store, now: datetime) -> int:
    """Takes what machines answered to notices: received, or not for them; how many were put aside."""
    since = (now - WITHIN - SHOWN_FOR).timestamp()
    told = {
        (endpoint, identity): (state, _day(at))
        for endpoint, identity, state, at in notices.told(store.connection, notices.Kind.TIP, since)
    }
    aside = 0
    since_day = timezone.localtime(now).date() - WITHIN - SHOWN_FOR
    asked = TipOffer.objects.filter(way=TipOffer.Way.NOTICE, sent=True, offered_on__gte=since_day)
    for offer in asked.exclude(outcome=Outcome.ASIDE):
        state, day = told.get((offer.endpoint_id, offer.notice_id), (notices.State.WAITING, None))
        if state == notices.State.DECLINED:
            offer.outcome, offer.decided_on, offer.reached_on = Outcome.ASIDE, day, offer.reached_on or day
            aside += 1
        elif state == notices.State.RECEIVED and offer.reached_on is None:
            offer.reached_on = day
        else:
            continue
        offer.save(update_fields=["outcome", "decided_on", "reached_on"])
    return aside


def _day(seconds: float) -> date:
    return timezone.localtime(datetime.fromtimestamp(seconds, UTC)).date()


def decide(now: datetime) -> int:
    """Says of open offers what became of them, where that is known by now; how many."""
    today = timezone.localtime(now).date()
    found = list(TipOffer.objects.filter(outcome=Outcome.OPEN))
    chances = {
        (each.endpoint_id, each.rule, each.subject): each
        for each in TipChance.objects.filter(endpoint__in={offer.endpoint_id for offer in found})
    }
    count = 0
    for offer in found:
        outcome = _outcome(offer, chances.get((offer.endpoint_id, offer.rule, offer.subject)), today)
        if outcome is not Outcome.OPEN:
            count += TipOffer.objects.filter(pk=offer.pk, outcome=Outcome.OPEN).update(
                outcome=outcome, decided_on=today
            )
    return count


def _outcome(offer: TipOffer, chance: TipChance | None, today: date) -> TipOffer.Outcome:
    if offer.reached_on is None:
        return Outcome.MISSED if today > offer.offered_on + SHOWN_FOR else Outcome.OPEN
    until = offer.offered_on + WITHIN
    if chance is not None and chance.gone_on is not None and offer.offered_on <= chance.gone_on <= until:
        return Outcome.GONE
    if today <= until:
        return Outcome.OPEN
    known = chance is not None and (chance.seen_on >= offer.offered_on + SEEN or chance.gone_on is not None)
    return Outcome.STAYED if known else Outcome.UNKNOWN


def forget(now: datetime) -> None:
    """Lets go of old offers; that a tip is not for somebody stays, or it would come back to them."""
    before = timezone.localtime(now).date() - KEPT
    TipOffer.objects.filter(offered_on__lt=before).exclude(outcome=Outcome.ASIDE).delete()
