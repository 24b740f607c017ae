"""The write path: decode, fold, judge, commit, answer. One transaction holds a batch of reports and all that follows.

Order of truth: the journal is what was reported; the engine's state is a cache of it that can be dropped at any time
and is rebuilt from the newest snapshot and the journal since. So whenever a transaction fails, the state of the
endpoints in it is dropped and nothing else needs undoing.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from keuring.report.v1 import report_pb2
from keuring_collector import metrics
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Change
from keuring_collector.ingest.added import Added
from keuring_collector.ingest.agents import AgentHealth
from keuring_collector.ingest.decode import Decoded, Decoder, Problem, Received, Unusable
from keuring_collector.ingest.held import HoldWatch
from keuring_collector.ingest.rebuild import rebuild
from keuring_collector.ingest.sequence import Order, place
from keuring_collector.ingest.usual import BaselineWatch
from keuring_collector.store import ConstraintError, StorageError, facts, journal, tickets
from keuring_collector.store.connection import SqliteConnection, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keuring_collector.engine.model import Finding, Window
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.facts import Value
    from keuring_collector.store.journal import Head

log = structlog.get_logger(__name__)

SNAPSHOT_EVERY: Final = 72  # reports of an endpoint between two snapshots of its state: six hours of windows
CHECKPOINT_BYTES: Final = 4 * 1024 * 1024

STORED = report_pb2.DISPOSITION_STORED
DUPLICATE = report_pb2.DISPOSITION_DUPLICATE
QUARANTINED = report_pb2.DISPOSITION_QUARANTINED
OUT_OF_ORDER = report_pb2.DISPOSITION_OUT_OF_ORDER


class Answer(NamedTuple):
    """What became of a report."""

    epoch: int
    sequence: int
    disposition: report_pb2.Disposition.ValueType
    expected: int = 0
    problems: Sequence[Problem] = ()


@dataclass(slots=True)
class _Batch:
    """What one transaction is going to write."""

    heads: dict[int, Head]
    answers: list[Answer | None]
    windows: list[Window] = field(default_factory=list)
    entries: list[journal.Entry] = field(default_factory=list)
    layouts: list[tuple[int, int, Sequence[journal.Key]]] = field(default_factory=list)
    facts: list[tuple[int, int, int, str, float, Value]] = field(default_factory=list)
    events: list[tuple[int, int, int, int, str, float, int, dict[str, str]]] = field(default_factory=list)
    unmeasured: list[tuple[int, int, str, float, str]] = field(default_factory=list)
    aside: list[journal.Quarantined] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)


class WritePath:
    """Takes reports in and answers them once they are durable. For one thread; opens its own connection."""

    def __init__(self, url: str, pack: RulePack, freshness: float = 3600.0) -> None:
        self._url = url
        self._freshness = freshness
        self._decoder = Decoder()
        self._health = AgentHealth()
        self._connection: Connection | None = None
        self._heads: dict[int, Head] = {}
        self._facts: dict[int, dict[tuple[int, str], Value]] = {}
        self._layouts: dict[int, set[int]] = {}
        self._snapshots: dict[int, int] = {}
        self._added = Added()
        self._held = HoldWatch()
        self.use(pack)

    def use(self, pack: RulePack) -> None:
        """Judges by another pack from now on; what its rules need to remember is rebuilt from history."""
        self.pack = pack
        self.fleet = Fleet(pack.compiled, freshness=self._freshness)
        self._usual = BaselineWatch(pack.compiled)
        self._rules = {
            rule.id: tickets.TicketRule(rule.cause, rule.maturity.opens_tickets, rule.ticket_from.grade)
            for rule in pack.rules.values()
        }
        counts: dict[str, int] = defaultdict(int)
        for rule in pack.rules.values():
            counts[rule.maturity.value] += 1
        for maturity in ("experimental", "test", "stable", "deprecated"):
            metrics.RULES.labels(maturity).set(counts[maturity])
        for rule in pack.rules.values():
            for change in Change:
                # A rule that found nothing yet is told as 0, so that its first finding is seen as a growth.
                metrics.FINDINGS.labels(rule.name, change.value)
        self._forget(list(self._heads))

    @property
    def connection(self) -> Connection:
        """The connection of the thread that writes. Raises StorageError."""
        if self._connection is None:
            self._connection = connect(self._url)
        return self._connection

    def write(self, batch: Sequence[Received]) -> list[Answer]:
        """Stores reports, in order, in one transaction, and answers each.

        Raises StorageError when the database cannot take them now; then none of them was kept. A report that the
        engine stumbles over is found by halving the batch, and put aside; its neighbours are kept.
        """
        if not batch:
            return []
        with metrics.STAGE.labels("decode").time():
            decoded = self._decoder.decode(batch)
        return self._attempt(batch, decoded)

    def _attempt(self, batch: Sequence[Received], decoded: list[Decoded | Unusable]) -> list[Answer]:
        endpoints = sorted({received.endpoint for received in batch})
        try:
            return self._transact(batch, decoded, endpoints)
        except Exception as error:
            self._forget(endpoints)
            if isinstance(error, StorageError) and not isinstance(error, ConstraintError):
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None  # the next batch connects anew
                raise
            # Any other failure is a report's own: it is found, and put aside.
            if len(batch) > 1:
                half = len(batch) // 2
                return self._attempt(batch[:half], decoded[:half]) + self._attempt(batch[half:], decoded[half:])
            log.error("report put aside", endpoint=batch[0].endpoint, error=repr(error))
            poison = Unusable("failed", f"judging this report failed: {error!r}; please report this as a fault of ours")
            return self._transact(batch, [poison], endpoints)

    def _transact(
        self, batch: Sequence[Received], decoded: list[Decoded | Unusable], endpoints: list[int]
    ) -> list[Answer]:
        connection = self.connection
        self._usual.look(connection, self.fleet)
        connection.begin()
        try:
            with metrics.STAGE.labels("load").time():
                work = _Batch(self._load(endpoints), [None] * len(batch))
                self._added.refresh(connection, endpoints, self._facts, batch[-1].received)
            for index, (received, item) in enumerate(zip(batch, decoded, strict=True)):
                work.answers[index] = self._place(work, received, item)
            with metrics.STAGE.labels("judge").time():
                findings = self.fleet.judge(work.windows)
            with metrics.STAGE.labels("commit").time():
                changes = self._store(work, findings, batch[-1].received)
                connection.commit()
        except BaseException:
            connection.rollback()
            raise
        self._keep(work)
        self._count(work, findings, changes)
        return [answer for answer in work.answers if answer is not None]

    # -- what is known of the endpoints --

    def _load(self, endpoints: list[int]) -> dict[int, Head]:
        """The heads of the batch's endpoints, with their state in the engine; both as the database has them."""
        if self.connection.vendor == "postgresql":
            journal.reserve(self.connection, [each for each in endpoints if each not in self._heads])
            stored = journal.heads(self.connection, endpoints, lock=True)
        else:
            # SQLite has one ingest process, so what it remembers is what is stored.
            unknown = [endpoint for endpoint in endpoints if endpoint not in self._heads]
            stored = {**{each: self._heads[each] for each in endpoints if each in self._heads}}
            stored |= journal.heads(self.connection, unknown)
        for endpoint in endpoints:
            head = stored.setdefault(endpoint, journal.Head())
            known = self._heads.get(endpoint)
            if known is None or known.position != head.position or endpoint not in self.fleet:
                self._rebuild(endpoint, head)
        return stored

    def _rebuild(self, endpoint: int, head: Head) -> None:
        self._snapshots[endpoint] = rebuild(self.connection, self.fleet, endpoint, head)
        self._facts[endpoint] = {
            (fact.signal, fact.subject): fact.value for fact in facts.facts(self.connection, endpoint)
        }
        self._layouts[endpoint] = set(journal.layouts(self.connection, endpoint))

    def _forget(self, endpoints: Iterable[int]) -> None:
        for endpoint in endpoints:
            self._heads.pop(endpoint, None)
            self._facts.pop(endpoint, None)
            self._layouts.pop(endpoint, None)
            self._snapshots.pop(endpoint, None)
            self._added.forget(endpoint)
            if endpoint in self.fleet:
                self.fleet.drop(endpoint)

    # -- one report --

    def _place(self, work: _Batch, received: Received, item: Decoded | Unusable) -> Answer:
        report = received.report
        epoch, sequence = report.spool_epoch, report.sequence
        head = work.heads[received.endpoint]
        if isinstance(item, Unusable) and item.reason == "wrong_sequence":
            return self._aside(work, received, item)
        order, expected = place(head, epoch, sequence)
        if order is Order.DUPLICATE:
            return Answer(epoch, sequence, DUPLICATE)
        if order is Order.EARLY:
            return Answer(epoch, sequence, OUT_OF_ORDER, expected)
        if order is Order.STALE:
            stale = Unusable("stale_epoch", f"spool {epoch} ended at report {expected - 1}; a newer spool is in use")
            return self._aside(work, received, stale)
        if isinstance(item, Unusable):
            work.heads[received.endpoint] = head.in_epoch(epoch)._replace(
                sequence=sequence, received_at=received.received
            )
            work.moved.add(received.endpoint)
            return self._aside(work, received, item)
        self._accept(work, received, item, head.in_epoch(epoch))
        return Answer(epoch, sequence, STORED, problems=item.problems)

    def _aside(self, work: _Batch, received: Received, error: Unusable) -> Answer:
        report = received.report
        largest = 2**62
        work.aside.append(
            journal.Quarantined(
                received.endpoint,
                report.spool_epoch % largest,
                report.sequence % largest,
                received.received,
                error.reason,
                str(error),
                report.SerializeToString(),
            )
        )
        problem = Problem(error.reason, str(error))
        return Answer(report.spool_epoch, report.sequence, QUARANTINED, problems=(problem,))

    def _accept(self, work: _Batch, received: Received, item: Decoded, head: Head) -> None:
        endpoint = received.endpoint
        work.moved.add(endpoint)
        window, columns = item.window, item.columns
        if window is None or columns is None:
            work.heads[endpoint] = head._replace(sequence=item.gap_until, received_at=received.received)
            return
        window = self._added.add(window, self._facts[endpoint])
        position = head.position + 1
        work.heads[endpoint] = journal.Head(
            item.epoch, item.sequence, position, received.received, window.end, item.skew, window.boot_id,
            columns.number, head.past_epochs,
        )  # fmt: skip
        work.windows.append(window)
        work.entries.append(
            journal.Entry(
                endpoint, item.epoch, item.sequence, position, received.received, window.start, window.end,
                window.boot_id, columns.number, item.samples,
            )
        )  # fmt: skip
        if columns.number not in self._layouts[endpoint]:
            self._layouts[endpoint].add(columns.number)
            work.layouts.append((endpoint, columns.number, columns.layout.keys))
        if window.facts or window.events or window.unmeasured:
            self._accept_slow(work, window, position, item)
        self._health.note(endpoint, columns, window.values)

    def _accept_slow(self, work: _Batch, window: Window, position: int, item: Decoded) -> None:
        """Facts that changed, events, and what cannot be measured: few reports carry any."""
        endpoint = window.endpoint
        known = self._facts[endpoint]
        for fact in window.facts:
            if known.get((fact.signal, fact.subject)) != fact.value:
                known[fact.signal, fact.subject] = fact.value
                work.facts.append((endpoint, position, fact.signal, fact.subject, window.end, fact.value))
        for ordinal, (event, attributes) in enumerate(zip(window.events, item.attributes, strict=True)):
            work.events.append(
                (endpoint, position, ordinal, event.signal, event.subject, event.time, event.count, attributes)
            )
        for gone in window.unmeasured:
            if gone.reason and known.get((gone.signal, gone.subject)) is not None:
                known[gone.signal, gone.subject] = None  # what cannot be measured any more is no longer known
                work.facts.append((endpoint, position, gone.signal, gone.subject, window.end, None))
            work.unmeasured.append((endpoint, gone.signal, gone.subject, window.end, gone.reason))

    # -- the transaction --

    def _store(self, work: _Batch, findings: Sequence[Finding], now: float) -> dict[str, int]:
        connection = self.connection
        if work.layouts:
            journal.put_layouts(connection, work.layouts)
        if work.entries:
            journal.append(connection, work.entries)
        if work.facts:
            facts.put_facts(connection, work.facts)
        if work.events:
            facts.put_events(connection, work.events)
        if work.unmeasured:
            facts.put_unmeasured(connection, work.unmeasured)
        if work.aside:
            journal.quarantine(connection, work.aside)
        journal.put_heads(connection, ((endpoint, work.heads[endpoint]) for endpoint in sorted(work.moved)))
        due = [endpoint for endpoint in work.moved if self._is_due(endpoint, work.heads[endpoint].position)]
        if due:
            self._snapshot(due, work.heads)
        if not findings:
            return {}
        received = {(window.endpoint, window.end): window.received for window in work.windows}
        return tickets.apply(connection, findings, self._rules, now, received, self._held.look(connection, now))

    def _is_due(self, endpoint: int, position: int) -> bool:
        """Whether the state should be kept now. The first report's always is: it says by which pack was judged."""
        kept = self._snapshots[endpoint]
        return position > 0 and (kept == 0 or position - kept >= SNAPSHOT_EVERY)

    def _snapshot(self, endpoints: Iterable[int], heads: dict[int, Head]) -> None:
        rows = [(endpoint, heads[endpoint].position, self.fleet.snapshot(endpoint)) for endpoint in sorted(endpoints)]
        journal.put_snapshots(self.connection, rows)
        for endpoint, position, _ in rows:
            self._snapshots[endpoint] = position

    def _keep(self, work: _Batch) -> None:
        self._heads.update(work.heads)

    def _count(self, work: _Batch, findings: Sequence[Finding], changes: dict[str, int]) -> None:
        metrics.BATCH.observe(len(work.answers))
        dispositions: dict[report_pb2.Disposition.ValueType, int] = defaultdict(int)
        for answer in work.answers:
            if answer is not None:
                dispositions[answer.disposition] += 1
                for problem in answer.problems:
                    metrics.PROBLEMS.labels(problem.reason).inc(problem.count)
        for disposition, count in dispositions.items():
            metrics.REPORTS.labels(_WORDS[disposition]).inc(count)
        metrics.REPORT_BYTES.inc(sum(len(entry.samples) for entry in work.entries))
        for delay, count in _delays(work.windows).items():
            metrics.DELAY.labels(delay).inc(count)
        metrics.EVALUATIONS.inc(len(work.windows) * len(self._rules))
        for finding in findings:
            metrics.FINDINGS.labels(self.pack.rules[finding.rule].name, finding.change.value).inc()
        for change, count in changes.items():
            metrics.TICKETS.labels(change).inc(count)

    # -- housekeeping, between batches --

    def tend(self, *, idle: bool) -> None:
        """What the writing thread does between batches: the write-ahead log (SQLite) and the agents' own figures."""
        self._health.publish(time.monotonic())
        connection = self._connection
        if isinstance(connection, SqliteConnection):
            size = connection.log_bytes()
            if size > CHECKPOINT_BYTES or (idle and size > CHECKPOINT_BYTES // 4):
                connection.checkpoint()

    def close(self) -> None:
        """Keeps the state of all endpoints, so that the next start need not replay, and closes the connection."""
        if self._connection is None:
            return
        try:
            for chunk in _chunks([each for each in self._heads if each in self.fleet], 200):
                behind = [each for each in chunk if self._snapshots.get(each, -1) < self._heads[each].position]
                if self.connection.vendor == "postgresql":
                    behind = self._still_ours(behind)
                with self.connection.transaction():
                    self._snapshot(behind, self._heads)
        finally:
            self._connection.close()
            self._connection = None

    def _still_ours(self, endpoints: list[int]) -> list[int]:
        """Without those whose journal another collector has carried on meanwhile."""
        stored = journal.heads(self.connection, endpoints)
        return [each for each in endpoints if each in stored and stored[each].position == self._heads[each].position]


_WORDS: Final = {STORED: "stored", DUPLICATE: "duplicate", QUARANTINED: "quarantined", OUT_OF_ORDER: "out_of_order"}


def _delays(windows: Iterable[Window]) -> Counter[str]:
    delays = (window.received - window.end for window in windows)
    return Counter(
        "15m" if late <= 900 else "1h" if late <= 3600 else "1d" if late <= 86400 else "older" for late in delays
    )


def _chunks(items: list[int], size: int) -> Iterator[list[int]]:
    return (items[start : start + size] for start in range(0, len(items), size))
