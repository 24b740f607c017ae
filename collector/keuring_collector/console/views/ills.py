"""What is ill in common: per model of machine, and per version of a program, beside the rest of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring.signals import catalogue
from keuring_collector.console import readings
from keuring_collector.console.inventory import PROGRAMS
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import illness, scope
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from keuring_collector.desk.illness import Comparison
    from keuring_collector.desk.models import Staff

CRASH, HANG = catalogue.KEURING_APPLICATION_CRASH.id, catalogue.KEURING_APPLICATION_HANG.id
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Model:
    """A model: how many of its machines had a ticket lately, and the causes that they have more often than others."""

    name: str
    machines: int
    ill: Comparison
    more: list[str]


@dataclass(frozen=True, slots=True)
class Ill:
    """One cause within a model."""

    cause: str
    label: str
    open_tickets: int
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened with a program, or with one version of it, in the last 90 days."""

    name: str
    machines: int
    crashes: int
    hangs: int
    hit: int  # machines on which it crashed or hung
    tickets: int = 0
    comparison: Comparison | None = None


def _everybody(staff: Staff) -> set[int]:
    return set(scope.endpoints(staff).filter(state=Endpoint.State.ACTIVE).values_list("pk", flat=True))


def _models(seen: set[int]) -> dict[str, set[int]]:
    return illness.groups(readings.store().facts_of(catalogue.KEURING_HARDWARE_MODEL.id), seen)


@requires(Right.LOOK)
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """All models with five machines or more; those that stand out first."""
    staff, now = staff_of(request), timezone.now()
    seen = _everybody(staff)
    causes = illness.by_cause(staff, now)
    ill = set().union(*causes.values())
    rows, small = [], 0
    for name, machines in _models(seen).items():
        if len(machines) < illness.FEWEST:
            small += 1
            continue
        more = [
            cause_label(cause)
            for cause, hit in sorted(causes.items())
            if illness.compare(machines, hit, seen).verdict == "more"
        ]
        rows.append(Model(name, len(machines), illness.compare(machines, ill, seen), more))
    rows.sort(key=lambda row: (-len(row.more), -row.machines, row.name))
    context = {"rows": rows[:MOST], "small": small, "left_out": max(0, len(rows) - MOST)}
    return render(request, "console/models.html", context)


@requires(Right.LOOK)
@require_safe
def model(request: HttpRequest) -> HttpResponse:
    """One model: per cause how many of its machines have it, beside all other machines."""
    staff, now, name = staff_of(request), timezone.now(), request.GET.get("name", "")
    seen = _everybody(staff)
    machines = _models(seen).get(name)
    if not machines:
        raise Http404(_("There is no machine of this model, or you do not see it."))
    opened: dict[str, int] = {}
    for cause, endpoint in (
        scope.tickets(staff).filter(state__in=Ticket.OPEN).order_by().values_list("cause", "endpoint")
    ):
        if endpoint in machines:
            opened[cause] = opened.get(cause, 0) + 1
    rows = [
        Ill(cause, cause_label(cause), opened.get(cause, 0), illness.compare(machines, hit, seen))
        for cause, hit in illness.by_cause(staff, now).items()
        if hit & machines
    ]
    order = {"more": 0, "unclear": 1, "less": 2, "few": 3}
    rows.sort(key=lambda row: (order[row.comparison.verdict], -row.comparison.ours.count, row.label))
    context = {
        "name": name,
        "machines": len(machines),
        "others": len(seen) - len(machines),
        "rows": rows,
        "too_few": len(machines) < illness.FEWEST,
    }
    return render(request, "console/model.html", context)


def _troubles(seen: set[int], now: datetime) -> list[tuple[int, int, str, str, int]]:
    since = (now - illness.LATELY).timestamp()
    return [row for row in readings.store().event_counts((CRASH, HANG), since) if row[0] in seen]


@requires(Right.LOOK)
@require_safe
def software(request: HttpRequest) -> HttpResponse:
    """The programs that crashed or hung, those of most machines first."""
    seen, now = _everybody(staff_of(request)), timezone.now()
    counts: dict[str, list[int]] = {}
    hit: dict[str, set[int]] = {}
    for endpoint, signal, program, _version, count in _troubles(seen, now):
        counts.setdefault(program, [0, 0])[signal == HANG] += count
        hit.setdefault(program, set()).add(endpoint)
    rows = [
        Trouble(program, 0, crashes, hangs, len(hit[program]))
        for program, (crashes, hangs) in counts.items()
        if program
    ]
    rows.sort(key=lambda row: (-row.hit, -row.crashes - row.hangs, row.name))
    context = {"rows": rows[:MOST], "left_out": max(0, len(rows) - MOST), "everybody": len(seen)}
    return render(request, "console/software.html", context)


@requires(Right.LOOK)
@require_safe
def program(request: HttpRequest) -> HttpResponse:
    """One program: each version with its machines, crashes, hangs and tickets, beside its other versions."""
    staff, now, name = staff_of(request), timezone.now(), request.GET.get("name", "")
    if not name or "\0" in name:
        raise Http404(_("Name a program."))
    seen = _everybody(staff)
    told = readings.store().fact_about(PROGRAMS, name)
    versions = illness.groups({(endpoint, name): value for endpoint, value in told.items()}, seen)
    happened = [row for row in _troubles(seen, now) if row[2] == name]
    if not versions and not happened:
        raise Http404(_("No machine that you see tells of this program."))
    tickets: dict[int, int] = {}
    about = scope.tickets(staff).filter(state__in=Ticket.OPEN, lines__subject=name, lines__active=True).distinct()
    for endpoint in about.order_by().values_list("endpoint", flat=True):
        tickets[endpoint] = tickets.get(endpoint, 0) + 1
    having = set().union(*versions.values())
    ill = {row[0] for row in happened}
    rows = [
        _version(version, versions.get(version, set()), happened, tickets, (having, ill))
        for version in sorted({*versions, *(row[3] for row in happened)})
    ]
    rows.sort(key=lambda row: (-row.machines, row.name))
    context = {"name": name, "rows": rows[:MOST], "machines": len(having), "hit": len(ill)}
    return render(request, "console/program.html", context)


def _version(
    version: str,
    machines: set[int],
    happened: list[tuple[int, int, str, str, int]],
    tickets: dict[int, int],
    whole: tuple[set[int], set[int]],
) -> Trouble:
    having, ill = whole
    own = [row for row in happened if row[3] == version]
    return Trouble(
        version,
        len(machines),
        sum(row[4] for row in own if row[1] == CRASH),
        sum(row[4] for row in own if row[1] == HANG),
        len({row[0] for row in own}),
        sum(tickets.get(endpoint, 0) for endpoint in machines),
        illness.compare(machines, ill, having) if machines else None,
    )
