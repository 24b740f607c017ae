"""Shares the machines of a backtest among processes: endpoints are independent, so each takes some at a time."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keuring_collector.rulepack.backtest.errors import BacktestError
from keuring_collector.rulepack.backtest.replay import Played, Player
from keuring_collector.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keuring_collector.engine.compiled import Calendar
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.store.connection import Connection

AT_ONCE: Final = 128  # endpoints side by side: enough for numpy, and some 100 MB with ninety days of windows
FEWEST: Final = 8  # for fewer, another process is not worth its start


@dataclass(frozen=True, slots=True)
class Task:
    """What every process must know. It crosses between processes, so the rules are as written, not as compiled."""

    url: str
    rules: tuple[Rule, ...]
    since: float
    until: float
    freshness: float
    place: Calendar | None = None

    def player(self, connection: Connection) -> Player:
        """What plays it, on a connection of its own."""
        return Player(connection, self.rules, (self.since, self.until), self.freshness, self.place)


def play(
    task: Task,
    endpoints: Sequence[int],
    jobs: int = 1,
    advance: Callable[[int], None] | None = None,
    at_once: int = AT_ONCE,
) -> Played:
    """Plays all ``endpoints`` in ``jobs`` processes, ``at_once`` at a time; the result depends on neither. ``advance``
    is told how many endpoints were done, and ends the work by raising something.
    """
    whole = Played(tickets=[[] for _ in task.rules], outcomes=[[] for _ in task.rules])
    jobs = max(1, min(jobs, len(endpoints) // FEWEST))
    size = max(1, min(at_once, -(-len(endpoints) // jobs)))
    chunks = [endpoints[start : start + size] for start in range(0, len(endpoints), size)]
    for chunk, part in zip(chunks, _played(task, chunks, jobs), strict=True):
        whole.seen += part.seen
        for number in range(len(task.rules)):
            whole.tickets[number] += part.tickets[number]
            whole.outcomes[number] += part.outcomes[number]
        if advance is not None:
            advance(len(chunk))
    return whole


def _played(task: Task, chunks: Sequence[Sequence[int]], jobs: int) -> Iterator[Played]:
    if jobs <= 1:
        connection = connect(task.url)
        try:
            player = task.player(connection)
            for chunk in chunks:
                yield player.play(chunk)
        finally:
            connection.close()
        return
    # Spawned, not forked: whoever asks may have threads and open connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(task,)) as pool:
        try:
            yield from pool.map(_play, chunks)
        except BrokenProcessPool as error:
            raise BacktestError(f"one of {jobs} processes ended before its work was done; try fewer --jobs") from error


_mine: list[Player] = []  # of this process, once it has begun


def _begin(task: Task) -> None:
    _mine.append(task.player(connect(task.url)))


def _play(chunk: Sequence[int]) -> Played:
    return _mine[0].play(chunk)
