"""Makes the library of known battery curves that the pack ships.

    KEURING_DATA=… python -m tests.bench.calibrate.battery_curves

Each cell becomes one curve of 34 numbers: a line with 34 joints, denser in the first two fifths of its cycles (where
batteries still gain), fitted by least squares to medians of five consecutive capacities as shares of its beginning.
Then the table of the interval's width: cells are judged at many shares of their lives, to two limits, without their
fold and without their source, and the 80th percentile of |error| / forecast (both of the logarithm of life over life
so far) is taken in bands of the seventh curve's distance and made to rise.
"""

from __future__ import annotations

import itertools
import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import keuring_rules
from keuring_collector.rulepack import curves
from tests.bench.prediction.cells import TO_80, Cell, cells, judge, mark_of, seen, smooth

if TYPE_CHECKING:
    from keuring_collector.engine.wear import Library

GRID = np.concatenate([np.linspace(0, 0.4, 18), np.linspace(0.4, 1, 17)[1:]])
FOLDS = 10
DEEP = 0.91  # a curve must get at least here, or it says nothing about an end
SHORTEST = 25  # cycles
SMOOTHING = 1e-3  # keeps joints without data in line with their neighbours
SHARES = (0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92)
BANDS = (0.0, 0.6, 0.8, 1.0, 1.4, 2.0, 3.0, 4.0, 6.0, 12.0)
HELD = 0.8


def curve(cell: Cell) -> dict[str, object]:
    """The cell's curve as it is written."""
    relative = cell.health / cell.initial
    count = len(relative)
    place = np.interp(np.arange(1, count + 1) / count, GRID, np.arange(len(GRID)))
    hats = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(len(GRID))))
    bend = SMOOTHING * np.diff(np.eye(len(GRID)), 2, axis=0)
    left, right = np.concatenate([hats, bend]), np.concatenate([smooth(relative), np.zeros(len(bend))])
    joints = np.linalg.lstsq(left, right, rcond=None)[0]
    return {
        "source": cell.source,
        "mark": mark_of(cell.name),
        "span": count,
        "initial": round(cell.initial, 4),
        "health": np.rint(joints * curves.TEN_THOUSANDTHS).astype(int).tolist(),
    }


def spread(everything: list[Cell], library: Library) -> dict[str, list[float]]:
    """Half the width of the interval by distance, from cross-validated errors."""
    distances, shares = [], []
    for limit, among in ((0.9, everything), (0.8, [cell for cell in everything if cell.source in TO_80])):
        judged = seen(among, limit, SHARES)
        at, end = judged.at.reshape(-1), np.repeat(judged.end, len(SHARES))
        for unseen in (False, True):
            found = judge(judged, library, unseen=unseen)
            given = np.isfinite(found.end) & (found.end > at)
            life, truth = np.log(found.end / at)[given], np.log(end / at)[given]
            distances.append(found.distance[given])
            shares.append(np.abs(truth - life) / life)
    distance, share = np.concatenate(distances), np.concatenate(shares)
    middle: list[float] = []
    half: list[float] = []
    for low, high in itertools.pairwise(BANDS):
        inside = (distance >= low) & (distance < high)
        middle.append(round(float(np.median(distance[inside])), 2))
        half.append(max(round(float(np.quantile(share[inside], HELD)), 3), half[-1] if half else 0.0))
    return {"distance": middle, "half": half}


def text(head_of: dict[str, object], table: list[dict[str, object]]) -> str:
    """One line per curve."""
    rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in table)
    head = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in head_of.items())
    return f'{{\n{head},\n "curves": [\n  {rows}\n ]\n}}\n'


def main() -> None:
    """Writes the file."""
    everything = cells(Path(os.environ["KEURING_DATA"]))
    deep = [c for c in everything if len(c.health) >= SHORTEST and (smooth(c.health) / c.initial).min() <= DEEP]
    content: dict[str, object] = {
        "made": date.today().isoformat(),  # noqa: DTZ011 - the day on which it was made, here
        "from": "capacity per cycle of lithium cells of XJTU, TJU, HUST and MIT/Stanford, one half of them",
        "folds": FOLDS,
        "grid": np.round(GRID, 5).tolist(),
        "spread": {"distance": [0.0, 6.0], "half": [0.5, 0.5]},
    }
    table = [curve(cell) for cell in deep]
    content["spread"] = spread(everything, curves.parse("battery", text(content, table)))
    path = Path(keuring_rules.__file__).parent / "data" / "battery_curves.json"
    path.write_text(text(content, table), encoding="utf-8")
    print(f"{path}: {len(deep)} curves; {content['spread']}")


if __name__ == "__main__":
    main()
