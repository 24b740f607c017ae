"""Which tickets fit the choices of a reader, in which order: the questions that the queue asks of the database.

Their SQL is written once for each kind of choice (see ``desk.prepared``), save where a text is sought: what that stands
for has to be looked up first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from keuring_collector.console.sought import Fits, Sought
from keuring_collector.desk import scope
from keuring_collector.desk.models import FleetTicket, Staff, Ticket, TicketLine
from keuring_collector.desk.prepared import Prepared
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from keuring_collector.console.listing import Choices

State, Severity = Ticket.State, Ticket.Severity
STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": Ticket.OPEN,
    "new": (State.NEW,),
    "planned": (State.PLANNED,),
    "snoozed": (State.SNOOZED,),
    "closed": (State.RESOLVED, State.DISMISSED, State.MERGED),
}
NOW, WEEK, MONTH, LATER, UNDATED, PLANNED, SNOOZED, CLOSED = range(8)  # the groups of a queue by when


class Values(NamedTuple):
    """What a choice is compared with; in SQL that is prepared each is a slot, None or a truth."""

    departments: Any  # that the reader may see; None: all
    answers: Any  # whether the reader answers objections
    staff: Any
    department: Any
    cause: Any
    owner: Any
    rule: Any
    today: Any
    week: Any
    month: Any
    # Of a text that is sought; ``wide``: it fits too much to be told, and this is it.
    wide: Any = None
    text: Any = None
    size: Any = None
    bits: Any = None
    causes: Any = ()
    subjects: Any = ()


def values(choices: Choices, staff: Staff, now: datetime) -> Values:
    """What these choices of a reader are compared with."""
    given = Values(
        *scope.reach(staff), staff.pk, int(choices.department or 0), choices.cause,
        int(choices.owner) if choices.owner.isdigit() else 0, choices.rule, *boundaries(now),
    )  # fmt: skip
    if not choices.q:
        return given
    sought = Sought(choices.q)
    fits = sought.fits(only_open=choices.state != "closed")
    return given._replace(wide=sought) if fits is None else given._replace(**fits._asdict())


def boundaries(now: datetime) -> tuple[datetime, datetime, datetime]:
    """The start of today, of next week (Monday) and of next month, in the desk's time zone."""
    today = timezone.localtime(now).date()
    monday = today + timedelta(days=7 - today.weekday())
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)

    return midnight(today), midnight(monday), midnight(max(month, monday))


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the tickets that fit are asked for: ``count`` of them after the first ``before``.

    ``group``, ``severity``: only those, of a list that is read in parts. ``walked``: see ``tickets``. ``names``: more
    tickets than this are on the first machines by name, and only those are put in order.
    """

    before: int
    count: int
    group: int | None = None
    severity: int | None = None
    walked: bool = False
    names: int = 0


def placed(choices: Choices, given: Values, part: Part) -> list[tuple[int, int, int]]:
    """The tickets of a part in their order: severity, group and number of each."""
    if given.wide:
        return list(_part(choices, given, part))
    # What the values are makes no other SQL, only whether there are any.
    kind = replace(
        choices, department=choices.department and "1", cause=choices.cause and "1", rule=choices.rule and "1",
        q=choices.q and "1", owner="1" if choices.owner.isdigit() else choices.owner, page=1,
    )  # fmt: skip
    return _prepared(kind, part)(*given)


@lru_cache(maxsize=256)
def _prepared(kind: Choices, part: Part) -> Prepared[tuple[int, int, int]]:
    return Prepared(lambda *given: _part(kind, Values(*given), part))


def _part(choices: Choices, given: Values, part: Part) -> QuerySet[Any, tuple[int, int, int]]:
    found = narrowed(tickets(choices, given, walked=part.walked), choices)
    if part.names:
        # SQLite would put all of a long list in order.
        holding = Endpoint.objects.filter(Exists(found.filter(endpoint=OuterRef("pk")))).order_by("host_name")
        found = found.filter(endpoint__host_name__in=holding.values("host_name")[: part.names + 1])
    if part.group is not None:
        found = found.filter(_groups(given)[part.group])
    if part.severity is not None:
        found = found.filter(severity=part.severity)
    rows: QuerySet[Any, tuple[int, int, int]] = ordered(found, choices).values_list("severity", "group", "pk")
    return rows[part.before : part.before + part.count]


def narrowed(found: QuerySet[Any], choices: Choices) -> QuerySet[Any]:
    """Those of the chosen severities."""
    return found.filter(severity__in=choices.severity) if choices.severity else found


def tickets(choices: Choices, given: Values, *, walked: bool = False) -> QuerySet[Any]:
    """All tickets that fit the choices but for their severity, each with its ``group``, which its type cannot tell.

    ``walked``: there are so many that a page of them is soon met by walking through all tickets in their order. SQLite
    would read all of a department or a cause and put them in order.
    """
    # That a ticket is closed says its state; ``closed_at`` says it again for the indexes, of which SQLite would take
    # the wrong one were the closed asked for by their states.
    found = scope.tickets_of(given.departments, given.answers).filter(closed_at__isnull=choices.state != "closed")
    if choices.state == "closed":
        found = found.exclude(state__in=Ticket.OPEN)
    elif choices.state != "open" or not (choices.department or choices.sort == "machine"):
        found = found.filter(state__in=STATES[choices.state])
    else:
        # PostgreSQL takes "open" and "not closed" for two things and expects few rows of both; SQLite expects so of the
        # first. By machine they would read and sort all that are open, where names or departments lead to a few.
        found = found.exclude(state=State.RESTING)
    found = _of_part(found, choices, given, walked=walked)
    if choices.owner == "me":
        found = found.filter(owner=given.staff)
    elif choices.owner == "nobody":
        found = found.filter(owner=None)
    elif choices.owner:
        found = found.filter(owner_id=given.owner)
    if choices.simulated:
        found = found.filter(endpoint__simulated=choices.simulated == "only")
    if choices.rule:
        found = found.filter(id__in=TicketLine.objects.filter(rule=given.rule, active=True).values("ticket"))
    if not (choices.together or choices.q or choices.owner or choices.rule) and choices.state in ("open", "new"):
        found = found.exclude(parent__in=FleetTicket.objects.filter(closed_at=None).values("pk"))
    if choices.q:
        fits, is_open = Fits._make(given[-len(Fits._fields) :]), choices.state != "closed"
        found = found.filter((given.wide.tickets if given.wide else fits.condition)(only_open=is_open))
    grouped: QuerySet[Any] = _grouped(found, choices, given)
    return grouped


def _of_part(found: Any, choices: Choices, given: Values, *, walked: bool) -> Any:
    """Tickets of the chosen department and cause."""
    if choices.department:
        there = Endpoint.objects.filter(department_id=given.department)
        by_each = Exists(there.filter(pk=OuterRef("endpoint_id")))
        found = found.filter(by_each if walked else Q(endpoint__in=there.values("pk")))
    if choices.cause and walked:
        return found.alias(of_cause=Coalesce("cause", Value(""))).filter(of_cause=given.cause)
    return found.filter(cause=given.cause) if choices.cause else found


def _grouped(found: Any, choices: Choices, given: Values) -> Any:
    if choices.state == "closed":
        return found.annotate(group=Value(CLOSED, output_field=IntegerField()))
    cases = (When(condition, then=Value(group)) for group, condition in _groups(given).items())
    return found.annotate(group=Case(*cases, output_field=IntegerField()))


def _groups(given: Values) -> dict[int, Q]:
    """What puts an open ticket in each group, in their order."""
    new, dateless = Q(state=State.NEW), Q(expected_at=None)
    return {
        NOW: new & (Q(expected_at__lt=given.today) | dateless & Q(severity=Severity.URGENT)),
        WEEK: new & Q(expected_at__gte=given.today, expected_at__lt=given.week),
        MONTH: new & Q(expected_at__gte=given.week, expected_at__lt=given.month),
        LATER: new & Q(expected_at__gte=given.month),
        UNDATED: new & dateless & ~Q(severity=Severity.URGENT),
        PLANNED: Q(state=State.PLANNED),
        SNOOZED: Q(state=State.SNOOZED),
    }


def ordered(found: QuerySet[Any], choices: Choices) -> QuerySet[Any]:
    """Tickets (see ``tickets``) in the chosen order."""
    sort, by_date = choices.sort, F("expected_at").asc(nulls_last=True)
    if sort == "severity":
        return found.order_by("-severity", by_date, "id")
    if sort == "machine":
        return found.order_by("endpoint__host_name", "-severity", by_date, "id")
    if sort == "newest":
        return found.order_by("-opened_at", "-id")
    if choices.state == "closed":
        return found.order_by("-closed_at", "-id")
    return found.order_by(
        "group", F("planned_for").asc(nulls_last=True), F("snoozed_until").asc(nulls_last=True), "-severity", by_date,
        "id",
    )  # fmt: skip
