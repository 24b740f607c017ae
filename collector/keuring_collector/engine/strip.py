"""Windows of one endpoint that share a layout, in a table: how history is replayed in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keuring_collector.engine.model import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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

    def windows(self, received: float | None = None) -> Iterator[Window]:
        """The same as windows one by one; ``received`` takes the place of when they came in."""
        rows = zip(self.start.tolist(), self.end.tolist(), self.received.tolist(), self.values, strict=True)
        for place, (start, end, came, values) in enumerate(rows):
            yield Window(
                self.endpoint,
                start,
                end,
                came if received is None else received,
                "",  # no condition looks at boots, so history does not keep them
                self.layout,
                values,
                self.facts.get(place, ()),
                self.events.get(place, ()),
            )


def windows(strips: Iterable[Strip], received: float | None = None) -> list[Window]:
    """The windows of several strips, one after the other."""
    return [window for strip in strips for window in strip.windows(received)]
