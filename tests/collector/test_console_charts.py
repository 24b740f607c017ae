"""Charts: round axes, gaps as gaps, a forecast that ends on its limit, and nothing that breaks on odd input."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collector.django_database import set_up_django

if TYPE_CHECKING:
    from collections.abc import Iterator

set_up_django()

from django.utils.translation import override  # noqa: E402

from keuring_collector.console import charts, scales  # noqa: E402
from keuring_collector.console.charts import Chart, Forecast, Point  # noqa: E402

DAY = 86400.0
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


def series(*values: float, step: float = DAY, end: float = NOW) -> list[Point]:
    return [Point(end - (len(values) - 1 - i) * step, value) for i, value in enumerate(values)]


def chart(points: list[Point], **fields: object) -> Chart:
    usual = {"name": "Space left", "unit": "By", "start": NOW - 30 * DAY, "end": NOW, "now": NOW, "gap": 1.5 * DAY}
    return Chart(points=points, **{**usual, **fields})  # type: ignore[arg-type]


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)


@pytest.mark.parametrize(
    ("low", "high", "unit", "labels"),
    [
        (0.1, 0.93, "1", ["0", "25 %", "50 %", "75 %", "100 %"]),
        (0.95, 0.99, "1", ["95 %", "96 %", "97 %", "98 %", "99 %"]),
        (1.0, 1.0, "1", ["0", "25 %", "50 %", "75 %", "100 %"]),
        (3 * 2**30, 18 * 2**30, "By", ["0", "5 GB", "10 GB", "15 GB", "20 GB"]),
        (0, 0, "{error}", ["0", "1 error"]),
        (0, 3, "{error}", ["0", "1 error", "2 errors", "3 errors"]),
        (61, 84, "Cel", ["60 °C", "70 °C", "80 °C", "90 °C"]),
    ],
)
def test_axes_are_round_in_the_unit_people_read(low: float, high: float, unit: str, labels: list[str]) -> None:
    scale = scales.values(low, high, unit)
    assert [text for _, text in scale.ticks] == labels
    assert scale.low <= low + 1e-9
    assert high <= scale.high + 1e-9


@settings(deadline=None, max_examples=50)
@given(
    st.floats(-1e15, 1e15), st.floats(0, 1e15), st.sampled_from(["1", "By", "s", "Cel", "{error}", "Hz", "unheard of"])
)
def test_any_values_fit_their_axis(low: float, span: float, unit: str) -> None:
    high = low + span
    scale = scales.values(low, high, unit)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert scale.low <= low + slack
    assert scale.high >= high - slack
    assert scale.high > scale.low
    assert 2 <= len(scale.ticks) <= 7


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 2e9), st.floats(60, 4e7))
def test_time_axes_have_at_most_six_labels_in_order(start: float, span: float) -> None:
    ticks = scales.moments(start, start + span).ticks
    places = [at for at, _ in ticks]
    assert len(ticks) <= 6
    assert places == sorted(places)
    assert all(start <= at <= start + span for at in places)


def test_midnights_stay_midnights_when_the_clock_changes() -> None:
    start = datetime(2026, 10, 20, tzinfo=UTC).timestamp()
    scale = scales.moments(start, start + 12 * DAY)
    from django.utils import timezone

    assert {timezone.localtime(datetime.fromtimestamp(at, UTC)).hour for at, _ in scale.ticks} == {0}


def test_gaps_are_gaps() -> None:
    points = [*series(1, 2, 3), Point(NOW + 5 * DAY, 4.0), Point(NOW + 6 * DAY, math.nan), Point(NOW + 7 * DAY, 5.0)]
    assert [len(run) for run in charts.runs(points, 1.5 * DAY)] == [3, 1, 1]
    svg = charts.draw(chart(points, end=NOW + 8 * DAY))
    assert svg.count('<polyline class="line"') == 1
    assert svg.count('<path class="line"') == 2  # points on their own are drawn, not lost


def test_the_shade_holds_lowest_and_highest() -> None:
    points = [Point(NOW - 2 * DAY, 5, 4, 6), Point(NOW - DAY, 5, 3, 9), Point(NOW, 5, 5, 5)]
    shade = parse(charts.draw(chart(points, unit="Cel"))).find(".//{*}polygon[@class='shade']")
    shade = shade if shade is not None else parse(charts.draw(chart(points, unit="Cel"))).find(".//polygon")
    assert shade is not None
    assert len(shade.attrib["points"].split()) == 6


def test_thinning_keeps_extremes_and_the_end() -> None:
    points = [Point(float(number), float(number % 7), number % 7 - 1.0, number % 7 + 1.0) for number in range(1000)]
    points[503] = Point(503.0, 99.0, 99.0, 120.0)
    thinned = charts.thin(points, 100)
    assert len(thinned) == 100
    assert max(point.high for point in thinned) == 120.0
    assert min(point.low for point in thinned) == -1.0
    assert thinned[-1].time == 999.0
    assert charts.thin(points[:50], 100) == points[:50]
    assert all(math.isnan(point.value) for point in charts.thin([Point(1.0, math.nan)] * 30, 10))


def test_a_forecast_is_cut_off_where_the_picture_ends() -> None:
    history = series(0.8, 0.82, 0.84)
    future = Forecast(NOW, 0.84, 0.98, NOW + 10 * DAY, NOW + 8 * DAY, NOW + 90 * DAY)
    svg = charts.draw(chart(history, unit="1", end=NOW + 20 * DAY, limit=0.98, forecast=future))
    band = re.search(r'class="band" points="([^"]+)"', svg)
    assert band
    places = [tuple(map(float, point.split(","))) for point in band[1].split()]
    assert max(x for x, _ in places) == charts.WIDTH
    assert len(places) == 4  # now, the early end on the limit, the corner, and the late way where it leaves the picture
    text = [element.text for element in parse(svg).iter() if element.tag.endswith("text")]
    assert "4 Dec" in text
    assert "limit 98 %" in text
    assert "today" in text


def test_a_chart_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    root = parse(charts.draw(chart(series(2 * 2**30, 2**30), by_day=True)))
    assert root.attrib["role"] == "img"
    assert root.attrib["tabindex"] == "0"
    assert "Space left: from 1 GB to 2 GB, last 1 GB" in root.attrib["aria-label"]
    assert root.attrib["data-labels"] == "23 November: 2 GB|24 November: 1 GB"
    assert len(root.attrib["data-x"].split(",")) == 2
    empty = parse(charts.draw(chart([])))
    assert "nothing measured" in empty.attrib["aria-label"]
    assert chart([]).is_empty


def test_names_are_escaped() -> None:
    svg = charts.draw(chart(series(1, 2), name='"><script>'))
    assert "<script>" not in svg
    parse(svg)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(allow_infinity=False, width=32)), max_size=40),
    st.booleans(),
    st.none() | st.floats(-1e6, 1e6),
)
def test_any_history_draws(pairs: list[tuple[float, float]], small: bool, limit: float | None) -> None:
    points = [Point(NOW - days * DAY, value) for days, value in sorted(pairs, reverse=True)]
    svg = charts.draw(chart(points, unit="1", start=NOW - 41 * DAY, small=small, limit=limit))
    parse(svg)
    assert "nan" not in svg
    assert "inf" not in svg


def test_the_queues_bar_puts_near_before_far() -> None:
    def place(days: float) -> float:
        bar = charts.interval_bar(NOW, None, NOW + days * DAY, None, 120)
        found = re.search(r'<circle class="date" cx="([\d.]+)%"', bar)
        assert found
        return float(found[1])

    places = [place(days) for days in (-5, 0, 3, 14, 60, 120, 900)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (4, 96)
    assert "circle" not in charts.interval_bar(NOW, None, None, None, 120)
