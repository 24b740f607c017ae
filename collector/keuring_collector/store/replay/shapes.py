"""Layouts as the engine wants them: one object for all endpoints whose reports look alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.model import Layout, SeriesKey
from keuring_collector.store import precision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray


class Shape(NamedTuple):
    """The part of a layout that is read: which of the ``size`` values of a report, in order, and their rounding.

    ``anchor``: a series of the whole layout, for who reads none but must know when there was a report.
    """

    layout: Layout
    anchor: SeriesKey | None
    size: int
    take: NDArray[np.int64]
    multiplier: NDArray[np.float64]
    divisor: NDArray[np.float64]

    def values(self, samples: Iterable[bytes]) -> NDArray[np.float64]:
        """Reports of the journal as a table, rounded as live judging rounded them."""
        table = np.frombuffer(b"".join(samples), "<f4").reshape(-1, self.size)[:, self.take].astype(np.float64)
        return precision.from_steps(
            precision.to_steps(table, self.multiplier, self.divisor), self.multiplier, self.divisor
        )


class Shapes:
    """Makes shapes, and remembers them. ``signals``: only series of these are read; None: all."""

    def __init__(self, signals: Collection[int] | None) -> None:
        self._signals = None if signals is None else frozenset(signals)
        self._by_text: dict[str, Shape] = {}
        self._layouts: dict[tuple[SeriesKey, ...], Layout] = {}

    def shape(self, text: str) -> Shape:
        """The shape of a layout as the table ``layout`` has it (JSON)."""
        known = self._by_text.get(text)
        if known is None:
            keys = [SeriesKey(*key) for key in json.loads(text)]
            taken = [place for place, key in enumerate(keys) if self._signals is None or key.signal in self._signals]
            factors = np.array([precision.factors(keys[place].signal) for place in taken], np.float64).reshape(-1, 2)
            known = self._by_text[text] = Shape(
                self.layout(tuple(keys[place] for place in taken)),
                keys[0] if keys else None,
                len(keys),
                np.array(taken, np.int64),
                np.ascontiguousarray(factors[:, 0]),
                np.ascontiguousarray(factors[:, 1]),
            )
        return known

    def of_keys(self, keys: tuple[SeriesKey, ...]) -> Shape:
        """A shape without reports, of which only the layout counts."""
        none = np.array([], np.float64)
        return Shape(self.layout(keys), None, 0, none.astype(np.int64), none, none)

    def layout(self, keys: tuple[SeriesKey, ...]) -> Layout:
        """The one layout of these keys."""
        return self._layouts.setdefault(keys, Layout(keys))
