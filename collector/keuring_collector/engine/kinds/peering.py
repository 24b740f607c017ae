"""Unlike one's peers: the last days of a series against what is usual in the fleet (the condition ``peer``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine import daily
from keuring_collector.engine.baselines import group_of, of_machines
from keuring_collector.engine.columns import NAN, Peers
from keuring_collector.engine.compiled import Peer, Truth
from keuring_collector.engine.explain import Step, term_truth
from keuring_collector.engine.kinds.collecting import Collecting
from keuring_collector.engine.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.baselines import Group
    from keuring_collector.engine.kinds.kind import Ints, Lists, Place
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.state import FleetState


class Peering(Collecting):
    """Compares the points of each ring with the baseline of its group when a day is complete.

    The baseline is the newest that held on the last complete day: the same whenever, and with whomever, it is judged.
    """

    asks: ClassVar = Peer
    table: ClassVar = Peers

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self._groups: list[Group] = []
        self._numbers: dict[Group, int] = {}

    def days(self, source: Peer) -> int:
        return source.question.days

    def sorting(self, source: Peer) -> set[int]:
        return {fact.signal for fact in source.question.facts if fact.signal}

    def collect(self, source: Peer, place: Place, sheet: Sheet, lists: Lists) -> None:
        super().collect(source, place, sheet, lists)
        sheet.grouped.append(place.cell)

    def group(self, source: Peer, place: Place) -> None:
        group = group_of(place.endpoint.facts, source.question.facts, place.subject)
        number = -1
        if group is not None:
            number = self._numbers.setdefault(group, len(self._groups))
            if number == len(self._groups):
                self._groups.append(group)
        rings, row = self.ring(source, place)
        rings.group[row] = number

    def refresh(self, source: Peer, rings: Peers, rows: Ints) -> None:
        days, groups = rings.day[rows] - 1, rings.group[rows]
        own = of_machines(daily.history(rings, rows, source.question.days))
        rings.own[rows], rings.usual[rows], rings.spread[rows] = own, NAN, NAN
        rings.machines[rows], rings.dated[rows] = 0, 0
        for number, day in sorted(set(zip(groups.tolist(), days.tolist(), strict=True))):
            group = self._groups[number] if number >= 0 else None
            found = self.state.baselines.at(source.question, group, day)
            if found is not None:
                mine = rows[(groups == number) & (days == day)]
                rings.usual[mine], rings.spread[mine] = found.median, max(found.spread, source.least)
                rings.machines[mine], rings.dated[mine] = found.machines, found.valid_from
        unlike = source.sign * (own - rings.usual[rows]) / rings.spread[rows]
        self.state.terms.x[rings.term[rows]] = np.where(rings.machines[rows] >= source.peers, unlike, NAN)

    def replaced(self, rings: Peers, rows: Ints) -> None:
        daily.clear(rings, rows)
        rings.own[rows] = NAN
        self.state.terms.x[rings.term[rows]] = NAN

    def evidence(self, source: Peer, place: Place) -> list[Evidence]:
        rings, row = self.ring(source, place)
        signal, statistic, subject = source.signal, source.statistic, place.subject
        main = self.state.index.rules[place.number].terms[0]
        usual, spread = float(rings.usual[row]), float(rings.spread[row])
        limit = usual + source.sign * main.shown_limit * spread
        numbers = [("value", float(rings.own[row])), ("limit", limit), ("usual", usual), ("spread", spread)]
        found = [
            Evidence(role, signal, statistic, subject, self.state.rounded(signal, value))
            for role, value in numbers
            if math.isfinite(value)
        ]
        if rings.machines[row]:
            found.append(Evidence("machines", signal, statistic, subject, float(rings.machines[row])))
            found.append(Evidence("dated", signal, statistic, subject, float(rings.dated[row]) * daily.DAY))
        return found + self.state.known_facts(place.endpoint, self.sorting(source), subject)

    def steps(self, source: Peer, place: Place) -> Iterator[Step]:
        rings, row = self.ring(source, place)
        signal, statistic, subject = source.signal, source.statistic, place.subject
        machines = int(rings.machines[row])
        truth = Truth.TRUE if machines >= source.peers else Truth.UNKNOWN
        detail = "no baseline"
        if rings.group[row] < 0:
            detail = "a fact that makes peers is not known"
        elif machines:
            detail = str(np.datetime64(int(rings.dated[row]), "D"))
        yield Step(subject, "peers", 0, 0, float(machines), "at least", float(source.peers), truth, detail)
        usual, spread, own = (float(column[row]) for column in (rings.usual, rings.spread, rings.own))
        if machines:
            yield Step(subject, "usual", signal, statistic, usual, "give or take", spread, truth)
        # While the finding stands, the recovery limit is the one in force.
        limit = usual + source.sign * self.state.limit(place) * spread
        yield Step(
            subject,
            "value",
            signal,
            statistic,
            None if math.isnan(own) else own,
            "above" if source.sign > 0 else "below",
            None if math.isnan(limit) else limit,
            term_truth(self.state, place),
        )
