"""What the pages beside tickets and machines do, by the API: for the privacy officer, the desk, and who leads it."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.collector.console_fixtures import USED
from tests.collector.test_api import SQLITE, Program

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site


@SQLITE
def test_objections_and_the_export_of_a_colleague_are_for_the_privacy_officer(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry
    from keuring_collector.service.workplace import objecting, whose

    machine = site.machine()
    second = site.machine("LT-2", colleague=machine.colleague)
    site.ticket(machine)
    objecting.make(whose.of_machine(machine), machine, "Liever niet.", site.now)
    officer = site.staff("priya", role="privacy_officer")
    for program in (Program(site, site.staff("cas", role="desk")), Program(site, officer, ("read", "act"))):
        program.get("objections", 403)
        program.get(f"machines/{machine.uuid}/subject-export", 403)
    program = Program(site, officer)
    (row,) = program.get("objections", state="open")
    assert (row["reason"], row["machine"]["name"], len(row["tickets"])) == ("Liever niet.", "LT-0231", 1)
    wrong = program.post(f"objections/{row['id']}/answer", 422, decision="perhaps", text="x")
    assert "decision" in json.dumps(wrong)
    answered = program.post(f"objections/{row['id']}/answer", decision="refuse", text="Weighed: repairs need it.")
    assert (answered["state"], answered["answered_by"], answered["tickets"]) == ("refused", "priya", [])
    program.post(f"objections/{row['id']}/answer", 409, decision="uphold", text="Once more.")

    def folders(**query: Any) -> set[str]:
        path, headers = f"/api/machines/{machine.uuid}/subject-export", {"Authorization": f"Bearer {program.text}"}
        response: Any = program.client.get(path, query, headers=headers)
        assert response["Content-Type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
        return {name.split("/")[1] for name in archive.namelist() if name.startswith("machines/")}

    assert folders() == {"LT-0231"}
    assert folders(colleague="true") == {"LT-0231", "LT-2"}
    exported = AuditEntry.objects.filter(actor="priya", action="workplace.exported")
    assert exported.count() == 3
    assert {each.subject for each in exported} == {f"machine/{each.uuid}" for each in (machine, second)}
    # Who sees some departments exports nobody's machine elsewhere.
    second.department = site.department("Sales")
    second.save()
    officer.limited = True
    officer.save()
    officer.departments.set([site.department()])
    program.get(f"machines/{machine.uuid}/subject-export", 403, colleague="true")
    program.get(f"machines/{second.uuid}/subject-export", 404)


@SQLITE
def test_what_the_other_pages_do_programs_do_too(site: Site) -> None:
    program = Program(site, site.staff("lea"))
    tickets = [site.ticket(site.machine(f"LT-{number}")) for number in range(3)]
    fleet = program.post("fleet-tickets", tickets=[each.pk for each in tickets])
    assert fleet["tickets"] == [each.pk for each in tickets]
    assert program.post(f"fleet-tickets/{fleet['id']}/take")["owner"] == "lea"
    program.post(f"fleet-tickets/{fleet['id']}/leave", 422, tickets=[999])
    assert program.post(f"fleet-tickets/{fleet['id']}/leave", tickets=[tickets[0].pk])["tickets"] == [
        each.pk for each in tickets[1:]
    ]
    assert program.post(f"fleet-tickets/{fleet['id']}/dissolve", reason="Two causes.")["tickets"] == []

    span: dict[str, Any] = {"starts_at": site.now.isoformat(), "ends_at": (site.now + timedelta(days=2)).isoformat()}
    made = program.post("quiet-times", kind="silence", reason="Move.", department=site.department().pk, **span)
    assert made["in_force_until"] is not None
    program.post("quiet-times", 422, kind="silence", reason="Nobody in particular.", **span)
    program.post(f"quiet-times/{made['id']}/end")
    program.post(f"quiet-times/{made['id']}/end", 409)

    program.post(f"machines/{tickets[0].endpoint.uuid}/inspect", 409)
    site.measure(tickets[0].endpoint, USED, [0.5] * 8, subject="C:")
    report = program.post(f"machines/{tickets[0].endpoint.uuid}/inspect")
    assert report["genuine"]
    assert [each["number"] for each in program.get("inspections", outcome=report["outcome"])] == [report["number"]]

    article = program.post("articles", en={"title": "A dock that drops out", "body": "Pull it."}, published=True)
    again: dict[str, Any] = {"en": {"title": "A dock that drops out", "body": "Pull it, and wait."}, "published": True}
    assert program.post(f"articles/{article['slug']}", seen=1, **again)["version"] == 2
    program.post(f"articles/{article['slug']}", 409, seen=1, **again)
    program.post("message-templates/nothing/remove", 404)
    switched = program.post("starting/rules", rules=["volume_filling"], opens=False)
    assert switched == {"changed": 1}
    program.post("starting/rules", 422, rules=["no_such_rule"], opens=False)
    site.staff("cas", role="desk")
    assert program.post("staff/cas/role", role="visitor", departments=[site.department().pk])["role"] == "visitor"
    program.post("staff/lea/role", 422, role="viewer")  # nobody changes their own
    assert not program.post("staff/cas/account", active=False)["active"]
    acted = {each["action"] for each in program.get("audit", actor="lea")}
    assert {"article.changed", "staff.changed"} & acted
    assert program.post("audit/check")["broken_at"] is None
