"""CSV for spreadsheets, which run a cell that begins with =, +, - or @ as a formula: such a cell becomes plain text."""

from __future__ import annotations

import csv
import itertools
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | float | date | None
# Full-width ones too: some spreadsheets take them for the same.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CONTENT: Final = "text/csv; charset=utf-8"


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def cell(value: Cell, language: str) -> str:
    """One cell: a number with the comma or point of the language, a day as 2027-01-31, text that nothing runs."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value
    text = f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.replace(".", ",") if language == "nl" else text


def lines(header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> Iterator[str]:
    """The lines of a file. In Dutch cells are parted by semicolons, as Dutch spreadsheets expect."""
    writer: Any = csv.writer(_Echo(), delimiter=";" if language == "nl" else ",")
    yield "\ufeff"  # lets spreadsheets see that it is UTF-8
    for row in itertools.chain([header], rows):
        yield writer.writerow([cell(each, language) for each in row])


def response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> HttpResponse:
    """A file to keep."""
    return HttpResponse("".join(lines(header, rows, language)), content_type=CONTENT, headers=_named(name))


def streamed(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> StreamingHttpResponse:
    """The same of rows that are read while it is sent."""
    return StreamingHttpResponse(lines(header, rows, language), content_type=CONTENT, headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=f"{name}.csv") or "attachment"
    }
