"""Reading tables that other programs export: CSV with comma, semicolon or tab, in UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING, Final

from keuring_collector.errors import KeuringError
from keuring_collector.fleet.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOST_BYTES: Final = 32 * 1024 * 1024
_TOLD: Final = re.compile(r'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)  # what Excel reads and writes as a line of its own


class TableError(KeuringError):
    """The file cannot be imported; ``problems`` says of each line what is wrong with it and what would be right."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        shown = list(problems[:20])
        if len(problems) > len(shown):
            shown.append(f"… and {len(problems) - len(shown)} more")
        super().__init__("\n".join(f"{path}: {problem}" for problem in shown))
        self.problems = tuple(problems)


def read(
    path: Path, columns: Mapping[str, Sequence[str]], required: Sequence[str], named: str
) -> list[tuple[int, dict[str, str]]]:
    """The lines with something on them: (number, {column: cell}); a column that is not there is empty.

    ``columns``: the words in the first line that each may go by; ``named`` says so to people. Raises TableError or
    OSError.
    """
    if path.stat().st_size > MOST_BYTES:
        raise TableError(path, [f"has more than {MOST_BYTES // 1024**2} MiB; import it in parts"])
    raw = path.read_bytes()
    text = _text(raw)
    head, told = text.partition("\n")[0], _TOLD.match(text)
    separator = told[1] if told else max(";,\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        if told:
            next(reader)
        places = _places(path, next(reader, []), columns, required, named)
        return [
            (reader.line_num, _cells(cells, columns, places)) for cells in reader if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise TableError(path, [f"line {reader.line_num}: no CSV: {error}; are all quotes closed?"]) from error


def _text(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # "Unicode text" of Excel
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _places(
    path: Path, header: Sequence[str], columns: Mapping[str, Sequence[str]], required: Sequence[str], named: str
) -> dict[str, int]:
    words = [cell.strip().casefold() for cell in header]
    places = {column: words.index(word) for column, names in columns.items() for word in names if word in words}
    missing = [column for column in required if column not in places]
    if missing:
        raise TableError(
            path,
            [
                f"line 1: column {' and '.join(missing)} is missing (found: {', '.join(words) or 'nothing'}); "
                f"the first line names the columns: {named}"
            ],
        )
    return places


def _cells(cells: Sequence[str], columns: Mapping[str, Sequence[str]], places: Mapping[str, int]) -> dict[str, str]:
    return {
        column: printable(cells[place], 1000) if (place := places.get(column, len(cells))) < len(cells) else ""
        for column in columns
    }
