"""What a catalogue entry is: the types behind the signals that agents send and collectors judge.

A named tuple, as `dataclasses` would bring `inspect` and 1.5 MB into the resident agent; and annotations that are
evaluated, for a named tuple compiles and keeps each one that is a text.
"""

from enum import Enum, IntEnum
from typing import NamedTuple


class Kind(Enum):
    """How a signal behaves in time."""

    GAUGE = "gauge"  # a level that is sampled
    COUNTER = "counter"  # counts up; a window carries by how much
    FACT = "fact"  # a property that changes seldom; sent on change
    EVENT = "event"  # something that happened


class Statistic(IntEnum):
    """How the samples of a window became one value; the numbers are those of the wire."""

    LAST = 1
    MIN = 2
    MEAN = 3
    MAX = 4
    SUM = 5


class ValueType(Enum):
    """What a fact holds. Times are seconds since 1970, UTC, once decoded."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"


class Privacy(IntEnum):
    """What a signal could tell about a person; the numbers are those of the policy on the wire."""

    HARDWARE = 1
    SOFTWARE = 2
    IDENTITY = 3
    PRESENCE = 4


class Status(Enum):
    """Where the signal comes from: an agent measures it, none does yet, or the collector itself supplies it."""

    EMITTED = "emitted"
    PLANNED = "planned"
    COLLECTOR = "collector"


class Signal(NamedTuple):
    """One entry of the catalogue.

    ``id`` is what travels on the wire and is never used again for another signal. ``unit`` is UCUM.
    ``precision`` is the step that values are rounded to, in ``unit``: what is finer is noise and would cost
    bytes. ``subject`` names what a value is about ("mountpoint"), and is empty for the machine itself.
    ``attributes`` are the only attributes that an event may carry.
    """

    id: int
    name: str
    kind: Kind
    unit: str
    brief: str
    purpose: str
    privacy: Privacy
    platforms: tuple[str, ...]
    subject: str = ""
    statistics: tuple[Statistic, ...] = ()
    precision: float = 0.0
    value: ValueType = ValueType.NUMBER
    attributes: tuple[str, ...] = ()
    otel: str = ""
    status: Status = Status.EMITTED
