"""Conditions put together, and growth since enrolment, as rule files: what is refused, and what they find."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import Combination, Growth, How
from keuring_collector.engine.model import LAST, Layout, SeriesKey, Window
from keuring_collector.rulepack import RulePackError, commands, drafts
from keuring_collector.rulepack.reads import signals_of

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.rulepack.problems import Problem

USED = "threshold: {signal: system.filesystem.utilization, above: 90 %}"
LEFT = "threshold: {signal: keuring.filesystem.available, below: 20 GiB}"
WORN = "threshold: {signal: keuring.battery.health, below: 60 %}"
WAITS = "state: {signal: keuring.reboot.pending, equals: true}"


def write(directory: Path, condition: str, more: str = "", tests: str = "") -> Path:
    """A pack of one rule with this condition, written as flow or block YAML."""
    rule, test, *_ = drafts.write(directory, "volume_story", "threshold")
    text = rule.read_text(encoding="utf-8")
    begin, end = text.index("condition:\n"), text.index("title:\n")
    rule.write_text(f"{text[:begin]}condition:\n{condition}\n{more}{text[end:]}", encoding="utf-8")
    if tests:
        test.write_text(f"rule: volume_story\ntests:\n{tests}", encoding="utf-8")
    return rule


def refused(directory: Path, condition: str, more: str = "") -> Problem:
    """The one thing that is wrong."""
    write(directory, condition, more)
    with pytest.raises(RulePackError) as caught:
        rulepack.load(directory)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("condition", "more", "line", "what", "mend"),
    [
        (f"  all:\n    - {{{USED}}}\n    - {{{WORN}}}", "", "all:", "about different things: battery, mountpoint", ""),
        (f"  all:\n    - {{{USED}}}\n    - {{treshold: 3}}", "", "treshold", "unknown field 'treshold'", "threshold"),
        (f"  all:\n    - {{{USED}}}", "", "all:", "all: 1 stand here", "write 2 or more"),
        (f"  all:\n    - {{{USED}}}\n    - {{{LEFT}}}\n  {WAITS}", "", "condition:", "write exactly one of", ""),
        (
            "  any:\n    - {threshold: {signal: keuring.filesystem.availible, below: 20 GiB}}\n    - {" + USED + "}",
            "",
            "availible",
            "unknown signal",
            "did you mean",
        ),
        (
            f"  not: {{{WAITS}}}",
            "worse:\n  - {limit: 3, severity: urgent}\n",
            "limit: 3",
            "the condition 'not' has no limit",
            "leave it out",
        ),
        (
            "  increase: {signal: keuring.smart.crc_errors, by: 5, within: 30d, since: enrolment}",
            "",
            "increase:",
            "write exactly one of 'within', 'since'",
            "",
        ),
        (
            "  increase: {signal: keuring.smart.crc_errors, by: 5, since: enrolment, count: days}",
            "",
            "increase:",
            "days are counted within a period",
            "write within",
        ),
        (
            "  not: {not: {not: {not: {" + WAITS + "}}}}",
            "",
            "not:",
            "more than 4 levels",
            "write a simpler rule",
        ),
        (f"  {USED}", "ticket_from: tip\n", "", "a tip is offered, it never opens a ticket", "write watch"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_line_and_cure(
    condition: str, more: str, line: str, what: str, mend: str, tmp_path: Path
) -> None:
    problem = refused(tmp_path, condition, more)
    assert what in problem.what
    assert mend in problem.mend
    if line:
        assert line in problem.path.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def risk(at_least: object, *points: object) -> str:
    signs = [
        {"when": yaml.safe_load(f"{{{text}}}"), "points": given, "why": {"nl": "zo", "en": "so"}}
        for text, given in zip((USED, LEFT, WAITS), points, strict=False)
    ]
    return "  risk: " + yaml.safe_dump({"at_least": at_least, "points": signs}, default_flow_style=True, width=10_000)


@pytest.mark.parametrize(
    ("condition", "more", "what"),
    [
        (risk(9, 2, 2, 2), "", "all points together are 6"),
        (risk(3, 2, 0, 2), "", "points: 0 is too little"),
        (risk(3, 2, 1.5, 2), "", "points: no whole number"),
        (risk(3, 2), "", "points: 1 stand here"),
        (risk(3, 2, 2), "worse:\n  - {limit: 2, severity: urgent}\n", "milder than the condition's own limit"),
        (risk(3, 2, 2), "worse:\n  - {limit: 9, severity: urgent}\n", "'9' is no number of points"),
        (risk(3, 2, 2), "recovery: {limit: 4}\n", "wrong side of the limit"),
    ],
)
def test_points_that_cannot_be_are_refused(condition: str, more: str, what: str, tmp_path: Path) -> None:
    assert what in refused(tmp_path, condition, more).what


def test_a_combination_reads_what_its_parts_read(tmp_path: Path) -> None:
    write(tmp_path, f"  all:\n    - {{{USED}}}\n    - not: {{{WAITS}}}")
    (rule,) = rulepack.load(tmp_path).compiled.rules
    assert isinstance(rule.source, Combination)
    assert rule.source.how is How.ALL
    assert [part.same_subject for part in rule.source.parts] == [True, False]
    assert len(signals_of(rule)) == 2


def test_growth_since_enrolment_counts_for_ever(tmp_path: Path) -> None:
    story = """
  - name: a disk that came with errors and gains some over a year
    window: 1d
    series:
      - {signal: keuring.smart.crc_errors, subject: sda, values: "40x10 41x90 43x90 46x90 46x80"}
    expect:
      - {at: 150d, open: []}
      - {at: 200d, open: [{subject: sda}]}
      - {at: 360d, open: [{subject: sda}]}
    opened: 1
  - name: what it came with is its baseline
    window: 1d
    series: [{signal: keuring.smart.crc_errors, subject: sda, values: "4000x300"}]
    silent: true
"""
    write(tmp_path, "  increase: {signal: keuring.smart.crc_errors, by: 5, since: enrolment}", tests=story)
    (rule,) = rulepack.load(tmp_path).compiled.rules
    assert isinstance(rule.source, Growth)
    assert math.isinf(rule.source.period)
    assert commands.test_text(tmp_path) == ("2 tests passed, 0 failed", 0)


def test_a_story_about_a_combination(tmp_path: Path) -> None:
    story = """
  - name: nearly full and waiting for a restart
    window: 1h
    facts: [{signal: keuring.reboot.pending, value: false}, {signal: keuring.reboot.pending, value: true, at: 10h}]
    series: [{signal: system.filesystem.utilization, subject: /, unit: "%", values: "95x30"}]
    expect:
      - {at: 9h, open: []}
      - {at: 13h, open: [{subject: /}]}
  - name: only nearly full
    window: 1h
    facts: [{signal: keuring.reboot.pending, value: false}]
    series: [{signal: system.filesystem.utilization, subject: /, unit: "%", values: "95x30"}]
    silent: true
  - name: nobody says whether it waits
    window: 1h
    series: [{signal: system.filesystem.utilization, subject: /, unit: "%", values: "95x30"}]
    silent: true
"""
    write(tmp_path, f"  all:\n    - {{{USED}}}\n    - {{{WAITS}}}", tests=story)
    assert commands.test_text(tmp_path) == ("3 tests passed, 0 failed", 0)


def test_an_explanation_reads_as_the_rule_was_written(tmp_path: Path) -> None:
    pending = "threshold: {signal: keuring.smart.pending_sectors, above: 8, hold: 0}"
    grew = "increase: {signals: [keuring.smart.pending_sectors, keuring.smart.reallocated_sectors], by: 4, within: 30d}"
    write(tmp_path, f"  any:\n    - {{{pending}}}\n    - {{{grew}}}")
    pack = rulepack.load(tmp_path)
    fleet = Fleet(pack.compiled)
    layout = Layout((SeriesKey(catalogue.KEURING_SMART_PENDING_SECTORS.id, LAST, "sda"),))
    for number in range(3):
        start = 1_767_571_200.0 + 300 * number
        fleet.judge([Window(1, start, start + 300, start + 302, "", layout, np.array([20.0]))])
    lines = commands.explain_lines(fleet.explain(1, next(iter(pack.rules))))
    assert [line.split("  ")[1] for line in lines[1:4]] == [
        "value keuring.smart.pending_sectors: 20 above 8",
        "growth keuring.smart.pending_sectors: 0 at least 4 (of 2 signals together)",
        "any of these",
    ]
