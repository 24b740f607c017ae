"""The log of what was sent: when, to whom, how many bytes, and which signals; no values.

A line is one sending: a checksum and JSON. Whoever sends writes it, right after (the short child, `once`,
enrolment); the resident process adds a line only for a child that it had to end. Two files of a limited size are
kept, so the log goes back three weeks or more. Every account of the machine may read them.

Damage never stops an agent: a line that cannot be read is passed over, and before the next sending a damaged file is
put aside and its sound lines go on.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import access
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

FILE_NAME: Final = "dispatches.log"
OLDER: Final = "dispatches.1.log"
DAMAGED: Final = "dispatches.damaged"
SIZE_LIMIT: Final = 512 * 1024  # bytes of one file; a line has some 500
_MODE: Final = 0o644  # for every colleague at the machine to read
# Kinds of sending.
REPORTS, RENEWAL, ENROLMENT, BROKEN_OFF = "reports", "renewal", "enrolment", "broken off"
NOT_NOTED: Final = "not noted"  # what an agent sent from memory (keeping.py) and could not note any more
# Outcomes.
ACKNOWLEDGED, UNFINISHED = "acknowledged", "unfinished"
NOT_TRUSTED: Final = "not trusted"


class Dispatch(NamedTuple):
    """One sending. Times are seconds since 1970; ``size`` is in bytes, as handed to the connection, before TLS.

    ``reports`` were handed over, of which ``acknowledged`` were answered as durable. ``since`` and ``until`` are
    the times that they tell about; ``signals`` are catalogue ids.
    """

    time: float
    kind: str
    to: str
    size: int = 0
    reports: int = 0
    acknowledged: int = 0
    since: float = 0.0
    until: float = 0.0
    outcome: str = UNFINISHED
    signals: tuple[int, ...] = ()


class Log(NamedTuple):
    """Sendings, oldest first, and how many lines could not be read."""

    entries: list[Dispatch]
    damaged: int


class Tally:
    """Counts while it is sent. One object serves one sending; it may go to several addresses in turn."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._done: list[Dispatch] = []
        self._current: Dispatch | None = None
        self._acknowledged = 0  # apart, for a thread of grpc hands over while answers come in
        self._signals: set[int] = set()

    def begin(self, to: str) -> None:
        """From here on it goes to that address."""
        self._finish()
        self._current = Dispatch(self._wall(), REPORTS, to)

    def hand_over(self, request: bytes, report: bytes) -> None:
        """Counts a request that is being handed to the connection, around one report."""
        from keuring_agent import contents

        assert self._current is not None  # noqa: S101  # begin() came before
        before = self._current
        try:
            held = contents.of(report)
        except ValueError:  # damaged in a way that its checksum did not show: its bytes count all the same
            held = contents.Contents(frozenset(), 0.0, 0.0)
        self._signals |= held.signals
        self._current = before._replace(
            size=before.size + len(request),
            reports=before.reports + 1,
            since=min(before.since, held.start) if before.since and held.start else before.since or held.start,
            until=max(before.until, held.end),
        )

    def acknowledge(self) -> None:
        """Counts an answer."""
        self._acknowledged += 1

    def end(self, outcome: str) -> None:
        """How it went at this address. Where the handshake failed, what was handed over never left."""
        if outcome == NOT_TRUSTED:
            self._current = None
        if self._current is not None:
            self._current = self._current._replace(outcome=outcome)
        self._finish()

    def add(self, dispatch: Dispatch) -> None:
        """Notes a sending of another kind."""
        self._done.append(dispatch)

    def _finish(self) -> None:
        if self._current is not None and self._current.reports:
            self._done.append(
                self._current._replace(acknowledged=self._acknowledged, signals=tuple(sorted(self._signals)))
            )
        self._current = None
        self._acknowledged = 0
        self._signals = set()

    def dispatches(self) -> list[Dispatch]:
        """All that was sent so far."""
        self._finish()
        return self._done


def append(directory: Path, entries: Iterable[Dispatch], size_limit: int = SIZE_LIMIT) -> None:
    """Adds lines. Raises StateError when that cannot be."""
    data = b"".join(map(_line, entries))
    if not data:
        return
    path = directory / FILE_NAME
    try:
        _make_way(path, len(data), size_limit)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), _MODE)
        try:
            _share(handle)
            end = os.fstat(handle).st_size
            if not end:
                access.let_read(path)
            else:
                os.lseek(handle, end - 1, os.SEEK_SET)
                if os.read(handle, 1) != b"\n":  # the power failed in the middle of a line
                    data = b"\n" + data
            os.write(handle, data)
        finally:
            os.close(handle)
    except OSError as error:
        raise StateError(
            f"{path}: what was sent cannot be noted ({error.strerror}); make the directory writable for the account "
            "that the agent runs under, and see that the disk is not full"
        ) from error


def keep(directory: Path, entries: Iterable[Dispatch]) -> str:
    """The same, for those who have more important things to do: returns what went wrong, "" when nothing did."""
    try:
        append(directory, entries)
    except StateError as error:
        return str(error)
    return ""


@contextlib.contextmanager
def noted(dispatch: Dispatch, keeper: Callable[[Dispatch], None]) -> Iterator[None]:
    """Notes the one sending that the block does: acknowledged when it ends well, else unfinished."""
    outcome = UNFINISHED
    try:
        yield
        outcome = ACKNOWLEDGED
    finally:
        keeper(dispatch._replace(outcome=outcome))


def into(directory: Path) -> Callable[[Dispatch], None]:
    """Keeps a sending in the log there; what goes wrong with that is said, and hinders nothing."""

    def keeper(dispatch: Dispatch) -> None:
        if complaint := keep(directory, (dispatch,)):
            print(f"keuring-agent: {complaint}", file=sys.stderr)

    return keeper


def read(directory: Path, since: float = 0.0) -> Log:
    """What was sent after a time (seconds since 1970). No files: nothing was. Raises StateError."""
    entries: list[Dispatch] = []
    damaged = 0
    for name in (OLDER, FILE_NAME):
        try:
            data = (directory / name).read_bytes()
        except FileNotFoundError:
            continue
        except IsADirectoryError:
            damaged += 1
            continue
        except OSError as error:
            raise StateError(
                f"{directory / name}: cannot be read ({error.strerror}); is this where the agent keeps its state? Say "
                "so with --state-directory"
            ) from error
        found = [_entry(line) for line in data.split(b"\n") if line]
        damaged += found.count(None)
        entries += [entry for entry in found if entry is not None and entry.time >= since]
    return Log(entries, damaged)


def mend(directory: Path) -> int:
    """Puts damaged files aside, with their sound lines going on; returns how many lines were damaged."""
    damaged = 0
    for name in (OLDER, FILE_NAME):
        path = directory / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                path.rename(directory / DAMAGED)
                damaged += 1
                continue
            lines = [line for line in path.read_bytes().split(b"\n") if line]
            sound = [line for line in lines if _is_sound(line)]
            if len(sound) < len(lines):
                path.replace(directory / DAMAGED)
                _write_whole(path, b"".join(line + b"\n" for line in sound))
                damaged += len(lines) - len(sound)
        except OSError:
            continue  # there is none, or nothing can be done about it; append() will say so
    return damaged


def last_sent(entries: Iterable[Dispatch]) -> Mapping[int, Dispatch]:
    """For each signal (catalogue id) the last sending that took it to somebody who said so."""
    return {
        signal: entry
        for entry in entries
        if entry.acknowledged or entry.outcome == ACKNOWLEDGED
        for signal in entry.signals
    }


def _line(entry: Dispatch) -> bytes:
    text = json.dumps(entry._asdict(), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _is_sound(line: bytes) -> bool:
    checksum, _, text = line.partition(b" ")
    return checksum == b"%08x" % zlib.crc32(text)


def _entry(line: bytes) -> Dispatch | None:
    """None for a line that is damaged."""
    if not _is_sound(line):
        return None
    try:
        found = json.loads(line.partition(b" ")[2])
        known = {name: found[name] for name in Dispatch._fields if name in found}
        return Dispatch(**{**known, "signals": tuple(known.get("signals", ()))})
    except (ValueError, TypeError):
        return None


def _make_way(path: Path, size: int, limit: int) -> None:
    """Begins a new file when this one is full; puts aside what is no file at all."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        path.rename(path.with_name(DAMAGED))
    elif status.st_size + size > limit:
        path.replace(path.with_name(OLDER))


def _write_whole(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        _share(handle)
        access.let_read(path)
        os.write(handle, data)
    finally:
        os.close(handle)


def _share(handle: int) -> None:
    """Whatever the umask: colleagues may read it."""
    if hasattr(os, "fchmod"):
        os.fchmod(handle, _MODE)
