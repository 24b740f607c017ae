"""What is ill in common: models beside the rest of the fleet, versions of a program beside the other versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import DAY, MODEL, words

if TYPE_CHECKING:
    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
CRASH, HANG, INVENTORY = 472, 473, 541


def crash(site: Site, machine: Endpoint, program: str, version: str, count: int = 1, signal: int = CRASH) -> None:
    from keuring_collector.store import facts, open_store

    store = open_store(site.url)
    at = site.now.timestamp() - 2 * DAY
    with store.connection.transaction():
        position = store.connection.execute("SELECT count(*) FROM event")[0][0]
        row = (machine.pk, position, 0, signal, program, at, count, {"version": version})
        facts.put_events(store.connection, [row])
    store.close()


def fleet(site: Site, model: str, machines: int, ill: int, cause: str = "battery-worn") -> list[Endpoint]:
    made = [site.machine(f"{model[:2].upper()}-{number:03}") for number in range(machines)]
    for number, machine in enumerate(made):
        site.fact(machine, MODEL, model)
        if number < ill:
            site.ticket(machine, cause=cause)
    return made


def test_shares_are_told_apart_only_when_their_intervals_do_not_meet() -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.desk.illness import Share, compare

    low, high = Share(10, 20).interval
    assert (round(low, 3), round(high, 3)) == (0.299, 0.701)  # Wilson 1927, as in every table
    assert Share(0, 0).interval == (0.0, 1.0)
    for ours, theirs, verdict in ((20, 8, "more"), (6, 20, "unclear"), (0, 90, "less"), (3, 4, "few")):
        assert compare(ours, 40, ours + theirs, 200).verdict == verdict, (ours, theirs)
    assert compare(4, 4, 4, 200).verdict == "few"


@SQLITE
@pytest.mark.usefixtures("contexts")
def test_a_model_that_is_ill_more_often_stands_out(site: Site) -> None:
    fleet(site, "Notitie 14", 12, 9)
    fleet(site, "Werk 7", 30, 2)
    fleet(site, "Zeldzaam 1", 3, 3)
    browser = site.client(site.staff())
    page = browser.get("/models/")
    rows = page.context["rows"]
    assert [(row.name, row.ill.verdict) for row in rows] == [("Notitie 14", "more"), ("Werk 7", "less")]
    assert rows[0].more
    assert "1 model with fewer than five machines is left out" in words(page)
    assert "Zeldzaam" not in words(page)
    one = words(browser.get("/models/one/", {"name": "Notitie 14"}))
    assert "75 % (47 % – 91 %)" in one
    assert "more often" in one
    other = words(browser.get("/models/one/", {"name": "Werk 7"}))
    assert "< 5" in other  # two of them
    assert "7 %" not in other
    assert "Too few to compare" in words(browser.get("/models/one/", {"name": "Zeldzaam 1"}))
    assert browser.get("/models/one/", {"name": "Nergens"}).status_code == 404


@SQLITE
def test_models_and_programs_end_at_the_departments_that_somebody_sees(site: Site) -> None:
    fleet(site, "Notitie 14", 6, 6)
    machine = site.machine("LT-X")
    site.fact(machine, INVENTORY, "7.1", "Schrijver")
    crash(site, machine, "Schrijver", "7.1")
    cas = site.client(site.staff("cas", role="viewer", departments=[site.department("Sales")]))
    assert "Notitie" not in words(cas.get("/models/"))
    assert "Schrijver" not in words(cas.get("/software/"))
    assert cas.get("/models/one/", {"name": "Notitie 14"}).status_code == 404
    assert cas.get("/software/one/", {"name": "Schrijver"}).status_code == 404


@pytest.mark.usefixtures("contexts")
def test_one_version_of_a_program_is_to_blame(site: Site) -> None:
    machines = fleet(site, "Notitie 14", 24, 0)
    for number, machine in enumerate(machines):
        site.fact(machine, INVENTORY, "7.2" if number < 10 else "7.1", "Schrijver")
        if number < 8:
            crash(site, machine, "Schrijver", "7.2", 3)
    crash(site, machines[0], "Schrijver", "7.2", 5, HANG)
    site.ticket(machines[1], subject="Schrijver", cause="program-crashes")
    crash(site, machines[20], "Rekenaar", "")
    browser = site.client(site.staff())
    listed = [(row.name, row.hit, row.crashes, row.hangs) for row in browser.get("/software/").context["rows"]]
    assert listed == [("Schrijver", 8, 24, 5), ("Rekenaar", 1, 1, 0)]
    page = browser.get("/software/one/", {"name": "Schrijver"})
    old, new = page.context["rows"]
    assert (old.name, old.machines, old.crashes, old.comparison.verdict) == ("7.1", 14, 0, "less")
    assert (new.name, new.machines, new.crashes, new.hangs, new.tickets) == ("7.2", 10, 24, 5, 1)
    assert new.comparison.verdict == "more"
    assert "80 % (49 % – 94 %)" in words(page)
    assert "unknown version" in words(browser.get("/software/one/", {"name": "Rekenaar"}))
    for name in ("", "Niets", "a\0b"):
        assert browser.get("/software/one/", {"name": name}).status_code == 404
