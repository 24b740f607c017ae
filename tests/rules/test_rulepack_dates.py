"""Tables of dates: named by rules, read with line and cure, and kept fresh from a supplier's file."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine.compiled import Dated
from keuring_collector.engine.facts import date_of
from keuring_collector.rulepack import RulePackError, Watcher, dates, lint, tables

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 26)
RULE = "system/os_support_ends.yaml"
TABLE = "data/end_of_life.yaml"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one rule and its table, to be changed."""
    whole = rulepack.shipped()
    directory = tmp_path / "rules"
    for part in ("system", "data", "articles"):
        (directory / part).mkdir(parents=True)
    for name in (RULE, RULE.replace(".yaml", ".test.yaml"), TABLE):
        shutil.copy(whole / name, directory / name)
    for language in ("nl", "en"):
        shutil.copy(whole / f"articles/os-support.{language}.md", directory / "articles")
    return directory


def ends(directory: Path | None, name: str, version: str) -> str:
    """The last day of support that os_support_ends sees for a machine; empty where it knows none."""
    rule = next(rule for rule in rulepack.load(directory).compiled.rules if rule.name == "os_support_ends")
    assert isinstance(rule.source, Dated)
    facts: dict[tuple[int, str], Any] = {(catalogue.OS_NAME.id, ""): name, (catalogue.OS_VERSION.id, ""): version}
    found = date_of(rule.source, facts, "")
    return "" if found != found else str(dt.datetime.fromtimestamp(found, dt.UTC).date())


@pytest.mark.parametrize(
    ("name", "version", "last"),
    [
        # Windows by build (as the system says it), by bare build, and by the name of the version; editions differ.
        ("Windows 11 Enterprise", "24H2", "2027-10-12"),
        ("Windows 11 Enterprise", "10.0.26100.4351", "2027-10-12"),
        ("Windows 11 Education", "26100", "2027-10-12"),
        ("Windows 11 Pro", "24H2", "2026-10-13"),
        ("Windows 11 Pro Education", "10.0.26100", "2026-10-13"),
        ("Windows 11 Home", "25h2", "2027-10-12"),
        ("Windows 11 Enterprise", "23H2", "2026-11-10"),
        ("Windows 11 Enterprise", "99H2", ""),
        ("Windows 10 Pro", "22H2", "2025-10-14"),
        ("Windows 10 Home", "1909", "2025-10-14"),
        ("Windows 10 Enterprise LTSC", "10.0.17763", "2029-01-09"),
        ("Debian GNU/Linux", "12.11", "2028-06-30"),
        ("Debian GNU/Linux", "120", ""),
        ("Ubuntu", "22.04.5 LTS (Jammy Jellyfish)", "2027-06-01"),
        ("Fedora Linux", "43", "2026-12-09"),
        ("Red Hat Enterprise Linux", "9.6", "2032-05-31"),
        ("Rocky Linux", "8.10", "2029-05-31"),
        ("AlmaLinux", "10.0", "2035-05-31"),
        ("openSUSE Leap", "15.6", "2026-04-30"),
        ("macOS", "13.7.8", "2025-09-15"),
        ("Arch Linux", "rolling", ""),
    ],
)
def test_the_shipped_table_knows_the_systems_of_a_workplace(name: str, version: str, last: str) -> None:
    assert ends(None, name, version) == last


def test_every_shipped_date_has_its_source_and_was_looked_at() -> None:
    paths = sorted((rulepack.shipped() / "data").glob("*.yaml"))
    assert paths
    for path in paths:
        _, table = tables.read(path)
        rows = [row for product in table.products for row in product.rows]
        assert len(rows) > 20
        assert all(len(row.source) > 10 and row.seen <= TODAY for row in rows)
        # Microsoft ends support on Tuesdays; a slip of a day shows.
        assert {row.date.weekday() for row in rows if row.source.startswith("Microsoft")} == {1}


def test_a_pack_may_name_a_table_of_the_shipped_one(pack: Path) -> None:
    (pack / TABLE).unlink()
    assert ends(pack, "Debian GNU/Linux", "12") == "2028-06-30"


def test_the_version_of_a_pack_covers_its_tables_and_a_change_is_taken_over(pack: Path) -> None:
    watcher = Watcher(pack)
    before = watcher.current
    path = pack / TABLE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("date: 2028-06-30", "date: 2028-07-31", 1), encoding="utf-8")
    found = watcher.poll()
    assert found is not None
    assert found.version != before.version
    assert found.compiled.fingerprint != before.compiled.fingerprint
    # When somebody looks again and finds the same dates, nothing needs to be judged anew.
    path.write_text(path.read_text(encoding="utf-8").replace("seen: 2026-11-26", "seen: 2026-12-01"), encoding="utf-8")
    assert watcher.poll() is None
    assert not watcher.problems


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        (
            "table: end_of_life",
            "table: end_of_live",
            RULE,
            "no table is called 'end_of_live'; did you mean 'end_of_life'?",
        ),
        ("date: 2028-06-30", "date: soon", TABLE, "date"),
        (
            ", seen: 2026-11-26, cycle: 11-21h2-w}",
            ", cycle: 11-21h2-w}",
            TABLE,
            "'seen' is missing in 'rows 1'; add 'seen: …'",
        ),
        ('version: "12"', 'version: "11"', TABLE, "version '11' of 'debian' stands here twice"),
        ("    version: os.version\n", "", TABLE, "'version' is missing in 'products 1'; add 'version: …'"),
        ("supplier: windows", "suplier: windows", TABLE, "unknown field 'suplier'; did you mean 'supplier'?"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(
    pack: Path, old: str, new: str, where: str, what: str
) -> None:
    text = (pack / where).read_text(encoding="utf-8")
    assert old in text
    line = text[: text.index(old)].count("\n") + 1
    (pack / where).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulePackError) as caught:
        rulepack.load(pack)
    problem = caught.value.problems[0]
    assert problem.path == pack / where
    assert what in str(problem)
    assert abs(problem.line - line) <= 6


def test_a_table_that_names_no_fact_is_refused(pack: Path) -> None:
    path = pack / TABLE
    path.write_text(path.read_text(encoding="utf-8").replace("os.name: Debian", "os.nam: Debian"), encoding="utf-8")
    with pytest.raises(RulePackError, match=r"unknown signal 'os\.nam'"):
        rulepack.load(pack)


def test_rows_written_in_the_rule_itself_say_their_line(pack: Path) -> None:
    path = pack / RULE
    rows = "table:\n      - {when: {os.name: Debian}, date: 2028-06-30, sorce: x}"
    path.write_text(path.read_text(encoding="utf-8").replace("table: end_of_life", rows), encoding="utf-8")
    with pytest.raises(RulePackError) as caught:
        rulepack.load(pack)
    problem = caught.value.problems[0]
    assert (problem.line, problem.what) == (12, "unknown field 'sorce'")


def test_lint_finds_a_table_that_no_rule_names(pack: Path) -> None:
    shutil.copy(pack / TABLE, pack / "data/forgotten.yaml")
    assert [problem.what for problem in lint.lint(rulepack.load(pack))] == ["a table that no rule names"]


OLDER: list[dict[str, Any]] = [
    {"cycle": "14", "eol": False, "extendedSupport": "2032-06-30"},
    {"cycle": "13", "eol": "2028-08-09", "extendedSupport": "2030-06-30"},
    {"cycle": "12", "eol": "2026-06-10", "extendedSupport": "2028-07-31"},
    {"cycle": "9", "eol": "2020-07-18", "extendedSupport": "2022-07-01"},
]
NEWER: dict[str, Any] = {
    "schema_version": "1.2.0",
    "result": {
        "name": "debian",
        "releases": [{"name": row["cycle"], "eoesFrom": row["extendedSupport"], "isEol": False} for row in OLDER],
    },
}
TABULAR = "product,cycle,date\n" + "".join(f"debian,{row['cycle']},{row['extendedSupport']}\n" for row in OLDER)


@pytest.mark.parametrize(
    "text", [json.dumps(OLDER), json.dumps(NEWER), json.dumps({"result": [NEWER["result"]]}), TABULAR]
)
def test_a_suppliers_file_changes_adds_and_confirms(pack: Path, text: str) -> None:
    found = dates.update(pack / TABLE, dates.offered(text, "debian"), "", dt.date(2027, 1, 15))
    assert found.changed == ["debian 12: 2028-06-30 becomes 2028-07-31"]
    assert found.added == ["debian 14: 2032-06-30"]
    assert (found.confirmed, found.left) == (1, [])
    (pack / TABLE).write_text(found.text, encoding="utf-8")
    rows = next(each for each in yaml.safe_load(found.text)["products"] if each["product"] == "debian")["rows"]
    assert rows[2:] == [
        {"version": "12", "date": date(2028, 7, 31), "source": "endoflife.date, debian", "seen": date(2027, 1, 15)},
        {"version": "13", "date": date(2030, 6, 30), "source": rows[0]["source"], "seen": date(2027, 1, 15)},
        {"version": "14", "date": date(2032, 6, 30), "source": "endoflife.date, debian", "seen": date(2027, 1, 15)},
    ]
    assert rows[0]["seen"] == TODAY
    assert ends(pack, "Debian GNU/Linux", "14") == "2032-06-30"
    # Comments and all other rows stay as they were.
    assert (
        len(found.text.splitlines()) == len((rulepack.shipped() / TABLE).read_text(encoding="utf-8").splitlines()) + 1
    )


def test_versions_that_agents_name_otherwise_are_left_to_a_person(pack: Path) -> None:
    text = "product,cycle,date\nwindows,11-27h2-e,2030-10-08\nwindows,11-24h2-e,2027-10-19\n"
    found = dates.update(pack / TABLE, dates.offered(text, ""), "Microsoft Lifecycle", TODAY)
    assert found.changed == ["windows-11-enterprise 24H2: 2027-10-12 becomes 2027-10-19"]
    assert found.added == []
    assert "windows-11-enterprise: 11-27h2-e, 2030-10-08" in found.left
    assert ends(pack, "Windows 11 Enterprise", "24H2") == "2027-10-12"  # nothing is written here


def test_what_has_passed_and_what_nobody_looked_at_for_a_year(pack: Path) -> None:
    path = pack / TABLE
    assert dates.stale(path, TODAY) == []
    later = dates.stale(path, TODAY + dt.timedelta(days=366))
    assert len(later) > 40
    assert any("debian 12: 2028-06-30, last looked at on 2026-11-26" in line for line in later)
    over = dates.passed(path, TODAY)
    assert any("windows-10 22H2 ended on 2025-10-14" in line for line in over)
    assert not any("debian 12" in line for line in over)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[", "not valid JSON"),
        ("{}", "there is no list of versions"),
        ("[1]", "has no 'cycle'"),
        ('[{"cycle": "12", "eol": "soon"}]', "'soon' is no date"),
        ("a,b\n1,2\n", "the first line lacks cycle, date, product"),
        ("product,cycle,date\n", "no dates in it"),
        ("product,cycle,date\nx,1,\n", "'' is no date"),
    ],
)
def test_a_file_that_is_no_suppliers_is_refused(text: str, what: str) -> None:
    with pytest.raises(dates.SupplierError, match=what):
        dates.offered(text, "x")


def test_a_bare_list_must_say_of_what_it_is() -> None:
    with pytest.raises(dates.SupplierError, match="add --product"):
        dates.offered("[]", "")
