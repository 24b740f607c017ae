"""Lists as CSV: all pages of a choice, nothing that a spreadsheet would run, and who made it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils.timezone import get_current_timezone

from tests.collector.console_fixtures import MODEL, USED

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def table(browser: Client, address: str) -> list[dict[str, str]]:
    response = browser.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment; filename=")
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", " =1", "\uff1dHYPERLINK()", "=cmd|' /C calc'!A0"]
)
def test_no_cell_begins_a_formula(text: str) -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.console.spreadsheet import cell

    assert cell(text, "nl") == "'" + text
    assert [cell(each, "nl") for each in ("LT-1", 12, None, "a=b", "")] == ["LT-1", "12", "", "a=b", ""]


def test_the_queue_is_exported_as_it_was_chosen(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry

    for number in range(55):
        site.ticket(site.machine(f"LT-{number:03}"), severity=4 if number < 52 else 2)
    evil = site.machine("=cmd|' /C calc'!A0", colleague=site.colleague('@Jan, "x"\nY'))
    site.ticket(evil, severity=4)
    rows = table(site.client(site.staff()), "/export/queue.csv?severity=4&sort=machine")
    assert len(rows) == 53  # all pages
    told = next(row for row in rows if row["Machine"].endswith("calc'!A0"))
    assert told["Machine"].startswith("'=")
    assert told["Colleague"] == '\'@Jan, "x"\nY'
    assert rows[1]["What will happen"].startswith("Volume C: of LT-000 will be full around")
    entry = AuditEntry.objects.get(action="export.made")
    assert (entry.actor, entry.subject) == ("noor", "export/queue")
    assert '"rows":53' in entry.detail
    assert "severity=4" in entry.detail


@SQLITE
def test_machines_are_exported_by_the_day_and_by_department(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry

    machine = site.machine("LT-OURS")
    site.fact(machine, MODEL, "+Notitie")
    site.ticket(machine)
    site.machine("LT-THEIRS", colleague=site.colleague("Jan", department=site.department("Sales")))
    finance = site.department()
    browser = site.client(site.staff("cas", role="desk", departments=[finance]))
    rows = table(browser, "/export/machines.csv?q=LT-")
    assert [(row["Machine"], row["Model"], row["Open tickets"]) for row in rows] == [("LT-OURS", "'+Notitie", "1")]
    assert rows[0]["Last heard"] == "never"
    assert [row["Machine"] for row in table(browser, "/export/queue.csv")] == ["LT-OURS"]
    assert AuditEntry.objects.filter(action="export.made").count() == 2


@SQLITE
def test_a_dutch_spreadsheet_opens_each_list_in_columns(site: Site) -> None:
    """It parts cells by semicolons; and a day in a file stays true when the file is opened a week later."""
    machine = site.machine()
    site.measure(machine, USED, [0.5, 0.6], subject="C:")
    site.ticket(machine)
    heard = (site.now - timedelta(hours=1)).astimezone(get_current_timezone()).date()
    for language, parted in (("nl", ";"), ("en", ",")):
        browser = site.client(site.staff(language, language=language))
        for address, columns in (("queue.csv", 14), ("machines.csv", 7)):
            response = browser.get(f"/export/{address}")
            text = response.getvalue().decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text), delimiter=parted))
            assert [len(row) for row in rows] == [columns] * 2
        assert rows[1][4] == heard.isoformat()
        skills = browser.get("/skills/short/export/").content.decode("utf-8-sig")
        assert all(len(row) == 7 for row in csv.reader(io.StringIO(skills), delimiter=parted))
