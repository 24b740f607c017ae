"""Backup under load and restore elsewhere: the same tickets, the same state; on both databases."""

from __future__ import annotations

import contextlib
import shutil
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_collector.store.connection import connect
from tests.collector.certificates import NOW
from tests.collector.command import complaint, keuring, keuring_here, ok
from tests.collector.django_database import pointed_at, set_up_django

set_up_django()

from django.contrib.sessions.models import Session  # noqa: E402

from keuring_collector.desk.models import Attachment, FleetTicket, Staff, Ticket, TicketHistory, TicketLine  # noqa: E402
from keuring_collector.fleet.models import Colleague, Department, Endpoint  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.collector.postgres import PostgresServer

pytestmark = pytest.mark.long

EVIDENCE = [{"role": "value", "signal": "x", "value": 0.5, "subject": "C:\\new\tline\n"}]


def _fill(url: str) -> None:
    with pointed_at(url):
        finance = Department.objects.create(name="Financiën")
        anna = Colleague.objects.create(name="Anna", mail="anna@example.com", department=finance)
        endpoint = Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW, colleague=anna, department=finance)
        for number in range(20):
            ticket = Ticket.objects.create(
                endpoint=endpoint, cause="c", key=str(number), severity=3, opened_at=NOW, updated_at=NOW
            )
            TicketLine.objects.create(
                ticket=ticket, rule="r", severity=3, since=NOW, judged_at=NOW, evidence=EVIDENCE, subject="/\\x"
            )
            TicketHistory.objects.create(ticket=ticket, at=NOW, kind="opened")
        fleet = FleetTicket.objects.create(cause="c", opened_at=NOW, updated_at=NOW)
        Ticket.objects.filter(key="3").update(parent=fleet)
        Ticket.objects.filter(key="2").update(state="merged", closed_at=NOW, merged_into=Ticket.objects.get(key="19"))
        Attachment.objects.create(
            ticket=ticket, name="a.png", kind="image/png", size=512, content=bytes(range(256)) * 2, added_at=NOW
        )
        Session.objects.create(session_key="s" * 32, session_data="x", expire_date=NOW)
    connection = connect(url)
    with connection.transaction():
        connection.execute(
            "INSERT INTO snapshot (endpoint_id, position, state) VALUES (?, ?, ?)", (1, 7, bytes(range(256)) * 40)
        )
    connection.close()


def _content(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables that a backup carries, by table."""
    connection = connect(url)
    try:
        listing = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            if connection.vendor == "sqlite"
            else "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        skipped = {"django_migrations", "django_content_type", "auth_permission"}
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)
            for (name,) in connection.execute(listing)
            if name not in skipped
        }
    finally:
        connection.close()


@contextlib.contextmanager
def _load(url: str) -> Iterator[None]:
    """Somebody who writes two rows in each transaction, as fast as it goes, until the end."""
    ending = threading.Event()
    wrote = threading.Event()

    def work() -> None:
        connection = connect(url)
        number = 1000
        while not ending.is_set():
            with connection.transaction():
                for table in ("snapshot", "layout"):
                    columns = "position, state" if table == "snapshot" else "layout, keys"
                    value: object = b"x" if table == "snapshot" else "[]"
                    connection.execute(
                        f"INSERT INTO {table} (endpoint_id, {columns}) VALUES (?, ?, ?)", (number, 1, value)
                    )
            number += 1
            wrote.set()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert wrote.wait(20)
    try:
        yield
    finally:
        ending.set()
        thread.join(20)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, collector: Path) -> Iterator[str]:
    """A collector on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{collector / 'keuring.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.lend()
    (collector / "keuring.sqlite3").unlink()
    ok(keuring(collector, "init", database=url))
    yield url
    server.drop(url)  # others would be lent what init wrote


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of the same kind."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other' / 'moved.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    fresh = server.create()
    yield fresh
    server.drop(fresh)


def test_backup_and_restore_give_the_same(url: str, elsewhere: str, collector: Path, tmp_path: Path) -> None:
    _fill(url)
    file, restored = tmp_path / "backup.tar", tmp_path / "restored"
    ok(keuring(collector, "backup", str(file), database=url))
    assert file.stat().st_mode & 0o777 == 0o600
    before = _content(url)
    text = ok(keuring(restored, "restore", str(file), database=elsewhere))
    assert "tickets: 20" in text
    assert _content(elsewhere) == before
    for path in (collector / "ca").iterdir():
        assert (restored / "ca" / path.name).read_bytes() == path.read_bytes()
        assert (restored / "ca" / path.name).stat().st_mode & 0o777 == 0o600
    assert (restored / "secret_key").read_bytes() == (collector / "secret_key").read_bytes()
    # The file names the new database, so that no environment is needed from here on.
    assert f'database = "{elsewhere}"' in (restored / "keuring.toml").read_text()
    assert "19 new" in ok(keuring(restored, "status"))
    with pointed_at(elsewhere):  # numbers that the database gives out go on
        newest = Endpoint.objects.create(host_name="LT-2", enrolled_at=NOW)
        assert newest.pk == 2
        assert Staff.objects.count() == 1


def test_backup_while_others_write_is_of_one_moment(url: str, elsewhere: str, collector: Path, tmp_path: Path) -> None:
    _fill(url)
    file = tmp_path / "backup.tar"
    with _load(url):
        ok(keuring(collector, "backup", str(file), database=url))
    ok(keuring(tmp_path / "restored", "restore", str(file), database=elsewhere))
    content = _content(elsewhere)
    written = [row for row in content["snapshot"] if isinstance(row[0], int) and row[0] >= 1000]
    assert len(written) == len(content["layout"]) >= 1


def test_default_place_and_no_overwriting(collector: Path) -> None:
    text = ok(keuring_here(collector, "backup"))
    path = Path(text.partition(":")[0])
    assert path.parent == collector / "backups"
    assert "is there already" in complaint(keuring_here(collector, "backup", str(path)))
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.fixture
def backup(collector: Path, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar"
    ok(keuring_here(collector, "backup", str(file)))
    return file


def test_restore_wants_an_empty_place(collector: Path, backup: Path, tmp_path: Path) -> None:
    assert "is not empty" in complaint(keuring_here(collector, "restore", str(backup)))
    taken = tmp_path / "taken.sqlite3"
    taken.write_bytes(b"")
    text = complaint(keuring_here(tmp_path / "new", "restore", str(backup), database=f"sqlite:///{taken}"))
    assert f"{taken}: is there already" in text
    assert list((tmp_path / "new").iterdir()) == []  # what failed can be tried again


def test_restore_refuses_what_is_damaged_or_no_backup(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    place = whole.index(b"-----BEGIN CERTIFICATE-----") + 60
    backup.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert "is damaged" in complaint(keuring_here(tmp_path / "new", "restore", str(backup)))
    backup.write_bytes(whole[: len(whole) // 3])
    assert "is no backup of Keuring, or is cut short" in complaint(
        keuring_here(tmp_path / "new", "restore", str(backup))
    )
    backup.write_bytes(b"rubbish")
    assert "is no backup of Keuring" in complaint(keuring_here(tmp_path / "new", "restore", str(backup)))
    missing = complaint(keuring_here(tmp_path / "new", "restore", str(tmp_path / "no.tar")))
    assert "no.tar: No such file" in missing


def test_restore_takes_nothing_from_beyond_its_folder(backup: Path, tmp_path: Path) -> None:
    shutil.copyfile(backup, tmp_path / "evil.tar")
    with tarfile.open(tmp_path / "evil.tar", "a") as tar:
        tar.add(__file__, arcname="../outside")
    complaint(keuring_here(tmp_path / "new", "restore", str(tmp_path / "evil.tar")))
    assert not list(tmp_path.rglob("outside"))


def test_restore_needs_the_same_kind_of_database(backup: Path, tmp_path: Path) -> None:
    text = complaint(keuring(tmp_path / "new", "restore", str(backup), database="postgresql:///nothing"))
    assert "is of a sqlite database" in text
