"""Asks the tip rules about every machine, once a day, and keeps what they say.

The write path knows nothing of it: a machine is put into an engine as it is now, as for an inspection (ADR 0049).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Severity
from keuring_collector.fleet.models import Endpoint
from keuring_collector.rulepack.reads import questions_of
from keuring_collector.service.models import TipChance, TipLook
from keuring_collector.store.evidence import named
from keuring_collector.store.replay import present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from keuring_collector.engine.model import Finding
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

KEPT: Final = timedelta(days=400)  # after it is gone
AT_ONCE: Final = 500
Standing = dict[tuple[str, str], "Finding"]


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
            found = _standing(store, fleet, pk) if heard else None
            _keep(pk, found, judged, today)
            count += 1
    return count


def _standing(store: Store, fleet: Fleet, endpoint: int) -> Standing | None:
    """The tips that hold on a machine as of its last report; None: it never reported."""
    try:
        if not present(store.connection, fleet, endpoint):
            return None
        found = fleet.findings(endpoint)
    finally:
        fleet.drop(endpoint)
    return {(each.rule, each.subject): each for each in found if each.severity is Severity.TIP}


def _day(seconds: float) -> date:
    return timezone.localtime(datetime.fromtimestamp(seconds, UTC)).date()


def _keep(endpoint: int, found: Mapping[tuple[str, str], Finding] | None, judged: set[str], today: date) -> None:
    """Writes down what was seen; None: nothing was heard since the last look, so nothing changed."""
    with transaction.atomic():
        TipLook.objects.update_or_create(endpoint_id=endpoint, defaults={"looked_on": today})
        if found is None:
            return
        rows = {(row.rule, row.subject): row for row in TipChance.objects.filter(endpoint=endpoint)}
        for key, finding in found.items():
            row = rows.get(key) or TipChance(endpoint_id=endpoint, rule=key[0], subject=key[1])
            if row.pk is None or row.gone_on is not None:
                row.since, row.gone_on = _day(finding.since), None
            row.seen_on, row.evidence = today, [named(item) for item in finding.evidence]
            row.save()
        for key, row in rows.items():
            if key in found or row.gone_on is not None:
                continue
            if row.rule not in judged:  # nobody looks any more: that is no end of it
                row.delete()
                continue
            row.gone_on = today
            row.save(update_fields=["gone_on"])


def forget(now: datetime) -> None:
    """Lets go of chances that ended long ago."""
    TipChance.objects.filter(gone_on__lt=timezone.localtime(now).date() - KEPT).delete()
