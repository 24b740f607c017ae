"""Importing ordinary incidents: what is read, what is refused and how it is said, and that twice adds nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from tests.collector.certificates import NOW
from tests.collector.command import complaint, keuring_here, ok
from tests.collector.django_database import pointed_at, set_up_django

set_up_django()

from keuring_collector.desk import incidents  # noqa: E402
from keuring_collector.desk.models import AuditEntry, Incident  # noqa: E402
from keuring_collector.fleet.models import Endpoint  # noqa: E402
from keuring_collector.fleet.table_file import TableError  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

CAUSES = {"volume-space", "disk-failing"}
GOOD = """\
machine,cause,date,number
LT-1,volume-space,2026-08-01,INC-1
lt-1,volume-space,2026-08-01T09:30:00+00:00,INC-2
LT-77,disk-failing,2026-08-02,
"""
DUTCH = "Nummer;Computer;Oorzaak;Datum\r\nM-9;LT-1;disk-failing;03-08-2026 14:15\r\n\r\n"
LATER = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "incidents.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_import_and_import_again(django_url: str, tmp_path: Path) -> None:
    Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW, state="revoked")
    machine = Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW)
    rows = incidents.read(_file(tmp_path, GOOD), CAUSES, LATER)
    todo = incidents.plan(rows, LATER)
    assert (len(todo.added), todo.unchanged, todo.strange) == (2, 0, ["LT-77"])
    assert incidents.apply(todo) == 2
    assert list(Incident.objects.order_by("number").values_list("endpoint", "cause", "number")) == [
        (machine.pk, "volume-space", "INC-1"), (machine.pk, "volume-space", "INC-2"),
    ]  # fmt: skip
    again = incidents.plan(rows, LATER)
    assert (again.added, again.unchanged) == ([], 2)
    assert incidents.apply(todo) == 0  # two at the same moment


def test_dutch_exports_are_read_on_the_desks_clock(tmp_path: Path) -> None:
    from django.utils import timezone

    (row,) = incidents.read(_file(tmp_path, DUTCH), CAUSES, LATER)
    assert (row.machine, row.cause, row.number) == ("LT-1", "disk-failing", "M-9")
    assert row.at == timezone.make_aware(dt.datetime(2026, 8, 3, 14, 15))  # noqa: DTZ001 - that is what it makes


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfmachine;cause;date\r\nLT-1;volume-space;2025-10-26 02:30\r\n",
        b"sep=;\r\nmachine;cause;date\r\nLT-1;volume-space;26-10-2025 02:30\r\n",
        "machine\tcause\tdate\r\nLT-1\tvolume-space\t26-10-2025 02:30\r\n".encode("utf-16"),
        "machine,cause,date\nLT-1,volume-space,2025-10-26T02:30:00+02:00\n".encode("utf-16-be").join(
            [b"\xfe\xff", b""]
        ),
    ],
)
def test_exports_of_excel_and_of_the_hour_that_comes_twice(django_url: str, tmp_path: Path, content: bytes) -> None:
    Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW)
    path = tmp_path / "incidents.csv"
    path.write_bytes(content)
    rows = incidents.read(path, CAUSES, LATER)
    assert [(row.machine, row.cause, row.at.hour) for row in rows] == [("LT-1", "volume-space", 0)]
    assert incidents.apply(incidents.plan(rows, LATER)) == 1
    again = incidents.plan(rows, LATER)
    assert (again.added, again.unchanged) == ([], 1)


def test_every_wrong_line_is_told_with_what_would_be_right(tmp_path: Path) -> None:
    bad = "machine,cause,date\nLT-1,volume-spaec,2026-08-01\n,disk-failing,1 augustus\nLT-2,disk-failing,2027-01-01\n"
    with pytest.raises(TableError) as caught:
        incidents.read(_file(tmp_path, bad), CAUSES, LATER)
    path = tmp_path / "incidents.csv"
    assert str(caught.value).splitlines() == [
        f"{path}: line 2: no rule has the cause 'volume-spaec'; did you mean 'volume-space'?",
        f"{path}: line 3: machine is missing",
        f"{path}: line 3: '1 augustus' is no date; write it as 2026-08-01, 2026-08-01T09:30 or 01-08-2026 09:30",
        f"{path}: line 4: '2027-01-01' lies ahead; an incident has happened already",
    ]
    with pytest.raises(TableError, match=r"line 1: column cause and date is missing \(found: machine, when\)"):
        incidents.read(_file(tmp_path, "machine,when\nLT-1,2026-08-01\n"), CAUSES, LATER)


def test_the_command_shows_first_and_writes_when_told_to(collector: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{collector / 'keuring.sqlite3'}"
    with pointed_at(url):
        Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW)
    path = str(_file(tmp_path, GOOD))
    shown = keuring_here(collector, "incidents", "import", path)
    assert shown.returncode == 1
    assert "new incidents: 2\n  2026-08-01 LT-1: volume-space INC-1" in shown.stdout
    assert "left out, of machines that are not known here: 1\n  LT-77\n" in shown.stdout
    assert "nothing was written; add --yes" in shown.stdout
    assert "written: 2" in ok(keuring_here(collector, "incidents", "import", path, "--yes"))
    assert "nothing to do" in ok(keuring_here(collector, "incidents", "import", path, "--yes"))
    with pointed_at(url):
        assert AuditEntry.objects.filter(action="incidents.imported").count() == 1
    wrong = _file(tmp_path, "machine,cause,date\nLT-1,wifii,2026-08-01\n")
    assert "did you mean 'wifi'?" in complaint(keuring_here(collector, "incidents", "import", str(wrong)))
