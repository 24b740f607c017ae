"""Tables of dates that rules name: data/NAME.yaml of a pack, as rows for the condition ``expires``.

A table says per product which facts a machine has that runs it, and per version until when its maker supports it.
Each row says who announced the date (``source``) and when somebody last looked (``seen``); dates.py keeps them fresh.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - pydantic reads it at run time
from itertools import product as combinations
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictStr, ValidationError, model_validator

from keuring_collector.rulepack.conditions.base import Part, Text
from keuring_collector.rulepack.conditions.dates import DatedEntry
from keuring_collector.rulepack.language import Slug  # noqa: TC001 - pydantic reads it at run time
from keuring_collector.rulepack.plainly import problems_of
from keuring_collector.rulepack.problems import Problem, RulePackError, nearest
from keuring_collector.rulepack.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.rulepack.problems import Loc

DATA = "data"


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


Words = Annotated[list[StrictStr], BeforeValidator(_listed), Field(min_length=1)]


class TableRow(Part):
    """One version (under all names that agents may give it) and the last day on which it is supported."""

    version: Words | None = Field(default=None, description="How the version begins; without it: any version.")
    date: dt.date
    source: Text
    seen: dt.date
    cycle: StrictStr | None = Field(default=None, description="What a supplier of dates calls it; default: the version")

    @property
    def cycle_name(self) -> str:
        """What a supplier of dates calls it; empty when nobody supplies it."""
        return self.cycle or (self.version[0] if self.version else "")


class Product(Part):
    """Something with versions whose support ends."""

    product: Slug
    supplier: StrictStr | None = Field(default=None, description="What a supplier of dates calls the product.")
    takes: Literal["eol", "support", "extendedSupport"] = Field(
        default="eol", description="Which of the supplier's dates counts."
    )
    subject: Words | None = Field(default=None, description="How the name of the program begins; any of several.")
    when: dict[str, Words] = Field(default_factory=dict, description="How facts of machines that run it begin.")
    version: str = Field(description="The fact that holds the version.")
    rows: list[TableRow] = Field(min_length=1)

    @model_validator(mode="after")
    def _about_something(self) -> Product:
        if not self.subject and not self.when:
            raise ValueError("about no product; write when, subject or both")
        if not self.when and any(row.version is None for row in self.rows):
            raise ValueError("a row without a version needs when; write when, or a version in each row")
        return self

    @property
    def grows(self) -> bool:
        """Whether versions that a supplier knows and the table does not can be added as they are."""
        return self.supplier is not None and all(row.cycle is None for row in self.rows)


class Table(Part):
    """A data file of a pack."""

    products: list[Product] = Field(min_length=1)


def table_path(directory: Path, name: str) -> Path:
    """Where the table of that name stands in the pack in ``directory``."""
    return directory / DATA / f"{name}.yaml"


def is_table(directory: Path, path: Path) -> bool:
    """Whether a file of the pack in ``directory`` is a table, and not a rule."""
    return path.parent == directory / DATA


def read(path: Path) -> tuple[Source, Table]:
    """The table in ``path`` and where its parts stand. RulePackError lists all that is wrong with it."""
    source = Source(path)
    try:
        table = Table.model_validate(source.data)
    except ValidationError as error:
        raise RulePackError(problems_of(source, error, Table)) from error
    problems = list(_repeated(source, table))
    if problems:
        raise RulePackError(problems)
    return source, table


def _repeated(source: Source, table: Table) -> list[Problem]:
    """Versions that stand twice: the first would count, and the other mislead."""
    problems = []
    for number, product in enumerate(table.products):
        seen: set[str] = set()
        for place, row in enumerate(product.rows):
            for version in row.version or [""]:
                if version in seen:
                    line = source.line(("products", number, "rows", place))
                    what = f"version '{version}' of '{product.product}' stands here twice"
                    problems.append(Problem(source.path, line, what, "keep one of them"))
                seen.add(version)
    return problems


def entries(table: Table) -> list[DatedEntry]:
    """The rows as a rule would have them written out, in the table's order: the first that fits counts."""
    found = []
    for product in table.products:
        for row in product.rows:
            versions: list[str | None] = [*row.version] if row.version else [None]
            subjects: list[str | None] = [*product.subject] if product.subject else [None]
            for subject, *values in combinations(subjects, *product.when.values(), versions):
                *facts, version = values
                when = {name: str(value) for name, value in zip(product.when, facts, strict=True)}
                if version is not None:
                    when[product.version] = version
                found.append(DatedEntry(subject=subject, when=when, date=row.date, source=row.source))
    return found


class Tables:
    """The tables that rules of a pack name, each read once, from the first of some packs that has it."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = directories
        self._found: dict[str, list[dict[str, Any]] | None] = {}

    def fill_in(self, source: Source) -> None:
        """Puts the rows of tables into the place of their names, so that the rule's fingerprint covers them.

        Raises RulePackError: there is no such table, or it is wrong; what is wrong in it is said once.
        """
        if isinstance(source.data, dict):
            self._walk(source, source.data.get("condition"), ("condition",))

    def _walk(self, source: Source, part: Any, loc: Loc) -> None:
        if isinstance(part, list):
            for number, each in enumerate(part):
                self._walk(source, each, (*loc, number))
        elif isinstance(part, dict):
            for key, each in part.items():
                self._walk(source, each, (*loc, key))
            expires = part.get("expires")
            if isinstance(expires, dict) and isinstance(expires.get("table"), str):
                expires["table"] = self._rows(source, expires["table"], (*loc, "expires", "table"))

    def _rows(self, source: Source, name: str, loc: Loc) -> list[dict[str, Any]]:
        if name not in self._found:
            self._found[name] = None
            self._found[name] = self._read(source, name, loc)
        rows = self._found[name]
        if rows is None:
            raise RulePackError([])  # the first rule that named it said what is wrong
        return rows

    def _read(self, source: Source, name: str, loc: Loc) -> list[dict[str, Any]]:
        for directory in self._directories:
            path = table_path(directory, name)
            if path.is_file():
                return [entry.model_dump(exclude_none=True) for entry in entries(read(path)[1])]
        known = {p.stem for directory in self._directories for p in (directory / DATA).glob("*.yaml")}
        mend = nearest(name, known) or f"write {table_path(self._directories[0], name)}"
        raise RulePackError([Problem(source.path, source.line(loc), f"no table is called '{name}'", mend)])
