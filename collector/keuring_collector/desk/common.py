"""What machines with one problem have in common that others do not: the first thing to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from keuring.signals import catalogue
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring_collector.store.facts import Value
    from keuring_collector.store.store import Store

# What a batch of machines may share; facts about people or places are left out on purpose.
LOOKED_AT: Final = (
    catalogue.KEURING_HARDWARE_MODEL,
    catalogue.KEURING_FIRMWARE_VERSION,
    catalogue.KEURING_CPU_MODEL,
    catalogue.KEURING_SMART_MODEL,
    catalogue.KEURING_BATTERY_MODEL,
    catalogue.OS_NAME,
    catalogue.OS_VERSION,
    catalogue.KEURING_DRIVER_RELEASED,
    catalogue.KEURING_SOFTWARE_VERSION,
)
_OF_A_PART: Final = (catalogue.KEURING_SMART_MODEL.id, catalogue.KEURING_BATTERY_MODEL.id)  # whichever slot it is in
SHARED: Final = 0.8  # of the machines, at least
RARER: Final = 0.3  # by how much less it must occur among the others
OTHERS: Final = 500  # machines that they are held against
SHOWN: Final = 6

Seen = dict[tuple[int, str, str], set[int]]  # (signal, subject, value) on which machines


def common(store: Store, ill: Iterable[int], left_out: Iterable[int] = ()) -> list[dict[str, Any]]:
    """What at least four in five of the machines ``ill`` share and clearly fewer others do, the most telling first.

    ``left_out`` are neither: machines that had the problem, too.
    """
    chosen = set(ill)
    others = set(
        Endpoint.objects.filter(state=Endpoint.State.ACTIVE)
        .exclude(pk__in=chosen.union(left_out))
        .order_by("uuid")  # drawn at random when they enrolled, so this is a fair sample
        .values_list("pk", flat=True)[:OTHERS]
    )
    found = []
    for signal in LOOKED_AT:
        seen = _seen(signal.id, store.facts_of(signal.id, chosen | others))
        for (number, subject, value), machines in seen.items():
            ours, without = len(machines & chosen), len(machines & others)
            share, usual = ours / len(chosen), without / len(others) if others else 0.0
            if share >= SHARED and share - usual >= RARER:
                told: dict[str, Any] = {"signal": catalogue.BY_ID[number].name, "subject": subject, "value": value}
                told |= {"machines": ours, "of": len(chosen), "others": without, "others_of": len(others)}
                found.append((usual - share, told))
    return [told for _rarer, told in sorted(found, key=lambda pair: pair[0])[:SHOWN]]


def with_it(store: Store, shared: Mapping[str, Any], endpoints: Iterable[int]) -> set[int]:
    """Those of ``endpoints`` that have one thing which ``common`` told."""
    signal = catalogue.BY_NAME[shared["signal"]].id
    seen = _seen(signal, store.facts_of(signal, set(endpoints)))
    return seen.get((signal, shared["subject"], shared["value"]), set())


def _seen(signal: int, facts: Mapping[tuple[int, str], Value]) -> Seen:
    seen: Seen = {}
    for (endpoint, subject), value in facts.items():
        about = "" if signal in _OF_A_PART else subject
        seen.setdefault((signal, about, str(value)), set()).add(endpoint)
    return seen
