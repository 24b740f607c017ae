"""Importing colleagues: what is read, what is refused and how it is said, and that twice changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.collector.certificates import NOW
from tests.collector.command import complaint, keuring_here, ok
from tests.collector.django_database import pointed_at, set_up_django

set_up_django()

from keuring_collector.fleet import people  # noqa: E402
from keuring_collector.fleet.models import Colleague, Department, Endpoint, MachineOwner  # noqa: E402
from keuring_collector.fleet.table_file import TableError  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name,department,place,mail,machine
Anna de Vries,Finance,B2,anna@example.com,LT-0231
Anna de Vries,Finance,B2,anna@example.com,LT-0232
Bo Jansen,Sales,C1,Bo@Example.com,
"""
DUTCH = "\ufeffNaam;Afdeling;E-mailadres;Computer\r\nZoë Çelik;Inkoop;zoe@example.com;LT-9\r\n\r\n"


def _file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode(encoding))
    return path


def _import(path: Path) -> people.Plan:
    todo = people.plan(people.read(path))
    people.apply(todo)
    return todo


def test_import_and_import_again(django_url: str, tmp_path: Path) -> None:
    enrolled = Endpoint.objects.create(host_name="lt-0231", enrolled_at=NOW)
    todo = _import(_file(tmp_path, GOOD))
    assert todo.new_departments == ["Finance", "Sales"]
    assert len(todo.new_colleagues) == 2
    assert len(todo.machines) == 2
    anna = Colleague.objects.get(mail="anna@example.com")
    assert anna.department is not None
    assert (anna.name, anna.department.name, anna.place) == ("Anna de Vries", "Finance", "B2")
    assert set(MachineOwner.objects.values_list("host_name", "colleague__mail")) == {
        ("LT-0231", "anna@example.com"),
        ("LT-0232", "anna@example.com"),
    }
    enrolled.refresh_from_db()
    assert (enrolled.colleague, enrolled.department) == (anna, anna.department)
    again = _import(tmp_path / "people.csv")
    assert (again.changes, again.unchanged) == (0, 3)


def test_changes_are_told_and_nothing_is_deleted(django_url: str, tmp_path: Path) -> None:
    _import(_file(tmp_path, GOOD))
    todo = _import(
        _file(tmp_path, "name,mail,department,machine\nAnna Smit,anna@example.com,Sales,\nBo,bo@example.com,,LT-0231\n")
    )
    assert todo.changed_colleagues == [
        "Anna Smit <anna@example.com>: name Anna de Vries → Anna Smit, department Finance → Sales",
        "Bo <bo@example.com>: name Bo Jansen → Bo",
    ]
    assert todo.machines == ["LT-0231: Bo"]
    assert Colleague.objects.get(mail="anna@example.com").place == "B2"  # an empty cell changes nothing
    assert Department.objects.count() == 2
    assert MachineOwner.objects.get(host_name="LT-0232").colleague.mail == "anna@example.com"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_dutch_exports(tmp_path: Path, encoding: str) -> None:
    text = DUTCH if encoding == "utf-8" else DUTCH.lstrip("\ufeff")
    (row,) = people.read(_file(tmp_path, text, encoding))
    assert (row.name, row.department, row.mail, row.machine) == ("Zoë Çelik", "Inkoop", "zoe@example.com", "LT-9")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: column name and mail is missing (found: nothing)"),
        ("name;phone\nAnna;1\n", "line 1: column mail is missing (found: name, phone)"),
        ("name,mail\n,anna@example.com\n", "line 2: name is missing"),
        ("name,mail\nAnna,\n", "line 2: mail is missing"),
        ("name,mail\nAnna,anna\n", "line 2: 'anna' is no mail address; write it as"),
        (
            "name,mail\n\nAnna,a@example.com\nBo,a@example.com\n",
            "line 4: a@example.com is Anna of no department on line 3",
        ),
        (
            "name,mail,machine\nA,a@example.com,x\nB,b@example.com,X\n",
            "line 3: machine X is given to A on line 2 already",
        ),
        ("name,mail\n" + "x" * 151 + ",a@example.com\n", "line 2: name is longer than 150 characters"),
        ('name,mail\n"Anna,a@example.com\n', "no CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(TableError) as caught:
        people.read(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_many_faults_are_cut(tmp_path: Path) -> None:
    path = _file(tmp_path, "name,mail\n" + "Anna,\n" * 30)
    with pytest.raises(TableError, match="and 10 more") as caught:
        people.read(path)
    assert len(caught.value.problems) == 30


def test_command_previews_and_writes_only_when_agreed(collector: Path, tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD)
    finished = keuring_here(collector, "people", "import", str(path))
    assert finished.returncode == 1
    assert "new colleagues: 2\n  Anna de Vries <anna@example.com>" in finished.stdout
    assert "nothing was written" in finished.stdout
    assert "written" in ok(keuring_here(collector, "people", "import", "--yes", str(path)))
    with pointed_at(f"sqlite:///{collector / 'keuring.sqlite3'}"):
        assert Colleague.objects.count() == 2
    assert "nothing to do" in ok(keuring_here(collector, "people", "import", str(path)))
    assert "nowhere.csv: No such file" in complaint(keuring_here(collector, "people", "import", "nowhere.csv"))
