"""Recorded tables as columns: NAME.parquet, NAME.csv.gz or NAME.csv, whichever is there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pyarrow.csv
import pyarrow.parquet

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Columns = dict[str, "NDArray[Any]"]


def read(folder: Path, name: str) -> Columns | None:
    """The columns of a table by name, blanks in numbers as NaN; None, and a line on standard error, when absent."""
    for suffix in (".parquet", ".csv.gz", ".csv"):
        path = folder / f"{name}{suffix}"
        if path.is_file():
            table = pyarrow.parquet.read_table(path) if suffix == ".parquet" else pyarrow.csv.read_csv(path)
            return {column: table.column(column).to_numpy() for column in table.column_names}
    print(f"{folder.name}/{name}: not there, so nothing is measured on it", file=sys.stderr)
    return None
