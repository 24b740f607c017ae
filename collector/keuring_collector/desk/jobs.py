"""Background work, as rows of a table that whoever is free leases: several collectors share it without a coordinator.

A job is taken by one conditional UPDATE, so that of several collectors one gets it. A job that fails keeps what went
wrong in its row and is tried again after a pause; one whose collector died is free again when its lease is over.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from django.db import DatabaseError, close_old_connections, connections
from django.db.models import Q

from keuring_collector import metrics
from keuring_collector.desk.models import Job

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

log = structlog.get_logger(__name__)

LEASE: Final = dt.timedelta(minutes=10)
RETRY: Final = dt.timedelta(minutes=1)
ERROR_CHARACTERS: Final = 2000


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of background work.

    ``next_due`` says when it is due again after a run at the given time, ``first_due`` when it is due for the first
    time in a new database.
    """

    name: str
    run: Callable[[dt.datetime], None]
    next_due: Callable[[dt.datetime], dt.datetime]
    first_due: Callable[[dt.datetime], dt.datetime] = lambda now: now


def every(interval: dt.timedelta) -> Callable[[dt.datetime], dt.datetime]:
    """Due again after ``interval``."""
    return lambda now: now + interval


class JobRunner:
    """Runs the tasks that are due. ``worker`` names this process in the table; times come in from outside."""

    def __init__(self, worker: str, tasks: Sequence[Task], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._worker = worker[:80]
        self._tasks = {task.name: task for task in tasks}
        self._monotonic = monotonic

    def prepare(self, now: dt.datetime) -> None:
        """Makes sure that each task has its row."""
        rows = [Job(name=task.name, due_at=task.first_due(now)) for task in self._tasks.values()]
        Job.objects.bulk_create(rows, ignore_conflicts=True)

    def run_due(self, now: Callable[[], dt.datetime]) -> int:
        """Runs what is due, one after the other; returns how many were run."""
        count = 0
        for name in list(
            Job.objects.filter(name__in=self._tasks, due_at__lte=now())
            .order_by("due_at")
            .values_list("name", flat=True)
        ):
            if self._take(name, now()):
                self._work(self._tasks[name], now)
                count += 1
        return count

    def _take(self, name: str, now: dt.datetime) -> bool:
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
        taken = Job.objects.filter(free, name=name, due_at__lte=now).update(
            leased_until=now + LEASE, leased_by=self._worker
        )
        return taken == 1

    def _work(self, task: Task, now: Callable[[], dt.datetime]) -> None:
        began = self._monotonic()
        failure = ""
        try:
            task.run(now())
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
            log.error("job failed", job=task.name, error=failure, exc_info=error)
        metrics.JOBS.labels(task.name, "failed" if failure else "ok").inc()
        metrics.JOB_SECONDS.labels(task.name).observe(self._monotonic() - began)
        ended = now()
        # Only while the lease is still ours: whoever took the job over meanwhile decides on it.
        mine = Job.objects.filter(name=task.name, leased_by=self._worker)
        if failure:
            mine.update(leased_until=None, due_at=ended + RETRY, last_error=failure)
        else:
            mine.update(leased_until=None, due_at=task.next_due(ended), last_ok_at=ended, last_error="")


def run_forever(
    runner: JobRunner,
    ending: threading.Event,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    pause_seconds: float = 5.0,
) -> None:
    """Runs due jobs until ``ending`` is set; a database that is away is waited for."""
    prepared = False
    while not ending.is_set():
        try:
            close_old_connections()
            if not prepared:
                runner.prepare(now())
                prepared = True
            runner.run_due(now)
        except DatabaseError as error:
            log.warning("jobs wait for the database", error=str(error))
        ending.wait(pause_seconds)
    connections.close_all()
