"""Reports that the collector has not acknowledged yet, in a SQLite file of their own.

One row is one report (or a run of reports that was given up), in order of sequence; the sequence never has holes. A
connection lives for one call only: the file is used by the resident process and by its sending child in turn, and
SQLite connections must not cross a fork. Each change is one transaction, durable when the call returns.

A spool that is damaged is moved aside and a new one begun, with a new epoch whose first report says that something
was lost; a single report that is damaged becomes a gap.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from keuring_agent import wire
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

FILE_NAME: Final = "spool.sqlite3"
_SCHEMA: Final = (
    "CREATE TABLE spool (epoch INTEGER NOT NULL, next INTEGER NOT NULL, checksum INTEGER NOT NULL)",
    # A row is one report, or a run of reports that was given up: then body is NULL and reason says why. sequence is
    # the first of the run, last its last (the same for one report); created is in seconds since 1970.
    "CREATE TABLE report (sequence INTEGER PRIMARY KEY, last INTEGER NOT NULL, created REAL NOT NULL, "
    "body BLOB, reason TEXT, checksum INTEGER NOT NULL)",
)
_DAMAGED: Final = "the spool was damaged; reports from before this one may be lost"
_ROW_DAMAGED: Final = "damaged in the spool"
_FULL: Final = "the spool was full"
_OLD: Final = "too old to be kept"
_AT_LEAST: Final = 288  # newer reports that must wait before age counts: a clock set wrong must not empty the spool
_SHARE: Final = 20  # of a full spool, one part in so many is given up at once
# Faults of the disk or of rights, which a new spool would not mend.
_NOT_DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
    }
)

Result = TypeVar("Result")


class Kept(NamedTuple):
    """A report (``last`` is its own number) or a gap, whole as it goes on the wire."""

    sequence: int
    last: int
    message: bytes


class Batch(NamedTuple):
    """Reports in order, all of one epoch."""

    epoch: int
    reports: list[Kept]


class Fill(NamedTuple):
    """How many reports wait, the number of the last one, the bytes in use, and the epoch."""

    reports: int
    newest: int
    size: int
    epoch: int


class _Row(NamedTuple):
    sequence: int
    last: int
    created: float
    body: bytes | None
    reason: str | None
    checksum: int

    @classmethod
    def of(cls, sequence: int, last: int, created: float, body: bytes | None, reason: str | None) -> _Row:
        return cls(sequence, last, created, body, reason, _checksum(sequence, last, created, reason or "", body or b""))

    @property
    def is_sound(self) -> bool:
        try:
            return self == _Row.of(*self[:5]) and self.last >= self.sequence > 0
        except (TypeError, ValueError):
            return False


def _checksum(*values: float | str | bytes) -> int:
    found = 0
    for value in values:
        found = zlib.crc32(value if isinstance(value, bytes) else repr(value).encode(), found)
    return found


class Spool:
    """The spool in a directory. Raises StateError when it cannot be written, for want of rights or of space."""

    def __init__(self, directory: Path, size_limit: int = 64 * 2**20, age_limit: float = 21 * 86400.0) -> None:
        self._path = directory / FILE_NAME
        self._size_limit = size_limit
        self._age_limit = age_limit
        self._lost = False  # whether the spool that is begun next takes the place of a damaged one

    def append(self, body: bytes, now: float) -> int:
        """Keeps a report (without its numbers) and returns its sequence number. ``now`` is in seconds since 1970.

        When the spool is full, or its oldest reports are too old, those are given up and a gap takes their place.
        """

        def work(connection: sqlite3.Connection) -> int:
            _, sequence = _state(connection)
            self._make_room(connection, len(body), now)
            _insert(connection, _Row.of(sequence, sequence, now, body, None))
            _set_next(connection, sequence + 1)
            return sequence

        return self._run(work)

    def batch(self, first: int = 0, count: int = 200, size: int = 512 * 1024) -> Batch:
        """The oldest reports from ``first`` on: at most ``count``, and about ``size`` bytes. Damaged ones are gaps."""

        def work(connection: sqlite3.Connection) -> Batch:
            epoch, _ = _state(connection)
            reports: list[Kept] = []
            taken = 0
            for row in _rows(connection, first, count):
                if not row.is_sound:
                    row = _Row.of(row.sequence, row.sequence, 0.0, None, _ROW_DAMAGED)  # noqa: PLW2901  # in its place
                body = row.body
                if body is None:
                    body = wire.gap(row.sequence, row.last, row.reason or "")
                reports.append(Kept(row.sequence, row.last, wire.numbered(epoch, row.sequence, body)))
                taken += len(body)
                if taken >= size:
                    break
            return Batch(epoch, reports)

        return self._run(work)

    def delete(self, epoch: int, through: int) -> None:
        """Lets go of all reports up to the number ``through``; of none if the spool has another epoch by now."""

        def work(connection: sqlite3.Connection) -> None:
            if _state(connection)[0] == epoch:
                connection.execute("DELETE FROM report WHERE last <= ?", (through,))

        self._run(work)

    def fill(self) -> Fill:
        """How full the spool is."""

        def work(connection: sqlite3.Connection) -> Fill:
            reports = connection.execute("SELECT count(*) FROM report").fetchone()[0]
            epoch, following = _state(connection)
            return Fill(reports, following - 1, _used(connection), epoch)

        return self._run(work)

    def close_gap(self, epoch: int, first: int, reason: str) -> None:
        """Puts a gap from ``first`` to just before the oldest report: the collector waits for what is no more."""

        def work(connection: sqlite3.Connection) -> None:
            found, following = _state(connection)
            oldest = connection.execute("SELECT min(sequence) FROM report").fetchone()[0] or following
            if found == epoch and 0 < first < oldest:
                _insert(connection, _Row.of(first, oldest - 1, 0.0, None, reason))

        self._run(work)

    def add_gap(self, reason: str, count: int = 1) -> None:
        """Puts a gap of ``count`` numbers after all that waits: something was lost, nobody knows how much."""

        def work(connection: sqlite3.Connection) -> None:
            _, sequence = _state(connection)
            _insert(connection, _Row.of(sequence, sequence + count - 1, 0.0, None, reason))
            _set_next(connection, sequence + count)

        self._run(work)

    def skip(self, epoch: int, count: int) -> None:
        """Lets the next ``count`` numbers be: their reports were sent without having been here."""

        def work(connection: sqlite3.Connection) -> None:
            found, following = _state(connection)
            if found == epoch:
                _set_next(connection, following + count)

        self._run(work)

    def begin_epoch(self, epoch: int) -> None:
        """Numbers the waiting reports from 1 on in a new epoch: the collector is ahead of this spool.

        It happens when the machine was put back to an earlier state. Nothing is done when the epoch changed already.
        """

        def work(connection: sqlite3.Connection) -> None:
            if _state(connection)[0] != epoch:
                return
            rows = list(_rows(connection, 0, -1))
            connection.execute("DELETE FROM report")
            following = 1
            for row in rows:
                last = following + row.last - row.sequence
                _insert(connection, _Row.of(following, last, row.created, row.body, row.reason))
                following = last + 1
            connection.execute("DELETE FROM spool")
            _begin(connection, following)

        self._run(work)

    def mend(self) -> int:
        """Looks through the whole spool, as is done once at the start, and returns how many reports were damaged.

        Those become gaps. A file that SQLite itself finds wrong is moved aside.
        """

        def work(connection: sqlite3.Connection) -> int:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            _, following = _state(connection)
            return _mend_rows(connection, list(_rows(connection, 0, -1)), following)

        return self._run(work)

    def _make_room(self, connection: sqlite3.Connection, size: int, now: float) -> None:
        if _used(connection) + size > self._size_limit:
            rows = connection.execute("SELECT sequence, last, length(body) FROM report ORDER BY sequence").fetchall()
            wanted = size + self._size_limit // _SHARE
            for count, row in enumerate(rows, 1):
                wanted -= row[2] or 0
                if wanted <= 0 or count == len(rows):
                    _give_up(connection, row[1], _FULL)
                    break
        old = connection.execute(
            "SELECT max(last) FROM report WHERE created < ? AND body IS NOT NULL", (now - self._age_limit,)
        ).fetchone()[0]
        if old is not None:
            newer = connection.execute("SELECT count(*) FROM report WHERE sequence > ?", (old,)).fetchone()[0]
            if newer >= _AT_LEAST:
                _give_up(connection, old, _OLD)

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """One transaction. On a damaged file it is done again on a new spool."""
        try:
            return self._attempt(work)
        except sqlite3.Error as error:
            if not _is_damage(error):
                raise self._unusable(error) from error
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._move_aside()
            return self._attempt(work)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def _attempt(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        # The file is made here so that nobody else may read it, whatever the umask.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA cache_size=-512")
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                for statement in _SCHEMA:
                    connection.execute(statement)
                _begin(connection, 1)
                if self._lost:
                    _insert(connection, _Row.of(1, 1, 0.0, None, _DAMAGED))
                    _set_next(connection, 2)
            result = work(connection)
            connection.execute("COMMIT")
            self._lost = False
            return result
        finally:
            connection.close()

    def _move_aside(self) -> None:
        """Keeps the damaged file (the last one only) for whoever wants to look at it."""
        self._path.replace(self._path.with_suffix(".damaged"))
        self._path.with_name(f"{FILE_NAME}-journal").unlink(missing_ok=True)
        self._lost = True

    def _unusable(self, error: Exception) -> StateError:
        return StateError(
            f"{self._path}: the spool cannot be used ({error}); make its directory writable for the account that the "
            "agent runs under, and see that the disk is not full"
        )


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & 0xFF == sqlite3.SQLITE_READONLY:
        return code != sqlite3.SQLITE_READONLY  # plain: no right to write; its variants: a damaged header or journal
    return code & 0xFF not in _NOT_DAMAGE


def _state(connection: sqlite3.Connection) -> tuple[int, int]:
    """(epoch, next sequence number)."""
    rows = connection.execute("SELECT epoch, next, checksum FROM spool").fetchall()
    if len(rows) != 1 or _checksum(*rows[0][:2]) != rows[0][2]:
        raise sqlite3.DatabaseError("the spool's head is damaged")
    return rows[0][0], rows[0][1]


def _begin(connection: sqlite3.Connection, following: int) -> None:
    epoch = int.from_bytes(os.urandom(8), "big") >> 2 or 1  # below 2^62
    connection.execute("INSERT INTO spool VALUES (?, ?, ?)", (epoch, following, _checksum(epoch, following)))


def _set_next(connection: sqlite3.Connection, following: int) -> None:
    epoch, _ = _state(connection)
    connection.execute("UPDATE spool SET next = ?, checksum = ?", (following, _checksum(epoch, following)))


def _insert(connection: sqlite3.Connection, row: _Row) -> None:
    connection.execute("INSERT INTO report VALUES (?, ?, ?, ?, ?, ?)", row)


def _rows(connection: sqlite3.Connection, first: int, count: int) -> Iterable[_Row]:
    rows: Iterable[tuple[Any, ...]] = connection.execute(
        "SELECT * FROM report WHERE last >= ? ORDER BY sequence LIMIT ?", (first, count)
    )
    return (_Row(*row) for row in rows)


def _used(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _give_up(connection: sqlite3.Connection, through: int, reason: str) -> None:
    """Puts a gap in the place of the oldest reports, up to ``through``."""
    first, last = connection.execute(
        "SELECT min(sequence), max(last) FROM report WHERE last <= ?", (through,)
    ).fetchone()
    connection.execute("DELETE FROM report WHERE last <= ?", (through,))
    _insert(connection, _Row.of(first, last, 0.0, None, reason))


def _mend_rows(connection: sqlite3.Connection, rows: list[_Row], following: int) -> int:
    """Makes the rows sound and without holes up to ``following``; returns how many were not."""
    mended = 0
    expected: int | None = None
    for row in rows:
        sound = row.is_sound and row.last < following and (expected is None or row.sequence >= expected)
        if not sound:
            connection.execute("DELETE FROM report WHERE sequence = ?", (row.sequence,))
            mended += 1
            if expected is None and isinstance(row.sequence, int) and 0 < row.sequence < following:
                expected = row.sequence  # it was the oldest: its number must not be missing
            continue
        if expected is not None and row.sequence > expected:
            _insert(connection, _Row.of(expected, row.sequence - 1, 0.0, None, _ROW_DAMAGED))
            mended += 1
        expected = row.last + 1
    if expected is not None and expected < following:
        _insert(connection, _Row.of(expected, following - 1, 0.0, None, _ROW_DAMAGED))
        mended += 1
    return mended
