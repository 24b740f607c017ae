"""Trying a rule on history in the console: the form, what is wrong at its line, the answer, and saving."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from tests.collector.console_fixtures import words
from tests.collector.packs import write_pack
from tests.collector.test_backtests import fuller, work

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from keuring_collector.desk.models import Backtest
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def browser(site: Site) -> Client:
    return site.client(site.staff(first_name="Noor"))


@pytest.fixture
def folder(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of rules that the console may write, with one rule that only reports."""
    directory = write_pack(tmp_path / "rules", hold="0")
    file = rule_file(directory)
    file.write_text(file.read_text(encoding="utf-8").replace("maturity: test", "maturity: experimental"), "utf-8")
    changed = settings.KEURING.model_copy(update={"rules_directory": directory})
    monkeypatch.setattr(settings, "KEURING", changed)
    return directory


def rule_file(directory: Path) -> Path:
    return directory / "storage" / "test_space.yaml"


def shown(browser: Client, address: str = "/backtests/new/?rule=test_space") -> dict[str, Any]:
    """What the form holds when it opens."""
    return held(browser.get(address))


def held(response: Any) -> dict[str, Any]:
    """What the form on a page holds, as a browser would send it."""
    page = response.content.decode()
    found = dict(re.findall(r'<input [^>]*\bname="(rule|seen|since|until)" value="([^"]*)"', page))
    area = re.search(r"<textarea [^>]*>\n(.*)</textarea>", page, re.DOTALL)
    assert area is not None
    checked = {"compare": "on"} if " checked>" in page or 'name="compare" value="on"' in page else {}
    return {**found, **checked, "department": "", "model": "", "text": unescape(area[1])}


def only() -> Backtest:
    from keuring_collector.desk.models import Backtest

    return Backtest.objects.get()


def test_a_change_is_tried_and_then_saved_with_the_old_version_kept(site: Site, browser: Client, folder: Path) -> None:
    from keuring_collector.desk.models import AuditEntry

    machine = fuller(site, "LT-1")
    before = rule_file(folder).read_text(encoding="utf-8")
    assert "Try on history" in words(browser.get("/rules/test_space/"))
    form = shown(browser)
    assert form["text"] == before
    typed = before.replace("90 %", "97 %")
    assert "Waiting for its turn" in words(
        browser.post("/backtests/new/", {**form, "text": typed.replace("\n", "\r\n")}, follow=True)
    )
    row = only()
    assert (row.rule, row.text, row.before, row.everything) == ("test_space", typed, before, True)
    assert work(site, row) == "done"
    page = browser.get(f"/backtests/{row.pk}/")
    text = words(page)
    assert "0 tickets by both, 1 by A alone, 0 by B alone" in text
    assert "raw windows from" in text
    assert f'<a href="/machines/{machine.uuid}/">LT-1</a>' in page.content.decode()
    assert '<rect width="320" height="14"/>' in page.content.decode()
    report = browser.get(f"/backtests/{row.pk}/report/")
    assert report.content.decode().startswith("<!doctype html>")
    assert "attachment" in report.headers["Content-Disposition"]
    assert browser.get(f"/backtests/{row.pk}/rule/tried/").content.decode() == typed
    assert "Saved. Machines are judged by it" in words(browser.post(f"/backtests/{row.pk}/save/", follow=True))
    assert rule_file(folder).read_text(encoding="utf-8") == typed
    assert browser.get(f"/backtests/{row.pk}/rule/before/").content.decode() == before
    assert [each.name for each in (folder / "storage").iterdir()] == ["test_space.yaml"]
    entries = {entry.action: entry for entry in AuditEntry.objects.all()}
    assert entries["rule.tried"].subject == entries["rule.saved"].subject == "rule/test_space"
    assert entries["rule.saved"].told["backtest"] == row.pk
    assert "cannot be saved" in words(browser.post(f"/backtests/{row.pk}/save/", follow=True))  # it was already


def test_what_is_wrong_is_said_at_its_line_and_what_was_typed_stays(browser: Client, folder: Path) -> None:
    from keuring_collector.desk.models import Backtest

    form = shown(browser)
    typed = form["text"].replace("severity: soon", "severity: sooner").replace("hold: 0", "holds: 0")
    response = browser.post("/backtests/new/", {**form, "text": typed})
    text = words(response)
    assert response.status_code == 422
    assert "2 things are wrong with the rule" in text
    assert f"line {typed.splitlines().index('severity: sooner') + 1} severity: sooner severity:" in text
    assert "unknown field 'holds'; did you mean 'hold'?" in text
    assert held(response)["text"] == typed
    assert 'aria-invalid="true" aria-describedby="faults"' in response.content.decode()
    for typed, said in (
        ("a: [", "not valid YAML"),
        ("", "begin with 'id: '"),
        (form["text"].replace("name: test_space", "name: other_name"), "the id is that of 'test_space'"),
        (form["text"].replace("id: 3b1c4c5e", "id: 4b1c4c5e"), "there is a rule 'test_space' with another id"),
    ):
        assert said in words(browser.post("/backtests/new/", {**form, "text": typed})), said
    assert not Backtest.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"since": "2026-02-30"}, "no day of the calendar"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "Nothing lies between these days"),
        ({"since": "2999-01-01"}, "Nothing lies between these days"),
        ({"department": "999"}, "no such department"),
        ({"seen": "another"}, "changed by somebody else while you were writing"),
    ],
)
def test_other_fields_say_what_is_wrong_too(browser: Client, folder: Path, fields: dict[str, str], said: str) -> None:
    response = browser.post("/backtests/new/", {**shown(browser), **fields})
    assert (response.status_code, said in words(response)) == (422, True)


def test_a_new_rule_gets_its_file_and_articles(site: Site, browser: Client, folder: Path) -> None:
    fuller(site, "LT-1")
    form = shown(browser, "/backtests/new/")
    typed = form["text"].replace("volume_my_rule", "volume_new_rule")
    browser.post("/backtests/new/", {**form, "text": typed})
    assert work(site, only()) == "done"
    assert "Save as a new rule" in words(browser.get(f"/backtests/{only().pk}/"))
    browser.post(f"/backtests/{only().pk}/save/")
    assert (folder / "volume" / "volume_new_rule.yaml").read_text(encoding="utf-8") == typed
    assert "Volume my rule" in (folder / "articles" / "volume-my-rule.nl.md").read_text(encoding="utf-8")
    assert browser.get("/rules/volume_new_rule/").status_code == 200


def test_what_would_break_the_pack_or_its_tests_is_not_saved(site: Site, browser: Client, folder: Path) -> None:
    fuller(site, "LT-1")
    before = rule_file(folder).read_text(encoding="utf-8")
    form = shown(browser)
    browser.post("/backtests/new/", {**form, "text": before.replace("maturity: experimental", "maturity: test")})
    row = only()
    assert work(site, row) == "done"
    refused = browser.post(f"/backtests/{row.pk}/save/")
    assert refused.status_code == 422
    assert "a rule that opens tickets needs tests" in words(refused)
    rule_file(folder).with_name("test_space.test.yaml").write_text(
        "rule: test_space\ntests:\n  - name: fires\n    window: 5m\n    series:\n"
        '      - {signal: system.filesystem.utilization, subject: /, unit: "%", values: "50x20"}\n    opened: 1\n',
        encoding="utf-8",
    )
    assert "test_space.test.yaml, line 3 fires: " in words(browser.post(f"/backtests/{row.pk}/save/"))
    rule_file(folder).write_text(before + "# changed meanwhile\n", encoding="utf-8")
    assert "the file changed meanwhile" in words(browser.post(f"/backtests/{row.pk}/save/"))
    row.refresh_from_db()
    assert row.saved_at is None
    assert rule_file(folder).read_text(encoding="utf-8") == before + "# changed meanwhile\n"
    rule_file(folder).with_name("broken.yaml").write_text("id: 7\n", encoding="utf-8")
    assert "broken.yaml, line 1 'name' is missing" in words(browser.post(f"/backtests/{row.pk}/save/"))


def test_the_shipped_rules_are_downloaded_not_changed(site: Site, browser: Client) -> None:
    fuller(site, "LT-1")
    form = shown(browser, "/backtests/new/?rule=volume_nearly_full")
    browser.post("/backtests/new/", {**form, "text": form["text"] + "\n# a change\n"})
    assert work(site, only()) == "done"
    page = words(browser.get(f"/backtests/{only().pk}/"))
    assert "Download the rule" in page
    assert "Save this version" not in page
    assert "cannot be saved here" in words(browser.post(f"/backtests/{only().pk}/save/", follow=True))


def test_a_rule_with_a_table_can_be_tried(site: Site, browser: Client) -> None:
    from keuring_collector.rulepack import load

    pack = load()
    named = next(rule for rule in pack.rules.values() if "table:" in pack.files[rule.id].read_text(encoding="utf-8"))
    fuller(site, "LT-1")
    form = shown(browser, f"/backtests/new/?rule={named.name}")
    assert browser.post("/backtests/new/", form).status_code == 302
    assert work(site, only()) == "done"


def test_a_person_has_few_at_once_and_can_stop_one(site: Site, browser: Client, folder: Path) -> None:
    from keuring_collector.desk.models import Backtest

    form = shown(browser)
    for _ in range(3):
        assert browser.post("/backtests/new/", form).status_code == 302
    refused = browser.post("/backtests/new/", form)
    assert (refused.status_code, "3 of yours have not ended" in words(refused)) == (422, True)
    first = Backtest.objects.last()
    assert first is not None
    Backtest.objects.filter(pk=first.pk).update(asked_at=site.now - timedelta(minutes=5))
    assert "Nobody takes it" in words(browser.get(f"/backtests/{first.pk}/progress/"))
    assert "stopped" in words(browser.post(f"/backtests/{first.pk}/stop/", follow=True))
    assert "data-ended" in browser.get(f"/backtests/{first.pk}/progress/").content.decode()
    assert "It had ended already" in words(browser.post(f"/backtests/{first.pk}/stop/", follow=True))
    again = shown(browser, f"/backtests/new/?from={first.pk}")
    assert again["text"] == form["text"]
    assert browser.post("/backtests/new/", again).status_code == 302
    assert words(browser.get("/backtests/")).count("test_space") == 4


def test_a_limited_specialist_tries_over_their_departments(site: Site, folder: Path) -> None:
    finance, law = site.department("Finance"), site.department("Law")
    fuller(site, "LT-OURS", department=finance)
    fuller(site, "LT-THEIRS", department=law)
    cas = site.client(site.staff("cas", role="specialist", departments=[finance]))
    form = shown(cas)
    assert cas.post("/backtests/new/", {**form, "department": str(law.pk)}).status_code == 422
    assert cas.post("/backtests/new/", form).status_code == 302
    row = only()
    assert work(site, row) == "done"
    page = words(cas.get(f"/backtests/{row.pk}/"))
    assert "LT-OURS" in page
    assert "LT-THEIRS" not in page
    sara = site.client(site.staff("sara", role="specialist", departments=[law]))
    for address in ("", "progress/", "report/", "rule/tried/"):
        assert sara.get(f"/backtests/{row.pk}/{address}").status_code == 404
    assert "test_space" not in words(sara.get("/backtests/"))
    desk = site.client(site.staff("dirk", role="desk"))
    assert "Try on history" not in words(desk.get("/rules/test_space/"))
    assert desk.get("/backtests/").status_code == 403


def test_it_speaks_dutch(site: Site, folder: Path) -> None:
    fuller(site, "LT-1")
    browser = site.client(site.staff("saar", language="nl"))
    form = shown(browser)
    assert "Vergelijk met de regel zoals hij nu is" in words(browser.get("/backtests/new/?rule=test_space"))
    browser.post("/backtests/new/", form)
    assert "Wacht op zijn beurt" in words(browser.get(f"/backtests/{only().pk}/"))
    assert work(site, only()) == "done"
    assert "Geopende tickets per week" in words(browser.get(f"/backtests/{only().pk}/"))
