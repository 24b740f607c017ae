"""Rounds: proposed for each visiting hour of the days to come, then the visitor's own to change, start and finish."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.service.models import Deed, Round, Stop, StopItem, VisitingHour
from keuring_collector.service.visiting import hours, places
from keuring_collector.service.visiting.candidates import TAKES, WALK, Candidate, Item, candidates

if TYPE_CHECKING:
    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Colleague
    from keuring_collector.service.visiting.news import Sources

AHEAD: Final = 7  # days for which rounds are proposed
KEPT: Final = timedelta(days=30)  # how long what a phone sent is known
_NOWHERE: Final = 10**6  # where somebody of whom no place is known comes in the walk: last


def propose_all(sources: Sources, keep_days: int = 400) -> int:
    """Proposes rounds for the days to come, and lets those that nobody touched follow what is open; how many.

    Rounds older than ``keep_days`` are let go of, with what was noted on them.
    """
    now = sources.now
    today = timezone.localtime(now).date()
    count = 0
    held = VisitingHour.objects.filter(ended_on=None).select_related("department", "visitor")
    for occurrence in hours.occurrences(held, today, today + timedelta(days=AHEAD)):
        if not occurrence.off and occurrence.ends_at > now:
            propose(occurrence, sources)
            count += 1
    Deed.objects.filter(at__lt=now - KEPT).delete()
    Round.objects.filter(day__lt=today - timedelta(days=keep_days)).delete()
    return count


def propose(occurrence: hours.Occurrence, sources: Sources) -> Round:
    """The round of one visiting hour, made or brought up to date unless it is the visitor's own by now."""
    hour = occurrence.hour
    with transaction.atomic():
        when = {"starts_at": occurrence.starts_at, "minutes": hour.minutes, "visitor": hour.visitor}
        found, _made = Round.objects.get_or_create(
            hour=hour, day=occurrence.day, defaults={"department": hour.department, **when}
        )
        found = Round.objects.select_for_update().get(pk=found.pk)
        if found.state == Round.State.PROPOSED:
            for name, value in when.items():
                setattr(found, name, value)
            if not found.touched:
                _fill(found, candidates(found.department, found.day, sources))
            found.save()
    return found


def again(pk: int, sources: Sources) -> Round:
    """Proposes anew what somebody changed; what was added by hand stays. Raises NotPossible once it was started."""
    with transaction.atomic():
        found = _held(pk)
        if found.state != Round.State.PROPOSED:
            raise NotPossible(_("This round was started already."))
        _fill(found, candidates(found.department, found.day, sources))
        found.touched = False
        found.save()
    return found


def _fill(found: Round, wanted: list[Candidate]) -> None:
    """Takes in as many as fit, the weightiest first, in walking order; and says who does not fit.

    Stops stay the same rows when somebody stays in, so that a page that was read earlier still knows them.
    """
    by_hand = list(found.stops.exclude(about="").filter(removed=False))
    left = found.minutes - sum(stop.minutes for stop in by_hand)
    taken: list[Candidate] = []
    over: list[Candidate] = []
    for each in wanted:
        if each.minutes <= left:
            taken.append(each)
            left -= each.minutes
        else:
            over.append(each)
    taken.sort(key=lambda each: (each.place.position if each.place else _NOWHERE, each.weight, each.name))
    found.more = sum(1 for each in over if each.only_hello)
    known = {
        (stop.colleague_id, None if stop.colleague_id else stop.endpoint_id): stop
        for stop in found.stops.filter(about="")
    }
    kept = set()
    rows = [(each, True) for each in taken] + [(each, False) for each in over if not each.only_hello]
    for position, (each, fits) in enumerate(rows, 1):
        stop = known.get((each.colleague, None if each.colleague else each.endpoint)) or Stop(round=found)
        stop.colleague_id, stop.endpoint_id, stop.place = each.colleague, each.endpoint, each.place
        stop.position, stop.minutes, stop.fits, stop.removed = position, each.minutes, fits, False
        stop.save()
        kept.add(stop.pk)
        _items(stop, each.items)
    found.stops.filter(about="").exclude(pk__in=kept).update(removed=True)
    for position, stop in enumerate(by_hand, len(rows) + 1):
        Stop.objects.filter(pk=stop.pk).update(position=position)


def _items(stop: Stop, items: list[Item]) -> None:
    has = [
        Item(StopItem.Kind(i.kind), i.ticket_id, i.endpoint_id, i.days, i.text, i.chance_id) for i in stop.items.all()
    ]
    if has == items:
        return
    stop.items.all().delete()
    rows = [
        StopItem(
            stop=stop, kind=i.kind, ticket_id=i.ticket, endpoint_id=i.endpoint, days=i.days, text=i.text,
            chance_id=i.chance,
        )
        for i in items
    ]  # fmt: skip
    StopItem.objects.bulk_create(rows)


def _held(pk: int) -> Round:
    return Round.objects.select_for_update().select_related("department").get(pk=pk)


def _changing(pk: int) -> Round:
    found = _held(pk)
    if found.state == Round.State.FINISHED:
        raise NotPossible(_("This round is finished; nothing was changed."))
    found.touched = True
    found.save(update_fields=["touched"])
    return found


def start(pk: int, *, actor: Staff) -> Round:
    """Sets out; whoever starts a round that is nobody's, or another's, walks it. Starting twice is starting once."""
    with transaction.atomic():
        found = _held(pk)
        if found.state == Round.State.PROPOSED:
            found.state, found.visitor, found.touched = Round.State.STARTED, actor, True
            found.save()
    return found


def finish(pk: int, *, now: datetime) -> Round:
    """Comes home. Whoever was not reached is proposed again. Raises NotPossible before the start."""
    with transaction.atomic():
        found = _held(pk)
        if found.state == Round.State.PROPOSED:
            raise NotPossible(_("Start this round first."))
        if found.state == Round.State.STARTED:
            found.state, found.finished_at = Round.State.FINISHED, now
            found.save()
    return found


def take_away(pk: int, stop_id: int) -> Round:
    """Leaves somebody out of this round. Raises NotPossible when something became of it already."""
    with transaction.atomic():
        found = _changing(pk)
        stop = _stop(found, stop_id)
        if stop.outcome:
            raise NotPossible(_("You have been there already; it stays."))
        stop.removed = True
        stop.save(update_fields=["removed"])
    return found


def take_in(pk: int, stop_id: int) -> Round:
    """Takes in somebody for whom there seemed to be no time."""
    with transaction.atomic():
        found = _changing(pk)
        stop = _stop(found, stop_id)
        stop.fits, stop.position = True, _last(found) + 1
        stop.save(update_fields=["fits", "position"])
    return found


def move(pk: int, stop_id: int, *, earlier: bool) -> Round:
    """One step earlier or later; at the end nothing changes."""
    with transaction.atomic():
        found = _changing(pk)
        order = list(found.stops.filter(removed=False, fits=True).order_by("position", "pk"))
        at = next((index for index, each in enumerate(order) if each.pk == stop_id), None)
        if at is None:
            raise NotPossible(_("That stop is no longer on this round."))
        to = at - 1 if earlier else at + 1
        if 0 <= to < len(order):
            order[at], order[to] = order[to], order[at]
        for position, each in enumerate(order, 1):
            Stop.objects.filter(pk=each.pk).update(position=position)
    return found


def add(pk: int, *, colleague: Colleague | None, about: str, minutes: int | None) -> Stop:
    """Somebody or something more, at the end. Raises NotUnderstood or NotPossible."""
    about = " ".join(about.split())
    if colleague is None and not about:
        raise NotUnderstood("about", _("Choose a colleague, or say in a few words what to do."))
    if len(about) > 200:
        raise NotUnderstood("about", _("That is longer than fits (200 characters). Shorten it a little."))
    if minutes is not None and not 1 <= minutes <= hours.LONGEST:
        raise NotUnderstood("minutes", _("A stop takes from 1 to 480 minutes."))
    with transaction.atomic():
        found = _changing(pk)
        if colleague is not None and colleague.department_id != found.department_id:
            raise NotUnderstood("colleague", _("Choose a colleague of this department."))
        minutes = minutes or WALK + TAKES[StopItem.Kind.HELLO]
        known = found.stops.filter(colleague=colleague).first() if colleague else None
        if known is not None and not about:
            if known.fits and not known.removed:
                raise NotPossible(_("They are on this round already."))
            known.fits, known.removed, known.position = True, False, _last(found) + 1
            known.save(update_fields=["fits", "removed", "position"])
            return known
        place = places.of_colleagues(found.department).get(colleague.pk) if colleague else None
        stop = Stop.objects.create(
            round=found, colleague=colleague, about=about, minutes=minutes, position=_last(found) + 1, place=place
        )
        if not about:
            StopItem.objects.create(stop=stop, kind=StopItem.Kind.HELLO)
    return stop


def _stop(found: Round, stop_id: int) -> Stop:
    stop = found.stops.filter(pk=stop_id, removed=False).first()
    if stop is None:
        raise NotPossible(_("That stop is no longer on this round."))
    return stop


def _last(found: Round) -> int:
    return found.stops.filter(fits=True, removed=False).aggregate(last=Max("position"))["last"] or 0
