"""Where colleagues sit: the places of a department in the order in which one walks past them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.fleet.models import Colleague
from keuring_collector.service.models import Place, Seat

if TYPE_CHECKING:
    from keuring_collector.fleet.models import Department

MOST: Final = 200  # of a department


def add(department: Department, *, building: str, floor: str, room: str) -> Place:
    """A place at the end of the walk. Raises NotUnderstood or NotPossible."""
    building, floor, room = (" ".join(text.split()) for text in (building, floor, room))
    if not room or len(room) > 60 or len(building) > 60 or len(floor) > 40:
        raise NotUnderstood(
            "room", _("Name the room or desk, in at most 60 characters; building and floor may be empty.")
        )
    if department.places.count() >= MOST:
        raise NotPossible(_("This department has two hundred places already; take one away first."))
    last = department.places.aggregate(last=Max("position"))["last"] or 0
    try:
        with transaction.atomic():
            return Place.objects.create(
                department=department, building=building, floor=floor, room=room, position=last + 1
            )
    except IntegrityError:
        raise NotPossible(_("This department has a place of that name already.")) from None


def move(place: Place, *, earlier: bool) -> None:
    """One step earlier or later in the walk; at its end nothing changes."""
    with transaction.atomic():
        order = list(Place.objects.select_for_update().filter(department=place.department_id))
        at = next(index for index, each in enumerate(order) if each.pk == place.pk)
        to = at - 1 if earlier else at + 1
        if 0 <= to < len(order):
            order[at], order[to] = order[to], order[at]
        for position, each in enumerate(order, 1):
            if each.position != position:
                Place.objects.filter(pk=each.pk).update(position=position)


def seat(colleague: Colleague, place: Place | None) -> None:
    """Lets a colleague sit somewhere, or where their imported place says. Raises NotUnderstood."""
    if place is None:
        Seat.objects.filter(colleague=colleague).delete()
        return
    if place.department_id != colleague.department_id:
        raise NotUnderstood("place", _("Choose a place of the colleague's own department."))
    Seat.objects.update_or_create(colleague=colleague, defaults={"place": place})


def of_colleagues(department: Department) -> dict[int, Place]:
    """{colleague: place} of a department: as the desk says, else the room that their imported place names."""
    places = list(department.places.all())
    by_name = {form.casefold(): each for each in reversed(places) for form in (each.room, str(each))}
    found = {}
    for pk, text in Colleague.objects.filter(department=department).exclude(place="").values_list("pk", "place"):
        if place := by_name.get(text.strip().casefold()):
            found[pk] = place
    known = {each.pk: each for each in places}
    for pk, place_pk in Seat.objects.filter(place__in=places).values_list("colleague", "place"):
        found[pk] = known[place_pk]
    return found
