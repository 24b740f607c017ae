"""Ordinary incidents of the service desk, imported so that problems which no ticket announced count too.

An import adds and never deletes; importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from keuring_collector.desk.models import Incident
from keuring_collector.fleet import table_file
from keuring_collector.fleet.models import Endpoint
from keuring_collector.fleet.table_file import TableError
from keuring_collector.rulepack.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

COLUMNS: Final = {
    "machine": ("machine", "computer", "laptop", "werkstation", "hostname", "host name"),
    "cause": ("cause", "oorzaak"),
    "date": ("date", "datum", "opened", "gemeld", "aangemeld"),
    "number": ("number", "nummer", "incident", "incidentnummer", "ticket"),
}
REQUIRED: Final = ("machine", "cause", "date")
NAMED: Final = "machine, cause, date, number, or computer, oorzaak, datum, nummer"
LIMITS: Final = {"machine": 64, "cause": 60, "number": 60}
FIRST_YEAR: Final = 2000  # no service desk looks further back
FORMATS: Final = ("%d-%m-%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S")


class Row(NamedTuple):
    """One incident; ``at`` is aware of its time zone. ``number`` may be empty."""

    line: int
    machine: str
    cause: str
    at: datetime
    number: str


@dataclass(slots=True)
class Plan:
    """What an import would do: incidents to add; how many are there already, and of machines that are not known."""

    added: list[Incident] = field(default_factory=list)
    unchanged: int = 0
    strange: list[str] = field(default_factory=list)


def read(path: Path, causes: Collection[str], now: datetime) -> list[Row]:
    """The incidents in a CSV file; ``causes`` are those of the rules. Raises TableError or OSError."""
    rows: list[Row] = []
    problems: list[str] = []
    for line, cells in table_file.read(path, COLUMNS, REQUIRED, NAMED):
        wrong = [f"{name} is missing" for name in REQUIRED if not cells[name]]
        wrong += [
            f"{name} is longer than {limit} characters; shorten it"
            for name, limit in LIMITS.items()
            if len(cells[name]) > limit
        ]
        if cells["cause"] and cells["cause"] not in causes:
            wrong.append(f"no rule has the cause {cells['cause']!r}; {nearest(cells['cause'], causes)}".rstrip("; "))
        try:
            at = moment(cells["date"], now) if cells["date"] else now
        except ValueError as error:
            wrong.append(str(error))
        else:
            rows.append(Row(line, cells["machine"], cells["cause"], at, cells["number"]))
        problems += [f"line {line}: {what}" for what in wrong]
    if problems:
        raise TableError(path, problems)
    return rows


def moment(text: str, now: datetime) -> datetime:
    """A time as an ITSM writes it; without a zone it is the desk's, without a clock the start of the day.

    Raises ValueError, in words for people.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _dutch(text)
    if found.year < FIRST_YEAR:
        raise ValueError(f"'{text}' lies before {FIRST_YEAR}; is the year right?")
    aware = found if found.tzinfo else timezone.make_aware(found)
    if aware > now:
        raise ValueError(f"'{text}' lies ahead; an incident has happened already")
    # In UTC: the hour that the clocks repeat in autumn is otherwise equal to no time that is stored.
    return aware.astimezone(UTC)


def _dutch(text: str) -> datetime:
    for form in FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes after
        except ValueError:
            continue
    raise ValueError(f"'{text}' is no date; write it as 2026-08-01, 2026-08-01T09:30 or 01-08-2026 09:30")


def machines_by_name() -> dict[str, int]:
    """Every machine by its name in small letters. Of machines of one name the one in use counts, the newest of them."""
    machines: dict[str, int] = {}
    for state in (Endpoint.State.REPLACED, Endpoint.State.REVOKED, Endpoint.State.ACTIVE):
        for name, pk in Endpoint.objects.filter(state=state).order_by("enrolled_at").values_list("host_name", "pk"):
            machines[name.casefold()] = pk
    return machines


def plan(rows: Iterable[Row], now: datetime) -> Plan:
    """What importing ``rows`` would add now; writes nothing. Of machines of one name, the one in use counts."""
    todo = Plan()
    machines = machines_by_name()
    known = set(Incident.objects.values_list("endpoint_id", "cause", "at", "number"))
    for row in rows:
        endpoint = machines.get(row.machine.casefold())
        if endpoint is None:
            todo.strange.append(row.machine)
            continue
        key = (endpoint, row.cause, row.at, row.number)
        if key in known:
            todo.unchanged += 1
            continue
        known.add(key)
        todo.added.append(
            Incident(endpoint_id=endpoint, cause=row.cause, at=row.at, number=row.number, imported_at=now)
        )
    return todo


def apply(todo: Plan) -> int:
    """Writes the plan; returns how many incidents are new."""
    return add(todo.added)


def add(found: list[Incident]) -> int:
    """Writes incidents, all or none; returns how many are new. One that is there already is left as it is."""
    with transaction.atomic():
        before = Incident.objects.count()
        Incident.objects.bulk_create(found, batch_size=500, ignore_conflicts=True)
        return Incident.objects.count() - before
