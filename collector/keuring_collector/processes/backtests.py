"""Backtests beside the other jobs: each in a process of its own, one at a time for each collector.

Imports next to nothing: the process that works on one unpickles ``_work`` before Django is set up.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import multiprocessing
import os
import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

LOOK_SECONDS: Final = 2.0
END_SECONDS: Final = 5.0
NICER: Final = 10  # than what receives reports


class Backtests:
    """Starts what waits when nothing runs here. ``worker`` names this process in the table."""

    def __init__(self, worker: str) -> None:
        self._worker = worker[:80]
        self._process: SpawnProcess | None = None
        self._pk = 0

    def run(self, ending: threading.Event) -> None:
        """Looks every few seconds until ``ending`` is set; a database that is away is waited for. A thread of its own,
        for jobs come one after the other, and whoever tries a rule sits and waits.
        """
        import structlog
        from django.db import DatabaseError, close_old_connections, connections

        while not ending.is_set():
            try:
                close_old_connections()
                self.start_next(dt.datetime.now(dt.UTC))
            except DatabaseError as error:
                structlog.get_logger(__name__).warning("backtests wait for the database", error=str(error))
            ending.wait(LOOK_SECONDS)
        with contextlib.suppress(DatabaseError):  # its lease ends by itself then
            self.end(dt.datetime.now(dt.UTC))
        connections.close_all()

    def start_next(self, now: dt.datetime) -> None:
        """Sees to the one that ran, and takes the next."""
        from keuring_collector.desk import backtests

        if self._process is not None:
            if self._process.is_alive():
                return
            self._close(now, died=True)
        pk = backtests.take(self._worker, now)
        if pk is None:
            return
        self._pk = pk
        # Spawned, not forked: this process has threads and open connections.
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_work, args=(pk, self._worker), name="backtest", daemon=True)
        self._process.start()

    def end(self, now: dt.datetime) -> None:
        """Stops what runs; whoever is free does it again."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(END_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._close(now, died=False)

    def _close(self, now: dt.datetime, *, died: bool) -> None:
        from keuring_collector.desk import backtests

        # Of one that did its work this changes nothing: the row is no longer ours.
        backtests.give_back(self._pk, self._worker, now, died=died)
        if self._process is not None:
            self._process.close()
        self._process = None


def _work(pk: int, worker: str) -> None:
    """The life of the process that works on one."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process above is asked too, and ends this one
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICER)
    from keuring_collector.commands import workspace

    settings = workspace.initialised()
    workspace.set_up_django(settings)
    from keuring_collector.desk import backtests
    from keuring_collector.rulepack.calendar import calendar

    place = calendar(settings.time_zone, settings.business_hours)
    backtests.work(pk, worker, settings, place, lambda: dt.datetime.now(dt.UTC))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
