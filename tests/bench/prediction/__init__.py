"""How right the forecasts and the risk table are, on recorded data: one module for each set, each with ``figures``.

The data are found through KEURING_DATA, a folder laid out as docs/benchmarks.md says. Nothing is learned here: what is
judged is the production code, by the parameters that the pack ships.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.figure import Figure

SETS = ("drives", "laptops", "cells", "nab", "disk")


def run() -> Iterator[Figure]:
    """The figures of each set that is there; one that is missing is said on standard error."""
    data = Path(os.environ.get("KEURING_DATA", ""))
    if not os.environ.get("KEURING_DATA"):
        print("KEURING_DATA is not set: only what needs no recorded data is measured", file=sys.stderr)
    there = {module.name for module in pkgutil.iter_modules(__path__)}
    for name in SETS:
        if name in there:
            yield from importlib.import_module(f"{__name__}.{name}").figures(data)
