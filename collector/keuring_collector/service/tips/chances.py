"""Asks the tip rules about every machine, once a day, and keeps what they say.

The write path knows nothing of it: a machine is put into an engine as it is now, as for an inspection (ADR 0049).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.model import Severity
from keuring_collector.fleet.models import Endpoint
from keuring_collector.rulepack.reads import questions_of
from keuring_collector.service.models import TipChance, TipLook
from keuring_collector.store.evidence import named
from keuring_collector.store.replay import present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set
    from datetime import date

    from keuring_collector.engine.explain import Step
    from keuring_collector.engine.model import Finding
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

KEPT: Final = timedelta(days=400)  # after it is gone
AT_ONCE: Final = 500
FRESH: Final = timedelta(days=14)  # what was not seen for longer is not taken to hold
_TIMES: Final = frozenset({"hours", "hold", "recovery"})  # steps of when, not of what
_WHOLES: Final = frozenset({"all", "any", "not", "risk"})  # steps that speak for those that follow


class Seen(NamedTuple):
    """What a look at a machine came to, by (rule, subject)."""

    found: Mapping[tuple[str, str], Finding]
    ended: Set[tuple[str, str]]


def look(store: Store, pack: RulePack, now: datetime, stop: Callable[[], bool], most: int = 20_000) -> int:
    """Looks at the machines that were not looked at today, the longest ago first, until ``stop``; how many."""
    today = timezone.localtime(now).date()
    fleet = Fleet(pack.compiled, freshness=float("inf"))
    if any(questions_of(rule) for rule in pack.compiled.rules):
        fleet.use_baselines(store.baselines())
    judged = {rule.id for rule in pack.compiled.rules}
    fresh = Q(tip_look=None) | Q(tip_look__looked_on__lt=today)
    due = Endpoint.objects.filter(fresh, state=Endpoint.State.ACTIVE)
    count = 0
    while count < most:
        oldest = F("tip_look__looked_on").asc(nulls_first=True)
        waiting = list(due.order_by(oldest, "pk").values_list("pk", "tip_look__looked_on")[:AT_ONCE])
        if not waiting:
            break
        heads = store.heads([pk for pk, _looked in waiting])
        for pk, looked in waiting:
            if stop():
                return count
            head = heads.get(pk)
            # What said nothing since was judged then; a tip is not kept alive by silence.
            heard = head is not None and (looked is None or _day(head.received_at) >= looked)
            seen = _judge(store, fleet, pk) if heard else None
            _keep(pk, seen, judged, today)
            count += 1
    return count


def _judge(store: Store, fleet: Fleet, endpoint: int) -> Seen | None:
    """What holds on a machine as of its last report, and what of the open chances ended; None: it never reported."""
    try:
        if not present(store.connection, fleet, endpoint):
            return None
        found = {(each.rule, each.subject): each for each in fleet.findings(endpoint) if each.severity is Severity.TIP}
        kept = TipChance.objects.filter(endpoint=endpoint, gone_on=None).values_list("rule", "subject")
        ended = {key for key in kept if key not in found and _is_over(fleet.explain(endpoint, key[0]), key[1])}
    finally:
        fleet.drop(endpoint)
    return Seen(found, ended)


def _is_over(steps: Sequence[Step], subject: str) -> bool:
    """Whether what a rule asks is known to be false of a subject. That it must hold anew for its whole time, as after
    a change of the pack, is no end; nor is that it cannot be measured.
    """
    mine: list[Step] = []
    for step in steps:
        if step.what != "finding":
            mine.append(step)
        elif step.subject == subject:
            break
        else:
            mine = []
    else:
        return False
    asked = [step for step in mine if step.what not in _TIMES]
    whole = next((step for step in asked if step.what in _WHOLES), None)
    return any(step.truth is Truth.FALSE for step in ([whole] if whole else asked))


def _day(seconds: float) -> date:
    return timezone.localtime(datetime.fromtimestamp(seconds, UTC)).date()


def _keep(endpoint: int, seen: Seen | None, judged: set[str], today: date) -> None:
    """Writes down what was seen; None: nothing was heard since the last look, so nothing changed."""
    with transaction.atomic():
        TipLook.objects.update_or_create(endpoint_id=endpoint, defaults={"looked_on": today})
        if seen is None:
            return
        rows = {(row.rule, row.subject): row for row in TipChance.objects.filter(endpoint=endpoint)}
        for key, finding in seen.found.items():
            row = rows.get(key) or TipChance(endpoint_id=endpoint, rule=key[0], subject=key[1])
            if row.pk is None or row.gone_on is not None:
                row.since, row.gone_on = _day(finding.since), None
            row.seen_on, row.evidence = today, [named(item) for item in finding.evidence]
            row.save()
        for key, row in rows.items():
            if row.gone_on is None and row.rule not in judged:  # nobody looks any more: that is no end of it
                row.delete()
            elif key in seen.ended:
                row.gone_on = today
                row.save(update_fields=["gone_on"])


def still(today: date) -> Q:
    """The condition of chances that hold: not ended, and seen lately."""
    return holding(today - FRESH)


def holding(since: date) -> Q:
    """The condition of chances that did not end, and were seen after that day."""
    return Q(gone_on=None, seen_on__gt=since)


def forget(now: datetime) -> None:
    """Lets go of chances that ended, or were seen last, long ago."""
    before = timezone.localtime(now).date() - KEPT
    TipChance.objects.filter(Q(gone_on__lt=before) | Q(seen_on__lt=before)).delete()
