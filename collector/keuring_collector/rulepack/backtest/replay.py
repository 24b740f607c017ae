"""Plays the history of some endpoints through the engine, and makes tickets of what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.model import Severity
from keuring_collector.rulepack.backtest import language, outcomes
from keuring_collector.rulepack.backtest.language import only_tips
from keuring_collector.rulepack.backtest.tickets import Ticket, tickets
from keuring_collector.rulepack.compile import compile_rule
from keuring_collector.rulepack.pack import compile_pack
from keuring_collector.rulepack.reads import questions_of, signals_of
from keuring_collector.store import baselines
from keuring_collector.store.replay import Reader, plant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine.compiled import Calendar, CompiledRule
    from keuring_collector.engine.model import Finding
    from keuring_collector.rulepack.backtest.asked import Outcome
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.replay import History

DAY: Final = 86400.0


@dataclass(slots=True)
class Seen:
    """What there was to judge of one endpoint: spans of time, and how many windows. ``measured``: any of it was."""

    endpoint: int
    windows: int = 0
    days: int = 0
    begin: float = float("inf")
    end: float = float("-inf")
    raw_from: float = float("inf")
    exact: bool = True
    measured: bool = False


@dataclass(slots=True)
class Played:
    """What came of some endpoints: tickets by candidate, and what else is told of all of them."""

    seen: list[Seen] = field(default_factory=list)
    tickets: list[list[Ticket]] = field(default_factory=list)
    outcomes: list[list[Outcome]] = field(default_factory=list)


class _Version:
    """One of the rules, made ready."""

    def __init__(self, connection: Connection, rule: Rule, place: Calendar | None) -> None:
        self.rule = rule
        self.compiled = compile_rule(rule)
        self.pack = compile_pack([self.compiled], "backtest", place)
        self.watch = outcomes.Watch(connection, rule, self.compiled)
        # A tip opens no ticket; tips alone are counted as if they did, else there would be nothing to tell of them.
        self.least = Severity.TIP if only_tips(rule) else rule.ticket_from.grade


class Player:
    """Judges endpoints by each of ``rules`` as live judging would have; for one process."""

    def __init__(
        self,
        connection: Connection,
        rules: Sequence[Rule],
        period: tuple[float, float],
        freshness: float,
        place: Calendar | None = None,
    ) -> None:
        self._since, self._until = period
        self._freshness = freshness
        self._versions = [_Version(connection, rule, place) for rule in rules]
        signals: set[int] = set().union(*(signals_of(each.compiled) for each in self._versions))
        columns: dict[tuple[int, int], str] = {}
        for rule in rules:
            columns.update(language.aggregates(rule))
        self._reader = Reader(connection, signals, columns)
        asks = any(questions_of(each.compiled) for each in self._versions)
        self._baselines = baselines.load(connection) if asks else None

    def play(self, endpoints: Sequence[int]) -> Played:
        """The tickets and outcomes of ``endpoints``."""
        histories = [self._reader.read(endpoint, self._since, self._until) for endpoint in endpoints]
        played = Played([_seen(history) for history in histories])
        for each in self._versions:
            fleet = Fleet(each.pack, freshness=self._freshness)
            if self._baselines is not None:
                fleet.use_baselines(self._baselines)
            found = _judge(fleet, histories)
            made: list[Ticket] = []
            came: list[Outcome] = []
            for history in histories:
                mine = found.get(history.endpoint)
                if mine:
                    made += tickets(mine, each.rule.cause, _received(history), each.least)
                came += each.watch.outcomes(history, _applying(fleet, history, each.compiled))
            played.tickets.append(made)
            played.outcomes.append(came)
        return played


def _judge(fleet: Fleet, histories: Sequence[History]) -> dict[int, list[Finding]]:
    """The findings of each endpoint, in order; the endpoints side by side."""
    for history in histories:
        fleet.restore(history.endpoint, None)
        plant(fleet, history.endpoint, history.known)
    found: dict[int, list[Finding]] = {}
    for turn in range(max((len(history.strips) for history in histories), default=0)):
        strips = [history.strips[turn] for history in histories if turn < len(history.strips)]
        for finding in fleet.replay(strips):
            found.setdefault(finding.endpoint, []).append(finding)
    return found


def _received(history: History) -> dict[float, float]:
    """When each window came in, by the event time that its findings bear."""
    found: dict[float, float] = {}
    for strip in history.strips:
        ends = np.minimum(strip.end, strip.received)
        found.update(zip(ends.tolist(), strip.received.tolist(), strict=True))
    return found


def _applying(fleet: Fleet, history: History, rule: CompiledRule) -> set[str] | None:
    """The subjects that the rule is about, as of the end; None: it tests no facts of theirs."""
    if not rule.applies or not history.strips:
        return None
    steps = fleet.explain(history.endpoint, rule.id)
    subjects = {step.subject for step in steps if step.what != "applies"}
    refused = {step.subject for step in steps if step.what == "applies" and step.truth is not Truth.TRUE}
    return set() if "" in refused else subjects - refused


def _seen(history: History) -> Seen:
    strips = [strip for strip in history.strips if len(strip)]
    if not strips:
        return Seen(history.endpoint)
    return Seen(
        history.endpoint,
        sum(len(strip) for strip in strips),
        sum(len(strip) for strip in strips if float(strip.start[0]) < history.raw_from),
        float(strips[0].start[0]),
        float(strips[-1].end[-1]),
        history.raw_from,
        history.exact,
        not history.silent,
    )
