from __future__ import annotations

import importlib
import json
from datetime import date

import pytest

from tests.bench import __main__ as bench
from tests.bench import record
from tests.bench.figure import Figure

DAY = date(2026, 6, 17)
PAGE = "# Benchmarks\n\nSome words.\n"


def test_a_table_is_begun_and_words_are_kept() -> None:
    page = record.merge(PAGE, [Figure("b_us", 12.345678, "us", "Peer", 24.0, 0.5144, "so | so")], "b", DAY, "here")
    assert page.startswith(PAGE)
    assert "| `b_us` | 12.35 | us | Peer | 24 | 0.5144 | so \\| so | b | 2026-06-17 | here |\n" in page


def test_known_figures_are_replaced_and_others_kept_in_order() -> None:
    page = record.merge(PAGE, [Figure("b", 1.0, "s"), Figure("a", 2.0, "s")], "x", DAY, "here")
    page = record.merge(page + "\nLast words.\n", [Figure("b", 3.0, "s")], "x", DAY, "there")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [line.split(" | ")[:2] for line in rows] == [["| `a`", "2"], ["| `b`", "3"]]
    assert page.endswith("\nLast words.\n")
    assert page.count("| figure |") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.0, "0"), (1234567.0, "1234567"), (0.01234, "0.0123"), (23.456, "23.46"), (0.00001, "0.00001")],
)
def test_numbers_are_short_and_plain(value: float | None, text: str) -> None:
    assert record.number(value) == text


def test_an_unknown_benchmark_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["no-such"]) == 2
    assert "demo" in capsys.readouterr().err


def test_a_benchmark_prints_one_object_per_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = [Figure("a_us", 1.5, "us", how="twice"), Figure("b_us", 2.5, "us", "Peer", 5.0, 0.5)]
    monkeypatch.setattr(importlib.import_module("tests.bench.demo"), "run", lambda: iter(figures))
    assert bench.main(["demo"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(line) for line in lines] == [{"figure", "value", "unit", "peer", "peer_value", "ratio", "how"}] * 2
    assert lines[1]["ratio"] == 0.5
