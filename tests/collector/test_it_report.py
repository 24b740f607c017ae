"""The IT report: what it counts, for whom, and that it stays as it was issued; answers and plans on the same page."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.test import override_settings

from keuring.signals import catalogue
from tests.collector.console_fixtures import MODEL, words

if TYPE_CHECKING:
    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

only_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
GPU_DRIVER, WEEK = 361, timedelta(days=7)


def of_reports(site: Site, machine: Endpoint, apk_report: str) -> dict[str, list[Any]]:
    """What the addresses of IT reports, objections and My workplace name, for tests of every address."""
    number = site.it_report().number
    return {
        **{name: [number] for name in ("it_report", "it_report_pdf", "it_answer")},
        **{name: [1] for name in ("it_settle", "objection_answer")},
        "workplace_enter": ["nothing"],
        "workplace_stored": [machine.uuid],
        "workplace_report": [apk_report],
    }


def section(report: Any, name: str, language: str = "en") -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in report.content[language] if each["name"] == name)
    return found


def rows(report: Any, name: str, table: int = 0) -> list[list[str]]:
    tables = section(report, name)["tables"]
    return tables[table]["rows"] if tables else []


def fleet(site: Site, model: str, count: int, first: int = 0) -> list[Any]:
    found = [site.machine(f"LT-{model[-2:].strip()}{first + number:02}") for number in range(count)]
    for machine in found:
        site.fact(machine, MODEL, model)
    return found


def test_what_was_prevented_stands_with_dates_and_evidence_and_names_nobody(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import TicketOutcome

    noor = site.staff()
    known, rare = fleet(site, "Notitie 14", 5), fleet(site, "Zeldzaam 1", 1)
    for machine in (known[0], rare[0]):
        ticket = site.ticket(machine)
        actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="right", text="Opgeruimd met Sanne.")
    wrong = site.ticket(known[1])
    actions.resolve(wrong.pk, actor=noor, now=site.now, verdict="wrong", text="Niets aan de hand.")
    came = site.ticket(known[2])
    TicketOutcome.objects.create(ticket=came, result="came", came_at=site.now, looked_at=site.now)
    report = site.it_report()
    told = section(report, "prevented")
    assert told["lead"][0] == "2 problems were prevented."
    assert told["lead"][2].startswith("1 problem was announced and came")
    first, second = rows(report, "prevented")
    assert first[1] == "disk space"
    assert (first[2], second[2]) == ("Notitie 14", "–")  # of one machine alone the model would name its colleague
    assert "Volume in use (C:) is 88 %" in first[6]
    assert all(day.endswith(str(site.now.year)) for day in (first[3], first[5]))
    assert [row[0] for row in rows(report, "prevented", 1)] == [f"#{came.pk}"]
    for name in ("LT-", "Sanne", "Opgeruimd"):
        assert name not in str(report.content), name


@only_sqlite
def test_a_group_of_fewer_than_five_is_never_told_apart(site: Site) -> None:
    large, small = fleet(site, "Notitie 14", 8), fleet(site, "Zeldzaam 1", 4)
    others = fleet(site, "Bureau 20", 30)
    for machine in (*large[:7], *small, *others[:1]):
        site.ticket(machine)
        site.fact(machine, 541, "7.2", "Schrijver")
    report = site.it_report()
    models = {row[0]: row for row in rows(report, "trends")}
    assert "Zeldzaam 1" not in str(report.content)
    assert models["Notitie 14"][5] == "more often"
    assert models["Notitie 14"][6] == "disk space"
    assert models["Bureau 20"][2] == "< 5"
    assert section(report, "trends")["lead"][0].startswith("Notitie 14 has tickets more often than the rest: 88 % of 8")
    recurring = rows(report, "recurring")
    assert recurring[0][:3] == ["disk space", "12", "12"]
    assert recurring[0][4] == "Notitie 14"
    assert "larger ones" in recurring[0][5]


@only_sqlite
def test_mood_promises_and_tips_stand_in_the_report_of_groups_alone(site: Site) -> None:
    from keuring_collector.service import promises
    from keuring_collector.service.models import MoodCount, MoodLine, Promise, TipOffer
    from tests.collector.announcing_kit import announce
    from tests.collector.test_tips import shipped

    lead = site.staff("lea", role="team_lead")
    machines = [site.machine(f"LT-{number}") for number in range(6)]
    empty = site.it_report()
    assert section(empty, "mood")["lead"] == ["Too few colleagues answered to tell of anybody."]
    assert section(empty, "announced")["lead"] == ["0 announcements were made.", "No promise fell due."]
    assert section(empty, "tips")["lead"] == ["Fewer than five tips were offered."]

    last = (site.today.replace(day=1) - timedelta(days=1)).replace(day=1)
    for name, count, value in (("Finance", 6, 4), ("Law", 7, 2), ("Board", 3, 1)):
        department = site.department(name)
        MoodCount.objects.create(department=department, month=last, source="visit", value=value, count=count)
        MoodLine.objects.create(department=department, month=last, text=f"Said at {name}.")
        MoodCount.objects.create(
            department=department, month=site.today.replace(day=1), source="visit", value=5, count=9
        )
    made = announce(site, lead)
    for due, state in ((0, "kept"), (0, "open"), (0, "withdrawn"), (1, "open")):
        promise = promises.make("We come to Sanne.", site.today + timedelta(days=due), actor=lead, now=site.now)
        Promise.objects.filter(pk=promise.pk).update(state=state)
    rule = shipped().by_name["uptime_long"].id
    for machine, outcome in zip(machines, ("gone", "gone", "gone", "stayed", "stayed", "missed"), strict=True):
        TipOffer.objects.create(
            endpoint=machine, rule=rule, way="notice", offered_on=site.today, outcome=outcome,
            decided_on=site.today,
        )  # fmt: skip
    report = site.it_report("month")
    # The board's three are not told, nor Finance, from which they could be worked out; nor is this month.
    told = rows(report, "mood")
    assert [row[0] for row in told] == ["everybody", "Law"]
    assert [row[-1] for row in told] == ["2.6 (16)", "2.0 (7)"]
    assert rows(report, "mood", 1) == [["Law", "Said at Law."]]
    assert section(report, "announced")["lead"][0] == "1 announcement was made."
    assert section(report, "announced")["lead"][1] == "Promises that fell due: 2, kept: 1."
    assert rows(report, "announced")[0][0] == str(made.text("title", "en"))
    assert rows(report, "announced", 1) == [
        ["kept", "1"], ["not kept", "0"], ["nobody said", "1"], ["withdrawn before", "1"], ["share kept", "50 %"],
    ]  # fmt: skip
    assert section(report, "tips")["lead"] == [
        "5 tips were offered.", "Of 5 of which we know what became of them, < 5 helped.",
    ]  # fmt: skip
    assert rows(report, "tips") == [["A restart helps", "5", "60 %"]]
    for hidden in ("Board", "Finance", "Sanne"):
        assert hidden not in str(report.content), hidden


def test_the_budget_follows_the_forecasts_by_quarter_with_their_range(site: Site) -> None:
    from keuring_collector.desk.models import Ticket, TicketLine
    from keuring_collector.service.it_report.replacing import QUARTERS, quarters

    first = quarters(site.today + timedelta(days=1))
    assert len(first) == QUARTERS

    def expect(name: str, low: date, middle: date, high: date, cause: str = "battery-wear") -> None:
        ticket = site.ticket(site.machine(name), cause=cause, subject="BAT0")
        days = {
            f"expected_{key}": site.now.replace(year=day.year, month=day.month, day=day.day)
            for key, day in (("low", low), ("at", middle), ("high", high))
        }
        TicketLine.objects.filter(ticket=ticket).update(**days)
        Ticket.objects.filter(pk=ticket.pk).update(**days)

    expect("LT-1", first[1] + timedelta(days=9), first[1] + timedelta(days=20), first[1] + timedelta(days=30))
    expect("LT-2", first[1] + timedelta(days=60), first[2] + timedelta(days=10), first[2] + timedelta(days=40))
    expect("LT-3", *(site.today + timedelta(days=4000),) * 3)  # beyond what is told
    ended = site.ticket(site.machine("LT-4"), cause="disk-failing", subject="sda", days=None)
    assert ended.expected_at is None
    for name, day in (("LT-5", first[1] + timedelta(days=3)), ("LT-6", site.today - timedelta(days=400))):
        noon = datetime.combine(day, time(12), UTC).timestamp()
        site.fact(site.machine(name), catalogue.KEURING_WARRANTY_END.id, noon)
    report = site.it_report(battery=80.0)
    counts, money = rows(report, "replacing"), rows(report, "replacing", 1)
    assert counts[0] == ["battery", "0", "1 (1 – 2)", "1 (0 – 1)", "0", "0"]
    assert counts[1][:2] == ["drive", "1"]
    assert counts[2] == ["end of warranty", "0", "1", "0", "0", "0"]  # not the one that is over
    assert money[0][2:4] == ["€ 80 (€ 80 – € 160)", "€ 80 (€ 0 – € 80)"]
    assert money[-1][0] == "together"
    assert "drive" in section(report, "replacing")["notes"][1]
    assert len(section(site.it_report("month"), "replacing")["tables"]) == 1  # no prices: counts alone


@only_sqlite
def test_reports_are_issued_once_for_what_is_over_kept_and_mailed(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.console import readings
    from keuring_collector.service.it_report import issuing, mailing
    from keuring_collector.service.models import ItReport

    store, pack = readings.store(), rulepack.load()
    assert issuing.issue_due(store, pack, site.now, {}) == []  # no machine yet
    site.ticket()
    made = issuing.issue_due(store, pack, site.now, {})
    assert {report.kind for report in made} == {"week", "month"}
    assert all(report.ends <= site.today for report in made)
    assert issuing.issue_due(store, pack, site.now, {}) == []
    site.staff("iris", role="it", email="iris@example.org", language="nl")
    site.staff("lea", role="team_lead", email="lea@example.org", departments=[])  # sees some departments only
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        assert mailing.send_waiting(site.now, "https://desk/", "nl") == 2
        assert mailing.send_waiting(site.now, "https://desk/", "nl") == 0
    message, first = mail.outbox[0], ItReport.objects.order_by("issued_at", "pk")[0]
    assert message.to == ["iris@example.org"]
    assert message.subject.startswith("IT-rapport 2")
    assert "Wat aan vervanging toe komt" in message.body
    assert f"https://desk/it-reports/{first.number}/" in message.body
    attached: Any = message.attachments[0]
    name, content, kind = attached
    assert (name[:9], content[:5], kind) == ("it-report", b"%PDF-", "application/pdf")
    assert issuing.is_unchanged(made[0])
    made[0].content["machines"] = 9000
    made[0].save()
    page = words(site.client(site.staff("admin")).get(f"/it-reports/{made[0].number}/"))
    assert "This report was changed after it was issued." in page


@only_sqlite
def test_an_address_that_is_refused_for_good_sends_nobody_the_report_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smtplib import SMTPRecipientsRefused

    from django.core.mail.backends.locmem import EmailBackend

    from keuring_collector.service.it_report import mailing

    site.it_report()
    for name in ("iris", "gone", "zoe"):
        site.staff(name, role="it", email=f"{name}@example.org")
    real, codes = EmailBackend.send_messages, iter([451, 550])

    def refuses_one(self: Any, messages: Any) -> int:
        if messages[0].to == ["gone@example.org"]:
            raise SMTPRecipientsRefused({"gone@example.org": (next(codes), b"no")})
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", refuses_one)
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        for _time in ("not now", "never"):
            with pytest.raises(OSError, match="no"):
                mailing.send_waiting(site.now, "https://desk/", "nl")
        assert mailing.send_waiting(site.now, "https://desk/", "nl") == 0
    assert mail.outbox[-1].to == ["zoe@example.org"]


@only_sqlite
def test_it_reads_answers_and_plans_in_place_and_sees_no_machine(site: Site) -> None:
    from keuring_collector.desk.models import Outgoing
    from keuring_collector.service.models import PlannedChange

    ticket = site.ticket(site.machine("LT-0042"))
    iris, lea = site.staff("iris", role="it"), site.staff("lea", role="team_lead", email="lea@example.org")
    browser = site.client(iris)
    listed = browser.get("/it-reports/")
    assert "Here come the IT reports" in words(listed)
    response = browser.post("/it-reports/plans/", {"title": "Nieuwe printers", "about": "Je kiest er één.", "when": ""})
    assert response.status_code == 302
    assert browser.post("/it-reports/plans/", {"title": "", "when": "gauw"}).status_code == 422
    report = site.it_report()
    page = f"/it-reports/{report.number}/"
    assert "Nieuwe printers not known yet planned Je kiest er één." in words(browser.get(page))
    for place in ("/", f"/tickets/{ticket.pk}/", "/machines/", "/departments/", "/search/?q=LT"):
        assert browser.get(place).status_code == 403, place
    text = browser.get(page).content.decode()
    assert 'name="q"' not in text  # no search over what they may not see
    assert "LT-0042" not in text
    answered = browser.post(page + "answer/", {"section": "planned", "text": "@lea we wait for the supplier"})
    assert answered["Location"] == f"{page}#planned"
    assert "we wait for the supplier" in words(site.client(lea).get(page))
    sent = Outgoing.objects.get()
    assert (sent.to, sent.subject) == ("lea@example.org", f"iris mentioned you in the IT report {report.number}")
    refused = browser.post(page + "answer/", {"section": "planned", "text": " "})
    assert refused.status_code == 422
    assert "Write something, in at most 2,000 characters." in words(refused)
    change = PlannedChange.objects.get()
    browser.post(f"/it-reports/plans/{change.pk}/", {"state": "done"})
    change.refresh_from_db()
    assert change.state == "done"
    assert site.client(site.staff("vera", role="viewer")).post("/it-reports/plans/", {"title": "x"}).status_code == 403
    limited = site.client(site.staff("cas", role="desk", departments=[site.department()]))
    assert limited.get(page).status_code == 404
    assert "of the whole organisation" in words(limited.get("/it-reports/"))


@only_sqlite
def test_signing_in_leads_it_to_what_it_may_see(site: Site) -> None:
    site.staff("iris", role="it", password="een-rapport-per-week")
    response = site.client().post("/sign-in/", {"username": "iris", "password": "een-rapport-per-week"})
    assert response["Location"] == "/it-reports/"


@only_sqlite
def test_programs_read_answer_and_plan(site: Site) -> None:
    from keuring_collector.desk import api_tokens

    site.ticket()
    iris = site.staff("iris", role="it")
    report = site.it_report()
    _kept, secret = api_tokens.make(iris, "dashboard", ["read", "act"], 30, site.now)
    client = site.client()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    assert [each["number"] for each in client.get("/api/it-reports").json()] == [report.number]
    answer = {"section": "trends", "text": "Seen."}
    path = f"/api/it-reports/{report.number}"
    assert client.post(f"{path}/answers", answer, "application/json").status_code == 200
    wrong = client.post(f"{path}/answers", {**answer, "section": "weather"}, "application/json")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "This report has no such section.")
    full = client.get(path, {"language": "nl"}).json()
    assert full["sections"][0]["title"] == "Wat is voorkomen"
    assert full["answers"] == [{"section": "trends", "author": "iris", "on": site.today.isoformat(), "text": "Seen."}]
    plan = {"title": "New access points", "when": "2027-02-01"}
    assert client.post("/api/planned-changes", plan, "application/json").json()["state"] == "planned"
    assert [each["title"] for each in client.get("/api/planned-changes").json()] == ["New access points"]
    assert client.get("/api/machines").status_code == 403
