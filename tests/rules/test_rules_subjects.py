"""Rules that name a subject: the version of one program decides, and tables go by programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Change, Fact, Layout, SeriesKey, Window
from keuring_collector.rulepack import RulePackError, lint
from tests.collector.packs import write_pack

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400.0
START = 1_767_571_200.0  # Monday 5 January 2026
USED = SeriesKey(catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id, 1, "/")
VERSION = catalogue.KEURING_SOFTWARE_VERSION.id
OLDER = '{keuring.software.version: {subject: Firefox, version_below: "128"}}'
TABLE = """products:
  - product: drawing
    subject: [Tekenwerk, Drawing Works]
    version: keuring.software.version
    rows: [{version: "4", date: 2026-01-20, source: "The maker, life cycle", seen: 2026-01-01}]
"""


def found(directory: Path, facts: list[Fact]) -> list[tuple[str, Change]]:
    """What the pack finds in an hour of a full volume, with these facts."""
    fleet = Fleet(rulepack.load(directory).compiled)
    layout = Layout((USED,))
    windows = [
        Window(1, at, at + 300, at + 302, "1", layout, np.array([0.97]), facts if at == START else [])
        for at in np.arange(START, START + 3600, 300).tolist()
    ]
    return [(finding.subject, finding.change) for finding in fleet.judge(windows)]


@pytest.mark.parametrize(
    ("facts", "meant"),
    [
        ([Fact(VERSION, "Firefox", "115.3")], True),
        ([Fact(VERSION, "Firefox", "128.0")], False),
        ([Fact(VERSION, "Thunderbird", "115.3")], False),
        ([], False),
    ],
)
def test_a_rule_may_be_meant_for_a_version_of_one_program(tmp_path: Path, facts: list[Fact], meant: bool) -> None:
    pack = write_pack(tmp_path / "rules", applies_to=OLDER)
    assert found(pack, facts) == ([("/", Change.OPENED)] if meant else [])


def test_an_update_of_the_program_ends_the_finding(tmp_path: Path) -> None:
    fleet = Fleet(rulepack.load(write_pack(tmp_path / "rules", applies_to=OLDER)).compiled)
    layout, changes = Layout((USED,)), []
    for number in range(24):
        at = START + number * 300
        facts = {0: [Fact(VERSION, "Firefox", "115")], 12: [Fact(VERSION, "Firefox", "140")]}.get(number, [])
        window = Window(1, at, at + 300, at + 302, "1", layout, np.array([0.97]), facts)
        changes += [finding.change for finding in fleet.judge([window])]
    assert changes == [Change.OPENED, Change.CLEARED]


@pytest.mark.parametrize(
    ("applies", "what"),
    [
        ("{os.version: {subject: Firefox, version_below: '12'}}", "is of the machine and has no subjects"),
        ("{keuring.software.version: {subject: Firefox}}", "write exactly one of"),
    ],
)
def test_a_subject_that_makes_no_sense_is_refused(tmp_path: Path, applies: str, what: str) -> None:
    with pytest.raises(RulePackError, match=what):
        rulepack.load(write_pack(tmp_path / "rules", applies_to=applies))


def with_table(directory: Path, condition: str, table: str = TABLE) -> Path:
    """A pack of one rule with ``condition``, and a table of programs."""
    write_pack(directory)
    path = directory / "storage/test_space.yaml"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("condition:"), text.index("title:")
    path.write_text(text[:begin] + condition + text[end:], encoding="utf-8")
    (directory / "data").mkdir()
    (directory / "data/programs.yaml").write_text(table, encoding="utf-8")
    return directory


@pytest.mark.parametrize(
    "condition",
    [
        "condition: {expires: {table: programs, ahead: 30d}}\n",
        "condition: {any: [{expires: {table: programs, ahead: 30d}}, {state: {signal: keuring.software.version, "
        "in: [x]}}]}\n",
    ],
)
def test_a_table_of_programs_is_about_each_program(tmp_path: Path, condition: str) -> None:
    pack = with_table(tmp_path / "rules", condition)
    facts = [
        Fact(VERSION, "Tekenwerk", "4.2"),
        Fact(VERSION, "Drawing Works Pro", "4"),
        Fact(VERSION, "Rekenblad", "4.2"),
        Fact(VERSION, "Tekenwerkplaats", "4"),
    ]
    assert sorted(found(pack, facts)) == [("Drawing Works Pro", Change.OPENED), ("Tekenwerk", Change.OPENED)]
    assert "a table that no rule names" not in {problem.what for problem in lint.lint(rulepack.load(pack))}


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (
            TABLE.replace("[Tekenwerk, Drawing Works]", "Tekenwerk\n    when: {os.name: Debian}"),
            "other facts here are not",
        ),
        (TABLE.replace("keuring.software.version", "os.version"), "the facts of this table are of the machine"),
        (TABLE.replace("    subject: [Tekenwerk, Drawing Works]\n", ""), "write when, subject or both"),
        (TABLE.replace('version: "4", ', ""), "a row without a version needs when"),
    ],
)
def test_a_table_that_mixes_subjects_is_refused(tmp_path: Path, table: str, what: str) -> None:
    with pytest.raises(RulePackError, match=what):
        rulepack.load(with_table(tmp_path / "rules", "condition: {expires: {table: programs}}\n", table))
