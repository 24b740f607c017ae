"""From reports to nightly baselines and back: the write path judges by them, and a rebuilt state says the same."""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring.signals import catalogue
from keuring_collector import config, rulepack
from keuring_collector.commands import explaining
from keuring_collector.engine import Fleet
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.usual import LOOK_SECONDS, BaselineWatch
from keuring_collector.ingest.writer import STORED, WritePath
from keuring_collector.rulepack.reads import questions_of
from keuring_collector.store import open_store
from keuring_collector.store.connection import connect
from tests.collector.django_database import set_up_django
from tests.collector.reports import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.baselines import Baselines
    from keuring_collector.engine.explain import Step
    from keuring_collector.store.connection import Connection

WHOLE = Path(__file__).parents[1] / "fixtures/daily_pack"
DAY = 86400.0
TODAY = 20_500
BOOT = ("keuring.boot.duration", "last", "")
FACTS = {("keuring.hardware.model", ""): "X1", ("os.name", ""): "Debian"}
ODD = 8  # the machine that is unlike the others


@pytest.fixture
def pack(tmp_path: Path) -> rulepack.RulePack:
    directory = Path(shutil.copytree(WHOLE, tmp_path / "rules"))
    rule = directory / "boot_slower_than_peers.yaml"
    text = rule.read_text(encoding="utf-8").replace("margin: 20s", "margin: 20s\n    peers: 5")
    rule.write_text(text, encoding="utf-8")
    return rulepack.load(directory)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Connection]:
    connection = connect(migrated_url)
    for identity in range(1, ODD + 1):
        key = uuid.UUID(int=identity)
        connection.execute(
            "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) "
            "VALUES (?, ?, ?, 'active', ?, ?)",
            (identity, key if connection.vendor == "postgresql" else key.hex, "LT", False, connection.moment(0.0)),
        )
    yield connection
    connection.close()


def day_of_reports(number: int) -> list[Received]:
    """One report of each machine, at noon of a day."""
    end = (TODAY + number) * DAY + DAY / 2
    return [
        Received(
            machine,
            report(number + 1, end, {BOOT: 120.0 if machine == ODD else 30.0 + machine}, facts=FACTS),
            end + 2,
        )
        for machine in range(1, ODD + 1)
    ]


def live(url: str, pack: rulepack.RulePack, days: range) -> list[Step]:
    """A collector takes in some days; what it makes of the odd machine at the end."""
    path = WritePath(url, pack)
    try:
        for number in days:
            assert {answer.disposition for answer in path.write(day_of_reports(number))} == {STORED}
        return path.fleet.explain(ODD, pack.by_name["boot_slower_than_peers"].id)
    finally:
        path.close()


def make(url: str, pack: rulepack.RulePack, day: float) -> int:
    store = open_store(url)
    questions = {question for rule in pack.compiled.rules for question in questions_of(rule)}
    try:
        store.compact((TODAY + day) * DAY, 1)
        return store.make_baselines(questions, (TODAY + day) * DAY, 1)
    finally:
        store.close()


def test_a_machine_unlike_the_fleet_is_found_and_a_rebuilt_state_says_the_same(
    database: Connection, migrated_url: str, pack: rulepack.RulePack
) -> None:
    steps = live(migrated_url, pack, range(10))
    assert [(step.what, step.detail) for step in steps][:1] == [("peers", "no baseline")]
    assert make(migrated_url, pack, 10.1) == 1
    assert live(migrated_url, pack, range(10, 12))[0].detail == "no baseline"  # it holds from day 11 on
    steps = live(migrated_url, pack, range(12, 14))
    found = {step.what: step for step in steps}
    assert (found["peers"].value, found["usual"].value, found["value"].value) == (8.0, 34.5, 120.0)
    assert found["finding"].detail == "told"
    lines = database.execute("SELECT count(*) FROM desk_ticketline")
    later = live(migrated_url, pack, range(14, 15))

    # The state is lost: what history and the journal say is the same, to the last bit.
    database.execute("UPDATE snapshot SET state = ?", (b"damaged",))
    again = live(migrated_url, pack, range(15, 16))
    assert [step[:7] for step in again if step.what != "finding"] == [
        step[:7] for step in later if step.what != "finding"
    ]
    assert database.execute("SELECT count(*) FROM desk_ticketline") == lines


def test_the_watch_looks_again_after_a_while(
    database: Connection, migrated_url: str, pack: rulepack.RulePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(migrated_url, pack, range(10))
    clock = [0.0]
    fleet = Fleet(pack.compiled)
    taken: list[Baselines] = []
    monkeypatch.setattr(fleet, "use_baselines", taken.append)
    watch = BaselineWatch(pack.compiled, lambda: clock[0])
    watch.look(database, fleet)
    assert len(taken) == 1
    make(migrated_url, pack, 10.1)
    watch.look(database, fleet)
    clock[0] += LOOK_SECONDS
    watch.look(database, fleet)
    assert len(taken) == 2
    question = next(question for rule in pack.compiled.rules for question in questions_of(rule))
    answer = taken[1].at(question, ("debian", "x1"), TODAY + 11)
    assert answer is not None
    assert (answer.machines, answer.median) == (8, 34.5)
    clock[0] += LOOK_SECONDS
    watch.look(database, fleet)
    assert len(taken) == 2


def test_a_pack_that_asks_nothing_costs_no_look(database: Connection) -> None:
    shipped = rulepack.load(Path(__file__).parents[1] / "fixtures/small_pack")
    fleet = Fleet(shipped.compiled)
    database.close()
    BaselineWatch(shipped.compiled).look(database, fleet)


def test_the_job_makes_them_once_a_day(
    database: Connection, migrated_url: str, django_url: str, pack: rulepack.RulePack, tmp_path: Path
) -> None:
    set_up_django()
    from keuring_collector.desk.jobs import JobRunner
    from keuring_collector.desk.models import Job
    from keuring_collector.processes import jobs
    from keuring_collector.processes.packs import PackWatch

    live(migrated_url, pack, range(10))
    settings = config.Settings(
        data_directory=tmp_path, database=migrated_url, rules_directory=pack.directory, journal_days=1
    )
    tasks = {task.name: task for task in jobs.tasks(settings, PackWatch(pack.directory))}
    now = dt.datetime.fromtimestamp((TODAY + 10) * DAY + 60, dt.UTC)
    tasks["compact"].run(now)
    runners = [JobRunner(name, [tasks["baselines"]]) for name in ("one", "two")]
    for runner in runners:
        runner.prepare(now)
    assert [runner.run_due(lambda: now) for runner in runners] == [1, 0]
    assert {job.name: job.last_error for job in Job.objects.all()} == {"baselines": ""}
    made = database.execute("SELECT valid_from, machines, median, peers FROM baseline")
    assert [tuple(row) for row in made] == [(TODAY + 11, 8, 34.5, '["debian", "x1"]')]
    later = now + dt.timedelta(hours=2)
    assert runners[1].run_due(lambda: later) == 1
    assert database.execute("SELECT count(*) FROM baseline_made")[0][0] == 1
    assert catalogue.BY_NAME["keuring.boot.duration"].id == database.execute("SELECT signal_id FROM baseline")[0][0]


def test_explaining_a_rule_names_the_peers(database: Connection, migrated_url: str, pack: rulepack.RulePack) -> None:
    live(migrated_url, pack, range(10))
    make(migrated_url, pack, 10.1)
    live(migrated_url, pack, range(10, 14))
    rule = pack.by_name["boot_slower_than_peers"]
    store = open_store(migrated_url)
    lines = [" ".join(line.split()) for line in explaining.explain(store, pack, rule, ODD, (TODAY + 14) * DAY, 30)]
    store.close()
    assert "keuring.boot.duration: measured" in lines
    assert "peers: 8 at least 5 (2026-02-27) true" in lines
    assert any("usual 34.5 s" in line and "machines 8" in line and "dated 2026-02-27" in line for line in lines)
    assert lines[-1] == "true now for: the machine"
