"""--incidents: ordinary incidents of the service desk, as an outcome that a rule might have announced."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from keuring_collector.rulepack.backtest.asked import Outcome
from keuring_collector.rulepack.backtest.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.rulepack.backtest.asked import Machine

COLUMNS: Final = ("machine", "cause", "date")


def read(path: Path, machines: Sequence[Machine]) -> tuple[dict[str, list[Outcome]], int]:
    """The incidents in a CSV file with the columns machine, cause and date, by cause; and how many name no machine of
    ours. Raises BacktestError with the line that is wrong.
    """
    known = {machine.name.casefold(): machine.endpoint for machine in machines}
    found: dict[str, list[Outcome]] = {}
    strange = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise BacktestError(f"{path}:1: no column '{missing[0]}'; the first line is: {','.join(COLUMNS)}")
            for row in rows:
                at = _time(f"{path}:{rows.line_num}", row["date"] or "")
                endpoint = known.get((row["machine"] or "").strip().casefold())
                if endpoint is None:
                    strange += 1
                    continue
                found.setdefault((row["cause"] or "").strip(), []).append(Outcome(endpoint, "incident", at))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BacktestError(f"{path}: not CSV in UTF-8: {error}; save it as such") from error
    return found, strange


def _time(place: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BacktestError(f"{place}: '{text}' is no date; write it as 2026-08-01 or 2026-08-01T09:30") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
