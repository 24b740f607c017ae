"""Warranties: told by file, by API and on a machine's page, and from there to a ticket and the budget."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER as SERIAL
from keuring.signals.catalogue import KEURING_WARRANTY_END as END
from tests.collector.command import complaint, keuring_here, ok
from tests.collector.console_fixtures import DAY, words
from tests.collector.django_database import pointed_at, set_up_django
from tests.collector.reports import report
from tests.collector.test_api import Program

set_up_django()

from keuring_collector import rulepack  # noqa: E402
from keuring_collector.desk.models import AuditEntry, Ticket  # noqa: E402
from keuring_collector.fleet import warranties  # noqa: E402
from keuring_collector.fleet.models import Warranty  # noqa: E402
from keuring_collector.fleet.table_file import TableError  # noqa: E402
from keuring_collector.ingest.decode import Received  # noqa: E402
from keuring_collector.ingest.warranties import REFRESH  # noqa: E402
from keuring_collector.ingest.writer import WritePath  # noqa: E402
from keuring_collector.store import open_store  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.console_fixtures import Site

only_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
TODAY = dt.date(2026, 11, 26)
NOW = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
GOOD = "Serienummer;Garantie;Leverancier\r\nmj 0ab12;31-5-2027;Kantoorland\r\nPF3XY99;2028-01-07T00:00:00;\r\n"
BUSY = ("system.cpu.utilization", "mean", "")


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "warranties.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_import_and_import_again(django_url: str, tmp_path: Path) -> None:
    rows = warranties.read(_file(tmp_path, GOOD), TODAY)
    assert [row[1:] for row in rows] == [("MJ0AB12", dt.date(2027, 5, 31)), ("PF3XY99", dt.date(2028, 1, 7))]
    todo = warranties.plan(rows, {"MJ0ab12"})
    assert (todo.added, todo.unchanged, todo.strange) == (rows, 0, ["PF3XY99"])
    assert warranties.apply(todo, NOW) == 2
    later = rows[0]._replace(ends=dt.date(2029, 5, 31))
    again = warranties.plan([later, rows[1]], ())
    assert (again.added, again.changed, again.unchanged) == ([], [(later, rows[0].ends)], 1)
    assert warranties.apply(again, NOW) == 1
    assert dict(Warranty.objects.values_list("serial", "ends"))["MJ0AB12"] == dt.date(2029, 5, 31)
    assert warranties.forget(dt.date(2029, 3, 1)) == 1  # what ended over a year ago
    assert Warranty.objects.get().serial == "MJ0AB12"


def test_every_wrong_line_is_told_with_what_would_be_right(tmp_path: Path) -> None:
    lines = (
        "A1,2027-02-30",
        ",2027-01-01",
        "B2,1999-01-01",
        "C3,2072-01-01",
        "D4,1-6-2027",
        "d4,2-6-2027",
        "E,1-1-2027",
    )
    bad = "\n".join(("serial,warranty", *lines))
    with pytest.raises(TableError) as caught:
        warranties.read(_file(tmp_path, bad), TODAY)
    path = tmp_path / "warranties.csv"
    assert str(caught.value).splitlines() == [
        f"{path}: line 2: '2027-02-30' is no date; write it as 2027-05-31 or 31-5-2027",
        f"{path}: line 3: serial is missing",
        f"{path}: line 4: '1999-01-01' lies before 2000; is the year right?",
        f"{path}: line 5: '2072-01-01' lies more than 20 years ahead; is the year right?",
        f"{path}: line 7: D4 stands on line 6 with 2027-06-01; keep the right one",
        f"{path}: line 8: 'E' is no serial number; it has 2 to 64 letters and digits",
    ]
    with pytest.raises(TableError, match=r"line 1: column ends is missing \(found: serial\)"):
        warranties.read(_file(tmp_path, "serial\nA1\n"), TODAY)


def test_the_command_shows_first_and_writes_when_told_to(collector: Path, tmp_path: Path) -> None:
    path = str(_file(tmp_path, GOOD))
    shown = keuring_here(collector, "warranties", "import", path)
    assert shown.returncode == 1
    assert "new warranties: 2\n  MJ0AB12: 2027-05-31\n  PF3XY99: 2028-01-07" in shown.stdout
    assert "of machines that are not known here yet: 2\n  MJ0AB12" in shown.stdout
    assert "nothing was written; add --yes" in shown.stdout
    assert "written: 2" in ok(keuring_here(collector, "warranties", "import", path, "--yes"))
    assert "nothing to do" in ok(keuring_here(collector, "warranties", "import", path, "--yes"))
    with pointed_at(f"sqlite:///{collector / 'keuring.sqlite3'}"):
        assert AuditEntry.objects.filter(action="warranties.imported").count() == 1
    wrong = _file(tmp_path, "serial,warranty\nA1,soon\n")
    assert "line 2: 'soon' is no date" in complaint(keuring_here(collector, "warranties", "import", str(wrong)))


def test_a_warranty_that_was_told_becomes_a_ticket_and_ends_with_the_extension(site: Site) -> None:
    """From the list of the supplier by the write path to the desk, on the calendar of both databases."""
    machine, path, store = site.machine("LT-1"), WritePath(site.url, rulepack.load()), open_store(site.url)
    began = site.now.timestamp() - 2 * DAY
    ends = site.today + dt.timedelta(days=30)

    def say(number: int, at: float, **facts: str) -> None:
        told = {(name, ""): value for name, value in facts.items()}
        (answer,) = path.write([Received(machine.pk, report(number, at, {BUSY: 0.1}, facts=told), at + 2)])
        assert not answer.problems

    def known() -> list[object]:
        return [fact.value for fact in store.facts(machine.pk) if fact.signal == END.id]

    warranties.tell("pf3 xy99", ends, site.now)
    say(1, began, **{SERIAL.name: "PF3XY99"})
    say(2, began + 300)
    noon = dt.datetime.combine(ends, dt.time(12), dt.UTC)
    assert known() == [noon.timestamp()]
    say(3, began + 600)
    ticket = Ticket.objects.get()
    assert (ticket.cause, ticket.state, ticket.severity, ticket.expected_at) == ("warranty", "new", 2, noon)
    # The extension reaches the rule within an hour of reports.
    warranties.tell("PF3XY99", ends + dt.timedelta(days=730), site.now)
    say(4, began + REFRESH / 2)
    assert Ticket.objects.get().state == "new"
    say(5, began + REFRESH + 400)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_at is not None) == ("resolved", True)
    warranties.tell("PF3XY99", None, site.now)
    say(6, began + 3 * REFRESH)
    assert known() == []
    path.close()
    store.close()


@only_sqlite
def test_the_page_and_the_api_tell_it(site: Site) -> None:
    machine, mute = site.machine("LT-1"), site.machine("LT-2")
    elsewhere = site.machine("LT-3", colleague=site.colleague("Jan", department=site.department("Sales")))
    for each, serial in ((machine, "PF3XY99"), (elsewhere, "PF3ZZ11")):
        site.fact(each, SERIAL.id, serial)
    noor = site.staff("noor", role="desk")
    browser, address = site.client(noor), f"/machines/{machine.uuid}/warranty/"
    assert "Not known: a machine cannot tell it." in words(browser.get(f"/machines/{machine.uuid}/"))
    assert "tells no serial number" in words(browser.get(f"/machines/{mute.uuid}/"))
    for sent, says in (
        ("2029-02-31", "is no day of a warranty"), ("2029-02-28", "the warranty ends on 28 February 2029"),
    ):  # fmt: skip
        assert says in words(browser.post(address, {"ends": sent}, follow=True))
    assert 'value="2029-02-28"' in browser.get(f"/machines/{machine.uuid}/").content.decode()
    (entry,) = AuditEntry.objects.filter(action="warranty.told")
    assert (entry.actor, entry.told) == ("noor", {"from": "", "to": "2029-02-28"})
    assert "no warranty is known" in words(browser.post(address, {"ends": ""}, follow=True))
    assert not Warranty.objects.exists()
    assert "tells no serial number" in words(
        browser.post(f"/machines/{mute.uuid}/warranty/", {"ends": ""}, follow=True)
    )
    viewer = site.client(site.staff("vera", role="viewer"))
    assert viewer.post(address, {"ends": "2029-02-28"}).status_code == 403

    program, ends = Program(site, noor), "2028-01-07"
    sent_all = [{"serial": "pf3xy99", "ends": ends}, {"serial": "NEW-1", "ends": ends}]
    told = program.post("warranties", warranties=sent_all)
    assert told == {"added": 2, "changed": 0, "unchanged": 0, "not_known": 1}
    assert program.post("warranties", warranties=sent_all)["unchanged"] == 2
    limited = Program(site, site.staff("sam", role="desk", departments=[site.department("Finance")]))
    assert limited.post("warranties", warranties=[{"serial": "PF3XY99", "ends": "2029-01-07"}])["changed"] == 1
    for row, where, says in (
        ({"serial": "PF3ZZ11", "ends": ends}, "serial", "No machine that you see"),
        ({"serial": "PF3XY99", "ends": "2099-01-01"}, "ends", "is the year right?"),
        ({"serial": "?", "ends": ends}, "serial", "is no serial number"),
    ):
        problem = limited.post("warranties", 422, warranties=[{"serial": "PF3XY99", "ends": ends}, row])
        assert problem["where"] == f"body.warranties.1.{where}"
        assert says in problem["detail"]
    assert Warranty.objects.get(serial="PF3XY99").ends == dt.date(2029, 1, 7)
    assert Program(site, site.staff("veer", role="viewer")).post("warranties", 403, warranties=sent_all)
