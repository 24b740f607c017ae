"""The week of each role, in a real browser, by the pages alone: from signing in to what the database then says."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import PASSWORD
from tests.e2e.browsing import DESK
from tests.e2e.weeks import barriers, follow, main, pdf, send

if TYPE_CHECKING:
    from tests.e2e.weeks import Weeks

pytestmark = [pytest.mark.long, pytest.mark.needs("chromium")]
SOON = (datetime.now(DESK) + timedelta(days=2)).date().isoformat()


def test_a_viewer_finds_a_machine_and_checks_its_report(weeks: Weeks) -> None:
    page = weeks.sign_in("vera")
    page.fill("#search", "LT-0005")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    if not re.search(r"/machines/[0-9a-f-]{36}/", page.url):
        follow(page, page.locator("main a.plated", has_text="LT-0005").first)
    assert "Collega Nummer 5" in main(page)
    assert page.locator("main form[method=post]").count() == 0  # nothing to do here but look
    follow(page, page.locator("section[aria-labelledby=apk] a").first)
    number, code = (page.locator("dl.facts dd.mono").nth(place).inner_text() for place in (0, 1))
    assert re.fullmatch(r"\d{4}-000001", number)
    assert page.locator("main form[method=post]").count() == 0
    assert pdf(page, ".report-acts a")
    follow(page, page.locator("main a[href='/check/']"))
    page.fill("#number", number)
    page.fill("#code", "0" * 16)
    send(page, "main form[action='/check/'] button")
    assert weeks.say("teken voor teken", "digit by digit") in main(page)
    assert page.input_value("#number") == number  # what was typed stays
    page.fill("#code", code)
    send(page, "main form[action='/check/'] button")
    told = page.locator("[role=status]").inner_text()
    assert weeks.say("Dit rapport klopt", "This report is genuine") in told
    assert "LT-0005" in told
    follow(page, page.locator(".crumb"))
    weeks.to(page, "/")
    before = weeks.ask("SELECT id, state, owner_id, updated_at FROM desk_ticket")
    assert page.locator(".bulk, .pick:visible").count() == 0
    follow(page, page.locator("tr.ticket .what a").first)
    assert page.locator(".acts").count() == 0
    page.goto("/staff/")  # typed by hand: it says why not, and who could
    assert "Bas" in main(page)
    assert weeks.ask("SELECT id, state, owner_id, updated_at FROM desk_ticket") == before
    page.context.close()


def test_a_specialist_betters_a_rule_and_writes_what_was_learned(weeks: Weeks) -> None:
    page = weeks.sign_in("saar")
    weeks.to(page, "/")
    # A cause that machines share: their tickets are put together.
    with page.expect_navigation(wait_until="load"):
        page.select_option("select[name=cause]", "test-space")
        if page.locator("button.apply").is_visible():
            page.click("button.apply")
    for box in page.locator("tr.ticket .pick input").all():
        box.check()
    page.locator(".bulk details > summary").click()
    send(page, ".bulk button[formaction='/fleet-tickets/']")
    assert "4" in page.locator("h1").inner_text()
    send(page, "form[action$='/take/'] button")
    assert weeks.ask("SELECT username FROM desk_fleetticket f JOIN desk_staff s ON s.id = f.owner_id") == [("saar",)]
    assert page.locator("tr.ticket").count() == 4
    # Another limit, on history, and then in force.
    weeks.to(page, "/rules/")
    follow(page, page.locator("a[href='/rules/test_space/']").first)
    follow(page, page.locator("a[href='/backtests/new/?rule=test_space']").first)
    typed = page.input_value("#text")
    page.fill("#text", typed.replace("90 %", "95 %").replace("maturity: test", "maturity: experimental"))
    send(page, "form.ask button.primary")
    tried = page.url
    weeks.work_through()
    page.wait_for_selector(".answer")  # by itself
    assert weeks.say("3 tickets", "3 tickets") in page.locator(".answer").inner_text()
    send(page, "form[action$='/save/'] button")
    rule = (weeks.folder / "rules" / "storage" / "test_space.yaml").read_text("utf-8")
    assert "above: 95 %" in rule
    assert weeks.ask(
        "SELECT count(*) FROM desk_backtest WHERE saved_at IS NOT NULL AND id = ?", tried.split("/")[-2]
    ) == [(1,)]
    # What was learned, for everybody.
    weeks.to(page, "/articles/")
    follow(page, page.locator("a[href='/articles/new/']"))
    page.fill("#title_nl", "Een volle proefschijf")
    page.fill("#body_nl", "Leeg eerst de prullenbak.")
    page.fill("#title_en", "A full test drive")
    page.fill("#body_en", "Empty the bin first.")
    page.select_option("#state", "published")
    send(page, "button[value=keep]")
    assert weeks.say("Leeg eerst de prullenbak.", "Empty the bin first.") in main(page)
    follow(page, page.locator("main a[href$='/edit/']"))
    page.fill("#body_nl", "Leeg eerst de prullenbak en de downloads.")
    send(page, "button[value=keep]")
    follow(page, page.locator("main a[href$='/versions/']"))
    assert weeks.ask("SELECT count(*) FROM service_articleversion")[0][0] == 2
    # Two tickets of one machine that are one problem.
    page.fill("#search", "LT-0000")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    follow(page, page.locator("main a[href^='/tickets/']").first)
    page.locator("details", has=page.locator("form[action$='/merge/']")).locator("summary").click()
    send(page, "form[action$='/merge/'] button")
    mine = "endpoint_id = (SELECT id FROM fleet_endpoint WHERE host_name = 'LT-0000')"
    assert weeks.ask(f"SELECT count(*) FROM desk_ticket WHERE {mine} AND state = 'merged'") == [(1,)]
    page.context.close()


def test_a_team_lead_plans_people_promises_and_visits(weeks: Weeks) -> None:
    hidde = weeks.sign_in("hidde")
    weeks.to(hidde, "/skills/")
    follow(hidde, hidde.locator(".skill-tabs a").last)
    hidde.select_option("#level-network", "2")
    send(hidde, "form[action='/skills/say/'] button")
    hidde.context.close()
    page = weeks.sign_in("teun")
    weeks.to(page, "/scoreboard/")
    assert weeks.say("Scorebord", "Scoreboard") in main(page)
    # Who has how much, who can what, and who learns what.
    weeks.to(page, "/skills/")
    follow(page, page.locator(".skill-tabs a[href='/skills/team/']"))
    follow(page, page.locator("main tbody a", has_text="Hidde"))
    send(page, "form[action$='/confirm/'] button")
    assert weeks.ask("SELECT skill, level FROM service_staffskill WHERE confirmed_at IS NOT NULL") == [("network", 2)]
    page.select_option("#skill", "linux")
    page.fill("#how", "Drie tickets samen met Saar")
    send(page, "details[open] form[action$='/growth/'] button")
    assert weeks.ask("SELECT skill, goal, how, state FROM service_growthstep") == [
        ("linux", 2, "Drie tickets samen met Saar", "open")
    ]
    follow(page, page.locator(".crumb"))
    follow(page, page.locator(".skill-tabs a[href='/skills/short/']"))
    assert page.locator("main tbody tr").count() > 5
    # A promise, and that it was kept.
    weeks.to(page, "/announcements/")
    follow(page, page.locator("main a[href='/promises/']"))
    page.fill("#text", "We kijken naar de schijven van Finance.")
    page.fill("#due_on", SOON)
    send(page, "form[action='/promises/make/'] button")
    send(page, "button[value=kept]")
    assert weeks.ask("SELECT text, state FROM service_promise") == [("We kijken naar de schijven van Finance.", "kept")]
    # Who has not seen us for long gets an hour in the week.
    weeks.to(page, "/visits/")
    follow(page, page.locator("section[aria-labelledby=unseen] a", has_text="Finance"))
    page.select_option("#weekday", "1")
    page.fill("#clock", "10:00")
    page.select_option("#visitor", label="Hidde")
    send(page, "#make button")
    assert weeks.ask("SELECT from_minute, minutes FROM service_visitinghour") == [(600, 60)]
    # A department moves house: nothing of it becomes a ticket meanwhile.
    weeks.to(page, "/quiet/")
    page.fill("#reason", "Finance verhuist")
    page.select_option("#department", label="Finance")
    page.fill("#to_day", SOON)
    send(page, "form[action='/quiet/make/'] button")
    assert weeks.ask("SELECT reason FROM desk_quiet WHERE kind = 'maintenance'") == [("Finance verhuist",)]
    page.context.close()


def test_a_privacy_officer_answers_and_sees_who_looked(weeks: Weeks) -> None:
    page = weeks.sign_in("pia")
    weeks.to(page, "/objections/")
    assert "Ik werk met gevoelige dossiers." in main(page)
    page.locator("input[value=refuse]").check()
    page.locator("textarea[name=answer]").fill("We kijken alleen naar de schijf, niet naar wat erop staat.")
    send(page, "form[action^='/objections/'] button")
    assert weeks.ask("SELECT state, answer FROM service_objection WHERE reason LIKE 'Ik werk%'") == [
        ("refused", "We kijken alleen naar de schijf, niet naar wat erop staat.")
    ]
    # Who looked at a machine: this look too.
    weeks.to(page, "/machines/")
    follow(page, page.locator("a.plated", has_text="LT-0004").first)
    follow(page, page.locator("section[aria-labelledby=looks] header a"))
    assert page.input_value("#subject") == "LT-0004"
    weeks.to(page, "/audit/")
    send(page, "form[action='/audit/check/'] button")
    assert weeks.say("heel tot en met", "whole up to") in main(page)
    page.select_option("#actor", "pia")
    send(page, ".filters button")
    assert "LT-0004" in main(page)
    # How long things are kept.
    weeks.to(page, "/settings/")
    follow(page, page.locator("a[href='/settings/collector/']"))
    kept = page.locator("tr", has=page.locator("code", has_text="audit_retention_days")).inner_text()
    assert "730" in kept
    page.context.close()


def test_an_administrator_lets_people_rules_and_programs_in(weeks: Weeks) -> None:
    page = weeks.sign_in("bas")
    weeks.to(page, "/staff/")
    page.fill("#name", "nienke")
    page.fill("#full_name", "Nienke Nieuw")
    page.select_option("#role", "specialist")
    send(page, "form[action='/staff/add/'] button")
    once = page.locator("code.secret").inner_text()
    assert weeks.ask("SELECT role, must_change_password FROM desk_staff WHERE username = 'nienke'") == [
        ("specialist", 1)
    ]
    hers = weeks.open()
    hers.goto("/sign-in/")
    hers.fill("#username", "nienke")
    hers.fill("#password", once)
    send(hers, "button.primary")
    for field, text in (("old_password", once), ("new_password1", PASSWORD), ("new_password2", PASSWORD)):
        hers.fill(f"[name={field}]", text)
    send(hers, "form:has([name=new_password1]) button.primary")
    assert hers.locator(".frame").count()
    hers.context.close()
    # The intake is over: a rule begins to open tickets when somebody says so.
    weeks.to(page, "/rules/")
    follow(page, page.locator("main a[href='/start/']").first)
    page.locator("input[aria-label=volume_nearly_full]").check()
    send(page, ".bulk button[value=on]")
    assert weeks.ask("SELECT opens FROM desk_ruleswitch") == [(1,)]
    # A program that reads for us.
    weeks.to(page, "/settings/")
    page.locator("details", has=page.locator("#token-name")).locator("summary").click()
    page.fill("#token-name", "Overzicht op de muur")
    send(page, "details[open] form[action='/settings/tokens/'] button")
    secret = page.locator("code.secret").inner_text()
    asked = weeks.browser.new_context(ignore_https_errors=True).request
    answer = asked.get(f"{weeks.url}/api/tickets", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status == 200
    assert "volume-space" in {ticket["cause"] for ticket in json.loads(answer.text())["items"]}
    assert weeks.ask("SELECT name FROM desk_apitoken") == [("Overzicht op de muur",)]
    follow(page, page.locator("a[href='/settings/collector/']"))
    assert "rules_directory" in main(page)
    page.context.close()


def test_the_it_department_reads_answers_and_tells_what_it_plans(weeks: Weeks) -> None:
    page = weeks.sign_in("iris")
    assert page.url.endswith("/it-reports/")
    assert page.locator("input[type=search]").count() == 0
    assert barriers(page) == []
    page.locator("details", has=page.locator("#title")).locator("> summary").click()
    page.fill("#title", "Grotere schijven in de Notitie 14")
    page.fill("#about", "Je krijgt een dag een andere laptop mee.")
    send(page, "form[action='/it-reports/plans/'] button")
    assert weeks.ask('SELECT title, "when" FROM service_plannedchange') == [("Grotere schijven in de Notitie 14", None)]
    follow(page, page.locator("main tbody a").first)
    part = page.locator("#recurring")
    part.locator("details.fold > summary").click()
    part.locator("textarea").fill("Besteld; volgende maand binnen. @teun")
    send(page, part.locator("form button"))
    page.wait_for_url("**#recurring")
    assert "Besteld; volgende maand binnen." in part.inner_text()
    assert barriers(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert barriers(page) == []
    assert weeks.ask("SELECT text FROM service_itcomment") == [("Besteld; volgende maand binnen. @teun",)]
    assert pdf(page, ".doings a")
    page.goto("/machines/")  # counts of groups, and no machine of anybody
    assert "LT-0" not in main(page)
    page.context.close()


def test_a_colleague_sees_says_takes_along_and_objects(weeks: Weeks) -> None:
    page = weeks.open(color_scheme="dark")
    page.goto(f"/workplace/enter/{weeks.secret}/")
    send(page, "button.primary")
    assert barriers(page) == []
    assert "LT-0005" in page.locator("#tickets").inner_text()
    assert "keuring-agent pause" in main(page)
    page.locator(".mood-choices label", has_text="4").click()
    page.fill("#mood_line", "Snel geholpen.")
    send(page, "form[action='/workplace/mood/'] button")
    assert weeks.ask("SELECT value, sum(count) FROM service_moodcount GROUP BY value") == [(4, 1)]
    send(page, "button[name=tip]")
    assert weeks.ask("SELECT outcome FROM service_tipoffer") == [("aside",)]
    assert page.locator("button[name=tip]").count() == 0
    follow(page, page.locator("main a[href^='/workplace/stored/']").first)
    assert weeks.say("wanneer je werkt", "when you work") in main(page)
    assert barriers(page) == []
    follow(page, page.locator(".crumb"))
    with page.expect_download() as waiting:
        page.click("form[action='/workplace/export/'] button")
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as archive:
        assert "machines/LT-0005/windows/system.filesystem.utilization.csv" in archive.namelist()
    page.locator("#rights details > summary").click()
    page.fill("#reason", "Ik wil er eerst meer van weten.")
    send(page, "#rights details[open] form button")
    assert weeks.ask("SELECT state FROM service_objection WHERE reason LIKE 'Ik wil er%'") == [("open",)]
    assert weeks.say("wacht op antwoord", "waiting for an answer") in page.locator("#rights").inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    assert barriers(page) == []
    page.context.close()
