"""Quantities as people write them."""

from __future__ import annotations

import pytest

from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.trial import expand


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("20 GiB", "By", 20 * 1024**3),
        ("1.5 MB", "By", 1.5e6),
        ("85 %", "1", 0.85),
        (0.85, "1", 0.85),
        ("-5 °C", "Cel", -5),
        (3, "{sector}", 3),
        ("300 ms", "s", 0.3),
        ("5y", "h", 43830),
        ("100 Mbit/s", "bit/s", 1e8),
    ],
)
def test_quantities(text: str | float, unit: str, value: float) -> None:
    assert quantity.parse(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "unit"), [("20", "By"), ("x", "1"), (True, "1"), ("3 kg", "{sector}"), ("", "s"), ("90", "1")]
)
def test_what_is_no_quantity(text: str | bool, unit: str) -> None:
    with pytest.raises(ValueError, match="write it as in"):
        quantity.parse(text, unit)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1d12h", 129600), ("2w", 1209600), ("0", 0), (0, 0)])
def test_lengths_of_time(text: str | int, seconds: float) -> None:
    assert quantity.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "d", "5 years", "1h-", "-1h"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        quantity.duration(text)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (20 * 1024**3, "By", "20 GiB"),
        (0.851, "1", "85.1 %"),
        (5, "{sector}", "5"),
        (93.5, "Cel", "93.5 °C"),
        (7200, "s", "2h"),
    ],
)
def test_saying_a_quantity(value: float, unit: str, text: str) -> None:
    assert quantity.say(value, unit) == text


def test_series_in_promtools_notation() -> None:
    assert expand("0+1x3 7 5x2 stale") == [0, 1, 2, 3, 7, 5, 5, 5, None]
    assert str(expand("1 _ _x2 1.5-0.5x1")) == str([1.0, *[float("nan")] * 3, 1.5, 1.0])
    with pytest.raises(ValueError, match="'a' is no value"):
        expand("1 a")
    with pytest.raises(ValueError, match="more than"):
        expand("1x999999999")
