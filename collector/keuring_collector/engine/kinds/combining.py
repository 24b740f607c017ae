"""Conditions put together: ``all``, ``any``, ``not``, and the points of a ``risk``.

Each part is judged as a cell of its own, with its own hold; the truth that comes of it is kept with the cell and is put
together here, level by level: parts before what they are parts of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine import telling
from keuring_collector.engine.compiled import Combination, Growth, How, Truth
from keuring_collector.engine.explain import Step, main_steps, number, term_truth
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.compiled import Part
    from keuring_collector.engine.kinds.kind import Lists, Place
    from keuring_collector.engine.model import SeriesKey

HOWS = (How.ALL, How.ANY, How.NOT, How.RISK)


class Combining(Kind):
    """Puts parts together; lists: (depth, term, how, number of parts), and of each part (cell, points)."""

    widths: ClassVar = (4, 2)

    def collect(self, source: Combination, place: Place, position: Mapping[SeriesKey, int], lists: Lists) -> None:
        state = self.state
        index, cells = state.index, state.cells
        parts = [cell for _, cell in self.parts(source, place)]
        lists[0].append((index.depth[place.number], place.term, HOWS.index(source.how), len(parts)))
        for part, cell in zip(source.parts, parts, strict=True):
            lists[1].append((state.unknown if cell < 0 else cell, int(part.points)))
        dates = [int(cells.dating[cell]) for cell in parts if cell >= 0]
        cells.dating[place.cell] = -1 if source.how is How.NOT else next((date for date in dates if date >= 0), -1)

    def parts(self, source: Combination, place: Place) -> list[tuple[int, int]]:
        """The rule number and the cell (-1: none yet) of each part of a cell."""
        numbers = self.state.index.parts[place.number]
        subjects = [place.subject if part.same_subject else "" for part in source.parts]
        known = place.endpoint.cells
        return [(each, known.get((each, subject), -1)) for each, subject in zip(numbers, subjects, strict=True)]

    def join(self, lists: Sequence[Side], depth: int) -> None:
        """Writes the x of all that are ``depth`` levels above their deepest parts."""
        (depths, term, how, count), (part, points) = (side.columns for side in lists)
        mine = depths == depth
        if not mine.any():
            return
        chosen = np.repeat(mine, count)
        truth, first = self.state.cells.truth[part[chosen]], np.cumsum(count[mine]) - count[mine]
        how, x = how[mine], self.state.terms.x
        together = np.select(
            [how == 0, how == 1, how == 2],
            [np.minimum.reduceat(truth, first), np.maximum.reduceat(truth, first), Truth.TRUE - truth[first]],
            _measurable(truth, first),
        )
        # Whole numbers: their sum is exact in any order.
        total = np.add.reduceat(points[chosen] * (truth == Truth.TRUE), first).astype(np.float64)
        value = np.where(how == HOWS.index(How.RISK), total, together == Truth.TRUE)
        x[term[mine]] = np.where(together == Truth.UNKNOWN, np.nan, value)

    def idle(self, source: Combination, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        found = zip(source.parts, self.parts(source, place), strict=True)
        return all(cell < 0 for part, (_, cell) in found if part.same_subject)

    def settled(self, source: Combination, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return not self.idle(source, place, present, 0.0)

    def evidence(self, source: Combination, place: Place) -> list[Evidence]:
        found = []
        if source.how is How.RISK:
            total = float(self.state.terms.x[place.term])
            limit = self.state.index.rules[place.number].terms[0].shown_limit
            found.append(Evidence("points", 0, 0, place.subject, 0.0 if np.isnan(total) else total))
            found.append(Evidence("limit", 0, 0, place.subject, limit))
        for sign, (part, (each, cell)) in enumerate(zip(source.parts, self.parts(source, place), strict=True), 1):
            if cell < 0 or (self.state.cells.truth[cell] != Truth.TRUE and source.how is not How.NOT):
                continue
            subject = place.subject if part.same_subject else ""
            found += self._of_part(source.how, part, self.state.place(place.endpoint, each, subject))
            if source.how is How.RISK:
                signal = telling.looked_at(part.rule)[0]
                found.append(Evidence("points", signal, sign, subject, part.points))
        return found

    def _of_part(self, how: How, part: Part, inner: Place) -> list[Evidence]:
        """The evidence of a part; growth is told from levels, since both may be of the same signal."""
        found = telling.evidence(self.state, inner)
        if isinstance(part.rule.source, Growth):
            found = [item._replace(role="growth") if item.role == "value" else item for item in found]
        # A risk has one limit: its points.
        return [item for item in found if how is not How.RISK or item.role != "limit"]

    def steps(self, source: Combination, place: Place) -> Iterator[Step]:
        for part, (each, cell) in zip(source.parts, self.parts(source, place), strict=True):
            subject = place.subject if part.same_subject else ""
            if cell < 0:
                signal, statistic = telling.looked_at(self.state.index.rules[each])
                yield Step(subject, "part", signal, statistic, None, "", None, Truth.UNKNOWN, "never reported")
            else:
                yield from main_steps(self.state, self.state.place(place.endpoint, each, subject))
            if source.how is How.RISK:
                truth = Truth(int(self.state.cells.truth[cell])) if cell >= 0 else Truth.UNKNOWN
                given = part.points if truth is Truth.TRUE else 0.0
                yield Step(subject, "points", 0, 0, given, "of", part.points, truth)
        value, truth = number(self.state, place.term), term_truth(self.state, place)
        limit = self.state.index.rules[place.number].terms[0].shown_limit if source.how is How.RISK else None
        yield Step(place.subject, source.how.value, 0, 0, value, "at least", limit, truth)


def _measurable(truth: NDArray[np.int8], first: NDArray[np.int64]) -> NDArray[np.int8]:
    """TRUE where any part is measurable, else UNKNOWN: what is not measured gives no points."""
    known = np.maximum.reduceat((truth != Truth.UNKNOWN).astype(np.int8), first)
    return np.where(known > 0, np.int8(Truth.TRUE), np.int8(Truth.UNKNOWN))
