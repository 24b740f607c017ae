"""The APK report: judged by the rules in force, kept as issued, checked by its code, due again in time."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail

from keuring_collector import rulepack
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import WritePath
from keuring_collector.rulepack.language import Maturity
from tests.collector.console_fixtures import Site, words
from tests.collector.django_database import set_up_django
from tests.collector.reports import report

if TYPE_CHECKING:
    from django.test import Client

    from keuring_collector.desk.models import Inspection
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import RulePack

GIB = 1024.0**3
only_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


set_up_django()

PACK = cache(rulepack.load)


@pytest.fixture
def pack() -> RulePack:
    return PACK()


def report_free(site: Site, machine: Endpoint, left: float, first: int = 1) -> None:
    """Twelve windows of ten minutes, the last one just now, with ``left`` GiB free on C:, 400 on D:, and a small E:."""
    now = site.now.timestamp()
    space = {"C:": (left, 500.0), "D:": (400.0, 500.0), "E:": (0.75, 1.0)}
    values = {("keuring.filesystem.available", "last", drive): free * GIB for drive, (free, _size) in space.items()}
    values |= {
        ("system.filesystem.utilization", "last", drive): 1 - free / size for drive, (free, size) in space.items()
    }
    facts = {("keuring.filesystem.type", drive): "NTFS" for drive in space}
    path = WritePath(site.url, PACK())
    windows = [(number, now - (11 - number) * 600.0) for number in range(12)]
    path.write(
        [
            Received(machine.pk, report(first + number, end, values, duration=600.0, facts=facts), end + 2)
            for number, end in windows
        ]
    )
    path.close()


def full(site: Site, name: str = "LT-0231", left: float = 4.0) -> Endpoint:
    """A machine with ``left`` GiB free on C:, and plenty on D:."""
    machine = site.machine(name)
    report_free(site, machine, left)
    return machine


def issue(site: Site, pack: RulePack, machine: Endpoint, days: float = 0.0) -> Inspection:
    from keuring_collector.console import readings
    from keuring_collector.desk.inspection import issuing

    return issuing.issue(readings.store(), pack, machine, site.now + timedelta(days=days), 365)


def item(inspection: Inspection, name: str) -> dict[str, Any]:
    return next(item for item in inspection.content["items"] if item["item"] == name)


def test_a_full_volume_fails_with_value_limit_and_since_when(site: Site, pack: RulePack) -> None:
    made = issue(site, pack, full(site))
    storage = item(made, "storage")
    assert (made.outcome, storage["outcome"]) == ("fail", "fail")
    fault = storage["en"]["faults"][0]
    assert "C:" in fault["what"]
    assert "LT-0231" in fault["what"]
    assert "4 GB" in fault["why"]
    assert re.fullmatch(r"\d+ \w+", fault["since"])
    assert "Schijf" in storage["nl"]["faults"][0]["what"]
    told = {each["what"]: each for each in storage["en"]["measured"]}
    assert told["Space left (D:)"] == {"what": "Space left (D:)", "value": "400 GB", "limit": "at least 15 GB"}
    # Under 15 GB as well, but it is small and mostly empty: no fault, and no limit that it would seem to break.
    assert told["Space left (E:)"] == {"what": "Space left (E:)", "value": "768 MB", "limit": ""}
    assert made.valid_until is None
    assert (made.next_due - site.today).days in (29, 30, 31)


def test_what_was_never_measured_is_no_pass(site: Site, pack: RulePack) -> None:
    machine = full(site, left=300.0)
    made = issue(site, pack, machine)
    battery = item(made, "battery")
    assert battery["outcome"] == "unmeasurable"
    assert battery["en"]["measured"] == []
    assert battery["en"]["unmeasured"][0]["reason"] == "never reported by this machine"
    assert made.outcome == "pass"  # of what could be measured
    assert made.valid_until is not None
    assert (made.valid_until - site.today).days in (364, 365, 366)
    assert (made.valid_until - made.next_due).days == 30


def test_a_rule_that_opens_no_tickets_is_advice_at_most(pack: RulePack) -> None:
    from keuring_collector.desk.inspection import judging
    from keuring_collector.engine.model import Severity

    rule = pack.by_name["volume_nearly_full"]
    assert rule.inspection.fail.grade <= Severity.URGENT
    assert judging._outcome(rule, Severity.URGENT) == "fail"
    doubted = rule.model_copy(update={"maturity": Maturity.EXPERIMENTAL})
    assert judging._outcome(doubted, Severity.URGENT) == "advice"
    assert judging._outcome(rule, Severity.TIP) == "pass"


def test_a_second_report_is_compared_with_the_first_and_takes_its_place(site: Site, pack: RulePack) -> None:
    machine = full(site)
    first = issue(site, pack, machine)
    site.now += timedelta(days=1)
    report_free(site, machine, 300.0, first=13)
    second = issue(site, pack, machine)
    first.refresh_from_db()
    assert (first.current, second.current) == (False, True)
    assert item(second, "storage")["outcome"] == "pass"
    assert second.content["previous"]["number"] == first.number
    assert second.content["previous"]["items"]["storage"] == "fail"
    page = words(site.client(site.staff()).get(f"/inspections/{second.number}/"))
    assert "last time: not approved" in page
    assert "There is a newer report" in words(site.client(site.staff("cas")).get(f"/inspections/{first.number}/"))


def test_a_machine_that_never_reported_cannot_be_inspected(site: Site, pack: RulePack) -> None:
    from keuring_collector.desk.inspection import issuing

    machine = site.machine("LT-0404")
    with pytest.raises(issuing.SilentError):
        issue(site, pack, machine)
    browser = site.client(site.staff())
    page = browser.post(f"/machines/{machine.uuid}/inspect/", follow=True)
    assert "nothing to inspect" in words(page)
    assert not machine.inspections.exists()


def test_due_are_the_settled_the_late_and_only_those_heard_of(site: Site, pack: RulePack) -> None:
    from keuring_collector.console import readings
    from keuring_collector.desk.inspection import issuing

    old, new, silent = full(site, "LT-0001"), full(site, "LT-0002"), site.machine("LT-0003")
    type(new).objects.filter(pk=new.pk).update(enrolled_at=site.now - timedelta(days=2))

    def run(days: float = 0.0) -> list[str]:
        moment = site.now + timedelta(days=days)
        made = issuing.issue_due(readings.store(), pack, moment, 365, lambda: False)
        return [each.endpoint.host_name for each in made]

    assert [machine.host_name for machine in issuing.due(site.now)] == ["LT-0001", "LT-0003"]
    assert run() == ["LT-0001"]
    assert run() == []
    assert {machine.host_name for machine in issuing.due(site.now)} == {silent.host_name}
    # It failed, so it is due again within a month; but nothing was heard of it since.
    later = [machine.host_name for machine in issuing.due(site.now + timedelta(days=31))]
    assert old.host_name in later
    assert run(31) == []


def test_work_stops_when_it_is_asked_to(site: Site, pack: RulePack) -> None:
    from keuring_collector.console import readings
    from keuring_collector.desk.inspection import issuing

    full(site, "LT-0001")
    assert issuing.issue_due(readings.store(), pack, site.now, 365, lambda: True) == []
    assert issuing.issue_due(readings.store(), pack, site.now, 365, lambda: False, most=0) == []


def _check(browser: Client, number: str, code: str) -> str:
    return words(browser.post("/check/", {"number": number, "code": code}))


@only_sqlite
def test_whoever_holds_a_report_can_check_it(site: Site, pack: RulePack) -> None:
    from keuring_collector.console.views.inspections import CHECKS
    from keuring_collector.desk.inspection import pdf, report
    from keuring_collector.desk.models import AuditEntry

    CHECKS.clear()
    made = issue(site, pack, full(site))
    stranger = site.client()
    stranger.cookies["language"] = "en"
    code = pdf.code(made.digest)
    assert re.fullmatch(r"([0-9a-f]{4} ){3}[0-9a-f]{4}", code)
    assert "This report is genuine." in _check(stranger, made.number, code)
    assert "This report is genuine." in _check(stranger, made.number, code.upper().replace(" ", ""))
    year, row = made.number.split("-")
    for number in (f" {year} - {row} ", f"{year} {row}", f"{year}\u2013{row}", f"{year}{row}"):  # as people copy it
        assert "This report is genuine." in _check(stranger, number, code.replace(" ", "\u2013"))
    wrong = ("0" if code[0] != "0" else "1") + code[1:]
    for number, tried in ((made.number, wrong), (made.number, code[:9]), ("2020-000001", code), ("rapport", code)):
        page = _check(stranger, number, tried)
        assert "No report has this number and this code." in page
        assert "LT-0231" not in page
    # Whoever changes the content and its digest with it still finds the audit against them.
    made.content["items"][0]["outcome"] = "pass"
    made.digest = report.digest(made.content)
    made.save(update_fields=["content", "digest"])
    assert "was changed afterwards" in _check(stranger, made.number, pdf.code(made.digest))
    made.digest = AuditEntry.objects.get(action="report.issued").detail.partition('"digest":"')[2][:64]
    made.save(update_fields=["digest"])
    assert "was changed afterwards" in _check(stranger, made.number, code)
    assert "was changed after it was issued" in words(site.client(site.staff()).get(f"/inspections/{made.number}/"))


@only_sqlite
def test_guessing_codes_is_slowed_down(site: Site) -> None:
    from keuring_collector.console.views.inspections import CHECKS

    CHECKS.clear()
    stranger = site.client()
    answers = [stranger.post("/check/", {"number": "2026-000001", "code": "0" * 16}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    CHECKS.clear()


@only_sqlite
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_pdf_is_a_document_and_always_the_same(site: Site, pack: RulePack, language: str) -> None:
    from keuring_collector.desk.inspection import pdf

    made = issue(site, pack, full(site))
    first = pdf.build(made, language, "https://keuring.example.org/check/")
    assert first.startswith(b"%PDF-1.")
    assert first == pdf.build(made, language, "https://keuring.example.org/check/")
    response = site.client(site.staff()).get(f"/inspections/{made.number}/pdf/?language={language}")
    assert response["Content-Type"] == "application/pdf"
    assert f"apk-{made.number}-{language}.pdf" in response["Content-Disposition"]


@only_sqlite
def test_the_colleague_gets_it_in_their_language(site: Site, pack: RulePack, settings_of_mail: None) -> None:
    from keuring_collector.desk.inspection import mailing

    machine = full(site)
    made = issue(site, pack, machine)
    assert mailing.send_waiting(site.now, "https://keuring.example.org/") == 1
    assert mailing.send_waiting(site.now, "https://keuring.example.org/") == 0
    (sent,) = mail.outbox
    assert sent.to == ["sanne.de.vries@example.org"]
    assert sent.subject == "Keuring van LT-0231: afgekeurd"
    assert str(sent.body).startswith("Hallo Sanne,")
    (attached,) = sent.attachments
    assert attached[0] == f"apk-{made.number}.pdf"
    machine.colleague = None
    machine.save()
    page = site.client(site.staff()).post(f"/inspections/{made.number}/mail/", follow=True)
    assert "nobody to mail to" in words(page)


@only_sqlite
def test_an_address_that_is_refused_keeps_nobody_else_waiting(
    site: Site, pack: RulePack, settings_of_mail: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smtplib import SMTPRecipientsRefused

    from django.core.mail.backends.locmem import EmailBackend

    from keuring_collector.desk.inspection import mailing

    gone = issue(site, pack, full(site))
    other = site.machine("LT-2", colleague=site.colleague("Cas Klein"))
    report_free(site, other, 400.0)
    issue(site, pack, other)
    real = EmailBackend.send_messages

    def refuses_one(self: Any, messages: Any) -> int:
        if messages[0].to == ["sanne.de.vries@example.org"]:
            raise SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such mailbox")})
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", refuses_one)
    for _again in range(2):
        with pytest.raises(OSError, match=gone.number):
            mailing.send_waiting(site.now, "https://keuring.example.org/")
    assert [sent.to for sent in mail.outbox] == [["cas.klein@example.org"]]
    gone.refresh_from_db()
    assert gone.mailed_at is None


@pytest.fixture
def settings_of_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    monkeypatch.setattr(mail, "outbox", [], raising=False)


@only_sqlite
def test_nobody_inspects_a_machine_whose_colleague_objected(site: Site, pack: RulePack) -> None:
    from keuring_collector.desk.models import Inspection, Quiet

    machine, desk = full(site), site.client(site.staff())
    later = site.now + timedelta(days=30)
    Quiet.objects.create(
        kind="objection", endpoint=machine, starts_at=site.now, ends_at=later, made_at=site.now, reason="Bezwaar"
    )
    refused = desk.post(f"/machines/{machine.uuid}/inspect/", follow=True)
    assert "A colleague objected: this machine is not inspected" in words(refused)
    assert not Inspection.objects.exists()
    Quiet.objects.update(ends_at=site.now - timedelta(minutes=1))
    assert "Inspected; the report is below." in words(desk.post(f"/machines/{machine.uuid}/inspect/", follow=True))


def test_two_who_inspect_at_once_both_get_a_report(site: Site, pack: RulePack) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from keuring_collector.desk.inspection import issuing
    from keuring_collector.desk.models import Inspection
    from keuring_collector.store import open_store

    machine = full(site)

    def inspect(_one: int) -> str:
        store = open_store(site.url)
        try:
            return issuing.issue(store, pack, machine, site.now, 365).number
        finally:
            store.close()
            connection.close()

    with ThreadPoolExecutor(6) as people:
        numbers = list(people.map(inspect, range(6)))
    assert len(set(numbers)) == 6
    assert Inspection.objects.filter(current=True).count() == 1


@only_sqlite
def test_what_is_due_says_since_when(site: Site, pack: RulePack) -> None:
    from keuring_collector.desk.models import Inspection

    site.machine("NEVER-1")
    made = issue(site, pack, full(site))
    Inspection.objects.filter(pk=made.pk).update(next_due=site.today + timedelta(days=20))
    shown = words(site.client(site.staff()).get("/inspections/"))
    coming = site.today + timedelta(days=20)
    assert re.search(rf"LT-0231 Sanne de Vries Finance from {coming.day} {coming:%B}", shown)
    assert "NEVER-1 Sanne de Vries Finance never inspected yet" in shown


@only_sqlite
def test_the_overview_counts_by_department_and_stamp(site: Site, pack: RulePack) -> None:
    issue(site, pack, full(site, "LT-0001"))
    issue(site, pack, full(site, "LT-0002", left=300.0))
    full(site, "LT-0003")
    browser = site.client(site.staff())
    page = words(browser.get("/inspections/"))
    assert re.search(r"All machines 1 0 1 0 1", page)
    assert re.search(r"Finance 1 0 1 0 1", page)
    only = words(browser.get("/inspections/?outcome=fail"))
    assert "LT-0001" in only
    assert "LT-0002" not in only.split("Newest reports")[1]
    assert "Due this month" in only
    assert "LT-0003" in only.split("Due this month")[1]


def test_every_item_of_the_pack_has_a_name_and_both_languages_the_same_words(pack: RulePack) -> None:
    from keuring_collector.desk.inspection.items import ITEMS
    from keuring_collector.desk.inspection.words import WORDS

    assert {rule.inspection.item for rule in pack.rules.values()} <= set(ITEMS)
    assert WORDS["nl"].keys() == WORDS["en"].keys()


def test_inspecting_changes_nothing_of_what_the_write_path_knows(site: Site, pack: RulePack) -> None:
    from keuring_collector.console import readings
    from keuring_collector.desk.models import Ticket

    machine = full(site)
    before = readings.store().heads([machine.pk]), list(Ticket.objects.values())
    assert before[1]
    issue(site, pack, machine)
    assert (readings.store().heads([machine.pk]), list(Ticket.objects.values())) == before
