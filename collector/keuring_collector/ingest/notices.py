"""Hands notices to the machines that they wait for, and takes what those answer.

Most machines have none, so which ones have is read now and then for all, and a notice only when its machine is there.
Whatever goes wrong here holds up no report.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import structlog

from keuring.report.v1 import report_pb2
from keuring_collector.store import StorageError, notices, open_store
from keuring_collector.store.notices import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

REFRESH_SECONDS: Final = 5.0
_MOST_ANSWERS: Final = 200  # ids in one request; an agent keeps a hundred notices
_LONGEST: Final = 64


_ENDS: Final = {State.WITHDRAWN: report_pb2.NOTICE_END_WITHDRAWN, State.REPLACED: report_pb2.NOTICE_END_REPLACED}


class Mail(NamedTuple):
    """What one machine is told: notices, and which of those that it may have no longer hold."""

    new: list[report_pb2.Notice]
    ended: list[report_pb2.EndedNotice]


NOTHING: Final = Mail([], [])


class Mailbox:
    """For the streams of one asyncio loop; ``clock`` gives seconds since 1970."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time, refresh: float = REFRESH_SECONDS) -> None:
        self._store = open_store(url)
        self._clock = clock
        self._refresh = refresh
        # One thread, so that its connection can be closed at the end.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="notices")
        self._waiting: frozenset[int] = frozenset()
        self._looked = float("-inf")

    async def of(self, endpoint: int) -> Mail:
        """What waits for an endpoint."""
        try:
            if time.monotonic() - self._looked >= self._refresh:
                self._looked = time.monotonic()  # at once, so that others do not wait for the same
                self._waiting = await self._run(lambda: notices.waiting(self._store.connection, self._clock()))
            if endpoint in self._waiting:
                return await self._run(lambda: self._read(endpoint))
        except StorageError as error:
            log.warning("notices could not be read; they wait", error=str(error))
        return NOTHING

    def _read(self, endpoint: int) -> Mail:
        connection, now = self._store.connection, self._clock()
        ended = [
            report_pb2.EndedNotice(notice_id=identity, end=_ENDS[how])
            for identity, how in notices.ending(connection, endpoint, now)
        ]
        return Mail([_message(notice) for notice in notices.of(connection, endpoint, now)], ended)

    async def take(self, endpoint: int, request: report_pb2.SendReportsRequest) -> None:
        """Notes what a machine says of notices, if it does."""
        if not (request.received_notice_ids or request.declined_notice_ids or request.ended_notice_ids):
            return
        answers = (
            (State.RECEIVED, _sound(request.received_notice_ids)),
            (State.DECLINED, _sound(request.declined_notice_ids)),
        )

        def note() -> None:
            with self._store.connection.transaction():
                for state, identities in answers:
                    notices.answer(self._store.connection, endpoint, identities, state, self._clock())
                notices.confirm_ended(self._store.connection, endpoint, _sound(request.ended_notice_ids))

        try:
            await self._run(note)
        except StorageError as error:
            log.warning("answers to notices could not be kept; they are handed out again", error=str(error))

    async def close(self) -> None:
        """Closes its connection and ends its thread."""
        await self._run(self._store.close)
        self._executor.shutdown()

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _sound(identities: Sequence[str]) -> list[str]:
    return [identity for identity in identities[:_MOST_ANSWERS] if len(identity) <= _LONGEST]


def _message(notice: notices.Notice) -> report_pb2.Notice:
    message = report_pb2.Notice(
        notice_id=notice.notice_id,
        kind=report_pb2.NoticeKind.ValueType(int(notice.kind)),
        titles=notice.titles,
        bodies=notice.bodies,
        link=notice.link,
    )
    if notice.expires_at:
        message.expire_time.FromMilliseconds(round(notice.expires_at * 1000))
    return message
