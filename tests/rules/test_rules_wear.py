"""`wear` of a forecast in rule files: what is refused, and what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keuring.signals.catalogue import BY_NAME
from keuring_collector import rulepack
from keuring_collector.engine.compiled import ByCycles
from keuring_collector.rulepack.reads import signals_of
from tests.rules.test_conditions import refused, write

if TYPE_CHECKING:
    from pathlib import Path

WEAR = "wear: {cycles: keuring.battery.cycles, curves: battery}"


def forecast(wear: str, limit: str = "falls_to: 80 %") -> str:
    return f"  forecast:\n    signal: keuring.battery.health\n    {limit}\n    {wear}"


@pytest.mark.parametrize(
    ("condition", "line", "what", "mend"),
    [
        (
            forecast(WEAR, "falls_to: 60 %"),
            "wear:",
            "no known curve goes to this limit",
            "write falls_to, of 74 % or more",
        ),
        (forecast(WEAR, "rises_to: 99 %"), "wear:", "no known curve goes to this limit", "write falls_to"),
        (
            forecast(WEAR.replace("battery}", "batery}")),
            "wear:",
            "no library of curves 'batery'",
            "did you mean 'battery'?",
        ),
        (
            forecast(WEAR.replace("keuring.battery.cycles", "system.filesystem.utilization")),
            "wear:",
            "'system.filesystem.utilization' is not of the same subject as 'keuring.battery.health'",
            "",
        ),
        (forecast("wear: {cycles: keuring.battery.cycles}"), "wear:", "'curves' is missing", "add 'curves: …'"),
    ],
)
def test_what_wear_cannot_know_is_refused(condition: str, line: str, what: str, mend: str, tmp_path: Path) -> None:
    problem = refused(tmp_path, condition)
    assert what in problem.what
    assert mend in problem.mend
    assert line in problem.path.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def test_cycles_are_among_what_it_reads_and_the_library_in_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, forecast(WEAR))
    pack = rulepack.load(tmp_path)
    (rule,) = pack.compiled.rules
    assert isinstance(rule.source, ByCycles)
    assert {BY_NAME[f"keuring.battery.{name}"].id for name in ("health", "cycles")} <= signals_of(rule)
    assert rule.source.curves.digest in repr(rule)  # so another library is another fingerprint
