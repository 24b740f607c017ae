"""Keeping tables of dates fresh: which rows to look at again, and what a supplier's file changes in them.

A supplier's file is what endoflife.date gives for a product (both forms of its API) or a CSV with the columns product,
cycle and date. Nothing here reads the clock or writes a file: text in, text out.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from keuring_collector.rulepack import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.rulepack.source import Source
    from keuring_collector.rulepack.tables import Product, Table, TableRow

OLD = dt.timedelta(days=365)
LARGEST = 32 << 20  # characters of a supplier's file; all products of endoflife.date are some 5 million
# What the newer form of the API calls the dates of the older.
_NEWER = {"eol": "eolFrom", "support": "eoasFrom", "extendedSupport": "eoesFrom"}
_ROW = re.compile(
    r"^(\s*- \{.*?\bdate: )(\d{4}-\d{2}-\d{2})(, source: )(\"[^\"]*\")(, seen: )(\d{4}-\d{2}-\d{2})(.*\})$"
)


class SupplierError(ValueError):
    """A supplier's file cannot be used; the message says why and what would be right."""


class Offered(NamedTuple):
    """What a supplier says of one version: the date of each kind, where it gives one."""

    product: str
    cycle: str
    dates: dict[str, dt.date]


@dataclass(slots=True)
class Update:
    """What came of a supplier's file: the table's new text, and for people what was done and what is left to do."""

    text: str
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    confirmed: int = 0


def stale(path: Path, today: dt.date) -> list[str]:
    """Lines for a person on the table in ``path``: rows that nobody has looked at for a year. RulePackError."""
    source, table = tables.read(path)
    found = []
    for line, product, row in _rows(source, table):
        if today - row.seen > OLD:
            found.append(f"{path}:{line}: {_called(product, row)}: {row.date}, last looked at on {row.seen}")
    return found


def passed(path: Path, today: dt.date) -> list[str]:
    """Lines for a person on the rows whose date has passed. RulePackError."""
    source, table = tables.read(path)
    return [
        f"{path}:{line}: {_called(product, row)} ended on {row.date}"
        for line, product, row in _rows(source, table)
        if row.date < today
    ]


def _called(product: Product, row: TableRow) -> str:
    return f"{product.product} {row.version[-1]}" if row.version else product.product


def _rows(source: Source, table: Table) -> Iterator[tuple[int, Product, TableRow]]:
    for number, product in enumerate(table.products):
        for place, row in enumerate(product.rows):
            yield source.line(("products", number, "rows", place)), product, row


def offered(text: str, product: str) -> list[Offered]:
    """What a supplier's file says; ``product`` names what a bare list of versions is about. Raises SupplierError."""
    if len(text) > LARGEST:
        raise SupplierError("larger than 32 MiB; give the file of one product")
    if text.lstrip()[:1] in ("[", "{"):
        try:
            found = list(_from_json(json.loads(text), product))
        except (json.JSONDecodeError, RecursionError) as error:
            raise SupplierError(f"not valid JSON: {error}") from error
    else:
        found = list(_from_csv(text))
    if not found:
        raise SupplierError("no dates in it; give what endoflife.date says of a product, or product,cycle,date as CSV")
    return found


def _from_json(data: Any, product: str) -> Iterator[Offered]:
    if isinstance(data, dict) and "result" in data:
        results = data["result"] if isinstance(data["result"], list) else [data["result"]]
        for result in results:
            if isinstance(result, dict):
                yield from _cycles(result.get("releases"), str(result.get("name", product)), "name", _NEWER)
        return
    if isinstance(data, list) and not product:
        raise SupplierError("a list of versions does not say of which product; add --product NAME")
    yield from _cycles(data, product, "cycle", {name: name for name in _NEWER})


def _cycles(cycles: Any, product: str, name: str, keys: dict[str, str]) -> Iterator[Offered]:
    if not isinstance(cycles, list):
        raise SupplierError(f"of {product or 'the product'} there is no list of versions in it")
    for cycle in cycles:
        if not isinstance(cycle, dict) or not isinstance(cycle.get(name), str):
            raise SupplierError(f"a version of {product or 'the product'} has no '{name}'")
        # true and false say that support is over, or goes on; that is no date.
        written = {kind: cycle.get(key) for kind, key in keys.items()}
        dates = {kind: _date(value) for kind, value in written.items() if isinstance(value, str)}
        yield Offered(product, cycle[name], dates)


def _from_csv(text: str) -> Iterator[Offered]:
    reader = csv.DictReader(io.StringIO(text))
    missing = {"product", "cycle", "date"} - set(reader.fieldnames or ())
    if missing:
        raise SupplierError(f"the first line lacks {', '.join(sorted(missing))}; write product,cycle,date")
    for row in reader:
        day = _date(row["date"] or "")
        yield Offered((row["product"] or "").strip(), (row["cycle"] or "").strip(), dict.fromkeys(_NEWER, day))


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise SupplierError(f"'{text}' is no date; write it as in 2027-10-12") from error


def update(path: Path, found: list[Offered], source: str, today: dt.date) -> Update:
    """The table in ``path`` with what a supplier says of its products: dates, when they were seen, and new versions.

    ``source`` is what the rows whose date changes name as theirs; empty: endoflife.date. Raises RulePackError, or
    SupplierError when a row is not written on one line.
    """
    where, table = tables.read(path)
    result = Update(path.read_text(encoding="utf-8"))
    lines = result.text.splitlines()
    fresh: list[tuple[int, list[str]]] = []
    by_name: dict[str, dict[str, Offered]] = {}
    for item in found:
        by_name.setdefault(item.product, {})[item.cycle] = item
    for number, product in enumerate(table.products):
        said = by_name.get(product.supplier or "", {})
        for place, row in enumerate(product.rows):
            new = said.get(row.cycle_name)
            if new is not None and product.takes in new.dates:
                line = where.line(("products", number, "rows", place)) - 1
                lines[line] = _rewritten(path, line, lines[line], _Change(product, row, new, source, today), result)
        added = _added(product, said, source, today, result)
        if added:
            fresh.append((where.line(("products", number, "rows", len(product.rows) - 1)), added))
    for line, added in reversed(fresh):
        lines[line:line] = added
    result.text = "\n".join(lines) + "\n"
    return result


class _Change(NamedTuple):
    product: Product
    row: TableRow
    item: Offered
    source: str
    today: dt.date


def _rewritten(path: Path, number: int, line: str, change: _Change, result: Update) -> str:
    match = _ROW.match(line)
    if match is None:
        raise SupplierError(f"{path}:{number + 1}: this row is not on one line as {{version, date, source, seen}}")
    day = change.item.dates[change.product.takes]
    source = match[4]
    if day == change.row.date:
        result.confirmed += 1
    else:
        result.changed.append(f"{_called(change.product, change.row)}: {change.row.date} becomes {day}")
        source = _quoted(change.source or _supplied(change.product))
    return f"{match[1]}{day}{match[3]}{source}{match[5]}{change.today}{match[7]}"


def _added(product: Product, said: dict[str, Offered], source: str, today: dt.date, result: Update) -> list[str]:
    """Rows for versions that are not in the table yet and are still supported, or were until a year ago."""
    known = {row.cycle_name for row in product.rows}
    fresh = [
        (item.cycle, item.dates[product.takes])
        for item in said.values()
        if item.cycle not in known and product.takes in item.dates and item.dates[product.takes] > today - OLD
    ]
    if not product.grows:
        # What agents call such a version is not what the supplier calls it, so a person must say.
        result.left += [f"{product.product}: {cycle}, {day}" for cycle, day in sorted(fresh)]
        return []
    result.added += [f"{product.product} {cycle}: {day}" for cycle, day in sorted(fresh)]
    named = _quoted(source or _supplied(product))
    return [
        f"      - {{version: {_quoted(cycle)}, date: {day}, source: {named}, seen: {today}}}"
        for cycle, day in sorted(fresh)
    ]


def _supplied(product: Product) -> str:
    return f"endoflife.date, {product.supplier}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace('\\"', "'")
