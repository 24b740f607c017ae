"""Importing colleagues, departments and who uses which machine, from a CSV file such as an HR or AD export.

The import adds and changes, and never deletes: who is not in the file stays. Importing a file twice changes nothing
the second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from keuring_collector.fleet import table_file
from keuring_collector.fleet.models import Colleague, Department, Endpoint, MachineOwner
from keuring_collector.fleet.table_file import TableError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS: Final = {
    "name": ("name", "naam", "colleague", "collega"),
    "department": ("department", "afdeling"),
    "place": ("place", "plaats", "locatie", "location", "werkplek"),
    "mail": ("mail", "e-mail", "email", "e-mailadres", "mailadres", "mail address"),
    "machine": ("machine", "computer", "laptop", "werkstation", "hostname", "host name"),
}
REQUIRED: Final = ("name", "mail")
LIMITS: Final = {"name": 150, "department": 100, "place": 100, "mail": 254, "machine": 64}
NAMED: Final = "name, department, place, mail, machine, or naam, afdeling, plaats, e-mail, computer"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file. ``machine`` may be empty."""

    line: int
    name: str
    department: str
    place: str
    mail: str
    machine: str


@dataclass(slots=True)
class Plan:
    """What an import would do, in words for the preview, and the rows to do it with."""

    rows: list[Row]
    new_departments: list[str] = field(default_factory=list)
    new_colleagues: list[str] = field(default_factory=list)
    changed_colleagues: list[str] = field(default_factory=list)
    machines: list[str] = field(default_factory=list)
    unchanged: int = 0

    @property
    def changes(self) -> int:
        """How much would change."""
        return sum(map(len, (self.new_departments, self.new_colleagues, self.changed_colleagues, self.machines)))


def read(path: Path) -> list[Row]:
    """The rows of a CSV file. Raises TableError or OSError."""
    rows = [_row(line, values) for line, values in table_file.read(path, COLUMNS, REQUIRED, NAMED)]
    problems = [problem for row in rows for problem in _problems(row)] + _contradictions(rows)
    if problems:
        raise TableError(path, problems)
    return rows


def plan(rows: Iterable[Row]) -> Plan:
    """What importing ``rows`` would change now; writes nothing."""
    todo = Plan(list(rows))
    departments = set(Department.objects.values_list("name", flat=True))
    colleagues = {each.mail: each for each in Colleague.objects.select_related("department")}
    owners = {name.casefold(): mail for name, mail in MachineOwner.objects.values_list("host_name", "colleague__mail")}
    seen: set[str] = set()
    for row in todo.rows:
        before = todo.changes
        if row.department and row.department not in departments:
            departments.add(row.department)
            todo.new_departments.append(row.department)
        if row.mail not in seen:
            seen.add(row.mail)
            existing = colleagues.get(row.mail)
            if existing is None:
                todo.new_colleagues.append(f"{row.name} <{row.mail}>")
            elif difference := _difference(existing, row):
                todo.changed_colleagues.append(f"{row.name} <{row.mail}>: {difference}")
        if row.machine and owners.get(row.machine.casefold()) != row.mail:
            owners[row.machine.casefold()] = row.mail
            todo.machines.append(f"{row.machine}: {row.name}")
        todo.unchanged += todo.changes == before
    return todo


def apply(todo: Plan) -> None:
    """Writes the plan, all of it or nothing."""
    with transaction.atomic():
        for row in todo.rows:
            values: dict[str, Any] = {"name": row.name}
            if row.place:
                values["place"] = row.place
            if row.department:
                place = {"place": row.place}
                values["department"] = Department.objects.get_or_create(name=row.department, defaults=place)[0]
            colleague, created = Colleague.objects.get_or_create(mail=row.mail, defaults=values)
            if not created and _difference(colleague, row):
                Colleague.objects.filter(pk=colleague.pk).update(**values)
                colleague.refresh_from_db()
            if row.department:
                Endpoint.objects.filter(colleague=colleague).update(department=colleague.department)
            if row.machine:
                _give(row.machine, colleague)


def _give(machine: str, colleague: Colleague) -> None:
    known = MachineOwner.objects.filter(host_name__iexact=machine).first()
    if known is None:
        MachineOwner.objects.create(host_name=machine, colleague=colleague)
    elif known.colleague_id != colleague.pk:
        MachineOwner.objects.filter(pk=known.pk).update(colleague=colleague)
    Endpoint.objects.filter(host_name__iexact=machine, state=Endpoint.State.ACTIVE).exclude(colleague=colleague).update(
        colleague=colleague, department=colleague.department
    )


def _row(line: int, values: dict[str, str]) -> Row:
    return Row(line, **{**values, "mail": values["mail"].lower()})


def _problems(row: Row) -> list[str]:
    problems = [f"line {row.line}: {column} is missing" for column in REQUIRED if not getattr(row, column)]
    for column, limit in LIMITS.items():
        if len(getattr(row, column)) > limit:
            problems.append(f"line {row.line}: {column} is longer than {limit} characters; shorten it")
    if row.mail:
        try:
            validate_email(row.mail)
        except ValidationError:
            problems.append(f"line {row.line}: {row.mail!r} is no mail address; write it as name@example.nl")
    return problems


def _contradictions(rows: Iterable[Row]) -> list[str]:
    """Two lines that cannot both be true."""
    problems = []
    people: dict[str, Row] = {}
    machines: dict[str, Row] = {}
    for row in rows:
        first = people.setdefault(row.mail, row)
        if row.mail and (first.name, first.department) != (row.name, row.department):
            problems.append(
                f"line {row.line}: {row.mail} is {first.name} of {first.department or 'no department'} on line "
                f"{first.line} and {row.name} of {row.department or 'no department'} here; make them the same"
            )
        if row.machine:
            first = machines.setdefault(row.machine.casefold(), row)
            if first.mail != row.mail:
                problems.append(
                    f"line {row.line}: machine {row.machine} is given to {first.name} on line {first.line} already; "
                    "a machine has one colleague"
                )
    return problems


def _difference(existing: Colleague, row: Row) -> str:
    """What the row would change, in words. An empty cell says nothing, so it changes nothing."""
    department = existing.department.name if existing.department else ""
    pairs = (
        ("name", existing.name, row.name),
        ("department", department, row.department),
        ("place", existing.place, row.place),
    )
    return ", ".join(f"{what} {old or '–'} → {new}" for what, old, new in pairs if new and old != new)
