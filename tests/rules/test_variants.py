"""The versions around a rule that a search tries, and when one of them counts as better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keuring_collector.engine.model import Severity
from keuring_collector.rulepack import load, variants
from keuring_collector.rulepack.backtest import better
from keuring_collector.rulepack.backtest.answer import Side
from keuring_collector.rulepack.backtest.asked import Candidate, Outcome
from keuring_collector.rulepack.backtest.assess import Judged, Result
from keuring_collector.rulepack.backtest.tickets import Line, Ticket
from keuring_collector.rulepack.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.rulepack.variants import Variant

DAY = 86400.0


def tried(name: str, text: str | None = None) -> tuple[str, list[Variant]]:
    pack = load()
    file = pack.files[pack.by_name[name].id]
    text = file.read_text(encoding="utf-8") if text is None else text
    return text, variants.variants(text, file)


def told(found: Sequence[Variant]) -> list[str]:
    return [" + ".join(f"{each.field} {each.after}" for each in variant.changes) for variant in found]


def test_the_limit_the_hold_and_two_together() -> None:
    text, found = tried("volume_nearly_full")
    assert told(found) == [
        "threshold.below 7.5 GiB", "threshold.below 11.25 GiB", "threshold.hold 15m", "threshold.hold 22m",
        "threshold.hold 45m", "threshold.hold 60m", "threshold.below 11.25 GiB + threshold.hold 45m",
    ]  # fmt: skip
    assert found[-1].text == text.replace("below: 15 GiB", "below: 11.25 GiB").replace("hold: 30m", "hold: 45m")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wifi_weak", "threshold.below -73 dBm"),
        ("disk_hot", "threshold.above 58 °C"),
        ("disk_sectors_growing", "increase.by 12"),
        ("certificate_expires", "expires.ahead 45d"),
        ("backup_old", "age.over 21d"),
        ("nvme_media_errors", "increase.by 2"),
    ],
)
def test_values_of_every_kind(name: str, said: str) -> None:
    assert said in told(tried(name)[1])


def test_of_a_forecast_the_horizon_and_never_what_the_problem_is() -> None:
    _text, found = tried("volume_filling")
    assert told(found) == ["forecast.within 15d", "forecast.within 22d", "forecast.within 45d"]


def test_what_is_not_written_is_written_where_it_belongs() -> None:
    for block, wanted in (
        ("condition:\n  threshold:\n    above: 90 %\n", "condition:\n  threshold:\n    hold: 1h\n    above: 90 %\n"),
        ("condition: {threshold: {above: 90 %}}\n", "condition: {threshold: {hold: 1h, above: 90 %}}\n"),
    ):
        assert variants.replaced(block, ("condition", "threshold", "hold"), "1h") == wanted
    # In a list, and beside a comment that stays.
    text = "condition:\n  all:\n    - threshold: {above: 90 %}  # enough\n"
    assert variants.replaced(text, ("condition", "all", 0, "threshold", "above"), "95 %") == text.replace("90", "95")


def test_rules_have_few_that_are_rules_and_say_what_they_claim() -> None:
    pack = load()
    for rule in list(pack.rules.values())[::5]:
        file = pack.files[rule.id]
        found = variants.variants(file.read_text(encoding="utf-8"), file)
        assert len(found) <= variants.MOST
        for variant in found:
            assert (variant.rule.id, variant.rule.cause) == (rule.id, rule.cause)
            data = Source(file, variant.text).data
            for change in variant.changes:
                part = data
                for key in change.loc:
                    part = part[key]
                assert str(part) == change.after


def side(path: Path, results: Sequence[tuple[int, Result, float | None]], missed: int = 0) -> Side:
    """What a version did: (machine, what its ticket proved to be, days of lead)."""
    judged = []
    for endpoint, result, lead in results:
        line = Line("r", "C:", int(Severity.SOON), 0.0, 0.0, None, (), (), first_at=0.0)
        ticket = Ticket(endpoint, "space", 3, 0.0, closed_at=DAY, lines={("r", "C:"): line})
        judged.append(Judged(ticket, result, lead=None if lead is None else lead * DAY))
    rule = next(iter(load().rules.values()))
    return Side(Candidate(rule, path, saved=False), judged, [Outcome(99, "incident", 0.0)] * missed)


def test_better_is_never_at_the_price_of_right_tickets_lead_time_or_many_more(tmp_path: Path) -> None:
    hits = [(number, Result.HIT, 20.0) for number in range(6)]
    wrong = [(number, Result.WRONG, None) for number in range(10, 16)]
    _text, found = tried("volume_nearly_full")
    now = side(tmp_path, [*hits, *wrong], missed=1)

    def best(*others: Side) -> int | None:
        return better.best(now, list(zip(found, others, strict=False)))

    good = side(tmp_path, hits, missed=1)
    assert best(good) == 0
    assert best(side(tmp_path, hits[:5], missed=1)) is None  # one right ticket is lost
    assert best(side(tmp_path, hits, missed=2)) is None
    assert best(side(tmp_path, [(number, Result.HIT, 5.0) for number in range(6)], missed=1)) is None  # hardly ahead
    assert best(side(tmp_path, [*hits, *wrong], missed=1)) is None
    found_one = [*hits, *wrong, (99, Result.HIT, 20.0)]
    assert best(side(tmp_path, found_one)) == 0  # misses one less, and is as right
    assert best(side(tmp_path, [*found_one, *((50 + n, Result.UNDECIDED, None) for n in range(2))])) is None
    # The fewest changes first, then the better one, then the smaller step.
    half = side(tmp_path, [*hits, *wrong[:3]], missed=1)
    assert best(half, good, *[now] * 4, good) == 1
    assert best(*[now] * 6, good) == 6
    assert best(good, good) == 1
