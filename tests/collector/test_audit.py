"""The audit: what is written down, and that whoever changes it afterwards is found out."""

from __future__ import annotations

import ast
import contextlib
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import keuring_collector
from tests.collector.console_fixtures import PASSWORD, USED, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def told() -> list[tuple[str, str, str]]:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    audit.flush()
    return list(AuditEntry.objects.order_by("sequence").values_list("actor", "action", "subject"))


def test_entries_are_chained_whichever_way_they_come(site: Site) -> None:
    from keuring_collector.desk import audit, audit_chain

    person = site.staff("noor")
    audit.record(person, "machine.viewed", "machine/x", {"why": "één «ticket»", "n": 1.5})
    audit.record_now(None, "rules.changed", "", {"version": "2"})
    audit.record("cas", "signed.in")
    assert told() == [("", "rules.changed", ""), ("noor", "machine.viewed", "machine/x"), ("cas", "signed.in", "")]
    found = audit_chain.check()
    assert (found.entries, found.until, found.broken_at) == (3, 3, None)


def test_a_change_that_fails_leaves_no_entry(site: Site) -> None:
    from django.db import transaction

    from keuring_collector.desk import audit, audit_chain

    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        audit.record_now(None, "staff.role", "staff/noor")
        raise ZeroDivisionError
    assert told() == []
    assert audit_chain.check().broken_at is None


def test_many_writers_make_one_chain(site: Site) -> None:
    from django.db import DatabaseError, connections

    from keuring_collector.desk import audit, audit_chain

    failed: list[Exception] = []

    def write(name: str) -> None:
        try:
            for number in range(10):
                audit.record_now(name, "signed.in", f"{number}")
        except DatabaseError as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found = audit_chain.check()
    assert (found.entries, found.until, found.broken_at) == (40, 40, None)


def _raw(sql: str) -> Callable[[], None]:
    def act() -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql)

    return act


@pytest.mark.parametrize(
    ("sql", "broken_at", "why"),
    [
        ("UPDATE desk_auditentry SET actor = 'cas' WHERE sequence = 3", 3, "changed"),
        ("UPDATE desk_auditentry SET detail = '{\"a\":1}' WHERE sequence = 1", 1, "changed"),
        ("DELETE FROM desk_auditentry WHERE sequence = 4", 4, "missing"),
        ("DELETE FROM desk_auditentry WHERE sequence = 1", 1, "missing"),
        ("DELETE FROM desk_auditentry WHERE sequence > 4", 5, "cut"),
        ("UPDATE desk_auditentry SET digest = 'f' WHERE sequence = 6", 6, "changed"),
    ],
)
def test_whoever_edits_the_table_is_found_out_and_where(site: Site, sql: str, broken_at: int, why: str) -> None:
    from keuring_collector.desk import audit, audit_chain

    for number in range(6):
        audit.record("noor", "machine.viewed", f"machine/{number}")
    audit.flush()
    assert audit_chain.check().broken_at is None
    _raw(sql)()
    found = audit_chain.check()
    assert (found.broken_at, found.why) == (broken_at, why)


def test_an_edit_with_a_digest_made_anew_is_found_behind_it(site: Site) -> None:
    from keuring_collector.desk import audit, audit_chain
    from keuring_collector.desk.models import AuditEntry

    for number in range(4):
        audit.record("noor", "machine.viewed", f"machine/{number}")
    audit.flush()
    first, second = AuditEntry.objects.order_by("sequence")[:2]
    second.actor = "cas"
    second.digest = audit_chain.digest_of(first.digest, 2, second)
    second.save()
    assert (audit_chain.check().broken_at, audit_chain.check().why) == (3, "changed")


def test_the_program_itself_only_adds(site: Site) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    audit.record_now("noor", "signed.in")
    with pytest.raises(TypeError, match="only added to"):
        AuditEntry.objects.get(sequence=1).delete()
    with pytest.raises(TypeError, match="only added to"):
        AuditEntry.objects.update(actor="cas")


def test_old_entries_go_and_the_rest_can_still_be_checked(site: Site) -> None:
    from keuring_collector.desk import audit, audit_chain
    from keuring_collector.desk.models import AuditEntry

    moments = [site.now - timedelta(days=days) for days in (900, 800, 10, 1)]
    audit_chain.append([audit.made("noor", "signed.in", "")._replace(at=moment) for moment in moments])
    assert audit_chain.expire(site.now - timedelta(days=730)) == 2
    assert audit_chain.expire(site.now - timedelta(days=730)) == 0
    assert list(AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)) == [3, 4]
    found = audit_chain.check()
    assert (found.entries, found.broken_at) == (2, None)
    _raw(
        "INSERT INTO desk_auditentry (sequence, at, actor, action, subject, detail, digest) "
        "SELECT 2, at, actor, action, subject, detail, digest FROM desk_auditentry WHERE sequence = 3"
    )()
    assert (audit_chain.check().broken_at, audit_chain.check().why) == (2, "added")


@SQLITE
def test_looks_are_written_by_a_thread_within_a_moment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    monkeypatch.setattr(audit, "WAIT_SECONDS", 0.01)
    audit.record("noor", "machine.viewed", "machine/x")
    timer = audit._timer[0]
    timer.join(10)
    assert AuditEntry.objects.count() == 1
    assert audit.flush() == 0


@SQLITE
def test_what_cannot_be_written_down_is_not_shown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    from keuring_collector.desk import audit, audit_chain

    def away(_entries: object) -> None:
        raise OperationalError("away")

    whole = audit_chain.append
    monkeypatch.setattr(audit, "MOST_WAITING", 3)
    monkeypatch.setattr(audit_chain, "append", away)
    for _ in range(3):
        audit.record("noor", "machine.viewed")
    with pytest.raises(OperationalError):
        audit.record("noor", "machine.viewed")
    monkeypatch.setattr(audit_chain, "append", whole)
    assert audit.flush() == 4


@SQLITE
def test_looks_sign_ins_and_changes_are_written_down(site: Site) -> None:
    from keuring_collector.desk import staffing

    admin = site.staff("admin")
    person = site.staff("noor", password=PASSWORD, role="desk")
    machine = site.machine()
    site.measure(machine, USED, [0.5, 0.52] * 30, subject="C:", step=3600)
    ticket = site.ticket(machine)
    browser = site.client()
    browser.post("/sign-in/", {"username": "noor", "password": "wrong"})
    browser.post("/sign-in/", {"username": "my-secret-in-the-wrong-field", "password": "wrong"})
    browser.post("/sign-in/", {"username": "noor", "password": PASSWORD})
    browser.get(f"/machines/{machine.uuid}/")
    browser.get(f"/machines/{machine.uuid}/?days=7")
    browser.get(f"/machines/{machine.uuid}/signals/system.filesystem.utilization/?subject=C:")
    browser.get(f"/tickets/{ticket.pk}/")
    browser.post("/sign-out/")
    staffing.assign(admin, person, "viewer", None)
    seen = f"machine/{machine.uuid}"
    assert [entry for entry in told() if entry[1] != "windows.viewed"] == [
        ("admin", "staff.role", "staff/noor"),
        ("", "signed.in_failed", "staff/noor"),
        ("", "signed.in_failed", ""),
        ("noor", "signed.in", ""),
        ("noor", "machine.viewed", seen),
        ("noor", "machine.viewed", seen),
        ("noor", "machine.viewed", seen),
        ("noor", "signed.out", ""),
    ]


@SQLITE
def test_the_page_filters_and_shows_where_the_chain_broke(site: Site) -> None:
    from keuring_collector.desk import audit

    machine = site.machine("LT-0404")
    for number in range(120):
        audit.record("noor" if number % 2 else "cas", "machine.viewed", audit.machine(machine), {"n": number})
    audit.record("noor", "signed.in")
    audit.flush()
    site.staff("noor", role="desk")
    browser = site.client(site.staff("petra", role="privacy_officer"))

    def rows(query: str) -> int:
        return browser.get(f"/audit/{query}").content.decode().count('data-name="Entry"')

    assert [rows(query) for query in ("", "?before=72", "?before=22")] == [50, 50, 21]
    assert rows("?action=signed.in") == 1
    assert rows("?actor=cas&before=30") == 15
    assert rows("?subject=lt-04") == 50
    assert rows("?subject=nothing") == 0
    assert rows(f"?until={site.today - timedelta(days=2)}") == 0
    assert rows("?since=x&before=x") == 50
    assert f'href="/machines/{machine.uuid}/"' in browser.get("/audit/").content.decode()
    assert "Not checked yet" in words(browser.get("/audit/"))
    browser.post("/audit/check/")
    assert "whole up to entry 121" in words(browser.get("/audit/"))
    _raw("UPDATE desk_auditentry SET actor = 'nobody' WHERE sequence = 60")()
    browser.post("/audit/check/")
    assert "entry 60 was changed after it was written" in words(browser.get("/audit/"))


@SQLITE
def test_who_looked_is_shown_to_those_who_may_know(site: Site) -> None:
    from keuring_collector.desk import audit

    machine = site.machine()
    site.client(site.staff("cas", role="desk", language="en")).get(f"/machines/{machine.uuid}/")
    audit.flush()
    page = f"/machines/{machine.uuid}/"
    shown = words(site.client(site.staff("petra", role="privacy_officer")).get(page))
    assert re.search(r"Who looked .* cas looked at a machine", shown)
    assert "Who looked" not in words(site.client(site.staff("eva", role="desk")).get(page))


@SQLITE
def test_settings_and_rules_that_changed_are_noticed(site: Site) -> None:
    from django.conf import settings

    from keuring_collector.desk import changes
    from keuring_collector.desk.models import AuditEntry

    shown = settings.KEURING.model_copy(update={"database": "postgresql://keuring:geheim@db/keuring"}).shown()
    assert changes.note_settings(shown)
    assert not changes.note_settings(shown)
    assert changes.note_settings({**shown, "raw_retention_days": "30"})
    last = AuditEntry.objects.order_by("-sequence").first()
    assert last is not None
    assert last.told["changed"] == {"raw_retention_days": "30"}
    assert not AuditEntry.objects.filter(detail__contains="geheim").exists()
    assert changes.note_rules("1")
    assert not changes.note_rules("1")
    assert changes.note_rules("2")
    newest = AuditEntry.objects.order_by("-sequence").first()
    assert newest is not None
    assert newest.told == {"version": "2", "from": "1"}


def test_every_detail_that_is_written_down_has_a_name_in_both_languages() -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.console.views.audit import DETAILS

    written = {
        key.value
        for path in Path(keuring_collector.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr.startswith("record")
        for argument in call.args
        if isinstance(argument, ast.Dict)
        for key in argument.keys
        if isinstance(key, ast.Constant)
    }
    assert len(written) > 30
    assert written - set(DETAILS) == {"all"}  # settings as they were, which no page tells


@SQLITE
def test_days_and_empty_choices_are_told_as_people_say_them(site: Site) -> None:
    from keuring_collector.desk import audit

    noor = site.staff()
    machine = audit.machine(site.machine())
    audit.record_now(noor, "windows.viewed", machine, {"first": "2026-11-09", "last": "2026-11-15"})
    audit.record_now(noor, "export.made", "export/queue", {"choice": "", "rows": 52})
    for language, days, rows in (
        ("nl", "van: 9 november 2026 · tot en met: 15 november 2026", "rijen: 52"),
        ("en", "from: 9 November 2026 · up to and including: 15 November 2026", "rows: 52"),
    ):
        page = words(site.client(site.staff(language, language=language)).get("/audit/"))
        assert days in page
        assert rows in page
        assert "choice:" not in page
        assert "keuze:" not in page
