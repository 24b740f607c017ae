"""Runs one benchmark, or all: ``python -m tests.bench [NAME] [--record]``, one JSON object per line.

A benchmark is a module or package in this package (write-path is write_path.py) with ``run() -> Iterable[Figure]``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import record
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NOT_BENCHMARKS = frozenset({"__init__", "__main__", "figure", "peers", "record"})


def names() -> list[str]:
    """The benchmarks there are: modules of this package that define ``run``."""
    here = Path(__file__).parent
    modules = {path.stem: path for path in here.glob("*.py")}
    modules |= {path.parent.name: path for path in here.glob("*/__init__.py")}
    return [
        name.replace("_", "-")
        for name, path in sorted(modules.items())
        if name not in NOT_BENCHMARKS and "\ndef run(" in path.read_text(encoding="utf-8")
    ]


def measure(name: str) -> Iterator[Figure]:
    """The figures of one benchmark, as they come. Raises TypeError for a module that yields anything else."""
    module = importlib.import_module(f"tests.bench.{name.replace('-', '_')}")
    found: Iterable[object] = module.run()
    for figure in found:
        if not isinstance(figure, Figure):
            raise TypeError(f"tests/bench/{module.__name__}: run() yields {type(figure).__name__}, not Figure")
        yield figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 when there is no benchmark of that name."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("name", nargs="?", help=f"one of: {', '.join(names())}; none: all of them")
    parser.add_argument("--record", action="store_true", help="write the figures into docs/benchmarks.md")
    chosen = parser.parse_args(arguments)
    if chosen.name and chosen.name not in names():
        print(f"no benchmark '{chosen.name}'; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    for name in [chosen.name] if chosen.name else names():
        figures = []
        for figure in measure(name):
            print(json.dumps(asdict(figure), ensure_ascii=False), flush=True)
            figures.append(figure)
        if chosen.record:
            page = record.PAGE.read_text(encoding="utf-8")
            merged = record.merge(page, figures, name, datetime.now(UTC).date(), record.machine())
            record.PAGE.write_text(merged, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
