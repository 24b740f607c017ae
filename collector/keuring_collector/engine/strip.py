"""Windows of one endpoint that share a layout, in a table: how history is replayed in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keuring_collector.engine.model import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keuring_collector.engine.model import Event, Fact, Layout


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Windows in the order in which they are judged: times (see Window) by place, ``values`` a row per window and a
    column per key of ``layout``; ``facts`` and ``events`` by place, of the few windows that carry any.
    """

    endpoint: int
    layout: Layout
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    received: NDArray[np.float64]
    values: NDArray[np.float64]
    facts: Mapping[int, Sequence[Fact]] = field(default_factory=dict)
    events: Mapping[int, Sequence[Event]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.end)

    def window(self, place: int, received: float | None = None) -> Window:
        """One of them by itself; ``received`` takes the place of when it came in."""
        return Window(
            self.endpoint,
            float(self.start[place]),
            float(self.end[place]),
            float(self.received[place]) if received is None else received,
            "",  # no condition looks at boots, so history does not keep them
            self.layout,
            self.values[place],
            self.facts.get(place, ()),
            self.events.get(place, ()),
        )


def windows(strips: Iterable[Strip], received: float | None = None) -> list[Window]:
    """The windows of several strips one by one; ``received`` takes the place of when they came in."""
    return [strip.window(place, received) for strip in strips for place in range(len(strip))]
