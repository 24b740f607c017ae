"""The one thread that writes: collects what the streams receive into batches, and releases the answers.

A batch is what has come in while the one before was written, bounded by count and by a few milliseconds: under load
that makes one commit for many reports, and alone a report hardly waits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from keuring_collector.store import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.ingest.decode import Received
    from keuring_collector.ingest.writer import Answer, WritePath
    from keuring_collector.rulepack import RulePack

log = structlog.get_logger(__name__)

MAX_BATCH: Final = 256
LINGER_SECONDS: Final = 0.004
IDLE_SECONDS: Final = 1.0
RULES_SECONDS: Final = 5.0

Waiting = tuple["Received", "asyncio.Future[Answer]"]


class WriterThread:
    """Runs a WritePath in a thread of its own, for the streams of one asyncio loop."""

    def __init__(self, path: WritePath, new_pack: Callable[[], RulePack | None] = lambda: None) -> None:
        """``new_pack`` is asked now and then whether the rules changed; it returns the new pack, once."""
        self._path = path
        self._new_pack = new_pack
        self._rules_asked = time.monotonic()
        self._queue: deque[Waiting] = deque()
        self._wakeup = threading.Condition()
        self._ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="writer")

    def start(self) -> None:
        """Starts the thread; call it within the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def submit(self, received: Received) -> asyncio.Future[Answer]:
        """Queues a report; the future has its answer once it is durable, or the StorageError that hindered it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        with self._wakeup:
            if self._ending:
                future.set_exception(StorageError("the collector is stopping"))
                return future
            self._queue.append((received, future))
            if len(self._queue) == 1 or len(self._queue) >= MAX_BATCH:
                self._wakeup.notify()
        return future

    def look_for_rules(self) -> None:
        """Asks for the rules again soon, whenever it was done last; for a signal handler in the loop."""
        with self._wakeup:
            self._rules_asked = float("-inf")
            self._wakeup.notify()

    async def stop(self) -> None:
        """Writes what is queued, keeps the state, and ends the thread."""
        with self._wakeup:
            self._ending = True
            self._wakeup.notify()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _next_batch(self) -> list[Waiting]:
        with self._wakeup:
            if not self._queue and not self._ending:
                self._wakeup.wait(IDLE_SECONDS)
            if self._queue and len(self._queue) < MAX_BATCH and not self._ending:
                self._wakeup.wait_for(lambda: len(self._queue) >= MAX_BATCH or self._ending, LINGER_SECONDS)
            return [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._write(batch)
            elif self._ending:
                break
            self._tend(idle=not batch)
        try:
            self._path.close()
        except StorageError as error:
            # Nothing is lost by it: the journal is complete, the next start only takes longer.
            log.warning("state not kept at the end", error=str(error))

    def _write(self, batch: list[Waiting]) -> None:
        result: list[Answer] | Exception
        try:
            result = self._path.write([received for received, _ in batch])
        except Exception as error:  # noqa: BLE001  # the thread must live on; the streams are told
            log.error("batch not stored", reports=len(batch), error=str(error))
            result = error if isinstance(error, StorageError) else StorageError(repr(error))
        futures = [future for _, future in batch]
        assert self._loop is not None  # noqa: S101  # start() set it
        self._loop.call_soon_threadsafe(_release, futures, result)

    def _tend(self, *, idle: bool) -> None:
        try:
            if time.monotonic() - self._rules_asked > RULES_SECONDS:
                self._rules_asked = time.monotonic()
                pack = self._new_pack()
                if pack is not None:
                    self._path.use(pack)
                    log.info("rules reloaded", rules=len(pack.rules), version=pack.version)
            self._path.tend(idle=idle)
        except Exception as error:  # noqa: BLE001  # housekeeping that fails must not end the writing
            log.error("housekeeping failed", error=str(error))


def _release(futures: list[asyncio.Future[Answer]], result: list[Answer] | Exception) -> None:
    for index, future in enumerate(futures):
        if future.cancelled():
            continue  # the stream is gone; the report is stored, and the agent will hear so when it sends it again
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result[index])
