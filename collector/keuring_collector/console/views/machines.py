"""The machines, and one machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring.signals.catalogue import BY_ID
from keuring_collector.console import (
    drawing,
    facts,
    fleet_counts,
    inventory,
    machine_rows,
    multiples,
    pack,
    readings,
    stories,
    table_rows,
    warranty,
)
from keuring_collector.console.choosing import options
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.sought import MANY, Sought
from keuring_collector.console.views import announcements
from keuring_collector.console.views.audit import looks
from keuring_collector.desk import audit, quiet, scope, signals, wording
from keuring_collector.desk.counting import counted_lately
from keuring_collector.desk.counts import PROGRAMS
from keuring_collector.desk.models import Inspection, Ticket, Waiting
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.fleet import versions
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.announcing import current
from keuring_collector.service.tips.standing import open_tips

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from keuring_collector.desk.models import Staff

PAGE: Final = 50
LISTED: Final = 12  # tickets of one machine that are shown
_PROGRAMS: Final = frozenset({*PROGRAMS, inventory.BEHIND})  # facts that stand in the list of programs


@dataclass(frozen=True, slots=True)
class Machine:
    """One row of the list."""

    endpoint: Endpoint
    contact: facts.Contact
    tickets: int
    severity: int
    address: str
    older: str  # which version its agent is, where that is behind


@dataclass(frozen=True, slots=True)
class Chosen:
    """The machines that an address asks for, by name, and what was asked; ``late``: versions of agents behind."""

    found: QuerySet[Endpoint]
    sought: Sought | None
    q: str
    department: str
    model: str
    simulated: str
    version: str
    late: list[str]
    behind: int
    models: list[str]

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the list down."""
        names = ("q", "department", "model", "simulated", "version")
        return {name: value for name in names if (value := str(getattr(self, name)))}


def choose(request: HttpRequest, staff: Staff, now: datetime, *, most: int = MANY + 1) -> Chosen:
    """The machines of an address, within what ``staff`` may see. ``most``: of more that have the text in their name,
    only the first so many by name are looked for, whatever the other choices leave of those.
    """
    query, department = request.GET.get("q", "").replace("\0", "").strip()[:100], request.GET.get("department", "")
    model, simulated = request.GET.get("model", "")[:256].replace("\0", ""), request.GET.get("simulated", "")
    wanted, told = settings.KEURING.wanted_agent_version, fleet_counts.ask("machines", staff, now).content
    late = [version for version in told["agent_version"] if versions.is_behind(version, wanted)]
    version = "behind" if wanted and request.GET.get("version") == "behind" else ""
    found = scope.endpoints(staff).filter(state=Endpoint.State.ACTIVE)
    if version:
        found = found.filter(agent_version__in=late)
    if (chosen := number(department)) is not None:
        found = found.filter(department_id=chosen)
    if simulated in ("hide", "only"):
        found = found.filter(simulated=simulated == "only")
    if model:
        found = found.filter(model=model)
    sought = Sought(query, most=most) if query else None
    if sought:
        found = found.filter(sought.named | sought.models())
    behind = sum(told["agent_version"][each] for each in late)
    found = found.order_by("host_name", "pk")
    return Chosen(found, sought, query, department, model, simulated, version, late, behind, sorted(told["model"]))


def with_tickets(found: QuerySet[Endpoint]) -> QuerySet[Any]:
    """Machines with what a row tells, their open tickets counted."""
    # An index holds the open ones by machine; joined to all that a machine ever had, each of those would be read.
    opened = Ticket.objects.filter(endpoint=OuterRef("pk"), state__in=Ticket.OPEN, closed_at=None).order_by()
    of_machine = opened.values("endpoint")
    return (
        found.select_related("colleague", "department")
        .annotate(
            open_tickets=Coalesce(Subquery(of_machine.annotate(n=Count("pk")).values("n")), 0),
            worst=Coalesce(Subquery(of_machine.annotate(n=Max("severity")).values("n")), 0),
        )
        .order_by("host_name", "pk")
    )


@prepared
def _shown(numbers: Any) -> QuerySet[Any]:
    return with_tickets(Endpoint.objects.filter(pk__in=numbers))


def _placed(found: QuerySet[Endpoint], page: int) -> list[int]:
    return list(found.values_list("pk", flat=True)[(page - 1) * PAGE : page * PAGE])


def rows_of(chosen: Chosen, shown: Iterable[Any], now: datetime) -> list[Machine]:
    """Machines (see ``with_tickets``) as the list tells them."""
    endpoints = list(shown)
    contacts = facts.contacts([endpoint.pk for endpoint in endpoints], now)
    address = drawing.machine_addresses()
    older = {version: _("%(version)s, older") % {"version": version} for version in chosen.late}
    return [
        Machine(
            each, contacts[each.pk], each.open_tickets, each.worst, address(each.uuid),
            older.get(each.agent_version, ""),
        )
        for each in endpoints
    ]  # fmt: skip


@requires(Right.LOOK)
@require_safe
def machines(request: HttpRequest) -> HttpResponse:
    """All machines: searched, filtered, fifty on a page."""
    now, staff = timezone.now(), staff_of(request)
    page = number(request.GET.get("page", "")) or 1
    chosen = choose(request, staff, now, most=4 * page * PAGE)
    filters = tuple(chosen.filters.items())
    count = counted_lately(("listed", staff.department_ids, filters), lambda: choose(request, staff, now).found)
    pages = max(1, -(-count // PAGE))
    page = min(page, pages)
    # Which they are first: tickets are counted for the fifty that are shown, not for the fleet.
    placed = _placed(chosen.found, page)
    if chosen.sought and not chosen.sought.is_whole(placed, PAGE):
        placed = _placed(choose(request, staff, now).found, page)
    rows = rows_of(chosen, _shown(placed), now)
    address = request.GET.copy()

    def turned(number: int) -> str:
        address["page"] = str(number)
        return "?" + address.urlencode()

    context: dict[str, Any] = {
        "rows": rows,
        "count": count,
        "page": page,
        "pages": pages,
        "before": turned(page - 1) if page > 1 else "",
        "after": turned(page + 1) if page < pages else "",
        "q": chosen.q,
        "department": chosen.department,
        "model": chosen.model,
        "simulated": chosen.simulated,
        "version": chosen.version,
        "wanted": settings.KEURING.wanted_agent_version,
        "behind": chosen.behind,
        "query": request.GET.urlencode(),
        "departments": options(
            [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")],
            chosen.department,
            _("All departments"),
        ),
        "models": options([(name, name) for name in chosen.models], chosen.model, _("All models")),
        "is_filtered": bool(chosen.filters),
    }
    return render(request, "console/machines.html", context)


def endpoint_of(request: HttpRequest, identity: uuid.UUID) -> Endpoint:
    """The machine that an address names. Raises Http404 when there is none, or none that the reader may see."""
    for found in _seen(staff_of(request).department_ids, identity):
        return found
    raise Http404(scope.no_machine())


@prepared
def _seen(departments: Any, identity: Any) -> QuerySet[Endpoint]:
    return scope.endpoints_of(departments).filter(uuid=identity).select_related("colleague", "department")


def has_open_ticket(endpoint: Endpoint) -> bool:
    """Whether a machine has an open ticket, so that staff may look closer."""
    return bool(_open(endpoint.pk))


@prepared
def _open(endpoint: Any) -> QuerySet[Ticket, int]:
    found = Ticket.objects.filter(endpoint=endpoint, state__in=Ticket.OPEN)
    return found.order_by().values_list("pk", flat=True)[:1]


@requires(Right.LOOK)
@require_safe
def machine(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """One machine: its plate, tickets, signals over a shared time axis, facts, and what cannot be measured."""
    now, language, staff = timezone.now(), (get_language() or "nl")[:2], staff_of(request)
    endpoint = endpoint_of(request, identity)
    audit.record(staff, "machine.viewed", audit.machine(endpoint))
    tickets = stories.of_machine(endpoint.pk)
    tickets.sort(key=lambda ticket: (ticket.state not in Ticket.OPEN, -ticket.severity))
    stories.fill([ticket for number, ticket in enumerate(tickets) if number < LISTED or ticket.state in Ticket.OPEN])
    has_open = any(ticket.state in Ticket.OPEN for ticket in tickets)
    chosen = multiples.choose(request.GET, now, has_open=has_open)
    if chosen.closer:
        readings.note_look(staff, endpoint, days=chosen.days)
    store, state = readings.store(), pack.current()
    known, model = store.facts(endpoint.pk), facts.model(endpoint)
    programs = inventory.programs(known, now)
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "card": facts.card(endpoint, known, now),
        "model": model,
        "quiets": quiet.applying(endpoint, model, now),
        "waits": len(_waiting(endpoint.pk)),
        "tickets": table_rows.others([stories.row(each, state, language, now) for each in tickets[:LISTED]], now),
        "open_count": sum(ticket.state in Ticket.OPEN for ticket in tickets),
        "has_open": has_open,
        "tips": open_tips(endpoint, state.pack, language, now),
        "today": timezone.localtime(now).date(),
        "warranty": warranty.of(known, now),
        "inspections": _inspections(endpoint.pk),
        "chosen": chosen,
        "sections": multiples.sections(endpoint, chosen, multiples.about(tickets)),
        "facts": machine_rows.facts(facts.rows([fact for fact in known if fact.signal not in _PROGRAMS], now)),
        "programs": programs,
        "program_rows": machine_rows.programs(programs),
        "changes": inventory.changes(store.fact_changes(endpoint.pk), now),
        "missing": facts.missing(store.unmeasured(endpoint.pk)),
        "announced": [announcements.row(each, now, language) for each in current.for_machine(endpoint, store, now)],
        "events": _events(endpoint, now),
        "looks": looks(endpoint) if staff.may(Right.AUDIT) else None,
    }
    return render(request, "console/machine.html", context)


@prepared
def _waiting(endpoint: Any) -> QuerySet[Waiting, int]:
    return Waiting.objects.filter(endpoint=endpoint).values_list("pk", flat=True)


@prepared
def _inspections(endpoint: Any) -> QuerySet[Inspection]:
    return Inspection.objects.filter(endpoint=endpoint)[:5]


def _events(endpoint: Endpoint, now: datetime) -> list[tuple[str, str, str, int]]:
    """What happened on a machine in 90 days, by the day: (day, what, subject, how often), newest first."""
    end = now.timestamp()
    days: dict[tuple[Any, int, str], int] = {}
    for event in readings.store().events(endpoint.pk, end - 90 * readings.DAY, end):
        if event.signal in BY_ID:
            day = wording.local_day(datetime.fromtimestamp(event.observed_at, UTC))
            key = (day, event.signal, event.subject)
            days[key] = days.get(key, 0) + event.count
    ordered = sorted(days.items(), key=lambda item: item[0], reverse=True)
    return [
        (wording.day(day, now), signals.label(BY_ID[signal].name), subject, count)
        for (day, signal, subject), count in ordered[:30]
    ]
