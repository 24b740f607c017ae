"""To say "we will come back on Thursday" is to promise it, and it is kept when somebody comes by no later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from keuring_collector.desk import wording
from keuring_collector.service import promises
from keuring_collector.service.models import Promise, Stop

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff


def settle(stop: Stop, *, actor: Staff, now: datetime) -> None:
    """Closes what earlier stops promised to whom was visited now, and writes down what this one promises.

    Whoever came and found nobody has come, if it was on the day; before it the promise stands.
    """
    today = wording.local_day(now)
    for promise in _open(stop).exclude(stop=stop):
        if today > promise.due_on:
            _close(promise, Promise.State.BROKEN, _("We came later than that."), actor, now)
        elif today == promise.due_on or stop.outcome == Stop.Outcome.HELPED:
            _close(promise, Promise.State.KEPT, "", actor, now)
        elif stop.outcome == Stop.Outcome.BACK:
            _close(promise, Promise.State.WITHDRAWN, _("Another day was agreed on a visit."), actor, now)
    mine = stop.promises.filter(state=Promise.State.OPEN)
    wanted = stop.back_on if stop.outcome == Stop.Outcome.BACK else None
    for promise in mine:
        if promise.due_on == wanted:
            return
        if promise.due_on < today:
            continue  # it was not kept; what is noted now changes nothing about that
        _close(promise, Promise.State.WITHDRAWN, _("It was noted otherwise on the visit."), actor, now)
    if wanted is not None:
        made = promises.make(
            _("We come by again, as agreed on a visit."), wanted, actor=actor, now=now, endpoint=stop.endpoint,
            department=stop.round.department,
        )  # fmt: skip
        Promise.objects.filter(pk=made.pk).update(stop=stop)


def take_back(stop: Stop) -> None:
    """As if the stop had never been noted: what it promised goes, and what it closed is open again."""
    stop.promises.filter(state=Promise.State.OPEN).delete()
    closed = Promise.objects.filter(closed_at=stop.done_at, closed_by=stop.done_by).filter(_whom(stop))
    closed.update(state=Promise.State.OPEN, reason="", closed_at=None, closed_by=None)


def _open(stop: Stop) -> QuerySet[Promise]:
    return Promise.objects.filter(_whom(stop), state=Promise.State.OPEN)


def _whom(stop: Stop) -> Q:
    """Of stops at the same colleague, or where there is none at the same machine."""
    if stop.colleague_id is not None:
        return Q(stop__colleague=stop.colleague_id)
    if stop.endpoint_id is not None:
        return Q(stop__colleague=None, stop__endpoint=stop.endpoint_id)
    return Q(stop=stop.pk)


def _close(promise: Promise, state: Promise.State, reason: str, actor: Staff, now: datetime) -> None:
    promises.close(promise.pk, state, reason, actor=actor, now=now)
