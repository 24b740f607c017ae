"""What a section of a report is made of: sentences and tables, which page, PDF, mail and API all show.

All is text in one language, as it is kept: a report never reads otherwise afterwards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below ``columns``. ``numbers`` are the columns that are set as numbers; ``tickets``: of each row
    the ticket that it tells of, for those who may open it.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int] = field(default_factory=list)
    tickets: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """A section: ``lead`` says the most important first, ``notes`` how it was counted."""

    lead: list[str]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)
