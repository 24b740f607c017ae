"""What of the fleet somebody at the desk may see: everything, or what belongs to the departments they are limited to.

Every list, page, count and search of the console and the API begins with one of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from django.db.models import Model, Q
from django.http import Http404
from django.utils.translation import gettext as _

from keuring_collector.desk.models import Backtest, FleetTicket, Inspection, Quiet, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Colleague, Department, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may see, for work that nobody in particular asked for: all (None), or these departments."""

    department_ids: frozenset[int] | None = None


Seer: TypeAlias = "Staff | Reach"


def tickets(seer: Seer) -> QuerySet[Ticket]:
    """The tickets on machines that they may see; those at rest, as their colleague objected, only for whoever answers
    objections.
    """
    return tickets_of(*reach(seer))


def sees(person: Staff, ticket: Ticket) -> bool:
    """Whether somebody may look at a ticket, by their role and their departments."""
    return person.may(Right.LOOK) and tickets(person).filter(pk=ticket.pk).exists()


def reach(seer: Seer) -> tuple[frozenset[int] | None, bool]:
    """What ``tickets_of`` asks of a seer: their departments, and whether they answer objections."""
    return seer.department_ids, not isinstance(seer, Reach) and seer.may(Right.AUDIT)


def tickets_of(department_ids: Iterable[int] | None, answers: bool) -> QuerySet[Ticket]:
    """The same by what is asked of a seer, for queries that are prepared."""
    found = Ticket.objects.all()
    if department_ids is not None:
        found = found.filter(endpoint__department__pk__in=department_ids)
    return found if answers else found.exclude(state=Ticket.State.RESTING)


def inspections(seer: Seer) -> QuerySet[Inspection]:
    """The APK reports of machines that they may see."""
    return _within(Inspection.objects.all(), seer, "endpoint__department__in")


def about_machines(found: QuerySet[M], seer: Seer) -> QuerySet[M]:
    """Of rows that each have an ``endpoint``, those about a machine that they may see."""
    return _within(found, seer, "endpoint__department__pk__in")


def fleet_tickets(seer: Seer) -> QuerySet[FleetTicket]:
    """The fleet tickets with a machine that they may see."""
    return fleet_tickets_of(*reach(seer))


def fleet_tickets_of(department_ids: Iterable[int] | None, answers: bool) -> QuerySet[FleetTicket]:
    """The same by what is asked of a seer, for queries that are prepared."""
    found = FleetTicket.objects.all()
    return (
        found if department_ids is None else found.filter(children__in=tickets_of(department_ids, answers)).distinct()
    )


def quiet_times(seer: Seer) -> QuerySet[Quiet]:
    """The quiet times that they have to do with: those of their departments and machines."""
    found = Quiet.objects.all()
    ids = seer.department_ids
    return found if ids is None else found.filter(Q(department__in=ids) | Q(endpoint__department__in=ids))


def backtests(seer: Seer) -> QuerySet[Backtest]:
    """The backtests that were about nothing but departments which they may see."""
    found = Backtest.objects.all()
    ids = seer.department_ids
    if ids is None:
        return found
    others = Department.objects.exclude(pk__in=ids)
    return found.filter(everything=False, departments__in=ids).exclude(departments__in=others).distinct()


def endpoints(seer: Seer) -> QuerySet[Endpoint]:
    """The machines that they may see."""
    return endpoints_of(seer.department_ids)


def endpoints_of(department_ids: Iterable[int] | None) -> QuerySet[Endpoint]:
    """The same by their departments, for queries that are prepared."""
    found = Endpoint.objects.all()
    return found if department_ids is None else found.filter(department__pk__in=department_ids)


def machine(found: QuerySet[Endpoint], identity: UUID) -> Endpoint:
    """The one of ``found`` that an address names. Raises Http404 when there is none."""
    try:
        return found.get(uuid=identity)
    except Endpoint.DoesNotExist:
        raise Http404(no_machine()) from None


def no_machine() -> str:
    """What is said where an address names no machine that its reader may see."""
    return _("There is no such machine, or it belongs to a department that you do not see.")


def colleagues(seer: Seer) -> QuerySet[Colleague]:
    """The colleagues whose machines they may see."""
    return _within(Colleague.objects.all(), seer, "department__in")


def departments(seer: Seer) -> QuerySet[Department]:
    """The departments that they may see."""
    return _within(Department.objects.all(), seer, "pk__in")


def _within(found: QuerySet[M], seer: Seer, field: str) -> QuerySet[M]:
    ids = seer.department_ids
    return found if ids is None else found.filter(**{field: ids})
