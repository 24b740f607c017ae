"""The tips' background work, one round of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keuring_collector.service.tips import chances, offering, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from keuring_collector.config import Settings
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store


class Round(NamedTuple):
    """What a round did, as numbers."""

    looked: int
    put_aside: int
    decided: int
    offered: int


def run(store: Store, pack: RulePack, now: datetime, settings: Settings, stop: Callable[[], bool]) -> Round:
    """Looks, takes answers, says what became of older tips, and offers within business hours.

    Answers come before offers, so that what was put aside a minute ago is not offered again.
    """
    looked = chances.look(store, pack, now, stop)
    aside = outcomes.read_answers(store, now)
    decided = outcomes.decide(now)
    offered = 0
    if settings.tips and offering.is_open_now(settings, now):
        offered = offering.offer_due(store, pack, now, stop)
    offering.send(store, pack, now, settings)
    chances.forget(now)
    outcomes.forget(now)
    return Round(looked, aside, decided, offered)
