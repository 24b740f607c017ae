"""Tips: seen on machines, offered at most one a week, put aside, and what became of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals import catalogue
from tests.collector.console_fixtures import DAY, MEAN, words
from tests.collector.test_api import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import RulePack
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
UPTIME, WIFI = catalogue.SYSTEM_UPTIME.id, catalogue.KEURING_WIFI_SIGNAL.id
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday, 10:00 at the desk


def shipped() -> RulePack:
    from keuring_collector.console import pack

    return pack.current().pack


def never() -> bool:
    return False


def chance(site: Site, machine: Endpoint, name: str, days: int = 30, subject: str = "", **fields: Any) -> Any:
    """A tip that holds, and goes on to, as the daily looks write it down; the machine is not looked at again."""
    from keuring_collector.service.models import TipChance, TipLook

    today = site.today
    TipLook.objects.update_or_create(endpoint=machine, defaults={"looked_on": today + timedelta(days=999)})
    return TipChance.objects.create(
        endpoint=machine, rule=shipped().by_name[name].id, subject=subject, since=today - timedelta(days=days),
        **{"seen_on": today + timedelta(days=999), **fields},
    )  # fmt: skip


@pytest.fixture
def running(site: Site) -> Callable[..., Any]:
    """One round of the job, some days after MORNING; what is heard of machines comes in the minute before."""
    from django.conf import settings

    from keuring_collector.console import readings
    from keuring_collector.service.tips import job

    def run(days: float = 0, *, heard: tuple[Endpoint, ...] = (), **changed: Any) -> Any:
        now = MORNING + timedelta(days=days)
        site.now = now
        for machine in heard:
            readings.store().connection.execute(
                "UPDATE endpoint_head SET received_at = ? WHERE endpoint_id = ?", (now.timestamp() - 60, machine.pk)
            )
        return job.run(readings.store(), shipped(), now, settings.KEURING.model_copy(update=changed), never)

    site.now = MORNING
    return run


def offered() -> list[tuple[str, str]]:
    """(machine, rule) of every offer, in order."""
    from keuring_collector.service.models import TipOffer

    names = {rule.id: rule.name for rule in shipped().rules.values()}
    rows = TipOffer.objects.order_by("pk").select_related("endpoint")
    return [(row.endpoint.host_name, names[row.rule]) for row in rows]


def test_a_tip_is_seen_offered_by_a_notice_and_measured_by_its_going_away(
    site: Site, running: Callable[..., Any]
) -> None:
    from keuring_collector.console import readings
    from keuring_collector.desk.models import Ticket
    from keuring_collector.service.models import TipChance, TipOffer
    from keuring_collector.store import notices

    machine = site.machine()
    site.measure(machine, UPTIME, [(34 + n / 4) * DAY for n in range(20)], compacted=False)
    done = running(heard=(machine,))
    assert (done.looked, done.offered) == (1, 1)
    (seen,) = TipChance.objects.all()
    assert seen.rule == shipped().by_name["uptime_long"].id
    assert (seen.seen_on, seen.gone_on) == (MORNING.date(), None)
    assert not Ticket.objects.exists()

    connection = readings.store().connection
    (notice,) = notices.of(connection, machine.pk, MORNING.timestamp())
    assert notice.kind is notices.Kind.TIP
    assert notice.titles == {"nl": "Een herstart helpt", "en": "A restart helps"}
    assert notice.bodies["en"].startswith("Your computer has been running for a month without a restart.")
    assert notice.bodies["en"].endswith("Something for you? Tell the service desk.")
    assert notice.link == ""
    assert running(heard=(machine,)).offered == 0  # an hour later nothing is done twice

    notices.answer(connection, machine.pk, [notice.notice_id], notices.State.RECEIVED, MORNING.timestamp() + 60)
    site.now = MORNING + timedelta(days=3)
    site.measure(machine, UPTIME, [3600.0, 7200.0, 10800.0], step=3600, compacted=False)
    done = running(3)
    assert done.decided == 1
    offer = TipOffer.objects.get()
    assert (offer.outcome, offer.reached_on) == ("gone", MORNING.date())
    assert TipChance.objects.get().gone_on == MORNING.date() + timedelta(days=3)


@SQLITE
def test_a_tip_ends_only_when_it_is_known_to_be_over(site: Site, running: Callable[..., Any]) -> None:
    from keuring_collector.service.models import TipChance, TipLook

    machine = site.machine()
    held = chance(site, machine, "wifi_weak", 20, "wlan0", seen_on=site.today - timedelta(days=1))
    better = chance(site, machine, "wifi_weak", 20, "wlan1", seen_on=site.today - timedelta(days=1))
    unknown = chance(site, machine, "uptime_long", 20, seen_on=site.today - timedelta(days=20))
    TipLook.objects.all().delete()
    for subject, level in (("wlan0", -75.0), ("wlan1", -55.0)):  # a day, where the rule asks for three
        site.measure(machine, WIFI, [level] * 5, subject=subject, statistic=MEAN, compacted=False)
    assert running(heard=(machine,)).looked == 1
    gone = dict(TipChance.objects.values_list("pk", "gone_on"))
    assert gone == {held.pk: None, better.pk: MORNING.date(), unknown.pk: None}
    assert offered() == [("LT-0231", "wifi_weak")]  # what was not seen for weeks is not offered


@SQLITE
@pytest.mark.usefixtures("on_trial")
def test_a_colleague_gets_one_a_week_however_many_rules_and_machines(site: Site, running: Callable[..., Any]) -> None:
    from keuring_collector.console import readings
    from keuring_collector.store import notices

    sanne, other = site.colleague(), site.colleague("Jan Jansen")
    machines = [site.machine(name, colleague=who) for name, who in (("LT-1", sanne), ("LT-2", sanne), ("LT-3", other))]
    nobodys = site.machine("PC-4", colleague=None)
    all_of = (*machines, nobodys)
    for each in all_of:
        site.measure(each, catalogue.SYSTEM_CPU_UTILIZATION.id, [0.1] * 4, statistic=MEAN, compacted=False)
    chance(site, machines[0], "wifi_weak", 10, "wlan0")
    chance(site, machines[0], "firmware_old", 30)
    chance(site, machines[1], "battery_always_full", 40, "BAT0")
    chance(site, machines[1], "program_behind", 90, "Tekenwerk")  # on trial: counted, never offered
    chance(site, machines[2], "firmware_old", 30)
    chance(site, nobodys, "memory_small", 30)

    connection = readings.store().connection
    for hour in range(3):
        running(hour / 24, heard=all_of)
    first = [("LT-2", "battery_always_full"), ("LT-3", "firmware_old"), ("PC-4", "memory_small")]
    assert sorted(offered()) == sorted(first)
    for machine in all_of:  # two days later the machines have their notices
        ids = [notice.notice_id for notice in notices.of(connection, machine.pk, MORNING.timestamp() + 3600)]
        notices.answer(connection, machine.pk, ids, notices.State.RECEIVED, MORNING.timestamp() + 2 * DAY)
    assert running(7, heard=all_of).offered == 0  # seven days from when it reached them
    assert running(8.9, heard=all_of).offered == 0
    assert running(9, heard=all_of).offered == 1
    assert offered()[-1] == ("LT-1", "firmware_old")
    why = {offer.endpoint.host_name: (offer.why, offer.among) for offer in _offers()}
    assert why == {"LT-2": ("longest", 3), "LT-3": ("only", 1), "PC-4": ("only", 1), "LT-1": ("longest", 2)}
    assert running(13, heard=all_of).offered == 0
    assert notices.of(connection, machines[0].pk, (MORNING + timedelta(days=15)).timestamp()) == []  # it expired


def _offers() -> list[Any]:
    from keuring_collector.service.models import TipOffer

    return list(TipOffer.objects.order_by("pk").select_related("endpoint"))


@SQLITE
def test_none_outside_business_hours_to_the_silent_or_when_the_desk_holds_it_back(
    site: Site, running: Callable[..., Any]
) -> None:
    from keuring_collector.desk.models import DeskState, Quiet, RuleSwitch

    machine = site.machine()
    site.measure(machine, catalogue.SYSTEM_CPU_UTILIZATION.id, [0.1] * 4, statistic=MEAN, compacted=False)
    chance(site, machine, "firmware_old")
    assert running(0.5, heard=(machine,)).offered == 0  # 22:00
    assert running(4, heard=(machine,)).offered == 0  # Saturday
    assert running(6).offered == 0  # not heard of for days
    assert running(6, heard=(machine,), tips=False).offered == 0
    DeskState.objects.create(id=1, rule_by_rule=True, intake_days=0, budget=0, time_zone="Europe/Amsterdam")
    assert running(6, heard=(machine,)).offered == 0  # the desk did not switch the rule on
    RuleSwitch.objects.create(rule=shipped().by_name["firmware_old"].id, opens=True, at=site.now)
    silence = Quiet.objects.create(
        kind=Quiet.Kind.SILENCE, endpoint=machine, starts_at=MORNING, ends_at=MORNING + timedelta(days=6, hours=1),
        made_at=MORNING,
    )  # fmt: skip
    assert running(6, heard=(machine,)).offered == 0
    silence.delete()
    assert running(6, heard=(machine,)).offered == 1


@SQLITE
def test_not_for_me_ends_it_for_that_colleague_on_every_machine(site: Site, running: Callable[..., Any]) -> None:
    from keuring_collector.console import readings
    from keuring_collector.service.models import TipOffer
    from keuring_collector.service.tips import outcomes
    from keuring_collector.service.tips.standing import open_tips
    from keuring_collector.store import notices

    here, there = site.machine("LT-1"), site.machine("LT-2")
    both = (here, there)
    for each in both:
        site.measure(each, catalogue.SYSTEM_CPU_UTILIZATION.id, [0.1] * 4, statistic=MEAN, compacted=False)
    chance(site, here, "firmware_old", 60)
    chance(site, there, "firmware_old", 30)
    running(heard=both)
    (offer,) = TipOffer.objects.all()
    notices.answer(
        readings.store().connection, here.pk, [offer.notice_id], notices.State.DECLINED, MORNING.timestamp() + DAY
    )
    assert running(2, heard=both).put_aside == 1
    for weeks in (2, 30, 60):
        assert running(7 * weeks, heard=both).offered == 0
        outcomes.forget(site.now)
    assert [each.outcome for each in TipOffer.objects.all()] == ["aside"]
    assert open_tips(there, shipped(), "en", site.now) == []
    # Nothing says who it was.
    assert {field.name for field in TipOffer._meta.get_fields()} & {"declined_by", "decided_by"} == set()


@SQLITE
def test_what_became_of_a_tip_is_told_within_four_weeks(site: Site) -> None:
    from keuring_collector.service.models import TipOffer
    from keuring_collector.service.tips import outcomes

    site.now = MORNING
    day = MORNING.date()
    machine = site.machine()

    def offer(name: str, ago: int, *, reached: bool = True) -> Any:
        on = day - timedelta(days=ago)
        return TipOffer.objects.create(
            endpoint=machine, colleague=machine.colleague, rule=shipped().by_name[name].id, way="notice",
            offered_on=on, reached_on=on if reached else None, sent=True,
        )  # fmt: skip

    def ago(days: int) -> date:
        return day - timedelta(days=days)

    chance(site, machine, "firmware_old", gone_on=ago(10))
    chance(site, machine, "wifi_weak", gone_on=ago(5))
    chance(site, machine, "memory_small")
    chance(site, machine, "uptime_long", seen_on=ago(40))
    chance(site, machine, "link_slow")
    cases = {
        "gone": offer("firmware_old", 30), "stayed": offer("memory_small", 29), "unknown": offer("uptime_long", 45),
        "missed": offer("battery_always_full", 6, reached=False), "open": offer("link_slow", 28),
    }  # fmt: skip
    late = offer("wifi_weak", 40)  # it went away too late to say that the tip did it
    assert outcomes.decide(site.now) == 5
    for outcome, made in cases.items():
        made.refresh_from_db()
        assert made.outcome == outcome
    late.refresh_from_db()
    assert late.outcome == "stayed"


@SQLITE
def test_mailed_too_where_the_settings_say_so_and_only_once(site: Site, running: Callable[..., Any]) -> None:
    from django.core import mail
    from django.test import override_settings

    machine = site.machine(colleague=site.colleague(language="nl"))
    site.measure(machine, catalogue.SYSTEM_CPU_UTILIZATION.id, [0.1] * 4, statistic=MEAN, compacted=False)
    chance(site, machine, "firmware_old")
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        for _hour in range(2):
            running(heard=(machine,), tips_mail=True, articles_url="https://intranet.example/it/")
        (sent,) = mail.outbox
    assert sent.to == ["sanne.de.vries@example.org"]
    assert sent.subject == "Oude firmware of een oud stuurprogramma"
    assert "https://intranet.example/it/nl/firmware-drivers.html" in sent.body
    assert "Hallo Sanne de Vries," in sent.body


@SQLITE
def test_a_visitor_tells_a_tip_or_puts_it_aside_on_the_machines_page(site: Site) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry
    from keuring_collector.service.models import TipOffer

    machine = site.machine()
    site.measure(machine, catalogue.SYSTEM_CPU_UTILIZATION.id, [0.1] * 4, statistic=MEAN)
    first, second = chance(site, machine, "firmware_old", 60), chance(site, machine, "wifi_weak", 9, "wlan0")
    visitor = site.client(site.staff("cas", role="visitor"))
    page = words(visitor.get(f"/machines/{machine.uuid}/"))
    assert "Old firmware or an old driver" in page
    assert "The Wi-Fi at your place is weak" in page
    address = f"/machines/{machine.uuid}/tips/"
    assert visitor.post(address, {"tip": first.pk, "do": "told"}).status_code == 302
    refused = words(visitor.post(address, {"tip": second.pk, "do": "told"}, follow=True))
    assert "They had a tip less than a week ago" in refused
    visitor.post(address, {"tip": second.pk, "do": "aside"})
    assert sorted(TipOffer.objects.values_list("way", "outcome")) == [("visit", "aside"), ("visit", "open")]
    assert "The Wi-Fi at your place is weak" not in words(visitor.get(f"/machines/{machine.uuid}/"))
    assert site.client(site.staff("vera", role="viewer")).post(address, {"tip": first.pk}).status_code == 403
    elsewhere = site.client(site.staff("els", role="desk", departments=[site.department("Sales")]))
    assert elsewhere.post(address, {"tip": first.pk, "do": "aside"}).status_code == 404
    audit.flush()
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"tip.told", "tip.aside"}


@SQLITE
@pytest.mark.usefixtures("on_trial")
def test_figures_are_told_from_five_on_and_within_what_one_may_see(site: Site) -> None:
    from keuring_collector.service.models import TipOffer

    rules = shipped().by_name
    ours, theirs = site.department("Finance"), site.department("Sales")
    for number in range(9):
        machine = site.machine(f"LT-{number}", colleague=site.colleague(f"Col {number}", department=ours))
        chance(site, machine, "wifi_weak")
        TipOffer.objects.create(
            endpoint=machine, colleague=machine.colleague, rule=rules["wifi_weak"].id, way="notice", sent=True,
            offered_on=site.today - timedelta(days=35), outcome=["gone", "stayed", "aside"][number // 3 % 3],
        )  # fmt: skip
    secret = site.machine("LT-OTHER", colleague=site.colleague("Far Away", department=theirs))
    chance(site, secret, "firmware_old")
    lead = site.staff("noor", role="desk", departments=[ours])
    page = site.client(lead).get("/tips/")
    text = words(page)
    assert "Weak or busy Wi-Fi" in text
    assert "50 %" in text  # three of six went away
    assert "< 5" in text
    program = Program(site, lead)
    answer = {row["name"]: row for row in program.get("tips")}
    wifi = answer["wifi_weak"]
    assert (wifi["machines"], wifi["offered"], wifi["put_aside"], wifi["went_away_share"]) == (9, 9, None, 0.5)
    assert answer["firmware_old"]["machines"] == 0  # another department's
    assert answer["program_behind"]["offered_to_colleagues"] is False
    machine = site.machine("LT-99", colleague=site.colleague("Col 0"))
    chance(site, machine, "firmware_old")
    (tip,) = program.get(f"machines/{machine.uuid}/tips")
    assert (tip["rule"], tip["may_be_told_from"]) == ("firmware_old", str(site.today))
    assert program.get(f"machines/{secret.uuid}/tips", status=404)["status"] == 404


@SQLITE
def test_a_page_without_tips_says_what_comes(site: Site) -> None:
    text = words(site.client(site.staff()).get("/tips/"))
    assert "No tip holds on any machine" in text


@SQLITE
def test_the_demo_has_months_of_tips_and_nobody_two_in_a_week(site: Site) -> None:
    from keuring_collector.demo import skills, tips
    from keuring_collector.service.models import GrowthStep, StaffSkill, TipChance, TipOffer

    for number in range(60):
        site.machine(f"LT-{number:04}", simulated=True, colleague=site.colleague(f"Col {number}"))
    admin = site.staff("admin")
    for _twice in range(2):  # what is there stays
        skills.write(shipped(), site.now.timestamp())
        tips.write(site.url, shipped(), site.now.timestamp())
    offers = list(TipOffer.objects.all())
    assert len({(each.offered_on.year, each.offered_on.month) for each in offers}) >= 4
    assert all(each.offered_on.weekday() < 5 for each in offers)
    assert len({each.colleague_id for each in offers}) == len(offers)
    assert {each.outcome for each in offers} == {"gone", "stayed", "aside", "missed"}
    assert not TipChance.objects.filter(gone_on=None).exists()  # only what machines really show
    assert StaffSkill.objects.filter(confirmed_level__isnull=False).exists()
    assert GrowthStep.objects.filter(staff=admin).count() == 1
    page = words(site.client(admin).get("/tips/"))
    assert "By month" in page
