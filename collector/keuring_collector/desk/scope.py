"""What of the fleet somebody at the desk may see: everything, or what belongs to the departments they are limited to.

Every list, page, count and search of the console and the API begins with one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, Q

from keuring_collector.desk.models import Backtest, FleetTicket, Quiet, Ticket
from keuring_collector.fleet.models import Colleague, Department, Endpoint

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff

M = TypeVar("M", bound=Model)


def tickets(staff: Staff) -> QuerySet[Ticket]:
    """The tickets on machines that they may see."""
    return _within(Ticket.objects.all(), staff, "endpoint__department__in")


def fleet_tickets(staff: Staff) -> QuerySet[FleetTicket]:
    """The fleet tickets with a machine that they may see."""
    found = FleetTicket.objects.all()
    return found if staff.department_ids is None else found.filter(children__in=tickets(staff)).distinct()


def quiet_times(staff: Staff) -> QuerySet[Quiet]:
    """The quiet times that they have to do with: those of their departments and machines."""
    found = Quiet.objects.all()
    ids = staff.department_ids
    return found if ids is None else found.filter(Q(department__in=ids) | Q(endpoint__department__in=ids))


def backtests(staff: Staff) -> QuerySet[Backtest]:
    """The backtests that were about nothing but departments which they may see."""
    found = Backtest.objects.all()
    ids = staff.department_ids
    if ids is None:
        return found
    others = Department.objects.exclude(pk__in=ids)
    return found.filter(everything=False, departments__in=ids).exclude(departments__in=others).distinct()


def endpoints(staff: Staff) -> QuerySet[Endpoint]:
    """The machines that they may see."""
    return _within(Endpoint.objects.all(), staff, "department__in")


def colleagues(staff: Staff) -> QuerySet[Colleague]:
    """The colleagues whose machines they may see."""
    return _within(Colleague.objects.all(), staff, "department__in")


def departments(staff: Staff) -> QuerySet[Department]:
    """The departments that they may see."""
    return _within(Department.objects.all(), staff, "pk__in")


def _within(found: QuerySet[M], staff: Staff, field: str) -> QuerySet[M]:
    ids = staff.department_ids
    return found if ids is None else found.filter(**{field: ids})
