"""What sensors are, and where they put what they read."""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from keuring.signals.model import Kind
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from keuring.signals.model import Signal
    from keuring_agent.host.protocol import Host
    from keuring_agent.privacy import Gate

Value = str | float | bool
FactKey = tuple[int, str]  # signal id, subject

if TYPE_CHECKING:
    # What a sensor must know again after a restart of the agent; kept in the state directory.
    Notebook = MutableMapping[str, Value]


class Pace(Enum):
    """How often a sensor reads: as often as what it reads needs, and no more."""

    SAMPLE = "sample"  # every sample: levels whose mean or peak within the window counts
    WINDOW = "window"  # once at the end of a window: the last value counts, or a running total
    SLOW = "slow"  # every ``Sensor.interval`` seconds, at the end of a window


class EventSeen(NamedTuple):
    """Something that happened so many ``times``, last at ``time``."""

    signal: Signal
    subject: str
    time: float
    times: int
    attributes: tuple[tuple[str, str], ...]


class Readings:
    """What one pass over the sensors gave, already behind the privacy gate.

    Gauges and counters are (signal, subject, value); counters hold running totals. ``unmeasured`` gives the reason
    why a signal cannot be measured, "" for one that can.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.gauges: list[tuple[Signal, str, float]] = []
        self.counters: list[tuple[Signal, str, float]] = []
        self.facts: dict[FactKey, Value] = {}
        self.events: list[EventSeen] = []
        self.unmeasured: dict[FactKey, str] = {}
        self.held: set[int] = set()

    def gauge(self, signal: Signal, value: float | None, subject: str = "") -> None:
        """Takes a level; None is passed over."""
        if value is not None and self.gate.admits_number(signal, Kind.GAUGE, subject, value):
            self.gauges.append((signal, subject, float(value)))
            self._measured(signal)

    def counter(self, signal: Signal, total: float | None, subject: str = "") -> None:
        """Takes a running total; None is passed over."""
        if total is not None and self.gate.admits_number(signal, Kind.COUNTER, subject, total):
            self.counters.append((signal, subject, float(total)))
            self._measured(signal)

    def fact(self, signal: Signal, value: Value | None, subject: str = "") -> None:
        """Takes a property; None is passed over."""
        if value is not None and (clean := self.gate.admitted_fact(signal, subject, value)) is not None:
            self.facts[signal.id, subject] = clean
            self._measured(signal)

    def event(self, signal: Signal, time: float, subject: str = "", count: int = 1, **attributes: str) -> None:
        """Takes something that happened."""
        if self.gate.admits_event(signal, subject, time, count):
            kept = self.gate.admitted_attributes(signal, attributes)
            self.events.append(EventSeen(signal, subject, time, count, kept))

    def watched(self, *signals: Signal) -> None:
        """Says that events can be seen, though none may have happened."""
        for signal in signals:
            self._measured(signal)

    def cannot(self, reason: str, *signals: Signal) -> None:
        """Says that signals cannot be measured, and why, unless one of their subjects was."""
        for signal in signals:
            if self.gate.permits(signal):
                self.unmeasured.setdefault((signal.id, ""), self.gate.text(reason))

    def hold(self, *signals: Signal) -> None:
        """Says that nothing new is known: facts that were told before still hold, though they are not given now."""
        self.held.update(signal.id for signal in signals)

    def take(self, other: Readings) -> None:
        """Takes all that others hold, who asked the same gate."""
        self.gauges += other.gauges
        self.counters += other.counters
        self.facts |= other.facts
        self.events += other.events
        self.unmeasured |= other.unmeasured
        self.held |= other.held

    @contextmanager
    def measuring(self, *signals: Signal) -> Iterator[None]:
        """Within it, NotMeasurable is noted for these signals and goes no further."""
        try:
            yield
        except NotMeasurable as error:
            self.cannot(error.reason, *signals)

    def _measured(self, signal: Signal) -> None:
        self.unmeasured[signal.id, ""] = ""


class Sensor:
    """Reads one subject. NotMeasurable that leaves ``read`` holds for all of ``signals``.

    Sensors keep what they need to compute rates; one object serves one agent.
    """

    name: ClassVar[str]
    signals: ClassVar[tuple[Signal, ...]]
    pace: ClassVar[Pace] = Pace.SAMPLE
    interval: float = 0.0  # seconds, with Pace.SLOW

    def read(self, host: Host, out: Readings) -> None:
        """Reads once."""
        raise NotImplementedError
