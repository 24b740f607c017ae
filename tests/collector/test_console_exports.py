"""Lists as CSV: all pages of a choice, nothing that a spreadsheet would run, and who made it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import MODEL

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def table(browser: Client, address: str) -> list[dict[str, str]]:
    response = browser.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment; filename=")
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", " =1", "\uff1dHYPERLINK()", "=cmd|' /C calc'!A0"]
)
def test_no_cell_begins_a_formula(text: str) -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.console.views.exports import safe

    assert safe(text) == "'" + text
    assert [safe(each) for each in ("LT-1", 12, None, "a=b", "")] == ["LT-1", "12", "", "a=b", ""]


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
