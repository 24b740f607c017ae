"""A measured value as a part of a selection: machines of which the latest known value passes a comparison.

A value counts when it was measured within so many days; what is not known meets nothing. Of a signal with parts
(volumes, batteries) one part that passes is enough, and parts may be chosen by name.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from keuring.signals import catalogue
from keuring.signals.model import Kind, Privacy, Statistic, Status
from keuring_collector.desk import signals
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.rulepack import quantity
from keuring_collector.store.block import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from django.utils.functional import _StrPromise

    from keuring.signals.model import Signal
    from keuring_collector.store import Store

MOST: Final = 2  # of one selection: each asks every machine that is left
USUAL_DAYS: Final = 7
FEW: Final = 2000  # machines; of more an answer is kept for a while, as a page asks it each time it is opened
AGAIN: Final = 300.0  # seconds
MOST_KEPT: Final = 8
LONGEST_DAYS: Final = 90
COMPARISONS: Final[Mapping[str, tuple[Callable[[float, float], bool], _StrPromise]]] = {
    "below": (operator.lt, _("is lower than")),
    "above": (operator.gt, _("is higher than")),
    "at_most": (operator.le, _("is at most")),
    "at_least": (operator.ge, _("is at least")),
}
# Of a window the statistic that says best how it is now.
_BEST: Final = (Statistic.LAST, Statistic.MEAN, Statistic.MAX, Statistic.MIN)


_KEPT: dict[tuple[str, Measured, int], tuple[float, frozenset[int]]] = {}


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured signal by its name in the catalogue. ``value`` with its unit, as in "5 GB"; ``part`` may hold stars,
    and is empty for any; ``days``: the oldest that still counts.
    """

    signal: str
    comparison: str  # of COMPARISONS
    value: str
    part: str = ""
    days: int = USUAL_DAYS


def offered() -> list[Signal]:
    """What can be chosen: levels that agents measure and that say nothing of people."""
    return [each for each in catalogue.BY_ID.values() if _is_offered(each)]


def _is_offered(signal: Signal) -> bool:
    harmless = signal.privacy in (Privacy.HARDWARE, Privacy.SOFTWARE)
    return harmless and signal.kind is Kind.GAUGE and signal.status is Status.EMITTED


def check(measured: Measured) -> None:
    """Raises NotUnderstood for what cannot be used."""
    signal = catalogue.BY_NAME.get(measured.signal)
    if signal is None or not _is_offered(signal):
        raise NotUnderstood("measured", _("Choose a measured value of machines that says nothing of people."))
    if measured.comparison not in COMPARISONS:
        raise NotUnderstood("measured", _("Choose how the measured value is compared."))
    try:
        _number(measured, signal)
    except ValueError:
        shown = {"name": signals.label(signal.name), "example": quantity.example(signal.unit)}
        raise NotUnderstood(
            "measured", gettext("Write the value of “%(name)s” with its unit, as in %(example)s.") % shown
        ) from None  # fmt: skip
    if measured.part and not signal.subject:
        shown = {"name": signals.label(signal.name)}
        raise NotUnderstood("measured", gettext("“%(name)s” is of the whole machine: leave the part empty.") % shown)
    if len(measured.part) > 256 or not measured.part.isprintable():
        raise NotUnderstood("measured", _("The name of a part is one line of at most 256 characters."))
    if not 1 <= measured.days <= LONGEST_DAYS:
        raise NotUnderstood("measured", _("A value counts for one to ninety days after it was measured."))


def _number(measured: Measured, signal: Signal) -> float:
    """The value in the signal's unit; a decimal comma is as good as a point. Raises ValueError."""
    if len(measured.value) > 60:
        raise ValueError("too long")
    return quantity.parse(measured.value.strip().replace(",", "."), signal.unit)


def passing(measured: Measured, store: Store, among: Iterable[int], now: float) -> set[int]:
    """The machines that pass, of some; ``now`` in seconds since 1970. Of many it is asked once in five minutes."""
    chosen = frozenset(among)
    if len(chosen) <= FEW:
        return _ask(measured, store, chosen, now)
    key = (store.url, measured, hash(chosen))
    kept = _KEPT.get(key)
    if kept is None or not 0 <= now - kept[0] < AGAIN:
        kept = _KEPT[key] = (now, frozenset(_ask(measured, store, chosen, now)))
        for oldest in list(_KEPT)[:-MOST_KEPT]:
            _KEPT.pop(oldest, None)
    return set(kept[1])


def _ask(measured: Measured, store: Store, among: Iterable[int], now: float) -> set[int]:
    signal = catalogue.BY_NAME[measured.signal]
    compare, limit = COMPARISONS[measured.comparison][0], _number(measured, signal)
    statistic = next(each for each in _BEST if each in signal.statistics)
    # A name of a part may hold brackets, which would mean something to fnmatch.
    pattern = (measured.part or "*").casefold().replace("[", "[[]").replace("?", "[?]")
    known = store.latest_of(signal.id, statistic, among, now - measured.days * DAY)
    return {
        endpoint
        for (endpoint, part), latest in known.items()
        if fnmatchcase(part.casefold(), pattern) and compare(latest.value, limit)
    }


def in_words(measured: Measured) -> str:
    """As people say it, in the language in force."""
    name = signals.label(measured.signal)
    if measured.part:
        name = gettext("%(name)s of %(part)s") % {"name": name, "part": measured.part}
    how = COMPARISONS[measured.comparison][1] if measured.comparison in COMPARISONS else measured.comparison
    within = ngettext("measured in the last day", "measured in the last %(days)d days", measured.days)
    return f"{name} {how} {measured.value} ({within % {'days': measured.days}})"
