"""Skills: who can what, who could help, what is short; and growth plans, which are for two pairs of eyes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import words
from tests.collector.test_api import Program

if TYPE_CHECKING:
    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
pytestmark = SQLITE
SECRET = "Drie bezoeken meelopen met Noor"


def shipped() -> RulePack:
    from keuring_collector.console import pack

    return pack.current().pack


def can(site: Site, person: Staff, **levels: int) -> None:
    from keuring_collector.service.skills import profiles

    profiles.say(person, {name.replace("_", "-"): level for name, level in levels.items()}, shipped(), site.now)


def test_every_rule_cause_and_visit_asks_skills_that_there_are(site: Site) -> None:
    from keuring_collector.service.skills import catalogue, needs

    assert site.url
    known, asking = catalogue.everything(), needs.Needs(shipped())
    assert {rule.skill for rule in shipped().rules.values()} <= set(known)  # nothing but what ships
    for cause in asking.causes:
        assert asking.by_rules(cause) | {*asking.set_for("cause", cause)} <= set(known), cause
        assert asking.by_rules(cause), cause
    for visit in needs.VISITS:
        assert asking.of_visit(visit)
        assert set(asking.of_visit(visit)) <= set(known), visit
    assert all(nl and en for skill in known.values() for nl, en in (skill.names, skill.abouts))
    kinds = [skill.is_technical for skill in known.values()]
    assert kinds == sorted(kinds, reverse=True)  # technical ones first


def test_people_say_what_they_can_and_a_team_lead_confirms_it(site: Site) -> None:
    from keuring_collector.service.models import StaffSkill

    hidde = site.staff("hidde", role="desk", first_name="Hidde")
    noor = site.staff("noor", role="team_lead", first_name="Noor")
    own, lead = site.client(hidde), site.client(noor)
    assert "Here comes who can what" in words(own.get("/skills/"))
    mine = f"/skills/people/{hidde.pk}/"
    assert "What I can do" in words(own.get(mine))
    assert "Kept." in words(own.post("/skills/say/", {"level-network": "2", "level-listening": "1"}, follow=True))
    for wrong in ({"level-network": "7"}, {"level-juggling": "2"}):
        assert "Choose one of the steps" in words(own.post("/skills/say/", wrong, follow=True))
    page = words(own.get("/skills/"))
    assert "Hidde" in page
    assert "confirmed" not in page
    assert "Confirmed." in words(lead.post(f"{mine}confirm/", {"skill": "network"}, follow=True))
    assert "confirmed" in words(own.get("/skills/"))
    assert own.post(f"{mine}confirm/", {"skill": "listening"}).status_code == 403
    refused = lead.post(f"{mine}confirm/", {"skill": "linux"}, follow=True)
    assert "They say nothing of that skill any more" in words(refused)
    refused = lead.post(f"/skills/people/{noor.pk}/confirm/", {"skill": "linux"}, follow=True)
    assert "never their own" in words(refused)
    own.post("/skills/say/", {"level-network": "3", "level-listening": "0"})
    (row,) = StaffSkill.objects.all()
    assert (row.skill, row.level, row.is_confirmed) == ("network", 3, False)  # more than was confirmed


def test_the_desk_adds_skills_and_says_what_work_asks(site: Site) -> None:
    from keuring_collector.service.models import SkillNeed
    from keuring_collector.service.skills import needs

    lead, desk = site.client(site.staff("noor", role="team_lead")), site.client(site.staff("hidde", role="desk"))
    fields = {"kind": "technical", "name_nl": "Printers", "name_en": "", "about_nl": "", "about_en": "", "slug": ""}
    assert desk.post("/skills/add/", fields).status_code == 403
    lead.post("/skills/add/", fields)
    assert "Printers" in words(desk.get("/skills/"))
    again = words(lead.post("/skills/add/", fields, follow=True))
    assert "There is a skill of that name already" in again
    for changed, told in (
        ({"name_nl": ""}, "Give the skill a name"),
        ({"kind": "magic"}, "technical or communicative"),
    ):
        assert told in words(lead.post("/skills/add/", {**fields, **changed}, follow=True))
    lead.post("/skills/add/", {**fields, "slug": "network", "name_nl": "Netwerken", "name_en": "Networks"})
    assert "Networks" in words(desk.get("/skills/"))

    ask = {"kind": "cause", "value": "volume-space", "skill": ["printers", "listening"]}
    assert desk.post("/skills/asked/change/", ask).status_code == 403
    lead.post("/skills/asked/change/", ask)
    asking = needs.Needs(shipped())
    assert asking.by_rules("volume-space") == {"workplace", "linux"}
    assert set(asking.set_for("cause", "volume-space")) == {"printers", "listening"}
    lead.post("/skills/asked/change/", {"kind": "visit", "value": "hello", "skill": []})
    assert needs.Needs(shipped()).of_visit("hello") == ()
    for wrong, told in (
        ({**ask, "value": "no-such"}, "There is no such cause or visit"),
        ({**ask, "skill": ["juggling"]}, "There is no skill “juggling”"),
    ):
        assert told in words(lead.post("/skills/asked/change/", wrong, follow=True))
    assert SkillNeed.objects.count() == 2
    assert "Printers" in words(desk.get("/skills/asked/"))


def test_who_could_help_stands_by_name_with_words_for_what_is_on_hand(site: Site) -> None:
    from keuring_collector.service.skills import routing

    finance, sales = site.department("Finance"), site.department("Sales")
    ticket = site.ticket(site.machine("LT-1", department=finance))
    people = {
        name: site.staff(name, role=role, first_name=name.capitalize(), departments=seen)
        for name, role, seen in (
            ("wim", "desk", None), ("anna", "specialist", [finance]), ("bob", "visitor", None),
            ("carla", "desk", [sales]), ("dirk", "viewer", None), ("eva", "desk", None),
        )
    }  # fmt: skip
    for name, level in (("wim", 3), ("anna", 2), ("bob", 1), ("carla", 3), ("dirk", 3)):
        can(site, people[name], workplace=level)
    can(site, people["wim"], coaching=2)
    for number in range(7):
        site.ticket(site.machine(f"PC-{number}"), owner=people["anna"])
    found = routing.suggest([ticket], shipped(), site.now)
    assert [skill.slug for skill in found.needs] == ["workplace", "coaching"]
    assert [helper.person.first_name for helper in found.fitting] == ["Anna", "Wim"]  # by name, not by level
    assert [helper.person.first_name for helper in found.partly] == ["Bob"]
    assert [helper.load.word for helper in found.fitting] == ["enough", "little"]
    desk = site.client(people["eva"])
    page = words(desk.get(f"/tickets/{ticket.pk}/"))
    assert "Who could help" in page
    assert "has enough on hand" in page
    assert "Carla" not in page[page.index("Who could help") : page.index("A suggestion, by name")]
    several = desk.post("/skills/who/?state=open", {"ticket": [f"{ticket.pk}@"], "action": ""})
    assert "Who could help with this ticket" in words(several)
    given = desk.post("/tickets/?state=open", {"action": "assign", "to": people["wim"].pk, "ticket": f"{ticket.pk}@"})
    assert given.status_code == 302
    ticket.refresh_from_db()
    assert ticket.owner == people["wim"]
    assert "Nothing was selected" in words(desk.post("/skills/who/", {}, follow=True))
    answer = Program(site, people["eva"]).get(f"tickets/{ticket.pk}/helpers")
    assert [(each["name"], each["on_hand"]) for each in answer["fitting"]] == [("anna", "enough"), ("wim", "little")]
    assert "7" not in str(answer)  # how many she has is hers
    Program(site, people["carla"]).get(f"tickets/{ticket.pk}/helpers", status=404)
    Program(site, people["dirk"]).get("skills", status=403)


def test_workload_is_for_oneself_and_ones_team_lead(site: Site) -> None:
    finance = site.department("Finance")
    hidde = site.staff("hidde", role="desk", first_name="Hidde")
    today = site.today
    planned = {"owner": hidde, "state": "planned"}
    site.ticket(site.machine("LT-1"), **planned, planned_for=today + timedelta(days=2))
    site.ticket(site.machine("LT-2"), **planned, planned_for=today - timedelta(days=2))
    site.ticket(site.machine("LT-3"), **planned, planned_for=today + timedelta(days=30))
    mine = f"/skills/people/{hidde.pk}/"
    for name, role, seen, sees in (
        ("noor", "team_lead", None, True), ("piet", "team_lead", [finance], False),
        ("ada", "administrator", None, False), ("cas", "desk", None, False),
    ):  # fmt: skip
        person = site.client(site.staff(name, role=role, departments=seen))
        assert ("Planned within a week" in words(person.get(mine))) is sees, name
        shown = person.get("/skills/team/")
        assert (shown.status_code == 200 and "Hidde" in words(shown)) is sees, name
    assert "Planned, the day has passed 1" in words(site.client(hidde).get(mine))


def test_a_growth_plan_is_read_by_whom_it_is_of_and_their_team_lead_alone(site: Site) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry
    from keuring_collector.service.models import GrowthStep

    hidde = site.staff("hidde", role="desk", first_name="Hidde")
    noor = site.staff("noor", role="team_lead", first_name="Noor")
    finance = site.department("Finance")
    others = {role: site.staff(f"x-{role}", role=role) for role in
              ("viewer", "desk", "privacy_officer", "administrator")}  # fmt: skip
    others["limited lead"] = site.staff("piet", role="team_lead", departments=[finance])
    mine, grow = f"/skills/people/{hidde.pk}/", f"/skills/people/{hidde.pk}/growth/"
    step = {"do": "add", "skill": "bad-news", "goal": "2", "how": SECRET, "until": "2031-05-01"}
    own, lead = site.client(hidde), site.client(noor)
    assert "It is in the plan." in words(own.post(grow, step, follow=True))
    for wrong, told in (
        ({"skill": "juggling"}, "Choose a skill of the list"), ({"goal": "9"}, "how far they want to come"),
        ({"until": "2001-01-01"}, "That date has passed"), ({"until": "soon"}, "Choose a date"),
        ({"how": "x" * 301}, "longer than fits"),
    ):  # fmt: skip
        assert told in words(own.post(grow, {**step, **wrong}, follow=True)), told
    (kept,) = GrowthStep.objects.all()
    for reader in (own, lead):
        response = reader.get(mine)
        assert SECRET in words(response)
        assert "no-store" in response["Cache-Control"]
        reader.post(grow, {"do": "turn", "step": kept.pk, "state": "done"})
    kept.refresh_from_db()
    assert kept.state == "done"
    assert Program(site, hidde).get("growth/hidde")[0]["how"] == SECRET
    assert Program(site, noor).get("growth/hidde")[0]["state"] == "done"

    everywhere = (
        mine, "/skills/", "/skills/short/", "/skills/short/export/", "/skills/team/",
        f"/staff/{hidde.pk}/", "/search/?q=meelopen", "/search/suggest/?q=meelopen",
        "/audit/?subject=hidde", "/today/",
    )  # fmt: skip
    audit.flush()
    for role, person in others.items():
        browser, program = site.client(person), Program(site, person)
        for page in everywhere:
            assert SECRET not in body(browser.get(page)), (role, page)
        assert browser.post(grow, {**step, "how": "mine now"}).status_code in (403, 404), role
        assert browser.post(grow, {"do": "turn", "step": kept.pk, "state": "open"}).status_code in (403, 404), role
        for address in ("growth/hidde", "skills", "skills/short"):
            response = program.client.get(f"/api/{address}", headers={"Authorization": f"Bearer {program.text}"})
            assert SECRET not in body(response), (role, address)
            if address.startswith("growth"):
                assert response.status_code in (403, 404), role
    assert GrowthStep.objects.count() == 1
    audit.flush()
    entries = list(AuditEntry.objects.filter(action__startswith="growth."))
    assert {(entry.action, entry.actor) for entry in entries} == {
        ("growth.changed", "hidde"), ("growth.changed", "noor"), ("growth.viewed", "noor")
    }  # fmt: skip
    assert {entry.subject for entry in entries} == {"staff/hidde"}
    assert {entry.detail for entry in entries} == {"{}"}  # that, and never what
    assert SECRET not in str(list(AuditEntry.objects.values_list()))


def body(response: Any) -> str:
    """All of an answer, also one that comes in pieces."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    text: str = content.decode()
    return text


def test_what_is_short_compares_skills_and_says_what_to_learn_next(site: Site) -> None:
    from keuring_collector.console import fleet_counts
    from keuring_collector.service.skills import gaps

    rules = shipped().by_name
    hidde = site.staff("hidde", role="desk", first_name="Hidde")
    anna = site.staff("anna", role="desk", first_name="Anna")
    for number in range(3):
        site.ticket(site.machine(f"LT-{number}"))  # workplace; its cause asks coaching too
    battery = {"rule": rules["battery_wearing"].id, "cause": "battery-wear", "days": None, "subject": "BAT0"}
    site.ticket(site.machine("LT-7"), **battery, state="planned", planned_for=site.today + timedelta(days=3))
    site.ticket(site.machine("LT-8"), **battery, age=300, state="resolved", closed_at=site.now)  # too long ago
    can(site, hidde, workplace=3, hardware=1)
    can(site, anna, workplace=2)
    found = {gap.skill.slug: gap for gap in fleet_counts.gaps(hidde, site.now)[0]}
    told = {slug: (gap.tickets, gap.visits, gap.state) for slug, gap in found.items() if gap.demand}
    assert told == {
        "hardware": (1, 0, "missing"), "coaching": (3, 0, "missing"), "explaining": (0, 1, "missing"),
        "workplace": (3, 0, "enough"),
    }  # fmt: skip
    assert [gap.skill.slug for gap in gaps.learn_next(found.values(), hidde)] == ["coaching", "explaining", "hardware"]
    browser = site.client(hidde)
    page = words(browser.get("/skills/short/"))
    assert "nobody can do it" in page
    assert "Learning it: Hidde." in page
    rows = body(browser.get("/skills/short/export/"))
    assert "Hidde" not in rows
    assert "Hardware,technical,1,0,0,1,nobody can do it" in rows
    sales = site.staff("els", role="desk", departments=[site.department("Sales")])
    assert all(gap.demand == 0 for gap in fleet_counts.gaps(sales, site.now)[0])
    assert Program(site, hidde).get("skills/short")[0]["slug"] == "coaching"
