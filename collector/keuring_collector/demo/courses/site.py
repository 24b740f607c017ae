"""Where a planted course is played: the machine, its columns, and how far the course is in each window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring.signals.model import Signal
    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Planted
    from keuring_collector.demo.sheet import Sheet


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One course on one machine; all arrays have one entry per window."""

    machine: Machine
    item: Planted
    sheet: Sheet
    random: np.random.Generator

    @property
    def ill(self) -> NDArray[np.bool_]:
        """Whether it goes on."""
        return self.sheet.during(self.item)

    @property
    def days(self) -> NDArray[np.float64]:
        """Days since it began; 0 before. It stands still once it was mended."""
        end = np.minimum(self.sheet.windows.end, self.item.until)
        days: NDArray[np.float64] = np.maximum(0.0, (end - self.item.since) / DAY)
        return days

    @property
    def way(self) -> NDArray[np.float64]:
        """0 until it begins, 1 when it hinders; 0 again once it was mended."""
        length = max(1.0, self.item.hinders - self.item.since)
        way = np.clip((self.sheet.windows.end - self.item.since) / length, 0.0, 1.0)
        return np.where(self.ill, way, 0.0)

    @property
    def used_way(self) -> NDArray[np.float64]:
        """The same, for what goes on only while the machine is on: 1 when it is last on before it hinders."""
        hours = self.sheet.windows.active_hours
        first = int(np.searchsorted(self.sheet.windows.start, self.item.since))
        last = int(np.searchsorted(self.sheet.windows.end, self.item.hinders, side="right")) - 1
        begun = hours[first - 1] if first else 0.0
        length = max(1.0, hours[max(last, 0)] - begun) if len(hours) else 1.0
        return np.where(self.ill, np.clip((hours - begun) / length, 0.0, 1.0), 0.0)

    @property
    def on(self) -> NDArray[np.float64]:
        """1 while it goes on, else 0."""
        return self.ill.astype(np.float64)

    def add(self, signal: Signal, subject: str, amount: NDArray[np.float64], most: float = float("inf")) -> None:
        """Adds so much to a signal."""
        self.sheet.change(signal, subject, lambda values: values + amount, most=most)

    def put(
        self, signal: Signal, subject: str, values: NDArray[np.float64] | float, where: NDArray[np.bool_] | None = None
    ) -> None:
        """Has a signal be this while the course goes on, or ``where``."""
        chosen = self.ill if where is None else where
        self.sheet.change(signal, subject, lambda before: np.where(chosen, values, before))

    def on_days(self, share: float, most: float) -> NDArray[np.float64]:
        """In one window of a ``share`` of the days of the course some 1 to ``most``, in all others 0."""
        day = np.floor(self.sheet.windows.end / DAY)
        first = np.insert(day[1:] != day[:-1], 0, True) if len(day) else np.zeros(0, dtype=bool)
        chosen = first & self.ill & (self.random.random(len(day)) < share)
        return np.where(chosen, np.floor(self.random.uniform(1, most + 1, len(day))), 0.0)
