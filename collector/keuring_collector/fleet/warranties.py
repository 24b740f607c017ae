"""Until when machines are under warranty: told by the organisation by serial number, from a CSV file or one by one.

An import adds and changes, and never deletes; importing a file twice changes nothing the second time. A file with a
wrong line is not imported at all, so that nobody has to find out which half of it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import transaction

from keuring_collector.fleet import table_file
from keuring_collector.fleet.models import Warranty
from keuring_collector.fleet.serials import canonical
from keuring_collector.fleet.table_file import TableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

COLUMNS: Final = {
    "serial": ("serial", "serienummer", "serial number", "serialnumber", "service tag", "servicetag", "s/n"),
    "ends": ("warranty", "garantie", "garantie tot", "einde garantie", "warranty end", "ends", "date", "datum"),
}
REQUIRED: Final = ("serial", "ends")
NAMED: Final = "serial, warranty, or serienummer, garantie"
_NAMES: Final = {"serial": "serial", "ends": "warranty"}
LONGEST: Final = 64
FIRST_YEAR: Final = 2000  # no machine in use is older
MOST_YEARS: Final = 20  # ahead; no maker promises more
KEPT: Final = timedelta(days=400)  # after it ended


class Row(NamedTuple):
    """One line: a serial number as ``canonical`` writes it, and the last day of its warranty."""

    line: int
    serial: str
    ends: date


@dataclass(slots=True)
class Plan:
    """What an import would do. ``strange``: serial numbers that no machine here tells yet; they are kept for then."""

    added: list[Row] = field(default_factory=list)
    changed: list[tuple[Row, date]] = field(default_factory=list)
    unchanged: int = 0
    strange: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """How much would change."""
        return len(self.added) + len(self.changed)


def read(path: Path, today: date) -> list[Row]:
    """The warranties in a CSV file. Raises TableError, which tells every wrong line, or OSError."""
    rows: dict[str, Row] = {}
    problems: list[str] = []
    for line, cells in table_file.read(path, COLUMNS, REQUIRED, NAMED):
        wrong = [f"{_NAMES[name]} is missing" for name in REQUIRED if not cells[name]]
        if not wrong:
            try:
                row = Row(line, serial(cells["serial"]), day(cells["ends"], today))
                first = rows.setdefault(row.serial, row)
                if first.ends != row.ends:
                    wrong.append(f"{row.serial} stands on line {first.line} with {first.ends}; keep the right one")
            except ValueError as error:
                wrong.append(str(error))
        problems += [f"line {line}: {what}" for what in wrong]
    if problems:
        raise TableError(path, problems)
    return list(rows.values())


def serial(text: str) -> str:
    """A serial number in the one way that it is kept in. Raises ValueError, in words for people."""
    found = canonical(text)
    if not 1 < len(found) <= LONGEST or not found.isprintable():
        raise ValueError(f"'{text[:80]}' is no serial number; it has 2 to {LONGEST} letters and digits")
    return found


def day(text: str, today: date) -> date:
    """A day as 2027-05-31, 31-5-2027 or 31/5/2027, with or without a time of day. Raises ValueError, in words."""
    found = _read_day(text)
    if found.year < FIRST_YEAR:
        raise ValueError(f"'{text}' lies before {FIRST_YEAR}; is the year right?")
    if found.year > today.year + MOST_YEARS:
        raise ValueError(f"'{text}' lies more than {MOST_YEARS} years ahead; is the year right?")
    return found


def _read_day(text: str) -> date:
    bare = text.strip()
    try:
        return datetime.fromisoformat(bare).date()
    except ValueError:
        pass
    for form in ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(bare.partition(" ")[0], form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise ValueError(f"'{text[:80]}' is no date; write it as 2027-05-31 or 31-5-2027")


def plan(rows: Iterable[Row], told: Collection[str]) -> Plan:
    """What importing ``rows`` would change; ``told`` are the serial numbers that machines tell. Writes nothing."""
    todo = Plan()
    mine, known = {canonical(each) for each in told}, dict(Warranty.objects.values_list("serial", "ends"))
    for row in rows:
        before = known.get(row.serial)
        if before is None:
            todo.added.append(row)
        elif before != row.ends:
            todo.changed.append((row, before))
        else:
            todo.unchanged += 1
        if row.serial not in mine:
            todo.strange.append(row.serial)
    return todo


def apply(todo: Plan, now: datetime) -> int:
    """Writes the plan, all or none; returns how many warranties are new or changed."""
    rows = [*todo.added, *(row for row, _before in todo.changed)]
    with transaction.atomic():
        Warranty.objects.bulk_create(
            [Warranty(serial=row.serial, ends=row.ends, told_at=now) for row in rows],
            batch_size=500, update_conflicts=True, unique_fields=["serial"], update_fields=["ends", "told_at"],
        )  # fmt: skip
    return len(rows)


def tell(number: str, ends: date | None, now: datetime) -> date | None:
    """Writes down one warranty, or that there is none (None); returns what was known before."""
    with transaction.atomic():
        known = Warranty.objects.filter(serial=canonical(number))
        before = known.values_list("ends", flat=True).first()
        if ends is None:
            known.delete()
        else:
            Warranty.objects.update_or_create(serial=canonical(number), defaults={"ends": ends, "told_at": now})
    return before


def of(number: str) -> date | None:
    """The last day of the warranty of a serial number; None when none was told."""
    return Warranty.objects.filter(serial=canonical(number)).values_list("ends", flat=True).first()


def forget(today: date) -> int:
    """Lets go of warranties that ended long ago; returns how many."""
    return Warranty.objects.filter(ends__lt=today - KEPT).delete()[0]
