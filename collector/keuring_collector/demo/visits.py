"""The simulated desk shows its face: places, fixed hours, rounds of the past weeks and of today, moods of past months.

As the rest of the demo it follows from the fleet alone, never from chance.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import translation

from keuring_collector.demo.staff import STAFF
from keuring_collector.desk.models import Staff
from keuring_collector.fleet.models import Department
from keuring_collector.service.models import MoodCount, Place, Round, Seat, Stop, StopItem, VisitingHour
from keuring_collector.service.mood import keeping
from keuring_collector.service.visiting import hours, returning, rounds
from keuring_collector.service.visiting.news import Sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

ROOMS: Final = ("Balie", "Kamer 12", "Kamer 14", "Vergaderzaal De Schijn", "Stilteruimte", "Kamer 21", "Kantine")
# For each department, in the order of names.DEPARTMENTS: days after today on which its hour falls, the hour of the
# day, minutes, who comes (of STAFF), and how many weeks ago somebody came last; None: never.
HOURS: Final = (
    (0, 10, 60, 2, 1), (0, 14, 45, 2, 1), (1, 10, 60, 0, 2), (2, 13, 60, 2, 3), (4, 10, 90, 1, 6), None,
)  # fmt: skip
WEEKS: Final = 10
MONTHS: Final = 7
# Moods as a department gives them month by month: it bends around the number in the middle.
LEANS: Final = (4, 3, 5, 2, 4, 4)
LINES: Final = (
    "Fijn dat er iemand langskomt.", "Opstarten duurt te lang.", "Eindelijk een scherm dat meteen aangaat.",
    "Het draadloze netwerk valt weg in de vergaderzaal.", "Snel geholpen, dank!", "Ik mis een tweede scherm.",
)  # fmt: skip


def write(store: Store, pack: RulePack, now: float, zone: ZoneInfo) -> None:
    """Writes all of it, once. ``now``: seconds since 1970."""
    moment = datetime.fromtimestamp(now, UTC)
    today = moment.astimezone(zone).date()
    if VisitingHour.objects.exists():
        return
    people = [_person(login) for login, *_rest in STAFF]
    with transaction.atomic():
        for number, department in enumerate(Department.objects.order_by("pk")):
            _places(department, number)
            planned = HOURS[number % len(HOURS)]
            if planned is None:
                continue
            ahead, clock, minutes, person, last = planned
            while ahead and (today + timedelta(days=ahead)).weekday() > 4:
                ahead += 1  # nobody comes along at the weekend
            weekday = (today + timedelta(days=ahead)).weekday()
            hour = VisitingHour.objects.create(
                department=department, visitor=people[person], weekday=weekday, from_minute=clock * 60,
                minutes=minutes, first_on=today - timedelta(days=7 * (WEEKS + 2)), changed_at=moment,
            )  # fmt: skip
            for weeks in range(last, WEEKS):
                _walked(hour, today + timedelta(days=ahead - 7 * weeks), weeks, zone)
            _promise(hour, today + timedelta(days=ahead), zone)
        _moods(list(Department.objects.order_by("pk")), today, zone)
    sources = Sources(store, pack, moment, {pk: head.received_at for pk, head in store.heads().items()})
    held = VisitingHour.objects.select_related("department", "visitor")
    for occurrence in hours.occurrences(held, today, today + timedelta(days=rounds.AHEAD)):
        rounds.propose(occurrence, sources)


def _person(login: str) -> Staff:
    first, last, role = next((first, last, role) for name, first, last, role in STAFF if name == login)
    person, _made = Staff.objects.get_or_create(
        username=login, defaults={"first_name": first, "last_name": last, "role": role}
    )
    return person


def _places(department: Department, number: int) -> None:
    """Some rooms, and a seat for most colleagues; of the others the place is not known, as it goes."""
    building, _comma, floor = department.place.partition(", ")
    places = Place.objects.bulk_create(
        Place(department=department, building=building, floor=floor, room=room, position=position)
        for position, room in enumerate(ROOMS[: 4 + number % 4], 1)
    )
    people = list(department.colleague_set.order_by("pk"))
    Seat.objects.bulk_create(
        Seat(colleague=each, place=places[index % len(places)]) for index, each in enumerate(people) if index % 7 != 6
    )


def _walked(hour: VisitingHour, day: date, number: int, zone: ZoneInfo) -> None:
    """A round that was finished: a few colleagues seen, somebody not there."""
    starts_at = datetime.combine(day, time(hour.from_minute // 60), tzinfo=zone)
    ended = starts_at + timedelta(minutes=hour.minutes)
    found = Round.objects.create(
        hour=hour, department=hour.department, visitor=hour.visitor, day=day, starts_at=starts_at,
        minutes=hour.minutes, state=Round.State.FINISHED, touched=True, finished_at=ended,
    )  # fmt: skip
    people = list(hour.department.colleague_set.order_by("pk"))
    often = people[: max(1, len(people) // 3)]  # the others are worth a hello
    chosen = [often[(number * 4 + step) % len(often)] for step in range(min(4, len(often)))]
    for position, colleague in enumerate(chosen, 1):
        away = (number + position) % 5 == 0
        stop = Stop.objects.create(
            round=found, position=position, colleague=colleague, minutes=5, done_at=ended, done_by=hour.visitor,
            outcome=Stop.Outcome.AWAY if away else Stop.Outcome.HELPED, version=1,
            note="" if position % 2 else "Even gekeken en bijgepraat.",
        )  # fmt: skip
        StopItem.objects.create(stop=stop, kind=StopItem.Kind.HELLO)


def _promise(hour: VisitingHour, back_on: date, zone: ZoneInfo) -> None:
    """On the last round before, somebody asked to come back: that is promised for the next."""
    stop = Stop.objects.filter(round__hour=hour).select_related("round", "endpoint").order_by("round__day", "pk").last()
    if stop is None or hour.visitor is None:
        return
    stop.outcome, stop.back_on, stop.note = Stop.Outcome.BACK, back_on, "Zat in overleg; schikt volgende keer."
    stop.endpoint = hour.department.endpoint_set.filter(colleague=stop.colleague_id).first()
    stop.save()
    with translation.override("nl"):
        returning.settle(stop, actor=hour.visitor, now=stop.round.starts_at.astimezone(zone))


def _moods(departments: Sequence[Department], today: date, zone: ZoneInfo) -> None:
    """What was said in the months before this one; the last department is small: in one month it is left out, and
    another with it."""
    first = today.replace(day=1)
    for back in range(MONTHS, 0, -1):
        month = first
        for _step in range(back):
            month = (month - timedelta(days=1)).replace(day=1)
        at = datetime.combine(month + timedelta(days=9), time(12), tzinfo=zone)
        for number, department in enumerate(departments):
            is_small = number == len(departments) - 1
            answers = (3 if back == 3 else 5 + back % 2) if is_small else 6 + (number + back) % 5
            for each in range(answers):
                value = min(5, max(1, LEANS[number % len(LEANS)] + (each * 7 + back * 3 + number) % 3 - 1))
                line = LINES[(each // 3 + number + back) % len(LINES)] if each % 3 == 0 else ""
                source = (MoodCount.Source.VISIT, MoodCount.Source.TICKET, MoodCount.Source.LINK)[each % 3]
                keeping.keep(department, value, line, source, at)
