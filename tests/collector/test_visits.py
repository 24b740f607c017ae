"""Visits: hours and the days without, rounds that propose themselves, outcomes that count once, and calendars."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.models import Round, Stop, VisitingHour
    from keuring_collector.service.visiting.news import Sources
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from django.utils import translation

    with translation.override("en"):
        yield


def today(site: Site) -> date:
    from django.utils import timezone

    return timezone.localtime(site.now).date()


def noon(site: Site) -> datetime:
    from django.utils import timezone

    return datetime.combine(today(site), time(12), timezone.get_current_timezone())


def hour(site: Site, day: date | None = None, **fields: Any) -> VisitingHour:
    """A visiting hour of Finance on the weekday of ``day`` (today), the last of the day."""
    from keuring_collector.service.visiting import hours

    fields.setdefault("department", site.department())
    fields.setdefault("visitor", None)
    fields.setdefault("from_minute", 23 * 60)
    fields.setdefault("minutes", 59)
    fields.setdefault("first_on", today(site))
    return hours.make(weekday=(day or today(site)).weekday(), actor=None, now=site.now, **fields)


def sources(
    site: Site, heard: dict[int, float] | None = None, now: datetime | None = None, store: Store | None = None
) -> Sources:
    from keuring_collector.console import pack, readings
    from keuring_collector.service.visiting.news import Sources

    return Sources(store or readings.store(), pack.current().pack, now or site.now, heard or {})


def proposed(
    site: Site, held: VisitingHour, heard: dict[int, float] | None = None, store: Store | None = None
) -> Round:
    from keuring_collector.service.visiting import hours, rounds

    day = today(site)
    occurrence = hours.occurrences([held], day, day + timedelta(days=7))[0]
    return rounds.propose(occurrence, sources(site, heard, store=store))


def visited(site: Site) -> dict[str, list[Any]]:
    """The parts of the addresses of visits and mood, of things that are there."""
    from keuring_collector.service.mood import keeping
    from keuring_collector.service.visiting import calendars, places

    department = site.department()
    places.add(department, building="Main", floor="2", room="201")
    held = hour(site)
    found = proposed(site, held)
    key = calendars.make_key(site.staff("calendar-reader"), site.now)
    return {
        "round_propose": [held.pk],
        "visits_department": [department.pk],
        "visits_change": [department.pk, "end"],
        "stop": [found.stops.all()[0].pk],
        "round": [found.pk],
        "round_change": [found.pk, "start"],
        "calendar": [key, department.pk],
        "mood_answer": [keeping.token(department)],
    }


def stops(found: Round) -> list[tuple[str, bool, list[str]]]:
    """(who, whether it fits, what about) of each stop."""
    return [
        (
            stop.about or (stop.colleague.name if stop.colleague else stop.endpoint.host_name if stop.endpoint else ""),
            stop.fits,
            [item.kind for item in stop.items.all()],
        )
        for stop in found.stops.filter(removed=False)
    ]


def stop_of(found: Round, name: str) -> Stop:
    return found.stops.get(colleague__name=name)


def told(outcome: str = "helped", **fields: Any) -> Any:
    from keuring_collector.service.visiting.outcomes import Told

    return Told(outcome, **fields)


def report(site: Site, stop: Stop, actor: Staff, key: uuid.UUID | None = None, **fields: Any) -> dict[str, Any]:
    from keuring_collector.console import pack
    from keuring_collector.service.visiting import outcomes

    return outcomes.report(
        stop.pk, told(**fields), actor=actor, now=site.now, key=key or uuid.uuid4(), pack=pack.current().pack
    )


def test_a_round_proposes_whom_to_see_about_what_in_walking_order(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Inspection
    from keuring_collector.service.visiting import places, rounds, unseen

    cas, finance = site.staff("cas", role="visitor"), site.department()
    rooms = [places.add(finance, building="Main", floor="2", room=room) for room in ("201", "202", "203")]
    places.move(rooms[2], earlier=True)
    people = {name: site.colleague(name) for name in ("Anna Aa", "Bob Bee", "Cor Cee", "Dia Dee", "Eva Ee", "Fem Ef")}
    machines = {name: site.machine(f"PC-{name[:3]}", colleague=each) for name, each in people.items()}
    nobodys = site.machine("PC-SPARE", colleague=None, department=finance)
    places.seat(people["Anna Aa"], rooms[1])
    places.seat(people["Bob Bee"], rooms[0])
    people["Cor Cee"].place = "203"  # as it was imported
    people["Cor Cee"].save()
    urgent = site.ticket(machines["Anna Aa"], severity=4)
    site.ticket(machines["Bob Bee"], severity=1, cause="tip-one", days=None)
    planned = site.ticket(machines["Cor Cee"], severity=2)
    actions.plan(planned.pk, actor=cas, now=site.now, day=today(site))
    later = site.ticket(machines["Dia Dee"], severity=3)
    actions.plan(later.pk, actor=cas, now=site.now, day=today(site) + timedelta(days=9))
    Inspection.objects.create(
        endpoint=nobodys, issued_at=site.now, outcome="pass", next_due=today(site) - timedelta(days=3)
    )
    heard = {machines["Eva Ee"].pk: (site.now - timedelta(days=30)).timestamp()}
    held = hour(site, visitor=cas)
    found = proposed(site, held, heard)
    assert stops(found) == [
        ("Bob Bee", True, ["tip"]),  # room 201
        ("Cor Cee", True, ["ticket"]),  # 203, which comes before 202
        ("Anna Aa", True, ["ticket"]),
        ("PC-SPARE", True, ["inspection"]),  # of no known place, by weight
        ("Eva Ee", True, ["silent"]),
        ("Dia Dee", True, ["hello"]),  # her ticket is planned for later
    ]
    assert found.more == 1  # for Fem there is no time
    shown = unseen.departments(type(finance).objects.filter(pk=finance.pk), today(site))
    assert [(each.department.name, each.days, each.is_long) for each in shown] == [("Finance", None, True)]
    # A shorter hour: the weightiest stay, what does not fit is said, hellos are counted.
    held.minutes = 25
    held.save()
    rounds.propose_all(sources(site, heard, noon(site)))
    found.refresh_from_db()
    assert [row[:2] for row in stops(found)] == [
        ("Cor Cee", True), ("Anna Aa", True), ("PC-SPARE", False), ("Bob Bee", False), ("Eva Ee", False),
    ]  # fmt: skip
    assert found.more == 2
    # Who was helped is not proposed again, who was not reached comes before what is lighter.
    report(site, stop_of(found, "Anna Aa"), cas, work=())
    rounds.finish(found.pk, now=site.now)
    next_week = today(site) + timedelta(days=7)
    actions.resolve(urgent.pk, actor=cas, now=site.now, verdict="right")
    from keuring_collector.service.visiting import candidates

    again = candidates.candidates(finance, next_week, sources(site, heard))
    assert [each.name for each in again[:3]] == ["Cor Cee", "Bob Bee", "Eva Ee"]
    assert "Anna Aa" not in [each.name for each in again]
    shown = unseen.departments(type(finance).objects.filter(pk=finance.pk), next_week)
    assert [(each.days, each.is_long) for each in shown] == [(7, False)]


@SQLITE
def test_an_outcome_counts_once_and_goes_to_ticket_and_mood(site: Site) -> None:
    from django.utils import translation

    from keuring_collector.desk import actions
    from keuring_collector.desk.acting import NotPossible, NotUnderstood
    from keuring_collector.service.models import Deed, MoodCount, MoodLine
    from keuring_collector.service.visiting import outcomes
    from keuring_collector.service.visiting.outcomes import Work

    translation.activate("en")
    cas, noor = site.staff("cas", role="visitor"), site.staff("noor", first_name="Noor")
    machine = site.machine()
    mended, planned, left = (
        site.ticket(machine, cause=cause, severity=severity) for cause, severity in (("a", 4), ("b", 3), ("c", 2))
    )
    other = site.ticket(site.machine("LT-2", colleague=site.colleague("Other One")), cause="d")
    found = proposed(site, hour(site))
    stop = stop_of(found, "Sanne de Vries")
    day = today(site) + timedelta(days=3)
    work = (Work(mended.pk, "right"), Work(planned.pk, "plan", day))
    key = uuid.uuid4()
    telling = {"note": "New battery.", "mood": 4, "line": "Sanne says LT-0231 is quick now", "work": work, "seen": 0}
    # What cannot be used leaves nothing behind, so that the same may be sent again, mended.
    for wrong in ({"outcome": "gone"}, {"outcome": "back"}, {"mood": 6}, {"work": (Work(other.pk, "right"),)}):
        with pytest.raises(NotUnderstood):
            report(site, stop, cas, key, **{**telling, **wrong})
    assert not Deed.objects.exists()
    assert report(site, stop, cas, key, **telling) == {"conflicts": []}
    assert report(site, stop, cas, key, **telling) == {"conflicts": [], "again": True}
    for ticket in (mended, planned, left, stop, found):
        ticket.refresh_from_db()
    assert (mended.state, mended.verdict) == ("resolved", "right")
    assert (planned.state, planned.planned_for) == ("planned", day)
    assert (left.state, [entry.kind for entry in left.history.all()]) == ("new", ["opened", "note"])
    assert list(left.history.all())[-1].detail["text"] == "Visited: helped. New battery."
    assert list(mended.history.all())[-1].detail["text"] == "New battery."
    assert [entry.kind for entry in planned.history.all()] == ["opened", "planned", "note"]
    assert (stop.outcome, stop.note, stop.done_by) == ("helped", "New battery.", cas)
    assert (found.state, found.visitor) == ("started", cas)
    assert list(MoodCount.objects.values_list("department__name", "source", "value", "count")) == [
        ("Finance", "visit", 4, 1)
    ]
    line = MoodLine.objects.get().text
    assert "Sanne" not in line
    assert "LT-0231" not in line
    # Somebody else, with the page as it was before: theirs is a note, and they are told.
    actions.resolve(left.pk, actor=cas, now=site.now, verdict="known")
    late = report(
        site, stop, noor, outcome="away", note="Door shut.", seen=0, work=(Work(left.pk, "plan", day, "new////0"),)
    )
    stop.refresh_from_db()
    assert (stop.outcome, stop.note) == ("helped", "New battery.\nNoor: not there. Door shut.")
    assert len(late["conflicts"]) == 2
    assert "cas has noted" in late["conflicts"][0]
    assert f"Ticket {left.pk}: Somebody else" in late["conflicts"][1]
    left.refresh_from_db()
    assert left.state == "resolved"
    assert list(left.history.all())[-1].detail["text"] == "Visited: not there. Door shut. Wanted: plan."
    with pytest.raises(NotPossible):
        report(site, stop, noor, key, **telling)  # another's key
    with pytest.raises(NotPossible):  # the stop has changed hands since
        outcomes.take_back(stop.pk, actor=noor, now=site.now)
    outcomes.take_back(stop.pk, actor=cas, now=site.now)
    for ticket in (mended, planned, stop):
        ticket.refresh_from_db()
    assert (mended.state, mended.verdict, planned.state, stop.outcome) == ("new", "", "new", "")


@SQLITE
def test_who_asks_to_come_back_is_seen_on_that_day(site: Site) -> None:
    from keuring_collector.service.visiting import candidates, rounds

    cas, finance = site.staff("cas", role="visitor"), site.department()
    ticket = site.ticket()
    found = proposed(site, hour(site))
    report(site, stop_of(found, "Sanne de Vries"), cas, outcome="back", back_on=today(site) + timedelta(days=10))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.planned_for) == ("planned", today(site) + timedelta(days=10))
    rounds.finish(found.pk, now=site.now)
    asked = {
        days: candidates.candidates(finance, today(site) + timedelta(days=days), sources(site)) for days in (7, 14)
    }
    assert [each.name for each in asked[7]] == []
    assert [each.name for each in asked[14]] == ["Sanne de Vries"]


@SQLITE
def test_a_round_is_the_visitors_own_to_change(site: Site) -> None:
    from keuring_collector.desk.acting import NotPossible, NotUnderstood
    from keuring_collector.service.visiting import rounds

    cas = site.staff("cas", role="visitor")
    one, two, three = (site.colleague(name) for name in ("Anna Aa", "Bob Bee", "Cor Cee"))
    found = proposed(site, hour(site))
    names = [row[0] for row in stops(found)]
    assert names == ["Anna Aa", "Bob Bee", "Cor Cee"]
    rounds.move(found.pk, stop_of(found, three.name).pk, earlier=True)
    rounds.take_away(found.pk, stop_of(found, one.name).pk)
    rounds.add(found.pk, colleague=None, about="Look at the printer in the hall", minutes=10)
    rounds.propose_all(sources(site, now=noon(site)))  # no longer follows what is open
    assert [row[0] for row in stops(found)] == ["Cor Cee", "Bob Bee", "Look at the printer in the hall"]
    rounds.add(found.pk, colleague=one, about="", minutes=None)
    assert [row[0] for row in stops(found)][-1] == "Anna Aa"
    elsewhere = site.colleague("Else Where", department=site.department("Sales"))
    for wrong, error in (
        ({"colleague": two, "about": ""}, NotPossible),
        ({"colleague": None, "about": " "}, NotUnderstood),
        ({"colleague": elsewhere, "about": ""}, NotUnderstood),
    ):
        with pytest.raises(error):
            rounds.add(found.pk, minutes=None, **wrong)
    with pytest.raises(NotPossible):
        rounds.finish(found.pk, now=site.now)
    report(site, stop_of(found, one.name), cas)
    with pytest.raises(NotPossible):
        rounds.take_away(found.pk, stop_of(found, one.name).pk)
    with pytest.raises(NotPossible):
        rounds.again(found.pk, sources(site))
    rounds.finish(found.pk, now=site.now)
    with pytest.raises(NotPossible):
        rounds.move(found.pk, stop_of(found, two.name).pk, earlier=True)
    old = type(found).objects.create(
        department=found.department, day=today(site) - timedelta(days=401), starts_at=site.now, minutes=30
    )
    rounds.propose_all(sources(site, now=noon(site)))
    assert not type(found).objects.filter(pk=old.pk).exists()
    # A phone that was offline meanwhile still tells what happened, also at a stop that was taken away.
    removed = stop_of(found, two.name)
    type(removed).objects.filter(pk=removed.pk).update(removed=True)
    report(site, removed, cas)
    removed.refresh_from_db()
    assert (removed.outcome, removed.removed) == ("helped", False)


@SQLITE
def test_calendars_follow_hours_holidays_and_the_clock(site: Site) -> None:
    import icalendar
    from django.utils import translation

    from keuring_collector.desk.acting import NotPossible, NotUnderstood
    from keuring_collector.service.models import Round, VisitException
    from keuring_collector.service.visiting import calendars, hours, places

    translation.activate("en")
    cas, finance = site.staff("cas", role="visitor", first_name="Cas"), site.department()
    places.add(finance, building="Main", floor="2", room="201")
    site.ticket()
    begin = date(2030, 3, 1)
    now = datetime(2030, 3, 1, 8, tzinfo=UTC)
    held = hours.make(
        finance, weekday=0, from_minute=10 * 60, minutes=60, visitor=cas, first_on=begin, actor=cas, now=now
    )

    def events(at: datetime = now) -> dict[str, Any]:
        text = calendars.feed("Visits", [held], "desk.example", "https://desk.example/", at)
        calendar = icalendar.Calendar.from_ical(text)
        assert all(len(line) <= 75 for line in text.split(b"\r\n"))
        assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Amsterdam"]
        assert b"LT-0231" not in text
        assert b"Sanne" not in text
        found: list[Any] = list(calendar.walk("VEVENT"))
        assert all(each.errors == [] for each in found)
        return {f"{each['dtstart'].dt:%Y-%m-%d}": each for each in found}

    first = events()
    assert min(first) == "2030-03-04"
    for day, utc in (("2030-03-25", 9), ("2030-04-01", 8)):  # the clocks went forward in between
        start, end = first[day]["dtstart"].dt, first[day]["dtend"].dt
        assert (start.hour, start.astimezone(UTC).hour, end - start) == (10, utc, timedelta(hours=1))
    one = first["2030-03-25"]
    assert one["uid"] == f"{held.uid}-20300325@desk.example"
    assert (one["summary"], one["location"], one["status"], one["sequence"]) == (
        "Visiting hour: Finance", "Main, 2", "CONFIRMED", 0,
    )  # fmt: skip
    with pytest.raises(NotUnderstood):
        hours.leave_out(held, day=date(2030, 4, 23), reason="A Tuesday", actor=cas, now=now)
    hours.leave_out(None, day=date(2030, 4, 22), reason="Paasmaandag", actor=cas, now=now)
    with pytest.raises(NotPossible):
        hours.leave_out(None, day=date(2030, 4, 22), reason="Again", actor=cas, now=now)
    hours.leave_out(held, day=date(2030, 4, 29), reason="Cursus", actor=cas, now=now)
    hours.change(held.pk, from_minute=11 * 60, minutes=30, visitor=None, actor=cas, now=now + timedelta(hours=1))
    held.refresh_from_db()
    changed = events()
    assert {day: each["status"] for day, each in changed.items() if each["status"] != "CONFIRMED"} == {
        "2030-04-22": "CANCELLED", "2030-04-29": "CANCELLED",
    }  # fmt: skip
    assert "Paasmaandag" in changed["2030-04-22"]["description"]
    assert {day: each["uid"] for day, each in changed.items()} == {day: each["uid"] for day, each in first.items()}
    assert changed["2030-03-25"]["sequence"] == 3
    assert changed["2030-03-25"]["dtstamp"].dt > first["2030-03-25"]["dtstamp"].dt
    assert changed["2030-03-25"]["dtstart"].dt.hour == 11
    hours.hold_again(VisitException.objects.get(hour=held), actor=cas, now=now)
    Round.objects.create(department=finance, hour=held, day=date(2030, 3, 11), starts_at=now, minutes=30)
    hours.end(held.pk, actor=cas, now=datetime(2030, 3, 8, tzinfo=UTC))
    assert not Round.objects.exists()
    held.refresh_from_db()
    ended = events(datetime(2030, 3, 9, tzinfo=UTC))
    assert {each["status"] for day, each in ended.items() if day > "2030-03-08"} == {"CANCELLED"}
    assert ended["2030-03-04"]["status"] == "CONFIRMED"
    with pytest.raises(NotPossible):
        hours.end(held.pk, actor=cas, now=now)
    usual: dict[str, Any] = {"weekday": 1, "from_minute": 600, "minutes": 60, "visitor": None, "first_on": begin}
    for wrong in ({"weekday": 7}, {"from_minute": None}, {"minutes": 5}, {"from_minute": 1430, "minutes": 60}):
        with pytest.raises(NotUnderstood):
            hours.make(finance, actor=cas, now=now, **{**usual, **wrong})
    limited = site.staff("els", role="visitor", departments=[site.department("Sales")])
    with pytest.raises(NotUnderstood):
        hours.make(finance, weekday=1, from_minute=600, minutes=60, visitor=limited, first_on=begin, actor=cas, now=now)
