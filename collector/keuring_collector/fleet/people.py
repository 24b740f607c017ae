"""Importing colleagues, departments and who uses which machine, from a CSV file such as an HR or AD export.

The import adds and changes, and never deletes: who is not in the file stays. Importing a file twice changes nothing
the second time.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from keuring_collector.errors import KeuringError
from keuring_collector.fleet.models import Colleague, Department, Endpoint, MachineOwner
from keuring_collector.fleet.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
MOST_BYTES: Final = 32 * 1024 * 1024


class PeopleError(KeuringError):
    """The file cannot be imported; ``problems`` says of each line what is wrong with it and what would be right."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        shown = list(problems[:20])
        if len(problems) > len(shown):
            shown.append(f"… and {len(problems) - len(shown)} more")
        super().__init__("\n".join(f"{path}: {problem}" for problem in shown))
        self.problems = tuple(problems)


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
    """The rows of a CSV file: comma, semicolon or tab, UTF-8 or Windows-1252. Raises PeopleError or OSError."""
    if path.stat().st_size > MOST_BYTES:
        raise PeopleError(path, [f"has more than {MOST_BYTES // 1024**2} MiB; import it in parts"])
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        places = _places(path, header)
        rows, problems = [], []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row = _row(reader.line_num, cells, places)
                rows.append(row)
                problems += _problems(row)
    except csv.Error as error:
        raise PeopleError(path, [f"line {reader.line_num}: no CSV: {error}; are all quotes closed?"]) from error
    problems += _contradictions(rows)
    if problems:
        raise PeopleError(path, problems)
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


def _places(path: Path, header: Sequence[str]) -> dict[str, int]:
    words = [cell.strip().casefold() for cell in header]
    places = {column: words.index(word) for column, names in COLUMNS.items() for word in names if word in words}
    missing = [column for column in REQUIRED if column not in places]
    if missing:
        raise PeopleError(
            path,
            [
                f"line 1: column {' and '.join(missing)} is missing (found: {', '.join(words) or 'nothing'}); "
                "the first line names the columns: name, department, place, mail, machine, "
                "or naam, afdeling, plaats, e-mail, computer"
            ],
        )
    return places


def _row(line: int, cells: Sequence[str], places: dict[str, int]) -> Row:
    values = {
        column: printable(cells[place], 1000) if (place := places.get(column, len(cells))) < len(cells) else ""
        for column in COLUMNS
    }
    values["mail"] = values["mail"].lower()
    return Row(line, **values)


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
