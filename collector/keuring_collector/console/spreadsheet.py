"""CSV for spreadsheets, which run a cell that begins with =, +, - or @ as a formula: such a cell becomes plain text."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Cell = str | int | float | None

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Cell, language: str) -> str:
    """One cell: a number with the comma or point of the language, text that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value
    text = f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.replace(".", ",") if language == "nl" else text


def response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> HttpResponse:
    """A file to keep. In Dutch cells are parted by semicolons, as Dutch spreadsheets expect."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    })  # fmt: skip
    answer.write("\ufeff")
    writer = csv.writer(answer, delimiter=";" if language == "nl" else ",")
    for row in (header, *rows):
        writer.writerow([cell(each, language) for each in row])
    return answer
