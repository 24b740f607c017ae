"""What would leave the machine, for a person: every value, why it is measured, and what cannot be measured and why."""

from __future__ import annotations

import math
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring.signals.catalogue import SIGNALS
from keuring.signals.model import Kind, Statistic, Status, ValueType
from keuring_agent import log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from keuring.signals.model import Signal
    from keuring_agent.collectors import InUse
    from keuring_agent.dispatches import Dispatch
    from keuring_agent.effort import Effort
    from keuring_agent.language import Language
    from keuring_agent.privacy import Gate
    from keuring_agent.window import WindowReport

# The first id of each subject of the catalogue, which lists them subject by subject.
TITLES: Final = (
    (1, "Processor"),
    (20, "Memory"),
    (40, "Pressure"),
    (50, "File systems"),
    (70, "Disks"),
    (100, "Disk health (SMART)"),
    (140, "Network"),
    (160, "Heat"),
    (180, "Battery"),
    (200, "System"),
    (280, "Hardware and operating system"),
    (470, "Start, sign-in and programs"),
    (480, "Safety and life cycle"),
    (510, "Graphics"),
    (520, "Screens, docks and printers"),
    (900, "The agent itself"),
)
_POWERS: Final = ("", "k", "M", "G", "T", "P")
_SCALED: Final = {"By": "B", "Hz": "Hz", "bit/s": "bit/s"}
_HOUR: Final = 3600.0


class Destination(NamedTuple):
    """To whom values go: the addresses in their order (none: not enrolled), and the one that took reports last."""

    addresses: tuple[str, ...]
    used: InUse | None
    proxy: str = ""  # without credentials

    def told(self, say: Language) -> str:
        """The same in words."""
        if not self.addresses:
            return say("They go nowhere: this machine is not enrolled.")
        through = say(", through the proxy {proxy}", proxy=self.proxy) if self.proxy else ""
        addresses = f", {say('else')} ".join(self.addresses)
        told = say("nothing was sent yet")
        if self.used is not None:
            since, last = log.stamp(self.used.since), log.stamp(self.used.last)
            told = say(
                "reports went to {address} since {since}, the last on {last}",
                address=self.used.address,
                since=since,
                last=last,
            )
        return say("They go to {addresses}{through}; {told}.", addresses=addresses, through=through, told=told)


class Shown(NamedTuple):
    """One value as it would leave: ``statistic`` is "" for facts and events."""

    subject: str
    statistic: str
    value: str | float | bool | None


class Entry(NamedTuple):
    """A signal and what the window holds of it."""

    signal: Signal
    values: tuple[Shown, ...]
    unmeasured: str  # why not, for a person
    forbidden: str  # by whom, for a person
    sent: Dispatch | None = None  # the last sending that took it to somebody


def entries(report: WindowReport, gate: Gate, sent: Mapping[int, Dispatch]) -> list[Entry]:
    """All signals that an agent emits, in the catalogue's order. ``sent``: see dispatches.last_sent."""
    values: dict[int, list[Shown]] = {}
    for key, value in zip(report.series, report.values, strict=True):
        shown = Shown(key.subject, Statistic(key.statistic).name.lower(), None if math.isnan(value) else value)
        values.setdefault(key.signal, []).append(shown)
    for (identity, subject), fact in sorted(report.facts.items()):
        if fact is not None:
            values.setdefault(identity, []).append(Shown(subject, "", fact))
    for event in report.events:
        values.setdefault(event.signal.id, []).append(Shown(event.subject, "", event.times))
    reasons = {identity: reason for (identity, _), reason in report.unmeasured.items()}
    return [
        Entry(
            signal,
            tuple(values.get(signal.id, ())),
            "" if signal.id in values else reasons.get(signal.id, ""),
            gate.forbidden_because(signal),
            sent.get(signal.id),
        )
        for signal in SIGNALS
        if signal.status is Status.EMITTED
    ]


def document(found: Iterable[Entry], destination: Destination, effort: Effort) -> dict[str, Any]:
    """The same as JSON."""
    used = destination.used
    return {
        **effort.document(),
        "collector": {
            "addresses": list(destination.addresses),
            "proxy": destination.proxy,
            "in_use": used.address if used else None,
            "since": used.since if used else None,
            "last_sent": used.last if used else None,
        },
        "signals": [
            {
                "name": entry.signal.name,
                "unit": entry.signal.unit,
                "kind": entry.signal.kind.value,
                "privacy": entry.signal.privacy.name.lower(),
                "brief": entry.signal.brief,
                "purpose": entry.signal.purpose,
                "values": [shown._asdict() for shown in entry.values],
                "last_sent": {"time": entry.sent.time, "to": entry.sent.to} if entry.sent else None,
                **({"not_measurable": entry.unmeasured} if entry.unmeasured else {}),
                **({"not_sent": entry.forbidden} if entry.forbidden else {}),
            }
            for entry in found
        ],
    }


def text(
    found: Iterable[Entry], destination: Destination, effort: Effort, start: float, duration: float, say: Language
) -> Iterator[str]:
    """Lines for a terminal."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(start))
    yield say(
        "This is all that would leave this machine, from the {duration} s since {stamp}.",
        duration=f"{duration:.0f}",
        stamp=stamp,
    )
    yield say("Samples are summarised over a window before they leave; facts leave when they change, and once a day.")
    yield destination.told(say)
    yield from effort.lines(say)
    title = ""
    for entry in found:
        heading = title_of(entry.signal)
        if heading != title:
            title = heading
            yield f"\n{say(title)}"
        yield f"  {say(entry.signal.brief)}"
        yield from (f"    {line}" for line in lines(entry, say))
        yield f"      {reason(entry, say)}"
        yield f"      {last(entry, say)}"


def title_of(signal: Signal) -> str:
    """The heading that it stands under."""
    return _headings()[signal.id]


@cache
def _headings() -> dict[int, str]:
    firsts, title = dict(TITLES), ""
    found = {}
    for signal in SIGNALS:
        title = firsts.get(signal.id, title)
        found[signal.id] = title
    return found


def reason(entry: Entry, say: Language) -> str:
    """Why it is measured, and its privacy class."""
    signal = entry.signal
    return f"{say('why')}: {say(signal.purpose)} [{signal.name}, {say(signal.privacy.name.lower())}]"


def last(entry: Entry, say: Language) -> str:
    """When it was last sent, and to whom."""
    if entry.sent is None:
        return say("last sent: not yet, as far as the log goes back")
    return say("last sent: {time}, to {to}", time=log.stamp(entry.sent.time), to=entry.sent.to)


def lines(entry: Entry, say: Language) -> Iterator[str]:
    """The values, or why there are none."""
    signal = entry.signal
    if entry.forbidden:
        yield f"{say('not sent')}: {say(entry.forbidden)}"
    elif entry.unmeasured:
        yield f"{say('not measurable')}: {say.reason(entry.unmeasured)}"
    elif not entry.values:
        yield say("none in this window" if signal.kind is Kind.EVENT else "nothing in this window")
    else:
        by_subject: dict[str, list[str]] = {}
        for shown in entry.values:
            said = say("not in this window") if shown.value is None else written(signal, shown.value, say)
            part = f"{said} ({say(shown.statistic)})" if shown.statistic else said
            by_subject.setdefault(shown.subject, []).append(part)
        for subject, parts in by_subject.items():
            yield f"{subject + ': ' if subject else ''}{', '.join(parts)}"


def written(signal: Signal, value: str | float | bool, say: Language) -> str:
    """A value with its unit, as a person reads it."""
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, str):
        return value
    if signal.kind is Kind.FACT and signal.value is ValueType.TIME:
        return time.strftime("%Y-%m-%d", time.gmtime(value))
    return say.number(_quantity(signal.unit, value, signal.precision))


def _quantity(unit: str, value: float, precision: float) -> str:
    if unit == "1":
        return f"{100 * value:.1f} %" if precision < 1 else f"{value:g}"
    if unit in _SCALED:
        step = 1024.0 if unit == "By" else 1000.0
        power = 0
        while abs(value) >= step and power < len(_POWERS) - 1:
            value /= step
            power += 1
        return f"{value:.4g} {_POWERS[power]}{'i' if unit == 'By' and power else ''}{_SCALED[unit]}"
    if unit == "s" and abs(value) >= _HOUR:
        days, rest = divmod(value, 24 * _HOUR)
        return f"{days:.0f} d {rest / _HOUR:.1f} h" if days else f"{rest / _HOUR:.1f} h"
    label = {"Cel": "°C", "W.h": "Wh"}.get(unit, unit.strip("{}"))
    number = f"{value:g}" if abs(value) < 100_000 else f"{value:,.0f}"  # from there %g gives powers
    return f"{number} {label}".rstrip()
