"""What the other pages do, by the API: trying rules, articles, visits, what is ill in common, what leaves the house."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER
from tests.collector.console_fixtures import MODEL
from tests.collector.packs import write_pack
from tests.collector.test_api import SQLITE, Program
from tests.collector.test_backtests import fuller, work
from tests.collector.test_console_ills import crash
from tests.collector.test_help_pages import png
from tests.collector.test_visits import hour, today

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.collector.console_fixtures import Site


@SQLITE
def test_a_rule_is_tried_and_saved_by_a_program(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.desk.models import Backtest

    directory = write_pack(tmp_path / "rules", hold="0")
    file = directory / "storage" / "test_space.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("maturity: test", "maturity: experimental"), "utf-8")
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"rules_directory": directory}))
    fuller(site, "LT-1")
    sam = site.staff("sam", role="specialist")
    program = Program(site, sam)
    for other in (Program(site, site.staff("cas", role="desk")), Program(site, sam, ("act",))):
        other.get("backtests", 403)
    draft = program.get("backtest-draft", rule="test_space")
    assert draft["text"] == file.read_text(encoding="utf-8")
    assert program.get("backtest-draft")["rule"] == ""
    program.get("backtest-draft", 404, rule="no_such")
    typed = draft["text"].replace("90 %", "97 %")
    sent = {**draft, "text": typed.replace("severity: soon", "severity: sooner")}
    wrong = program.post("backtests", 422, **sent)
    line = typed.splitlines().index("severity: soon") + 1
    assert wrong["where"] == f"body.text line {line}"
    assert program.post("backtests", 409, **{**draft, "text": typed, "seen": "x"})["where"] == "body.text"
    assert program.post("backtests", 422, **{**draft, "text": typed, "department": 99})["where"] == "body.department"
    asked = program.post("backtests", **{**draft, "text": typed})
    assert (asked["state"], asked["departments"], asked["ahead"], asked["answer"]) == ("waiting", None, 0, None)
    program.get(f"backtests/{asked['id']}/report", 404)
    program.post(f"backtests/{asked['id']}/save", 409)
    assert work(site, Backtest.objects.get()) == "done"
    told = program.get(f"backtests/{asked['id']}")
    assert (told["savable"], told["text"], told["before"]) == (True, typed, draft["text"])
    assert "test_space" in json.dumps(told["answer"])
    headers = {"Authorization": f"Bearer {program.text}"}
    report = program.client.get(f"/api/backtests/{asked['id']}/report?language=nl", headers=headers)
    assert report.content.decode().startswith("<!doctype html>")
    assert program.post(f"backtests/{asked['id']}/save")["saved_on"] == today(site).isoformat()
    assert file.read_text(encoding="utf-8") == typed
    program.post(f"backtests/{asked['id']}/save", 409)
    better = program.post("rules/test_space/better")
    assert (better["search"], program.post("rules/test_space/better")["id"]) == (True, better["id"])
    assert program.post(f"backtests/{better['id']}/stop")["state"] == "cancelled"
    program.post(f"backtests/{better['id']}/stop", 409)
    assert [each["id"] for each in program.get("backtests")] == [better["id"], asked["id"]]


@SQLITE
def test_articles_have_versions_and_pictures_for_programs_too(site: Site) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    program = Program(site, site.staff("sam", role="specialist"))
    text: dict[str, Any] = {"en": {"title": "Docks", "body": "Pull it."}, "published": True}
    slug = program.post("articles", **text, review_on=today(site).isoformat(), owner="sam")["slug"]
    program.post(f"articles/{slug}", **text | {"en": {"title": "Docks", "body": "Pull it, and wait."}}, note="wait")
    told = program.get(f"articles/{slug}/versions")
    assert [(each["number"], each["by"], each["note"]) for each in told["versions"]] == [
        (2, "sam", "wait"),
        (1, "sam", ""),
    ]
    assert {"mark": "+", "text": "Pull it, and wait."} in told["changes"][0]["lines"]
    assert program.get(f"articles/{slug}/versions", older=2, newer=1)["older"] == 1
    program.get("articles/no-such/versions", 404)
    program.post(f"articles/{slug}", **text, review_on=(today(site) + timedelta(days=9)).isoformat(), owner="sam")
    assert [(each["slug"], each["owner"], each["due"]) for each in program.get("article-reviews")] == [
        (slug, "sam", False)
    ]

    address, headers = f"/api/articles/{slug}/pictures", {"Authorization": f"Bearer {program.text}"}

    def send(content: bytes, **alts: str) -> Any:
        return program.client.post(address, {"file": SimpleUploadedFile("a.png", content), **alts}, headers=headers)

    assert send(b"GIF89a", alt_en="A dock").status_code == 422
    assert send(png()).json()["where"] == "alt_en"
    kept = send(png(), alt_en="A dock").json()
    assert (kept["kind"], kept["width"], kept["alt"]) == ("image/png", 2, {"nl": "", "en": "A dock"})
    assert program.get(f"articles/{slug}/pictures") == [kept]
    shown = program.client.get(f"{address}/{kept['name']}", headers=headers)
    assert (shown["Content-Type"], b"hidden" in shown.content) == ("image/png", False)
    body = f"![A dock](picture:{kept['name']})"
    program.post(f"articles/{slug}", en={"title": "Docks", "body": body}, published=True)
    removal = f"{address.removeprefix('/api/')}/{kept['name']}/remove"
    program.post(removal, 409)
    program.post(f"articles/{slug}", **text)
    assert program.client.post(f"/api/{removal}", headers=headers).status_code == 204
    assert program.get(f"articles/{slug}/pictures") == []


@SQLITE
def test_visits_are_arranged_by_a_program(site: Site) -> None:
    from keuring_collector.service.models import VisitException

    desk, finance, sales = site.staff("cas", role="desk"), site.department(), site.department("Sales")
    program, colleague = Program(site, desk), site.colleague()
    address = f"visits/departments/{finance.pk}"
    limited = Program(site, site.staff("lia", role="desk", departments=[sales]))
    limited.get(address, 404)
    limited.post("visits/holidays", 422, day=today(site).isoformat(), reason="x")
    program.post(f"{address}/change", 422, do="add-place")
    place = program.post(f"{address}/change", do="add-place", room="201")["places"][0]
    told = program.post(f"{address}/change", do="seat", colleague=colleague.pk, place=place["id"])
    assert told["places"][0]["colleagues"] == [{"id": colleague.pk, "name": "Sanne de Vries"}]
    program.post(f"{address}/change", 404, do="seat", colleague=999)
    program.post(f"{address}/change", 422, do="make", visitor="nobody-here")
    day = today(site) + timedelta(days=1)
    body: dict[str, Any] = {"weekday": day.weekday(), "clock": "10:30", "minutes": 60, "first_on": day.isoformat()}
    (made,) = program.post(f"{address}/change", do="make", visitor="cas", **body)["hours"]
    assert (made["clock"], made["visitor"], made["weekday"]) == ("10:30", "cas", day.weekday())
    week = day + timedelta(days=7)
    out = program.post(f"{address}/change", do="leave-out", hour=made["id"], day=week.isoformat(), reason="Away")
    assert [(each["hour"], each["day"]) for each in out["left_out"]] == [(made["id"], week.isoformat())]
    again = program.post(f"{address}/change", do="hold-again", exception=out["left_out"][0]["id"])
    assert (again["left_out"], again["hours"]) == ([], [made])

    held = hour(site, day)
    program.post(f"visits/hours/{held.pk}/propose", 404, day=today(site).isoformat())
    number = program.post(f"visits/hours/{held.pk}/propose", day=day.isoformat())["id"]
    change = f"/api/visits/rounds/{number}/change"
    headers = {"Authorization": f"Bearer {program.text}"}

    def add(status: int, **fields: Any) -> None:
        sent = json.dumps({"do": "add", **fields})
        assert program.client.post(change, sent, "application/json", headers=headers).status_code == status

    add(204, about="Bring the dock", minutes=5)
    add(204, colleague=site.colleague("Jan Bos").pk)
    add(409, colleague=colleague.pk)  # they are on it already
    add(422)
    add(422, colleague=999)
    stops = program.get(f"visits/rounds/{number}")["stops"]
    assert sorted(each["colleague"] for each in stops) == ["", "Jan Bos", "Sanne de Vries"]

    holiday = json.dumps({"day": week.isoformat(), "reason": "King's day"})
    post = program.client.post
    assert post("/api/visits/holidays", holiday, "application/json", headers=headers).status_code == 204
    (kept,) = program.get("visits/holidays")
    assert (kept["day"], kept["reason"]) == (week.isoformat(), "King's day")
    program.post("visits/holidays", 409, **json.loads(holiday))
    assert post(f"/api/visits/holidays/{kept['id']}/end", headers=headers).status_code == 204
    assert not VisitException.objects.exists()


@SQLITE
def test_what_is_ill_in_common_and_what_leaves_the_house(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.desk.models import IncidentLeftOut, IncidentSource, Outgoing
    from keuring_collector.fleet import warranties

    lines = ("Iedereen=nl mmosts://chat.example.org/geheim",)
    told = {"chat_channels": lines, "incidents_from": "topdesk"}
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update=told))
    program = Program(site, site.staff("ada", role="administrator"))
    machines = [site.machine(f"LT-{number}") for number in range(12)]
    for number, machine in enumerate(machines):
        site.fact(machine, MODEL, "Notitie 14" if number < 6 else "Notitie 15")
        if number < 6:
            site.ticket(machine, cause="battery-wear")
            crash(site, machine, "Kassa", "2.0")
    first, second = program.get("models")["models"]
    assert (first["name"], first["causes"], first["ill"]["count"]) == ("Notitie 14", ["battery-wear"], 6)
    assert (second["machines"], second["causes"]) == (6, [])
    assert program.get("models/one", name="Notitie 14")["causes"][0]["machines"]["verdict"] == "more"
    program.get("models/one", 404, name="Notitie 16")
    (row,) = program.get("software")["programs"]
    assert row == {"name": "Kassa", "machines_hit": 6, "crashes": 6, "hangs": 0}
    (version,) = program.get("software/one", name="Kassa")["versions"]
    assert (version["version"], version["machines_hit"]) == ("2.0", 6)
    program.get("software/one", 404, name="Nothing")

    one = {"machine": str(machines[0].uuid), "cause": "battery-wear", "at": site.now.isoformat(), "number": "I 1"}
    program.post("incidents", incidents=[one])
    IncidentSource.objects.create(name="topdesk", since=site.now, error="wrong password")
    IncidentLeftOut.objects.create(source="topdesk", number="I 2", at=site.now, why="category", category="Chairs")
    known = program.get("incidents")
    assert (known["total"], known["causes"]) == (1, [{"cause": "battery-wear", "incidents": 1}])
    assert known["groups"] == [{"why": "category", "category": "Chairs", "machine": "", "incidents": 1}]
    desk = Program(site, site.staff("cas", role="desk"))
    assert (known["source"]["error"], desk.get("incidents")["source"]["error"]) == ("wrong password", "")
    assert "settings" in desk.get("outgoing", 403)["detail"]

    headers = {"Authorization": f"Bearer {program.text}"}

    def done(path: str, **body: Any) -> int:
        response = program.client.post(f"/api/{path}", json.dumps(body), "application/json", headers=headers)
        return response.status_code

    assert (done("outgoing/try", channel="Nobody"), done("outgoing/try", channel="Iedereen")) == (404, 204)
    assert Outgoing.objects.get().chat == "Iedereen"
    left = program.get("outgoing")
    assert [(each["name"], each["service"]) for each in left["channels"]] == [
        ("Iedereen", "mmosts://chat.example.org/…")
    ]
    assert [(each["to"], each["chat"], each["state"]) for each in left["sent"]] == [("Iedereen", True, "waiting")]
    assert "geheim" not in json.dumps(left)

    address = f"machines/{machines[0].uuid}/warranty"
    assert done(address, ends="2027-05-31") == 409
    site.fact(machines[0], KEURING_HARDWARE_SERIAL_NUMBER.id, "SN-1")
    assert (done(address, ends="1027-05-31"), done(address, ends="2027-05-31")) == (422, 204)
    assert str(warranties.of("SN-1")) == "2027-05-31"
    assert (done(address, ends=None), warranties.of("SN-1")) == (204, None)

    asked = program.get("skills/asked")
    assert next(each for each in asked["causes"] if each["cause"] == "disk-failing")["set"] == ["bad-news"]
    assert {"about": "hello", "skills": ["visiting", "listening"]} in asked["visits"]
    made = site.it_report()
    pdf = program.client.get(f"/api/it-reports/{made.number}/pdf?language=nl", headers=headers)
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
