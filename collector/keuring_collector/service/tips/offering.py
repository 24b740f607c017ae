"""Offers tips: chooses, writes the offer down, leaves the notice for the machine, and mails where that is wanted."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from keuring_collector import addresses
from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotPossible
from keuring_collector.engine.hours import Hours
from keuring_collector.fleet.models import Colleague, Endpoint
from keuring_collector.rulepack.calendar import calendar
from keuring_collector.service.models import TipChance, TipOffer
from keuring_collector.service.tips import choosing, rules
from keuring_collector.service.tips.chances import still
from keuring_collector.store import holds, notices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from keuring_collector.config import Settings
    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

SHOWN_FOR: Final = timedelta(days=5)  # then its notice expires: no tip is left for when the next one comes
HEARD: Final = timedelta(days=2)  # what is silent for longer gets no tip until it is back
AT_ONCE: Final = 2000  # mails and notices of one run


class MailError(Exception):
    """A mail server refused tips; they are tried again with the next run."""


def is_open_now(settings: Settings, now: datetime) -> bool:
    """Whether it is within business hours: outside them no tip is offered."""
    moment = np.array([now.timestamp()])
    return bool(Hours(calendar(settings.time_zone, settings.business_hours)).inside(moment, moment)[0])


def offer_due(store: Store, pack: RulePack, now: datetime, stop: Callable[[], bool]) -> int:
    """Offers one tip to each colleague who may have one; how many."""
    today = timezone.localtime(now).date()
    count = 0
    for group in by_receiver(may_be_offered(store, pack, now)):
        if stop():
            break
        count += _offer(group, pack, today)
    return count


def may_be_offered(
    store: Store, pack: RulePack, now: datetime, *, among: Collection[int] | None = None
) -> list[TipChance]:
    """The chances that the desk lets be offered: of rules that have proven themselves and that nothing holds back, on
    machines that were heard of lately; with ``among`` only of those.
    """
    offered = {pk: rule for pk, rule in rules.tips(pack).items() if rules.is_offered(rule)}
    today = timezone.localtime(now).date()
    holding = TipChance.objects.filter(still(today), rule__in=offered, endpoint__state=Endpoint.State.ACTIVE)
    found = list(
        (holding if among is None else holding.filter(endpoint__in=among))
        .select_related("endpoint__colleague", "endpoint__department")
        .order_by("endpoint__colleague", "endpoint")
    )
    held, moment = holds.load(store.connection, now.timestamp()), now.timestamp()
    heads = store.heads({each.endpoint_id for each in found})
    heard = {pk for pk, head in heads.items() if head.received_at >= (now - HEARD).timestamp()}
    return [
        each
        for each in found
        if each.endpoint_id in heard
        and (held is None or held.line(each.endpoint_id, each.rule, offered[each.rule].cause, moment, moment) is None)
    ]


def by_receiver(found: Iterable[TipChance]) -> list[list[TipChance]]:
    """Those of one colleague together, on whichever machine; of a machine without one, those of that machine."""
    groups: dict[tuple[str, int], list[TipChance]] = {}
    for each in found:
        groups.setdefault(receiver(each.endpoint.colleague_id, each.endpoint_id), []).append(each)
    return list(groups.values())


def receiver(colleague: int | None, endpoint: int) -> tuple[str, int]:
    """Who hears of tips on a machine: its colleague, or where none is known the machine."""
    return ("machine", endpoint) if colleague is None else ("colleague", colleague)


def _offer(group: Sequence[TipChance], pack: RulePack, today: date) -> bool:
    endpoint = group[0].endpoint
    with transaction.atomic():
        _alone(endpoint)
        offers = list(choosing.offers_to(endpoint.colleague, endpoint))
        free = choosing.free_from(offers)
        if free is not None and today < free:
            return False
        choice = choosing.choose(group, offers, rules.tips(pack), today)
        if choice is None:
            return False
        chance = choice.chance
        TipOffer.objects.create(
            endpoint=chance.endpoint, colleague=chance.endpoint.colleague, rule=chance.rule, subject=chance.subject,
            way=TipOffer.Way.NOTICE, offered_on=today, why=choice.why, among=choice.among,
        )  # fmt: skip
    return True


def _alone(endpoint: Endpoint) -> None:
    """Lets one transaction at a time offer to a colleague, so that two never offer in one week."""
    if endpoint.colleague_id is not None:
        Colleague.objects.select_for_update().get(pk=endpoint.colleague_id)
    else:
        Endpoint.objects.select_for_update().get(pk=endpoint.pk)


def _expiry(offer: TipOffer) -> datetime:
    return datetime.combine(offer.offered_on, time(), timezone.get_current_timezone()) + SHOWN_FOR


def send(store: Store, pack: RulePack, now: datetime, settings: Settings) -> int:
    """Leaves the notices that are not written yet, and mails where the settings say so; how many notices.

    Raises MailError when a mail was refused; the others were sent.
    """
    known = rules.tips(pack)
    waiting = TipOffer.objects.filter(way=TipOffer.Way.NOTICE, outcome=TipOffer.Outcome.OPEN, sent=False)
    count = 0
    refused: list[str] = []
    for offer in waiting.select_related("endpoint__department", "colleague").order_by("pk")[:AT_ONCE]:
        rule = known.get(offer.rule)
        chance = TipChance.objects.filter(endpoint=offer.endpoint_id, rule=offer.rule, subject=offer.subject).first()
        if rule is None or chance is None or now >= _expiry(offer):
            TipOffer.objects.filter(pk=offer.pk).update(sent=True)
            continue
        chance.endpoint = offer.endpoint
        titles, bodies = rules.notice_texts(chance, rule, pack, now)
        link = link_of(settings, rule.article, offer.colleague)
        notice = notices.Notice(offer.notice_id, notices.Kind.TIP, titles, bodies, link, _expiry(offer).timestamp())
        # The notice first: it is left once however often, so that a crash in between costs nothing.
        notices.put(store.connection, [offer.endpoint_id], notice, now.timestamp())
        mailed = offer.mailed
        if settings.tips_mail and offer.colleague is not None and not mailed:
            try:
                _mail(offer.colleague, titles, bodies, link)
                mailed = True
            except OSError as error:  # of which smtplib's errors are a kind
                refused.append(f"{offer.colleague.mail}: {error}")
                continue
        reached = timezone.localtime(now).date() if mailed else None
        TipOffer.objects.filter(pk=offer.pk).update(sent=True, mailed=mailed, reached_on=reached)
        count += 1
    if refused:
        raise MailError("; ".join(refused))
    return count


def link_of(settings: Settings, article: str, colleague: Colleague | None) -> str:
    """Where colleagues read the article, if they can anywhere."""
    if not (settings.articles_url or settings.public_pages):
        return ""
    language = colleague.language if colleague and colleague.language in ("nl", "en") else settings.language
    if settings.articles_url:
        return f"{settings.articles_url}{language}/{article}.html"
    return f"{addresses.console_url(settings)}help/{language}/{article}/"


def _mail(colleague: Colleague, titles: dict[str, str], bodies: dict[str, str], link: str) -> None:
    language = colleague.language if colleague.language in titles else "nl"
    with override(language):
        parts = [
            gettext("Hello %(name)s,") % {"name": colleague.name},
            bodies[language],
            link,
            gettext("Not for you? Answer this mail with just that, and this tip does not come back."),
        ]
    EmailMessage(titles[language], "\n\n".join(part for part in parts if part), None, [colleague.mail]).send()


def tell(actor: Staff, chance: TipChance, pack: RulePack, now: datetime) -> TipOffer:
    """Writes down that somebody told a colleague of a tip in person. Raises NotPossible when it may not be now."""
    today, endpoint = timezone.localtime(now).date(), chance.endpoint
    with transaction.atomic():
        _alone(endpoint)
        offers = list(choosing.offers_to(endpoint.colleague, endpoint))
        if chance.gone_on is not None or chance.rule not in rules.tips(pack):
            raise NotPossible(gettext("This tip does not hold any more. Look at the page again."))
        if choosing.is_done(chance, offers, today):
            raise NotPossible(gettext("They had this tip before; offering it again would be nagging."))
        free = choosing.free_from(offers)
        if free is not None and today < free:
            raise NotPossible(
                gettext("They had a tip less than a week ago. The next one from %(day)s.") % {"day": free.isoformat()}
            )
        offer = TipOffer.objects.create(
            endpoint=endpoint, colleague=endpoint.colleague, rule=chance.rule, subject=chance.subject,
            way=TipOffer.Way.VISIT, offered_on=today, reached_on=today, why="person", sent=True, by=actor,
        )  # fmt: skip
        audit.record_now(actor, "tip.told", audit.machine(endpoint), {"rule": rules.tips(pack)[chance.rule].name})
    return offer


def put_aside(actor: Staff | None, chance: TipChance, now: datetime) -> None:
    """Writes down that a tip is not for a colleague: it never comes back to them. ``actor`` None: they said so on My
    workplace.
    """
    today, endpoint = timezone.localtime(now).date(), chance.endpoint
    with transaction.atomic():
        _alone(endpoint)
        last = choosing.offers_to(endpoint.colleague, endpoint).filter(rule=chance.rule).order_by("-pk").first()
        if last is None or last.outcome not in (TipOffer.Outcome.OPEN, TipOffer.Outcome.ASIDE):
            last = TipOffer(
                endpoint=endpoint, colleague=endpoint.colleague, rule=chance.rule, subject=chance.subject,
                way=TipOffer.Way.VISIT if actor else TipOffer.Way.PAGE, offered_on=today, why="person", sent=True,
                by=actor,
            )  # fmt: skip
        last.outcome, last.decided_on, last.reached_on = TipOffer.Outcome.ASIDE, today, last.reached_on or today
        last.sent = True
        last.save()
        audit.record_now(actor, "tip.aside", audit.machine(endpoint))
