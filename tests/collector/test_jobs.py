"""Background work: shared by lease, tried again after a failure; waking tickets; on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.collector.certificates import NOW
from tests.collector.django_database import set_up_django

set_up_django()

from django.db import connections  # noqa: E402

from keuring_collector import config, metrics  # noqa: E402
from keuring_collector.desk.jobs import LEASE, RETRY, JobRunner, Task, every, run_forever  # noqa: E402
from keuring_collector.desk.models import Job, Staff, Ticket, TicketHistory  # noqa: E402
from keuring_collector.desk.waking import wake  # noqa: E402
from keuring_collector.fleet.models import Endpoint, EnrolmentToken  # noqa: E402
from keuring_collector.processes.packs import PackWatch  # noqa: E402

HOUR = dt.timedelta(hours=1)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def test_job_runs_when_it_is_due_and_not_before(django_url: str) -> None:
    clock = Clock()
    runs: list[dt.datetime] = []
    runner = JobRunner("one", [Task("count", runs.append, every(HOUR))])
    runner.prepare(clock.now)
    assert [runner.run_due(clock), runner.run_due(clock)] == [1, 0]
    clock.now += HOUR
    assert runner.run_due(clock) == 1
    assert runs == [NOW, NOW + HOUR]
    row = Job.objects.get()
    assert (row.last_ok_at, row.due_at, row.leased_until, row.last_error) == (clock.now, clock.now + HOUR, None, "")


def test_first_run_may_come_later_and_preparing_again_changes_nothing(django_url: str) -> None:
    runner = JobRunner("one", [Task("later", lambda _now: None, every(HOUR), first_due=lambda now: now + HOUR)])
    runner.prepare(NOW)
    runner.prepare(NOW + HOUR * 5)
    assert Job.objects.get().due_at == NOW + HOUR


def test_of_several_collectors_one_runs_it(django_url: str) -> None:
    runs: list[str] = []
    lock = threading.Lock()
    start = threading.Barrier(6)

    def work(name: str) -> int:
        def note(_now: dt.datetime) -> None:
            with lock:
                runs.append(name)

        try:
            runner = JobRunner(name, [Task("shared", note, every(HOUR))])
            start.wait(20)
            return runner.run_due(lambda: NOW)
        finally:
            connections.close_all()

    JobRunner("prepare", [Task("shared", lambda _now: None, every(HOUR))]).prepare(NOW)
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(work, [f"collector-{number}" for number in range(6)]))
    assert sum(counts) == len(runs) == 1


def test_failure_is_kept_counted_and_tried_again_and_stops_nobody(django_url: str) -> None:
    clock, fails = Clock(), [True]
    runs: list[dt.datetime] = []

    def sometimes(_now: dt.datetime) -> None:
        if fails:
            raise ValueError("the disk is full")

    runner = JobRunner("one", [Task("broken", sometimes, every(HOUR)), Task("sound", runs.append, every(HOUR))])
    runner.prepare(clock.now)
    failed = metrics.JOBS.labels("broken", "failed")._value
    before = failed.get()
    assert runner.run_due(clock) == 2
    row = Job.objects.get(name="broken")
    assert row.last_error == "ValueError: the disk is full"
    assert (row.due_at, row.last_ok_at, row.leased_until) == (NOW + RETRY, None, None)
    assert runs == [NOW]
    assert failed.get() == before + 1
    fails.clear()
    clock.now += RETRY
    assert runner.run_due(clock) == 1
    row.refresh_from_db()
    assert (row.last_error, row.last_ok_at) == ("", clock.now)


def test_job_of_a_collector_that_died_is_free_when_its_lease_is_over(django_url: str) -> None:
    runs: list[dt.datetime] = []
    runner = JobRunner("two", [Task("orphan", runs.append, every(HOUR))])
    runner.prepare(NOW)
    Job.objects.update(leased_by="one", leased_until=NOW + LEASE)
    assert runner.run_due(lambda: NOW + LEASE / 2) == 0
    assert runner.run_due(lambda: NOW + LEASE) == 1
    assert Job.objects.get().leased_by == "two"


def test_a_late_end_does_not_touch_a_job_that_another_has_taken_over(django_url: str) -> None:
    def slow(_now: dt.datetime) -> None:
        Job.objects.update(leased_by="two", leased_until=NOW + LEASE * 2)

    runner = JobRunner("one", [Task("slow", slow, every(HOUR))])
    runner.prepare(NOW)
    runner.run_due(lambda: NOW)
    row = Job.objects.get()
    assert (row.leased_by, row.leased_until, row.due_at) == ("two", NOW + LEASE * 2, NOW)


def test_loop_works_until_it_is_ended(django_url: str) -> None:
    ending, ran = threading.Event(), threading.Event()
    runner = JobRunner("one", [Task("once", lambda _now: ran.set(), every(HOUR))])
    thread = threading.Thread(target=run_forever, args=(runner, ending, lambda: NOW, 0.01))
    thread.start()
    assert ran.wait(10)
    ending.set()
    thread.join(10)
    assert not thread.is_alive()


def _ticket(key: str, **values: object) -> Ticket:
    endpoint, _ = Endpoint.objects.get_or_create(host_name="LT-1", defaults={"enrolled_at": NOW})
    defaults: dict[str, object] = {"severity": 3, "opened_at": NOW, "updated_at": NOW}
    return Ticket.objects.create(endpoint=endpoint, cause="disk", key=key, **{**defaults, **values})


def test_snoozed_tickets_wake_in_time_with_a_line_of_history(django_url: str) -> None:
    due = _ticket("due", state="snoozed", snoozed_until=NOW, touched=True)
    later = _ticket("later", state="snoozed", snoozed_until=NOW + HOUR)
    forever = _ticket("until it gets worse", state="snoozed")
    assert [wake(NOW), wake(NOW)] == [1, 0]
    due.refresh_from_db()
    assert (due.state, due.snoozed_until, due.updated_at, due.touched) == ("new", None, NOW, True)
    assert [entry.kind for entry in due.history.all()] == [TicketHistory.Kind.WOKE]
    for ticket in (later, forever):
        ticket.refresh_from_db()
        assert ticket.state == "snoozed"


def test_the_collectors_own_jobs_run(django_url: str, tmp_path: object) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.processes import jobs

    tokens.mint(NOW - dt.timedelta(days=3), HOUR)
    _ticket("due", state="snoozed", snoozed_until=NOW)
    Staff.objects.create(username="petra", email="petra@example.com")
    settings = config.Settings(data_directory=tmp_path, database=django_url)  # type: ignore[arg-type]
    runner = JobRunner("one", jobs.tasks(settings, PackWatch(None)))
    runner.prepare(NOW)
    assert runner.run_due(lambda: NOW) == 9
    assert {job.name: job.last_error for job in Job.objects.all()} == dict.fromkeys(
        ["admit", "baselines", "compact", "digest", "fleet_tickets", "outbox", "purge", "sessions", "tokens", "wake"],
        "",
    )
    assert EnrolmentToken.objects.count() == 0
    assert Ticket.objects.get().state == "new"
    assert Job.objects.get(name="digest").due_at == dt.datetime(2026, 5, 5, 5, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-05-04T04:59:00+00:00", "2026-05-04T05:00:00+00:00"),  # summer: 7 o'clock is 5 in UTC
        ("2026-05-04T05:00:00+00:00", "2026-05-05T05:00:00+00:00"),
        ("2026-01-10T12:00:00+00:00", "2026-01-11T06:00:00+00:00"),
        ("2026-03-28T12:00:00+00:00", "2026-03-29T05:00:00+00:00"),  # the night in which the clocks go forward
        ("2026-10-24T12:00:00+00:00", "2026-10-25T06:00:00+00:00"),  # and back
    ],
)
def test_next_digest_follows_the_clock_on_the_wall(now: str, expected: str) -> None:
    from keuring_collector.desk.digest import next_digest

    moment = next_digest(dt.datetime.fromisoformat(now), 7, "Europe/Amsterdam")
    assert moment == dt.datetime.fromisoformat(expected)
