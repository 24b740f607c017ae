"""Versions behind: from what the fleet was updated to, to a fact of a machine, and a tip for its colleague."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals.catalogue import KEURING_SOFTWARE_VERSIONS_BEHIND as BEHIND
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import WritePath
from keuring_collector.store import notices, open_store
from keuring_collector.store.replay import Reader, plant
from tests.collector.console_fixtures import DAY, words
from tests.collector.reports import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

PROGRAM = "Tekenwerk"
VERSION, INVENTORY = "keuring.software.version", "keuring.software.inventory"
only_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
BUSY = ("system.cpu.utilization", "mean", "")
START = datetime(2026, 9, 1, 9, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def pack() -> rulepack.RulePack:
    return rulepack.load()


class Reporting:
    """Machines that report by the write path; what they tell of programs, a report at a time."""

    def __init__(self, site: Site, pack: rulepack.RulePack) -> None:
        self.path = WritePath(site.url, pack)
        self.store: Store = open_store(site.url)
        self._sent: dict[int, int] = {}

    def say(self, machine: Endpoint, day: float, facts: dict[tuple[str, str], Any]) -> None:
        number = self._sent[machine.pk] = self._sent.get(machine.pk, 0) + 1
        at = START + day * DAY
        (answer,) = self.path.write([Received(machine.pk, report(number, at, {BUSY: 0.1}, facts=facts), at + 2)])
        assert not answer.problems

    def installed(self, machine: Endpoint, day: float, version: str, system: str = "windows") -> None:
        named = {("os.name", ""): "Debian GNU/Linux", ("os.version", ""): "13"} if system == "linux" else {}
        self.say(machine, day, {("os.type", ""): system, **named, (VERSION, PROGRAM): version})

    def nightly(self, day: float) -> int | None:
        """The job of the night; ingest looks at what it made within ten minutes."""
        return self.store.make_releases(START + day * DAY)

    def told(self, machine: Endpoint) -> dict[str, Any]:
        facts = self.store.facts(machine.pk)
        return {fact.subject: fact.value for fact in facts if fact.signal == BEHIND.id}


@pytest.fixture
def reporting(site: Site, pack: rulepack.RulePack) -> Iterator[Reporting]:
    made = Reporting(site, pack)
    yield made
    made.path.close()
    made.store.close()


def updated(reporting: Reporting, site: Site) -> tuple[list[Endpoint], Endpoint]:
    """Five machines that took four updates, a month and a half long, and one that took none."""
    machines = [site.machine(f"LT-{number}") for number in range(5)]
    late = site.machine("LT-9")
    for machine in (*machines, late):
        reporting.installed(machine, 0, "7.0.1")
    for number, machine in enumerate(machines):
        for release, version in enumerate(("7.0.2", "7.1", "7.2.0", "8.0.1"), 1):
            reporting.say(machine, release * 10 + number / 4, {(VERSION, PROGRAM): version})
    return machines, late


def test_the_fleet_says_how_far_a_machine_is_behind(site: Site, reporting: Reporting) -> None:
    machines, late = updated(reporting, site)
    stranger, beta = site.machine("WS-1"), site.machine("WS-2")
    reporting.installed(stranger, 1, "7.0.1", "linux")
    reporting.installed(beta, 1, "8.0.1")
    reporting.say(beta, 44, {(VERSION, PROGRAM): "9.0", (INVENTORY, "Rekenblad"): "1.0"})
    assert reporting.nightly(45) == 4  # not 9.0, to which one machine went
    assert reporting.told(late) == {}
    for machine in (*machines, late, stranger, beta):
        reporting.say(machine, 45.1, {})
    assert reporting.told(late) == {PROGRAM: 4.0}
    assert all(reporting.told(machine) == {} for machine in (*machines, stranger, beta))
    # A rule that holds for a week, and the same when history is played again.
    fleet = reporting.path.fleet
    for hour in range(1, 9 * 4):
        reporting.say(late, 45.1 + hour / 4, {})
    tip = reporting.path.pack.by_name["program_behind"].id
    assert (tip, PROGRAM) in fleet.standing(late.pk)
    connection = reporting.store.connection
    again, history = Fleet(reporting.path.pack.compiled), Reader(connection).read(late.pk)
    again.restore(late.pk, None)
    plant(again, late.pk, history.known)
    for strip in history.strips:
        again.replay([strip])
    assert again.standing(late.pk) == fleet.standing(late.pk)
    # The update is known with the report that tells it; a program that is gone is not behind.
    reporting.say(late, 55, {(VERSION, PROGRAM): "7.2"})
    assert reporting.told(late) == {PROGRAM: 1.0}
    reporting.say(late, 56, {(VERSION, PROGRAM): "8.0.1"})
    assert reporting.told(late) == {PROGRAM: 0.0}
    assert (tip, PROGRAM) not in fleet.standing(late.pk)
    reporting.say(late, 57, {(VERSION, PROGRAM): None})
    assert reporting.told(late) == {}


@only_sqlite
def test_a_colleague_four_versions_behind_is_offered_the_tip(site: Site, reporting: Reporting) -> None:
    from django.conf import settings
    from django.utils.translation import override

    from keuring_collector.service.models import TipChance, TipOffer
    from keuring_collector.service.tips import job
    from keuring_collector.service.workplace import stored

    _machines, late = updated(reporting, site)
    reporting.nightly(45)
    for hour in range(9 * 4):
        reporting.say(late, 45.1 + hour / 4, {})
    now = datetime.fromtimestamp(START + 54 * DAY, UTC) + timedelta(minutes=30)
    assert now.weekday() == 6  # a Sunday: nothing is offered then
    assert job.run(reporting.store, reporting.path.pack, now, settings.KEURING, bool).offered == 0
    now += timedelta(days=1)
    reporting.say(late, 54.9, {})
    assert job.run(reporting.store, reporting.path.pack, now, settings.KEURING, bool).offered == 1
    chance, offer = TipChance.objects.get(gone_on=None), TipOffer.objects.get()
    assert (chance.endpoint, chance.subject, offer.endpoint) == (late, PROGRAM, late)
    assert chance.rule == offer.rule == reporting.path.pack.by_name["program_behind"].id
    (notice,) = notices.of(reporting.store.connection, late.pk, now.timestamp())
    assert notice.bodies["en"].startswith("Tekenwerk is a few versions behind on your computer.")
    # The colleague sees what is kept of it, and what for.
    with override("en"):
        kept = {each.label: each for _title, section in stored.kept(reporting.store, late, now) for each in section}
    assert kept["Versions behind"].values == [(PROGRAM, "4 versions")]
    assert (
        words(site.client(site.staff()).get(f"/machines/{late.uuid}/")).count("Tekenwerk 7.0.1 4 versions behind") == 1
    )
