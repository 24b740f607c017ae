"""The API: what the console does, for programs; who may, and what errors say."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import CPU, MEAN, MODEL, USED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.desk.models import Staff
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
ALL = ("read", "signals", "act", "privacy")
# What asks another right than work on tickets: by the name of what `auth` asks.
RIGHTS = {
    "RULES": (
        "write_article change_article draft_article add_article_picture remove_article_picture try_rule propose_rule "
        "stop_backtest save_backtest switch_rules finish_starting"
    ),
    "TEXTS": "make_template change_template remove_template restore_template",
    "ANNOUNCE": "publish_announcement withdraw_announcement",
    "STAFF": "put_skill set_skills_asked give_role switch_account",
    "TEAM": "confirm_skill",
    "SETTINGS": "try_chat",
    "ANSWER": "answer_it_report",
    "PLAN": "write_plan settle_plan",
    "PRIVACY": "check_audit answer_objection",
}


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.api import auth

    auth.REQUESTS.clear()
    auth.WRONG.clear()
    yield
    auth.REQUESTS.clear()
    auth.WRONG.clear()


class Program:
    """A program with a token."""

    def __init__(self, site: Site, person: Staff, scopes: tuple[str, ...] = ALL) -> None:
        from django.utils import timezone

        from keuring_collector.desk import api_tokens

        self.token, self.text = api_tokens.make(person, "a program", scopes, 30, timezone.now())
        self.client = site.client()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.client.get(f"/api/{path}", query, headers={"Authorization": f"Bearer {self.text}"})
        assert response.status_code == status, response.content
        return response.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.text}"}
        response = self.client.post(f"/api/{path}", json.dumps(body), "application/json", headers=headers)
        assert response.status_code == status, response.content
        return response.json()


def test_tickets_are_listed_filtered_and_paged(site: Site) -> None:
    program = Program(site, site.staff(role="viewer"))
    sales = site.department("Sales")
    urgent = site.ticket(site.machine("LT-1"), severity=4)
    other = site.ticket(site.machine("LT-2", colleague=site.colleague("Jan", department=sales)), severity=2)
    site.ticket(site.machine("LT-3"), state="resolved", closed_at=site.now)
    found = program.get("tickets")
    assert (found["count"], found["pages"]) == (2, 1)
    assert {item["id"] for item in found["items"]} == {urgent.pk, other.pk}
    first = found["items"][0]
    assert first["title"]["en"].startswith("Volume C: of LT-1 will be full around")
    assert first["title"]["nl"].startswith("Schijf C: van LT-1")
    assert first["machine"]["name"] == "LT-1"

    def ids(**query: Any) -> list[int]:
        return [item["id"] for item in program.get("tickets", **query)["items"]]

    assert ids(severity=["urgent"]) == [urgent.pk]
    assert ids(department=sales.pk) == [other.pk]
    assert ids(q="LT-2") == [other.pk]
    assert len(ids(state="closed")) == 1
    assert program.get("tickets", page=9)["page"] == 1
    assert program.get("tickets", 422, state="sideways")["where"] == "query.state"


def test_a_ticket_is_told_in_full_and_worked_on(site: Site) -> None:
    person = site.staff(role="desk")
    program, ticket = Program(site, person), site.ticket()
    told = program.get(f"tickets/{ticket.pk}")
    assert [finding["rule"] for finding in told["findings"]] == ["volume_filling"]
    assert told["findings"][0]["evidence"][0]["role"] == "value"
    assert told["findings"][0]["advice"]
    assert [entry["kind"] for entry in told["history"]] == ["opened"]
    taken = program.post(f"tickets/{ticket.pk}/take", seen=told["stamp"])
    assert taken["owner"] == "noor"
    late = program.post(f"tickets/{ticket.pk}/plan", 409, day=str(site.today), seen=told["stamp"])
    assert "Read the ticket again" in late["mend"]
    day = str(site.today + timedelta(days=3))
    assert program.post(f"tickets/{ticket.pk}/plan", day=day, seen=taken["stamp"])["planned_for"] == day
    assert program.post(f"tickets/{ticket.pk}/snooze", 422, until="2001-01-01")["where"] == "until"
    assert program.post(f"tickets/{ticket.pk}/snooze", until=day)["state"] == "snoozed"
    assert program.post(f"tickets/{ticket.pk}/note", text="Seen")["history"][0]["text"] == "Seen"
    assert program.post(f"tickets/{ticket.pk}/resolve", 422, verdict="maybe")["where"].endswith("verdict")
    done = program.post(f"tickets/{ticket.pk}/resolve", verdict="right", text="Emptied")
    assert (done["state"], done["verdict"]) == ("resolved", "right")
    assert "closed already" in program.post(f"tickets/{ticket.pk}/take", 409)["detail"]
    second = site.ticket(site.machine("LT-2"))
    done = program.post(f"tickets/{second.pk}/dismiss", verdict="wrong", reason="Not so")
    assert (done["state"], done["dismissal_reason"]) == ("dismissed", "Not so")


@SQLITE
def test_every_action_of_the_ticket_page_is_an_operation(site: Site) -> None:
    from keuring_collector.api.tickets import ACTIONS
    from keuring_collector.console.views.deeds import DEEDS

    assert set(ACTIONS) == {*DEEDS, "message"}  # which has a page of its own


@SQLITE
def test_programs_give_snooze_merge_and_link_tickets(site: Site) -> None:
    program, cas = Program(site, site.staff(role="desk")), site.staff("cas", role="desk")
    machine = site.machine()
    ticket, other = site.ticket(machine), site.ticket(machine, cause="volume-errors", subject="D:")
    where = f"tickets/{ticket.pk}"
    assert program.post(f"{where}/assign", 422, to="nobody")["where"] == "to"
    assert program.post(f"{where}/assign", to="cas")["owner"] == cas.username
    assert "They have this ticket already" in program.post(f"{where}/assign", 409, to="cas")["detail"]
    assert program.post(f"{where}/release")["owner"] == ""
    line, until = program.get(where)["findings"][0]["id"], str(site.today + timedelta(days=4))
    told = program.post(f"{where}/snooze-line", line=line, until=until)
    assert told["state"] == "snoozed"
    assert told["findings"][0]["snoozed_until"]
    woken = program.post(f"{where}/wake-line", line=line)
    assert (woken["state"], woken["findings"][0]["snoozed_until"]) == ("new", None)
    link = program.post(f"{where}/link", number="INC-7", url="https://itsm.example.org/7")["links"][0]
    assert (link["number"], link["url"]) == ("INC-7", "https://itsm.example.org/7")
    assert program.post(f"{where}/link", 422, number="INC-8", url="ftp://x")["where"] == "url"
    assert program.post(f"{where}/unlink", link=link["id"])["links"] == []
    assert program.post(f"{where}/unlink", 409, link=link["id"])["detail"] == "This link is gone already."
    merged = program.post(f"{where}/merge", into=other.pk)
    assert (merged["state"], merged["merged_into"]) == ("merged", other.pk)
    assert len(program.get(f"tickets/{other.pk}")["findings"]) == 2


@SQLITE
def test_programs_add_and_remove_files(site: Site) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from keuring_collector.desk.files import LARGEST

    program, ticket = Program(site, site.staff(role="desk")), site.ticket()
    headers = {"Authorization": f"Bearer {program.text}"}

    def send(name: str, content: bytes) -> Any:
        address = f"/api/tickets/{ticket.pk}/attach"
        return program.client.post(address, {"file": SimpleUploadedFile(name, content)}, headers=headers)

    told = send("../disk.log", b"sector 12 is bad").json()
    assert [(file["name"], file["kind"], file["size"]) for file in told["files"]] == [("disk.log", "text/plain", 16)]
    for name, content in (("tool.exe", b"MZ\0"), ("empty.txt", b""), ("large.txt", b"x" * (LARGEST + 9))):
        refused = send(name, content)
        assert (refused.status_code, refused.json()["where"]) == (422, "file"), name
    broken = program.client.post(
        f"/api/tickets/{ticket.pk}/attach", b"--x", content_type="multipart/form-data", headers=headers
    )
    assert (broken.status_code, broken["Content-Type"]) == (400, "application/problem+json")
    number = told["files"][0]["id"]
    assert program.post(f"tickets/{ticket.pk}/remove-file", file=number)["files"] == []
    assert program.post(f"tickets/{ticket.pk}/remove-file", 409, file=number)["detail"] == "This file is gone already."


@SQLITE
def test_role_scope_and_department_are_asked_of_every_operation(site: Site) -> None:
    from keuring_collector.api import auth
    from keuring_collector.api.application import api

    operations = [
        operation
        for _prefix, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    ]
    assert len(operations) > 14
    for operation in operations:
        assert operation.auth_callbacks, operation.operation_id
        assert all(isinstance(each, auth.Bearer) for each in operation.auth_callbacks)
        # What is done on no ticket asks a right of its own.
        if operation.methods == ["POST"]:
            name = next((name for name, done in RIGHTS.items() if operation.operation_id in done.split()), "ACT")
            assert operation.auth_callbacks == [getattr(auth, name)], operation.operation_id
            assert getattr(auth, name).scope == ("privacy" if name == "PRIVACY" else "act")
    ticket = site.ticket()
    viewer = Program(site, site.staff("vera", role="viewer"))
    assert "lacks the right 'act'" in viewer.post(f"tickets/{ticket.pk}/take", 403)["detail"]
    reader = Program(site, site.staff("cas", role="desk"), ("read",))
    assert "lacks the scope 'act'" in reader.post(f"tickets/{ticket.pk}/take", 403)["detail"]
    signal = f"machines/{ticket.endpoint.uuid}/signals/system.filesystem.utilization"
    assert "lacks the scope 'signals'" in reader.get(signal, 403)["detail"]


@SQLITE
def test_programs_too_see_only_their_owners_departments(site: Site) -> None:
    finance, sales = site.department("Finance"), site.department("Sales")
    ours = site.machine("LT-OURS", department=finance)
    theirs = site.machine("LT-THEIRS", colleague=site.colleague("Jan", department=sales))
    for machine in (ours, theirs):
        site.measure(machine, USED, [0.5] * 8, subject="C:")
    own, other = site.ticket(ours), site.ticket(theirs)
    program = Program(site, site.staff("cas", role="desk", departments=[finance]))
    assert [item["id"] for item in program.get("tickets")["items"]] == [own.pk]
    assert [item["name"] for item in program.get("machines")["items"]] == ["LT-OURS"]
    assert [item["name"] for item in program.get("departments")] == ["Finance"]
    assert program.get("me")["departments"] == ["Finance"]
    assert next(r for r in program.get("rules") if r["name"] == "volume_filling")["open_tickets"] == 1
    for path in (
        f"tickets/{other.pk}",
        f"machines/{theirs.uuid}",
        f"machines/{theirs.uuid}/signals/system.filesystem.utilization?subject=C:",
    ):
        assert "a department that you do not see" in program.get(path, 404)["detail"]
    program.post(f"tickets/{other.pk}/take", 404)


@SQLITE
def test_machines_and_their_signals(site: Site) -> None:
    from keuring_collector.desk import audit, wording
    from keuring_collector.desk.models import AuditEntry

    program = Program(site, site.staff(role="viewer"))
    machine = site.machine()
    site.fact(machine, MODEL, "Notitie 14")
    site.measure(machine, USED, [0.5, 0.52] * 40, subject="C:", step=3600)
    site.measure(machine, CPU, [0.2, 0.3] * 40, statistic=MEAN, step=3600)
    listed = program.get("machines", q="lt-02")["items"][0]
    last_heard = wording.local_day(site.now - timedelta(hours=1))
    assert (listed["model"], listed["last_heard"]) == ("Notitie 14", str(last_heard))
    told = program.get(f"machines/{machine.uuid}")
    assert {"signal": "keuring.hardware.model", "subject": "", "value": "Notitie 14"} in told["facts"]
    assert ("system.filesystem.utilization", "C:") in {(s["name"], s["subject"]) for s in told["signals"]}
    address = f"machines/{machine.uuid}/signals/system.filesystem.utilization"
    course = program.get(address, subject="C:")
    assert course["by"] == "day"
    assert 3 <= len(course["points"]) <= 5
    assert "Ask for by=day" in program.get(address, 403, subject="C:", by="window", days=1)["mend"]
    site.ticket(machine)
    assert len(program.get(address, subject="C:", by="window", days=1)["points"]) > 20
    program.get(address, 403, subject="C:", by="window", days=8)
    presence = program.get(f"machines/{machine.uuid}/signals/system.cpu.utilization", 403, by="window", days=1)
    assert "presence" in presence["detail"]
    assert "never reported" in program.get(address, 404, subject="D:")["detail"]
    assert "no such signal" in program.get(f"machines/{machine.uuid}/signals/nothing", 404)["detail"]
    audit.flush()
    looks = AuditEntry.objects.filter(subject=f"machine/{machine.uuid}")
    assert looks.filter(action="windows.viewed").count() == 1
    assert looks.filter(action="machine.viewed", detail__contains='"token":"a program"').count() >= 4


@SQLITE
def test_rules_articles_problems_and_who_one_is(site: Site) -> None:
    program = Program(site, site.staff(role="specialist"))
    assert program.get("me")["scopes"] == sorted(ALL)
    assert len(program.get("rules")) > 50
    rule = program.get("rules/volume_filling")
    assert rule["content"]["condition"]["forecast"]["rises_to"] == "98 %"
    assert program.get(f"articles/{rule['article']}", language="en")["markdown"]
    assert program.get("problems") == []
    for path in ("rules/no_such", "articles/no-such", "nothing/at/all", "tickets/999999"):
        problem = program.get(path, 404)
        assert problem["title"] == "Not there"
        assert problem["detail"]


@SQLITE
def test_tokens_are_shown_once_kept_as_hashes_and_end(site: Site) -> None:
    from django.utils import timezone

    from keuring_collector.desk import api_tokens, audit, staffing
    from keuring_collector.desk.models import ApiToken, AuditEntry

    person = site.staff(role="desk")
    program = Program(site, person)
    secret = program.text.rpartition(".")[2]
    assert len(secret) >= 43
    kept = ApiToken.objects.get()
    assert secret.encode() not in bytes(kept.secret_hash)
    assert kept.last_used_on is None
    program.get("me")
    kept.refresh_from_db()
    assert kept.last_used_on == timezone.localdate()
    good = program.text
    for bad in ("", "x", good[:-1], good + "x", good.replace("keuring-api", "other"), f"keuring-api..{secret}"):
        program.text = bad
        problem = program.get("me", 401)
        assert problem["where"] == "header.Authorization"
        assert secret not in json.dumps(problem)
    program.text = good
    now = timezone.now()
    assert api_tokens.find(good, now + timedelta(days=31)) is None
    staffing.switch(None, person, active=False)
    program.get("me", 401)
    staffing.switch(None, person, active=True)
    program.get("me")
    staffing.reset(None, person)
    program.get("me", 401)  # until they chose a password of their own
    person.refresh_from_db()
    person.must_change_password = False
    person.save()
    program.get("me")
    assert not api_tokens.revoke(site.staff("cas"), kept.pk, now)  # another's
    assert api_tokens.revoke(person, kept.pk, now)
    program.get("me", 401)
    audit.flush()
    assert AuditEntry.objects.filter(action__startswith="token.").count() == 2


@SQLITE
def test_asking_too_often_is_slowed_down(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.api import auth

    program = Program(site, site.staff(role="desk"))
    monkeypatch.setattr(auth.REQUESTS, "most", 3)
    for _ in range(3):
        program.get("me")
    problem = program.get("me", 429)
    assert re.fullmatch(r"Wait \d+ seconds\.", problem["mend"])
    monkeypatch.setattr(auth.WRONG, "most", 2)
    program.text = "wrong"
    assert [program.get("me", status)["status"] for status in (401, 401, 429)] == [401, 401, 429]


@SQLITE
def test_what_cannot_be_read_is_said_as_a_problem(site: Site) -> None:
    program, ticket = Program(site, site.staff(role="desk")), site.ticket()
    headers = {"Authorization": f"Bearer {program.text}"}
    address = f"/api/tickets/{ticket.pk}/plan"
    for body, kind in (("{", "application/json"), ("[]", "application/json"), ("day=1", "text/plain")):
        response = program.client.post(address, body, kind, headers=headers)
        assert response.status_code in (400, 422), response.content
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["detail"]
    wrong_way = program.client.delete(address, headers=headers)
    assert (wrong_way.status_code, wrong_way["Allow"]) == (405, "POST")
    assert wrong_way.json()["mend"] == "Send POST."


@SQLITE
def test_a_session_of_the_console_opens_nothing_here(site: Site) -> None:
    assert site.client(site.staff()).get("/api/tickets").status_code == 401


def test_tickets_take_few_queries_however_many_there_are(site: Site) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    program = Program(site, site.staff(role="desk"))

    def queries() -> int:
        program.get("tickets")
        with CaptureQueriesContext(connection) as captured:
            program.get("tickets")
        return len(captured)

    site.ticket(site.machine("LT-000"))
    few = queries()
    for number in range(1, 12):
        site.ticket(site.machine(f"LT-{number:03}"), severity=1 + number % 4)
    assert queries() == few
