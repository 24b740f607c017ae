"""docs/benchmarks.md: the last value of each figure, with when and on what machine it was measured."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from tests.bench.figure import Figure

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"
COLUMNS: Final = ("figure", "value", "unit", "peer", "peer's value", "ratio", "how", "benchmark", "date", "machine")
_ROW: Final = re.compile(r"^\| `(?P<figure>[^`]+)` \|")


def machine() -> str:
    """This machine in a few words: processor, cores, memory, system and Python."""
    model = platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        model = found.group(1).strip() if found else model
    except OSError:
        pass  # not Linux; the architecture will do
    memory = ""
    if hasattr(os, "sysconf"):
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    return f"{model}, {os.cpu_count()} cores{memory}, {platform.system()}, Python {platform.python_version()}"


def number(value: float | None) -> str:
    """A number with four significant digits, without an exponent."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value)}"
    digits = max(0, 4 - len(str(int(abs(value)))) + (abs(value) < 1))
    text = f"{value:.{digits}f}" if abs(value) >= 0.001 else f"{value:.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def row(figure: Figure, benchmark: str, day: date, where: str) -> str:
    """The row of the table that tells one figure."""
    cells = (
        f"`{figure.figure}`",
        number(figure.value),
        figure.unit,
        figure.peer,
        number(figure.peer_value),
        number(figure.ratio),
        figure.how,
        benchmark,
        day.isoformat(),
        where,
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def merge(page: str, figures: Iterable[Figure], benchmark: str, day: date, where: str) -> str:
    """The page with these figures in its table: new ones added, known ones replaced, the rest as it was."""
    lines = page.rstrip("\n").split("\n")
    header = "| " + " | ".join(COLUMNS) + " |"
    if header not in lines:
        lines += ["", header, "|" + "---|" * len(COLUMNS)]
    top = lines.index(header) + 2
    end = next((number for number in range(top, len(lines)) if not lines[number].startswith("|")), len(lines))
    rows = {found["figure"]: line for line in lines[top:end] if (found := _ROW.match(line))}
    rows.update((figure.figure, row(figure, benchmark, day, where)) for figure in figures)
    return "\n".join([*lines[:top], *(rows[name] for name in sorted(rows)), *lines[end:]]) + "\n"
