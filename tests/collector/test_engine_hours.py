"""Business hours: what counts, how time passes, and both changes of the clocks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from keuring_collector import business_hours, config
from keuring_collector.engine import CompiledPack, Fleet
from keuring_collector.engine.compiled import Combination, CompiledRule, How, Part, Truth
from keuring_collector.engine.hours import Hours
from keuring_collector.engine.model import Severity, Window
from keuring_collector.rulepack.calendar import calendar
from tests.collector.engine_kit import LEFT, USED, play, term, window

ZONE = ZoneInfo("Europe/Amsterdam")
HOUR = 3600.0


def at(text: str, fold: int = 0) -> float:
    """A moment that clocks in Amsterdam show."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold).timestamp()


def hours(text: str = business_hours.DEFAULT, zone: str = "Europe/Amsterdam") -> Hours:
    return Hours(calendar(zone, text))


def inside(begin: str, end: str, text: str = business_hours.DEFAULT) -> bool:
    return bool(hours(text).inside(np.array([at(begin)]), np.array([at(end)]))[0])


def passes(begin: float, end: float, text: str = business_hours.DEFAULT) -> float:
    """Hours of business time."""
    mine = np.array([True])
    return float(hours(text).lapse(np.array([begin]), np.array([end]), mine)[0]) / HOUR


@pytest.mark.parametrize(
    ("begin", "end", "within"),
    [
        ("2026-03-02 08:00", "2026-03-02 08:05", True),  # a Monday
        ("2026-03-02 17:55", "2026-03-02 18:00", True),
        ("2026-03-02 07:58", "2026-03-02 08:03", False),
        ("2026-03-02 17:58", "2026-03-02 18:03", False),
        ("2026-03-02 17:00", "2026-03-03 09:00", False),
        ("2026-03-07 12:00", "2026-03-07 12:05", False),  # a Saturday
        # Summer and winter, at the same time on the wall.
        ("2026-03-27 08:00", "2026-03-27 08:05", True),
        ("2026-03-30 08:00", "2026-03-30 08:05", True),
        ("2026-03-30 07:00", "2026-03-30 07:05", False),
        ("2026-10-23 17:55", "2026-10-23 18:00", True),
        ("2026-10-26 17:55", "2026-10-26 18:00", True),
        ("2026-10-26 18:00", "2026-10-26 18:05", False),
        ("1999-12-27 12:00", "1999-12-27 12:05", False),  # before the calendar begins
        ("2080-01-01 12:00", "2080-01-01 12:05", False),  # and after it ends
    ],
)
def test_windows_count_when_they_lie_within(begin: str, end: str, *, within: bool) -> None:
    assert inside(begin, end) is within


def test_time_stands_still_out_of_hours() -> None:
    assert passes(at("2026-03-02 09:00"), at("2026-03-02 11:30")) == 2.5
    assert passes(at("2026-03-06 17:00"), at("2026-03-09 09:00")) == 2.0  # over a weekend
    assert passes(at("2026-03-06 19:00"), at("2026-03-08 23:00")) == 0.0
    assert passes(at("2026-03-02 00:00"), at("2026-03-09 00:00")) == 50.0
    # Weekends in which the clocks change.
    assert passes(at("2026-03-27 17:00"), at("2026-03-30 09:00")) == 2.0
    assert passes(at("2026-10-23 17:00"), at("2026-10-26 09:00")) == 2.0
    assert passes(float("-inf"), at("2026-03-02 09:00")) > 6e4
    assert np.isnan(passes(float("nan"), at("2026-03-02 09:00")))


def test_nights_in_which_the_clocks_change() -> None:
    night = "Mon-Sun 00:00-24:00"
    assert passes(at("2026-03-28 12:00"), at("2026-03-29 12:00"), night) == 23.0
    assert passes(at("2026-10-24 12:00"), at("2026-10-25 12:00"), night) == 25.0
    assert inside("2026-03-28 23:00", "2026-03-29 01:00", night)  # day and night is one opening
    early = "Sun 02:30-06:00"
    # 2:30 is skipped: it opens when the clocks go forward to 3. And it comes twice: it opens the first time.
    assert passes(at("2026-03-29 00:00"), at("2026-03-29 12:00"), early) == 3.0
    assert passes(at("2026-10-25 00:00"), at("2026-10-25 12:00"), early) == 4.5
    assert inside("2026-03-29 03:00", "2026-03-29 03:05", early)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "Pacific/Apia"])
def test_other_places_agree_with_their_clocks(zone: str) -> None:
    found = hours(zone=zone)
    moments = np.arange(1.577e9, 1.61e9, 1801.0)  # 2020 and a little
    local = [datetime.fromtimestamp(moment, ZoneInfo(zone)) for moment in moments]
    expected = [each.weekday() < 5 and 8 <= each.hour < 18 for each in local]
    assert found.inside(moments, moments + 1.0).tolist() == expected


def test_what_cannot_be_a_week_is_refused() -> None:
    assert business_hours.parse("fri 8:00-12:00, Mon-Tue 09:00-24:00")[-1] == (4, 8 * HOUR, 12 * HOUR)
    for text in ("", "Mon", "Fri-Mon 08:00-18:00", "Mon 18:00-08:00", "Mon 08:00-25:00", "Moo 08:00-18:00",
                 "Mon 08:00-12:00, Mon-Fri 11:00-18:00", "Mon 08:70-12:00"):  # fmt: skip
        with pytest.raises(ValueError, match=r"stretch|ends before"):
            business_hours.parse(text)
    with pytest.raises(config.ConfigError, match="business_hours"):
        config.load(overrides={"business_hours": "always"}, environment={})


# In the engine: START is a Friday, midnight in UTC, which is 2 o'clock in the summer of Amsterdam

KEPT = CompiledRule(
    "kept", "kept", Severity.SOON, (term(USED, 1, 0.9),), hold=2 * HOUR, recovery_hold=HOUR, business_hours=True
)
PLAIN = CompiledRule("plain", "plain", Severity.SOON, (term(USED, 1, 0.9),), hold=2 * HOUR)
OPENS, CLOSES = (72 + 6) * HOUR, (72 + 16) * HOUR  # of the Monday, after START
PACK = CompiledPack("test", "hours", (KEPT, PLAIN), {}, calendar())


def stretch(begin: float, end: float, value: float) -> list[Window]:
    return [window(moment, {USED: value}, length=600) for moment in np.arange(begin, end, 600.0).tolist()]


def kept(windows: list[Window]) -> list[tuple[float, str]]:
    return [(time / HOUR, change) for time, change, rule in play(Fleet(PACK), windows) if rule == "kept"]


def test_a_night_long_rush_is_none_of_its_business() -> None:
    night = stretch(CLOSES, OPENS + 24 * HOUR, 0.95)
    assert kept(night) == []
    assert [change for _, change, rule in play(Fleet(PACK), night) if rule == "plain"] == ["opened"]


def test_a_hold_goes_on_on_the_next_morning() -> None:
    evening, night = stretch(CLOSES - HOUR, CLOSES, 0.95), stretch(CLOSES, OPENS + 24 * HOUR, 0.1)
    morning = stretch(OPENS + 24 * HOUR, OPENS + 26 * HOUR, 0.95)
    assert kept(evening + night + morning) == [(OPENS / HOUR + 25, "opened")]
    assert kept(evening + morning) == [(OPENS / HOUR + 25, "opened")]  # asleep at night
    late = stretch(OPENS + 25.5 * HOUR, OPENS + 30 * HOUR, 0.95)  # an hour and a half of business asleep: afresh
    assert kept(evening + late) == [(OPENS / HOUR + 27.5, "opened")]


def test_what_stands_is_neither_cleared_nor_forgotten_at_night() -> None:
    day, night = stretch(OPENS, OPENS + 3 * HOUR, 0.95), stretch(CLOSES, OPENS + 24 * HOUR, 0.1)
    morning = stretch(OPENS + 24 * HOUR, OPENS + 26 * HOUR, 0.1)
    assert kept(day + night) == [(OPENS / HOUR + 2, "opened")]
    assert kept(day + night + morning) == [(OPENS / HOUR + 2, "opened"), (OPENS / HOUR + 25, "cleared")]


def test_its_steps_say_that_it_is_closed_and_how_long_it_held() -> None:
    fleet = Fleet(PACK)
    fleet.judge(stretch(CLOSES - HOUR, CLOSES + 2 * HOUR, 0.95))
    said = {step.what: step for step in fleet.explain(1, "kept")}
    assert (said["hours"].value, said["hours"].truth) == ("closed", Truth.UNKNOWN)
    assert said["hold"].value == HOUR
    fleet.judge(stretch(OPENS + 24 * HOUR, OPENS + 24.5 * HOUR, 0.95))
    said = {step.what: step for step in fleet.explain(1, "kept")}
    assert (said["hours"].value, said["hours"].truth) == ("open", Truth.TRUE)
    assert said["hold"].value == 1.5 * HOUR


def test_parts_keep_to_them_too() -> None:
    parts = (
        Part(CompiledRule("", "all.0", Severity.TIP, (term(USED, 1, 0.9),), business_hours=True)),
        Part(CompiledRule("", "all.1", Severity.TIP, (term(LEFT, -1, 10.0),))),
    )
    one = term(0, 1, 0.5)
    rule = CompiledRule("both", "both", Severity.SOON, (one,), Combination(How.ALL, parts), gap=float("inf"))
    pack = CompiledPack("test", "parts", (rule,), {}, calendar())
    for begin, expected in ((CLOSES, []), (OPENS, ["opened"])):
        windows = [window(begin + number * 600, {USED: 0.95, LEFT: 1.0}, length=600) for number in range(6)]
        assert [change for _, change, _ in play(Fleet(pack), windows)] == expected


def test_batches_of_any_size_say_the_same() -> None:
    reports = []
    for number in range(120):
        for endpoint in range(1, 5):
            value = 0.95 if (number * endpoint) % 31 else 0.5
            reports.append(window(OPENS - HOUR + number * 600, {USED: value}, endpoint=endpoint, length=600))
    alone = Fleet(PACK)
    expected = [finding for report in reports for finding in alone.judge([report])]
    assert expected
    for size in (3, 50, len(reports)):
        fleet = Fleet(PACK)
        found = [f for first in range(0, len(reports), size) for f in fleet.judge(reports[first : first + size])]
        assert found == expected
