"""Mood: counted so that it is nobody's, told of groups of five and more only, and never by subtraction."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collector.console_fixtures import USED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.integers(1, 9), st.integers(1, 12), max_size=9))
def test_what_is_left_out_counts_nobody_or_five_and_more(counts: dict[int, int]) -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.service.mood.showing import FEWEST, shown

    told = shown(counts)
    assert all(counts[group] >= FEWEST for group in told)
    hidden = sum(count for group, count in counts.items() if group not in told)
    # What the total and the groups told leave over is nobody, five and more, or there is no total either.
    assert hidden == 0 or hidden >= FEWEST or (not told and sum(counts.values()) < FEWEST)
    # No more is left out than that needs.
    small = [group for group, count in counts.items() if count < FEWEST]
    assert len(counts) - len(told) <= len(small) + 1


@SQLITE
def test_moods_are_told_by_month_and_department_from_five_on(site: Site) -> None:
    from keuring_collector.service.models import MoodCount, MoodLine
    from keuring_collector.service.mood import keeping, showing

    def give(department: str, values: list[int], month: int, line: str = "") -> None:
        for value in values:
            at = datetime(2030, month, 10, tzinfo=UTC)
            keeping.keep(site.department(department), value, line, MoodCount.Source.VISIT, at)

    give("Big", [4, 5, 3, 4, 4, 5], 1, "Nice and quick")
    give("Middle", [2, 2, 2, 2, 2], 1, "Slow start")
    give("Small", [1], 1, "Sad")
    give("Big", [5] * 5, 2)
    give("Big", [1] * 4, 3)
    give("Big", [3] * 5, 4)
    now = datetime(2030, 4, 20, tzinfo=UTC)
    names = {site.department(name).pk: name for name in ("Big", "Middle", "Small")}
    months = {month.first.month: month for month in showing.months(now)}
    assert list(months) == [1, 2, 3]  # April is not over: nobody watches it change by one answer
    assert showing.running(now) == 5
    # With one small group, the smallest of the others is left out too: else the total would tell of it.
    assert {names[pk]: (mood.answers, round(mood.mean, 2)) for pk, mood in months[1].departments.items()} == {
        "Big": (6, 4.17)
    }
    assert months[1].total is not None
    assert months[1].total.answers == 12
    assert showing.lines(months[1]) == {site.department("Big").pk: ["Nice and quick"] * 6}
    assert showing.lines(months[1], [site.department("Small").pk]) == {}
    assert months[2].total == months[2].departments[site.department("Big").pk]
    assert (months[3].total, dict(months[3].departments)) == (None, {})
    # What is kept tells of no answer: counts, and lines without time, value or writer.
    assert {field.name for field in MoodCount._meta.get_fields()} == {
        "id", "department", "month", "source", "value", "count",
    }  # fmt: skip
    assert {field.name for field in MoodLine._meta.get_fields()} == {"id", "department", "month", "text"}


@SQLITE
def test_a_link_is_signed_good_for_one_answer_and_of_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core import signing

    from keuring_collector.service.models import MoodCount, MoodLinkUsed
    from keuring_collector.service.mood import keeping
    from tests.collector.console_fixtures import words

    site.colleague("Sanne de Vries")
    text = keeping.token(site.department())
    assert "anne" not in text
    stranger = site.client()
    page = f"/mood/answer/{text}/"
    asked = stranger.get(page)
    assert asked.status_code == 200
    assert "How do you feel about your workplace?" in words(stranger.get(page, headers={"cookie": "language=en"}))
    assert not MoodCount.objects.exists()  # a mail program that looks ahead answers nothing
    assert stranger.post(page, {"mood": "9"}).status_code == 422
    assert stranger.post(page, {"mood": "4", "mood_line": "Ask sanne.de.vries@example.org"}).status_code == 200
    again = stranger.post(page, {"mood": "1"})
    assert again.status_code == 409
    assert list(MoodCount.objects.values_list("value", "source", "count")) == [(4, "link", 1)]
    for wrong in (f"{text}x", "nothing", signing.dumps([1, "x"], salt="another")):
        assert stranger.get(f"/mood/answer/{wrong}/").status_code == 404
    with monkeypatch.context() as later:
        moment = (site.now + timedelta(days=31)).timestamp
        later.setattr("django.core.signing.time.time", moment)
        assert stranger.get(page).status_code == 404
    used = MoodLinkUsed.objects.get()
    assert re.fullmatch(r"[0-9a-f]{64}", used.pk)
    keeping.forget(used.forget_on + timedelta(days=1))
    assert not MoodLinkUsed.objects.exists()


def test_months_begin_on_the_desks_calendar() -> None:
    from keuring_collector.service.mood import keeping

    assert keeping.month_of(datetime(2030, 1, 31, 23, 30, tzinfo=UTC)) == date(2030, 2, 1)


@SQLITE
def test_the_mail_of_a_report_asks_by_a_link_of_its_own(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from django.conf import settings as django_settings
    from django.core import mail

    from keuring_collector import config
    from keuring_collector.console import readings
    from keuring_collector.desk.inspection import issuing, mailing
    from keuring_collector.processes import jobs
    from keuring_collector.processes.packs import PackWatch

    monkeypatch.setattr(django_settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    monkeypatch.setattr(mail, "outbox", [], raising=False)
    work = jobs.Work(config.Settings(data_directory=tmp_path, database=site.url), PackWatch(None), bool)
    known, nobodys = site.machine(), site.machine("LT-2", colleague=site.colleague("Els Elders", department=None))
    for machine in (known, nobodys):
        site.measure(machine, USED, [0.5] * 8, subject="C:")
        issuing.issue(readings.store(), work.pack, machine, site.now, 365)
    assert mailing.send_waiting(site.now, "https://localhost/", work.mood_link) == 2
    links = [re.findall(r"https://localhost(?::\d+)?(/mood/answer/\S+)", str(each.body)) for each in mail.outbox]
    assert [len(found) for found in links] == [1, 0]  # whoever has no department is not asked
    assert site.client().post(links[0][0], {"mood": "5"}).status_code == 200


@SQLITE
def test_the_demo_shows_visits_and_moods(site: Site) -> None:
    from zoneinfo import ZoneInfo

    from keuring_collector.console import pack, readings
    from keuring_collector.demo import build, fleet, visits
    from keuring_collector.service.models import Round, Seat, Stop
    from keuring_collector.service.mood import showing

    zone = ZoneInfo("Europe/Amsterdam")
    simulated = fleet.Fleet(site.now.timestamp(), 36, 2, zone=zone)
    build.populate(simulated)
    visits.write(readings.store(), pack.current().pack, simulated.now, zone)
    visits.write(readings.store(), pack.current().pack, simulated.now, zone)  # a second time changes nothing
    today = site.now.astimezone(zone).date()
    assert Round.objects.filter(day=today, state="proposed").count() == 2
    assert Stop.objects.filter(round__day=today, fits=True).exists()
    assert {each.day.weekday() for each in Round.objects.exclude(day=today)} <= {0, 1, 2, 3, 4, today.weekday()}
    assert Round.objects.filter(day__lt=today, state="finished").count() > 20
    assert Seat.objects.count() > 20
    told = [len(month.departments) for month in showing.months(site.now)]
    assert told == [6, 6, 6, 6, 4, 6, 6]  # in one month one is too small, and another left out with it
