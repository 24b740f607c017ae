"""Visits: the rounds of today and to come, a department's places and hours, calendars, and who has not seen us."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import pack, readings
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.deeds import read_day
from keuring_collector.desk import scope
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.models import Staff
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import Place, Round, VisitException, VisitingHour
from keuring_collector.service.visiting import calendars, hours, places, rounds, unseen
from keuring_collector.service.visiting.news import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from keuring_collector.fleet.models import Department
    from keuring_collector.service.visiting.hours import Occurrence
    from keuring_collector.service.visiting.unseen import Seen

DAYS: Final = 7
FIELDS: Final = (
    "weekday",
    "clock",
    "minutes",
    "visitor",
    "first_on",
    "building",
    "floor",
    "room",
    "day",
    "reason",
    "hour",
    "place",
    "colleague",
    "exception",
)


@dataclass(frozen=True, slots=True)
class Walk:
    """A visiting hour on a day, with its round when there is one."""

    occurrence: Occurrence
    round: Round | None
    stops: int
    done: int


class Sitting(NamedTuple):
    """A colleague of a department, of which there may be thousands: all that its page tells of them."""

    pk: int
    name: str

    def __str__(self) -> str:
        return self.name


def hours_of(staff: Staff) -> QuerySet[VisitingHour]:
    """The visiting hours of departments that they may see."""
    return VisitingHour.objects.filter(department__in=scope.departments(staff)).select_related("department", "visitor")


def rounds_of(staff: Staff) -> QuerySet[Round]:
    """The rounds past departments that they may see."""
    return Round.objects.filter(department__in=scope.departments(staff)).select_related("department", "visitor")


def walks(staff: Staff, first: dt.date, days: int, *, mine: bool = False) -> list[Walk]:
    """What falls in the days from ``first``, in order."""
    last = first + dt.timedelta(days=days - 1)
    held = hours_of(staff).filter(visitor=staff) if mine else hours_of(staff)
    known = {
        (each.hour_id, each.day): each
        for each in rounds_of(staff).filter(day__range=(first, last)).prefetch_related("stops")
    }
    found = []
    for occurrence in hours.occurrences(held, first, last):
        made = known.get((occurrence.hour.pk, occurrence.day))
        stops = [stop for stop in made.stops.all() if stop.fits and not stop.removed] if made else []
        found.append(Walk(occurrence, made, len(stops), sum(1 for stop in stops if stop.outcome)))
    return found


def for_today(staff: Staff, now: dt.datetime) -> dict[str, Any]:
    """What the page of today says of visits; nothing while the desk has no visiting hours."""
    if not _has_hours(staff.department_ids):
        return {"walks": [], "unseen": []}
    today = timezone.localtime(now).date()
    return {"walks": walks(staff, today, 1), "unseen": [each for each in seen(staff, today) if each.is_long]}


@prepared
def _has_hours(departments: Any) -> QuerySet[VisitingHour, int]:
    """One of the visiting hours of these departments (None: of all) that still are."""
    held = VisitingHour.objects.filter(ended_on=None)
    found = held if departments is None else held.filter(department__pk__in=departments)
    return found.order_by().values_list("pk", flat=True)[:1]


def seen(staff: Staff, today: dt.date) -> list[Seen]:
    """When each department that they may see last saw us."""
    return unseen.departments(scope.departments(staff), today)


@requires(Right.LOOK)
@require_safe
def visits(request: HttpRequest) -> HttpResponse:
    """The week, from today or the day of a calendar's link."""
    staff, now = staff_of(request), timezone.now()
    today = timezone.localtime(now).date()
    first = read_day(request.GET.get("day", "")) or today
    by_day: dict[dt.date, list[Walk]] = {}
    for walk in walks(staff, first, DAYS):
        by_day.setdefault(walk.occurrence.day, []).append(walk)
    departments = scope.departments(staff)
    context = {
        "days": sorted(by_day.items()),
        "today": today,
        "is_now": first == today,
        "earlier": first - dt.timedelta(days=DAYS),
        "later": first + dt.timedelta(days=DAYS),
        "last_seen": seen(staff, today),
        "has_hours": hours_of(staff).filter(ended_on=None).exists(),
        "departments": departments,
        "has_key": calendars.live(staff).exists(),
        "key": request.session.pop("calendar_key", ""),
        "holidays": holidays(),
        "root": f"{request.scheme}://{request.get_host()}",
        "all_departments": staff.department_ids is None,
    }
    return render(request, "console/visits.html", context)


@requires(Right.ACT)
@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes the round of a visiting hour, of the day that the form names."""
    made = round_on(staff_of(request), pk, read_day(request.POST.get("day", "")))
    return HttpResponseRedirect(reverse("round", args=[made.pk]))


def round_on(staff: Staff, pk: int, day: dt.date | None) -> Round:
    """The round of a visiting hour on a day, made or brought up to date. Raises Http404."""
    hour = get_object_or_404(hours_of(staff), pk=pk)
    found = hours.occurrences([hour], day, day) if day else []
    if not found or found[0].off:
        raise Http404(_("This visiting hour is not held on that day."))
    return rounds.propose(found[0], sources(hour.department))


def sources(department: Department) -> Sources:
    """What a round of a department is proposed from."""
    ids = list(department.endpoint_set.values_list("pk", flat=True))
    heard = {pk: head.received_at for pk, head in readings.store().heads(ids).items()}
    return Sources(readings.store(), pack.current().pack, timezone.now(), heard)


def department_of(staff: Staff, pk: int) -> Department:
    """A department that they may see. Raises Http404."""
    found = scope.departments(staff).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such department, or you do not see it."))
    return found


def _page(
    request: HttpRequest,
    department: Department,
    typed: Mapping[str, str] | None = None,
    wrong: str = "",
    where: str = "",
) -> HttpResponse:
    today, only = timezone.localdate(), scope.departments(staff_of(request)).filter(pk=department.pk)
    context = {
        **of_department(department),
        "hours": [
            (each, WEEKDAYS[each.weekday], hours.at_minute(today, each.from_minute)) for each in held_in(department)
        ],
        "weekdays": [(str(number), name) for number, name in WEEKDAYS.items()],
        "people": [each for each in Staff.objects.filter(is_active=True) if each.may(Right.ACT)],
        "typed": typed or {"first_on": today.isoformat(), "minutes": "60"},
        "wrong": wrong,
        "where": where,
        "today": today,
        "last": next(iter(unseen.departments(only, today)), None),
    }
    return render(request, "console/visits_department.html", context, status=422 if wrong else 200)


def held_in(department: Department) -> QuerySet[VisitingHour]:
    """The visiting hours of a department that have not ended."""
    return department.visiting_hours.filter(ended_on=None).select_related("visitor")


def of_department(department: Department) -> dict[str, Any]:
    """Its places with who sits there, in walking order, who sits nowhere, and the days that are left out."""
    sits = places.of_colleagues(department)
    everybody = [Sitting(*row) for row in department.colleague_set.values_list("pk", "name")]
    there: dict[int, list[Sitting]] = {}
    for each in everybody:
        if each.pk in sits:
            there.setdefault(sits[each.pk].pk, []).append(each)
    rooms = [(place, there.get(place.pk, [])) for place in department.places.all()]
    left_out = VisitException.objects.filter(hour__in=held_in(department), day__gte=timezone.localdate())
    return {
        "department": department,
        "rooms": rooms,
        "unplaced": [each for each in everybody if each.pk not in sits],
        "everybody": everybody,
        "exceptions": left_out.select_related("hour"),
    }


@requires(Right.LOOK)
@require_safe
def department(request: HttpRequest, pk: int) -> HttpResponse:
    """A department's places in walking order, and its visiting hours."""
    return _page(request, department_of(staff_of(request), pk))


def _minute(text: str) -> int | None:
    try:
        clock = dt.time.fromisoformat(text)
    except ValueError:
        return None
    return clock.hour * 60 + clock.minute


def _visitor(typed: Mapping[str, str]) -> Staff | None:
    pk = number(typed["visitor"])
    return Staff.objects.filter(pk=pk).first() if pk else None


def _hour(found: Department, typed: Mapping[str, str]) -> VisitingHour:
    return get_object_or_404(found.visiting_hours, pk=number(typed["hour"]) or 0)


def _place(found: Department, typed: Mapping[str, str]) -> Place:
    return get_object_or_404(found.places, pk=number(typed["place"]) or 0)


def _seat(found: Department, typed: Mapping[str, str]) -> None:
    colleague = get_object_or_404(found.colleague_set, pk=number(typed["colleague"]) or 0)
    places.seat(colleague, _place(found, typed) if typed["place"] else None)


def _exception(found: Department, typed: Mapping[str, str]) -> VisitException:
    return get_object_or_404(VisitException, hour__department=found, pk=number(typed["exception"]) or 0)


# By action: what it does with the department, what was typed (of FIELDS), and who and when.
CHANGES: Final[Mapping[str, Callable[[Department, Mapping[str, str], dict[str, Any]], object]]] = {
    "add-place": lambda d, t, _who: places.add(d, building=t["building"], floor=t["floor"], room=t["room"]),
    "earlier": lambda d, t, _who: places.move(_place(d, t), earlier=True),
    "later": lambda d, t, _who: places.move(_place(d, t), earlier=False),
    "remove-place": lambda d, t, _who: _place(d, t).delete(),
    "seat": lambda d, t, _who: _seat(d, t),
    "make": lambda d, t, who: hours.make(
        d, weekday=number(t["weekday"]), from_minute=_minute(t["clock"]), minutes=number(t["minutes"]),
        visitor=_visitor(t), first_on=read_day(t["first_on"]), **who,
    ),
    "change": lambda d, t, who: hours.change(
        _hour(d, t).pk, from_minute=_minute(t["clock"]), minutes=number(t["minutes"]), visitor=_visitor(t), **who
    ),
    "end": lambda d, t, who: hours.end(_hour(d, t).pk, **who),
    "leave-out": lambda d, t, who: hours.leave_out(
        _hour(d, t), day=read_day(t["day"]), reason=t["reason"], **who
    ),
    "hold-again": lambda d, t, who: hours.hold_again(_exception(d, t), **who),
}  # fmt: skip


def change_department(found: Department, action: str, typed: Mapping[str, str], staff: Staff) -> None:
    """Does one of CHANGES; ``typed`` has all FIELDS. Raises NotUnderstood, NotPossible or Http404."""
    CHANGES[action](found, typed, {"actor": staff, "now": timezone.now()})


@requires(Right.ACT)
@require_POST
def change(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Changes places or hours of a department; what was refused comes back with what was typed."""
    staff = staff_of(request)
    found = department_of(staff, pk)
    if action not in CHANGES:
        raise Http404(_("There is no such action."))
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        change_department(found, action, typed, staff)
    except ActionError as error:
        return _page(request, found, typed, str(error.message), action)
    return HttpResponseRedirect(f"{reverse('visits_department', args=[pk])}#{action}")


@requires(Right.ACT)
@require_POST
def holiday(request: HttpRequest) -> HttpResponse:
    """A day on which no visiting hour is held, or taking that back; for whoever sees all departments."""
    staff = staff_of(request)
    try:
        if again := number(request.POST.get("again", "")):
            end_holiday(staff, again)
        else:
            make_holiday(staff, read_day(request.POST.get("day", "")), request.POST.get("reason", ""))
        messages.success(request, _("Done. Calendars follow within an hour."))
    except ActionError as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(f"{reverse('visits')}#holidays")


def _sees_all(staff: Staff) -> None:
    if staff.department_ids is not None:
        raise NotUnderstood("day", _("You see only some departments: leave out their hours one by one."))


def make_holiday(staff: Staff, day: dt.date | None, reason: str) -> None:
    """A day on which no visiting hour is held. Raises NotUnderstood or NotPossible."""
    _sees_all(staff)
    hours.leave_out(None, day=day, reason=reason, actor=staff, now=timezone.now())


def end_holiday(staff: Staff, pk: int) -> None:
    """Holds the visiting hours of a day again. Raises NotUnderstood or Http404."""
    _sees_all(staff)
    hours.hold_again(get_object_or_404(VisitException, hour=None, pk=pk), actor=staff, now=timezone.now())


def holidays() -> QuerySet[VisitException]:
    """The days to come on which no visiting hour is held."""
    return VisitException.objects.filter(hour=None, day__gte=timezone.localdate())


@requires(Right.OWN_ACCOUNT)
@require_POST
def calendar_key(request: HttpRequest) -> HttpResponse:
    """Makes or ends the secret address of one's own calendars; it is shown once."""
    staff, now = staff_of(request), timezone.now()
    if request.POST.get("do") == "revoke":
        calendars.revoke(staff, now)
        messages.success(request, _("The address works no longer."))
    else:
        request.session["calendar_key"] = calendars.make_key(staff, now)
    return HttpResponseRedirect(f"{reverse('visits')}#calendar")


@login_not_required
@require_safe
def calendar(request: HttpRequest, key: str, which: str) -> HttpResponse:
    """The feed of a secret address: ``mine``, or the number of a department. Calendars cannot sign in."""
    owner = calendars.owner_of(key)
    if owner is None:
        raise Http404(_("This calendar address is none, or it was revoked."))
    with translation.override(owner.language or settings.LANGUAGE_CODE):
        if which == "mine":
            found, name = hours_of(owner).filter(visitor=owner), _("My visits")
        else:
            chosen = department_of(owner, number(which) or 0)
            found, name = hours_of(owner).filter(department=chosen), _("Visits: %(name)s") % {"name": chosen.name}
        address = f"{request.scheme}://{request.get_host()}{reverse('queue')}"
        told = found.prefetch_related("department__places")
        text = calendars.feed(name, told, settings.KEURING.public_name, address, timezone.now())
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    return response
