"""The gate between sensors and everything that could leave the machine.

Nothing passes that is not in the catalogue as it stands there, that the policy or this machine's own settings forbid,
or that is no finite number. What does not pass is never kept: neither in a window nor in the spool.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import BY_ID
from keuring.signals.model import Kind, Privacy, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring.signals.model import Signal

TEXT_LENGTH: Final = 256
SUBJECT_LENGTH: Final = 128
_LATEST: Final = 253402300799.0  # the end of year 9999, the last that a timestamp on the wire can hold
_LARGEST: Final = 3.0e38  # of a float32
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Gate:
    """What may leave this machine: the given privacy classes, without the disabled signals (by name)."""

    def __init__(self, classes: Iterable[Privacy] = tuple(Privacy), disabled: Iterable[str] = ()) -> None:
        self.classes = frozenset(classes)
        self.disabled = frozenset(disabled)
        self.refused = 0  # values that did not pass, for the curious

    def permits(self, signal: Signal) -> bool:
        """Whether values of the signal may leave at all."""
        return BY_ID.get(signal.id) is signal and signal.privacy in self.classes and signal.name not in self.disabled

    def permits_id(self, identity: int) -> bool:
        """The same, by catalogue id."""
        signal = BY_ID.get(identity)
        return signal is not None and self.permits(signal)

    def forbidden_because(self, signal: Signal) -> str:
        """Why a signal may not leave, for a person; "" if it may."""
        if signal.name in self.disabled:
            return "switched off by the policy or the settings"
        if signal.privacy not in self.classes:
            return f"privacy class {signal.privacy.name.lower()} may not leave by the policy or the settings"
        return ""

    def _fits(self, signal: Signal, kind: Kind, subject: str) -> bool:
        fits = (
            self.permits(signal)
            and signal.kind is kind
            and bool(subject) == bool(signal.subject)
            and subject == self.text(subject, SUBJECT_LENGTH)
        )
        self.refused += not fits
        return fits

    def admits_number(self, signal: Signal, kind: Kind, subject: str, value: float) -> bool:
        """Whether a level or total passes: finite, and small enough for the wire."""
        if not self._fits(signal, kind, subject):
            return False
        fits = not isinstance(value, bool) and math.isfinite(value) and abs(value) < _LARGEST
        self.refused += not fits
        return fits

    def admitted_fact(self, signal: Signal, subject: str, value: str | float | bool) -> str | float | bool | None:
        """The property as it may leave; None when it may not."""
        if not self._fits(signal, Kind.FACT, subject):
            return None
        admitted: str | float | bool | None = None
        if signal.value is ValueType.STRING:
            admitted = (self.text(value) or None) if isinstance(value, str) else None
        elif signal.value is ValueType.BOOLEAN:
            admitted = value if isinstance(value, bool) else None
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            is_time = signal.value is ValueType.TIME
            admitted = None if is_time and not 0 <= value <= _LATEST else float(value)
        self.refused += admitted is None
        return admitted

    def admits_event(self, signal: Signal, subject: str, time: float, count: int) -> bool:
        """Whether something that happened passes."""
        if not self._fits(signal, Kind.EVENT, subject):
            return False
        fits = math.isfinite(time) and 0 <= time <= _LATEST and 1 <= count < 2**31
        self.refused += not fits
        return fits

    def admitted_attributes(self, signal: Signal, attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Those attributes that the catalogue lists, sorted."""
        return tuple(sorted((name, self.text(text)) for name, text in attributes.items() if name in signal.attributes))

    @staticmethod
    def text(text: str, length: int = TEXT_LENGTH) -> str:
        """Text without what could forge a log line or turn a page around, cut to ``length`` characters."""
        if not (text.isascii() and text.isprintable()):
            text = "".join(letter for letter in text if unicodedata.category(letter) not in _INVISIBLE)
        return text[:length]
