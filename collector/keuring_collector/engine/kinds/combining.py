"""Conditions put together: ``all``, ``any``, ``not``, and the points of a ``risk``.

Each part is judged as a cell of its own, with its own hold; the truth that comes of it is kept with the cell and is put
together here, level by level: parts before what they are parts of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import telling
from keuring_collector.engine.compiled import Combination, Growth, How, Truth
from keuring_collector.engine.explain import Step, main_steps, number, term_truth
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import Evidence
from keuring_collector.engine.shape import CELLS, ITSELF, TERMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.compiled import CompiledRule, Part
    from keuring_collector.engine.kinds.kind import Ints, Lists, Place
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.shape import CellKey
    from keuring_collector.engine.state import FleetState

HOWS = (How.ALL, How.ANY, How.NOT, How.RISK)


class Combining(Kind):
    """Puts parts together; lists: (depth, term, how, number of parts), of each part (cell, points), and of parts that
    expect a date (depth, cell of the whole, cell, first cell and first term of the endpoint).
    """

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self.lists = [(ITSELF, TERMS, ITSELF, ITSELF), (CELLS, ITSELF), (ITSELF, CELLS, CELLS, CELLS, TERMS)]

    def collect(self, source: Combination, place: Place, sheet: Sheet, lists: Lists) -> None:
        depth = self.state.index.depth[place.number]
        sheet.wholes.append(place.cell)
        parts = [sheet.places.get(key, sheet.missing) for key in self._keys(source, place)]
        lists[0].append((depth, place.term, HOWS.index(source.how), len(parts)))
        for part, cell in zip(source.parts, parts, strict=True):
            lists[1].append((cell, int(part.points)))
            if cell != sheet.missing and source.how is not How.NOT and self._expects(part.rule):
                lists[2].append((depth, place.cell, cell, 0, 0))

    def _keys(self, source: Combination, place: Place) -> list[CellKey]:
        numbers = self.state.index.parts[place.number]
        subjects = (place.subject if part.same_subject else "" for part in source.parts)
        return list(zip(numbers, subjects, strict=True))

    def _expects(self, rule: CompiledRule) -> bool:
        """Whether it may give a date."""
        source = rule.source
        if isinstance(source, Combination):
            return source.how is not How.NOT and any(self._expects(part.rule) for part in source.parts)
        kind = None if source is None else self.state.kinds[type(source)]
        return kind is not None and kind.dated(source)

    def parts(self, source: Combination, place: Place) -> list[tuple[int, int]]:
        """The rule number and the cell (-1: none yet) of each part of a cell."""
        known, state = place.endpoint.cells, self.state
        return [(key[0], state.cell(place.endpoint, key) if key in known else -1) for key in self._keys(source, place)]

    def join(self, lists: Sequence[Side], depth: int) -> None:
        """Writes the x of all that are ``depth`` levels above their deepest parts."""
        (depths, term, how, count), (part, points), (levels, *dates) = (side.columns for side in lists)
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
        mine = levels == depth
        if mine.any():
            self._date(*(column[mine] for column in dates))

    def _date(self, whole: Ints, part: Ints, cell: Ints, term: Ints) -> None:
        """Gives each whole the soonest date of its parts that are true."""
        cells, terms = self.state.cells, self.state.terms
        dating = cells.dating[part]
        date = terms.x[term + cells.term[cell + np.maximum(dating, 0)]]
        counts = (cells.truth[part] == Truth.TRUE) & (dating >= 0) & np.isfinite(date)
        order = np.lexsort((np.where(counts, date, np.inf), whole))
        each, first = np.unique(whole[order], return_index=True)
        soonest = order[first]
        cells.dating[each] = np.where(counts[soonest], dating[soonest], -1)

    def idle(self, source: Combination, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        found = zip(source.parts, self.parts(source, place), strict=True)
        return all(cell < 0 for part, (_, cell) in found if part.same_subject)

    def kept(self, source: Combination, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return not self.idle(source, place, present, 0.0)

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
