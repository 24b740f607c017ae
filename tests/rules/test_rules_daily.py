"""Trend, peer and business hours in the rule language: their tests, what is refused, and how they are explained."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring_collector import config, rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.baselines import FEWEST_PEERS, Answer, Baselines, PeerFact, Question
from keuring_collector.engine.compiled import CompiledRule, Peer, Trend
from keuring_collector.engine.model import LAST, MEAN, Fact, Layout, SeriesKey, Window
from keuring_collector.processes.packs import PackWatch
from keuring_collector.rulepack import RulePackError, commands, trial
from keuring_collector.rulepack.calendar import calendar
from keuring_collector.rulepack.pack import compile_pack
from keuring_collector.rulepack.reads import questions_of, signals_of

WHOLE = Path(__file__).parents[1] / "fixtures/daily_pack"
TREND, PEER = "sensor_warmer.yaml", "boot_slower_than_peers.yaml"
BOOT = catalogue.KEURING_BOOT_DURATION.id
MODEL = catalogue.KEURING_HARDWARE_MODEL.id
SYSTEM = catalogue.OS_NAME.id


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WHOLE, tmp_path / "rules"))


def change(directory: Path, name: str, old: str, new: str) -> None:
    text = (directory / name).read_text(encoding="utf-8")
    assert old in text
    (directory / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def compiled(name: str) -> CompiledRule:
    return next(rule for rule in rulepack.load(WHOLE).compiled.rules if rule.name == Path(name).stem)


def test_the_rules_pass_their_tests_and_owe_nothing() -> None:
    assert commands.test_text(WHOLE) == ("11 tests passed, 0 failed", 0)
    assert commands.lint_text(WHOLE)[1] == 0


def test_defaults_become_what_the_engine_runs() -> None:
    trend, peer = compiled(TREND).source, compiled(PEER).source
    assert isinstance(trend, Trend)
    assert (trend.aggregate, trend.sign, trend.per, trend.days, trend.minimum_days) == (MEAN, 1.0, 7.0, 28, 14)
    assert trend.step == 8.0
    assert trend.noise == pytest.approx(0.144, abs=0.001)
    assert trend.z == pytest.approx(1.6449, abs=1e-4)
    assert isinstance(peer, Peer)
    asked = (PeerFact(SYSTEM, per_subject=False), PeerFact(MODEL, per_subject=False))
    assert peer.question == Question(BOOT, LAST, MEAN, 7, asked)
    assert (peer.sign, peer.peers, peer.least) == (1.0, 10, 5.0)
    assert (compiled(PEER).terms[0].limit, compiled(PEER).terms[0].recovery) == (4.0, 3.0)
    assert questions_of(compiled(PEER)) == {peer.question}
    assert questions_of(compiled(TREND)) == set()
    assert signals_of(compiled(PEER)) == {BOOT, MODEL, SYSTEM}


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        (TREND, "rising_by: 2 °C", "rising_by: 0 °C", "a change by 0"),
        (TREND, "rising_by: 2 °C", "rising_by: 2 GiB", "does not go with a signal in Cel"),
        (TREND, "per: 7d", "per: 7d\n    falling_by: 2 °C", "write exactly one of 'rising_by', 'falling_by'"),
        (TREND, "per: 7d", "over: 10d", "a history that cannot be"),
        (TREND, "per: 7d", "per: 0", "a period of nothing"),
        (TREND, "per: 7d", "confidence: 100 %", "a confidence of 100%"),
        (TREND, "per: 7d", "restart_on: keuring.boot.duration", "no gauge of the same subject"),
        (TREND, "per: 7d", "identity: keuring.hardware.model", "no fact of the same subject"),
        (TREND, "limit: 1 °C", "limit: 3 °C", "on the wrong side of the limit"),
        (PEER, "above: 4", "above: 4\n    below: 4", "write exactly one of 'above', 'below'"),
        (PEER, "above: 4", "above: 20s", "'20s' is no number of spreads"),
        (PEER, "    margin: 20s\n", "", "'margin' is missing"),
        (PEER, "margin: 20s", "margin: 0s", "a margin of 0"),
        (PEER, "os.name]", "os.nome]", "unknown signal 'os.nome'"),
        (PEER, "os.name]", "keuring.boot.duration]", "where a fact is needed"),
        (PEER, "os.name]", "keuring.filesystem.type]", "is per"),
        (PEER, "os.name]", "os.name]\n    peers: 2", "peers"),
        (PEER, "os.name]", "os.name]\n    same_subject: true", "is about the machine itself"),
        (PEER, "os.name]", "os.name]\n    over: 1y", "'1y' is no length of time"),
        (PEER, "os.name]", "os.name]\n    over: 90d", "90 days"),
        (PEER, "limit: 10", "limit: 10 s", "no number of spreads"),
    ],
)
def test_what_cannot_be_is_refused(pack: Path, name: str, old: str, new: str, what: str) -> None:
    change(pack, name, old, new)
    with pytest.raises(RulePackError, match=f"(?s){name}.*{what}"):
        rulepack.load(pack)


@pytest.mark.parametrize(
    ("old", "new", "what", "mend"),
    [
        ("signal: keuring.boot.duration\n", "signal: keuring.boot.durition\n", "unknown signal", "did you mean"),
        (
            "os.name: Debian}\n",
            "os.version: '13'}\n",
            "asks nothing of the sort",
            "it asks: keuring.boot.duration (last)",
        ),
        ("        median: 30\n", "        unit: GiB\n        median: 30\n", "does not go with", ""),
    ],
)
def test_a_test_that_hands_in_what_no_rule_asks_is_refused(
    pack: Path, old: str, new: str, what: str, mend: str
) -> None:
    change(pack, "boot_slower_than_peers.test.yaml", old, new)
    suite = trial.read(pack / "boot_slower_than_peers.test.yaml")
    with pytest.raises(RulePackError) as caught:
        list(trial.run(suite, compiled(PEER)))
    assert what in caught.value.problems[0].what
    assert mend in caught.value.problems[0].mend
    assert caught.value.problems[0].line > 5


def test_parts_of_a_rule_ask_too(pack: Path) -> None:
    text = (pack / PEER).read_text(encoding="utf-8")
    begin, end = text.index("  peer:"), text.index("recovery:")
    inner = "\n".join("    " + line for line in text[begin:end].splitlines()).replace("      peer:", "    - peer:", 1)
    other = "\n    - threshold: {signal: keuring.boot.duration, above: 30s, hold: 0}\n"
    tail = text[text.index("title:") :]
    (pack / PEER).write_text(text[:begin] + "  all:\n" + inner + other + tail, encoding="utf-8")
    rule = rulepack.load(pack).by_name["boot_slower_than_peers"]
    built = next(each for each in rulepack.load(pack).compiled.rules if each.id == rule.id)
    assert questions_of(built) == questions_of(compiled(PEER))


def lines(peers: int) -> list[str]:
    rule = compiled(PEER)
    fleet = Fleet(compile_pack([rule], "test"))
    question = next(iter(questions_of(rule)))
    fleet.use_baselines(Baselines([(question, ("debian", "x1"), Answer(20_000, 30.0, 2.5, peers))]))
    layout = Layout((SeriesKey(BOOT, LAST, ""),))
    facts = [Fact(MODEL, "", "X1"), Fact(SYSTEM, "", "Debian")]
    for day in range(20_000, 20_006):
        end = day * 86400.0 + 3600
        fleet.judge([Window(1, end - 300, end, end, "boot", layout, np.array([60.0]), facts)])
    return [" ".join(line.split()) for line in commands.explain_lines(fleet.explain(1, rule.id))]


def test_the_steps_name_the_peers() -> None:
    assert lines(40) == [
        "the machine",
        "peers: 40 at least 10 (2024-10-04) true",
        "usual keuring.boot.duration: 30 s give or take 5 s true",
        "value keuring.boot.duration: 1m above 45 s true",
        "finding since 2024-10-07 00:55 (told) true",
    ]
    assert lines(FEWEST_PEERS)[1:3] == [
        "peers: 5 at least 10 (2024-10-04) not measurable",
        "usual keuring.boot.duration: 30 s give or take 5 s not measurable",
    ]


def test_business_hours_are_those_of_the_settings_and_part_of_what_the_state_means(tmp_path: Path) -> None:
    pack = rulepack.load(WHOLE)
    assert pack.compiled.calendar == calendar("Europe/Amsterdam", "Mon-Fri 08:00-18:00")
    settings = config.load(tmp_path, {"time_zone": "Asia/Tokyo", "business_hours": "Sat 09:00-12:00"}, environment={})
    watched = PackWatch(WHOLE, calendar(settings.time_zone, settings.business_hours)).first()
    assert watched.compiled.calendar is not None
    assert watched.compiled.calendar.openings == ((5, 9 * 3600.0, 12 * 3600.0),)
    assert watched.compiled.calendar.offsets == ((946684800.0, 9 * 3600.0),)
    assert watched.compiled.fingerprint != pack.compiled.fingerprint
    # A pack without such rules does not mind where it is.
    small = Path(__file__).parents[1] / "fixtures/small_pack"
    assert rulepack.load(small).compiled.calendar is None
    assert (
        rulepack.load(small, watched.compiled.calendar).compiled.fingerprint
        == rulepack.load(small).compiled.fingerprint
    )
