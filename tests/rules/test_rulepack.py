"""Reading rule packs: what is wrong is said with its line and its cure, and a broken pack changes nothing."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from keuring.signals import catalogue
from keuring.signals.model import Status
from keuring_collector import rulepack
from keuring_collector.rulepack import RulePackError, Watcher, commands, lint
from keuring_collector.rulepack.source import Source

if TYPE_CHECKING:
    from pathlib import Path

RULE = "storage/volume_nearly_full.yaml"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one rule, to be broken."""
    whole = rulepack.shipped()
    directory = tmp_path / "rules"
    (directory / "storage").mkdir(parents=True)
    shutil.copy(whole / RULE, directory / RULE)
    shutil.copy(whole / RULE.replace(".yaml", ".test.yaml"), directory / "storage")
    (directory / "articles").mkdir()
    for language in ("nl", "en"):
        shutil.copy(whole / f"articles/volume-space.{language}.md", directory / "articles")
    return directory


def change(directory: Path, old: str, new: str, name: str = RULE) -> int:
    """Replaces a piece of text; returns its line."""
    path = directory / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "what", "mend"),
    [
        ("    hold: 30m", "    hodl: 30m", "unknown field 'hodl'", "did you mean 'hold'?"),
        ("severity: urgent", "severty: urgent", "unknown field 'severty'", "did you mean 'severity'?"),
        (
            "severity: urgent",
            "severity: panic",
            "severity: 'panic' is none of the words for it",
            "write 'tip', 'watch', 'soon' or 'urgent'",
        ),
        (
            "signal: keuring.filesystem.available",
            "signal: keuring.filesystem.availible",
            "unknown signal",
            "did you mean",
        ),
        ("    below: 15 GiB", "    below: 15 %", "'%' does not go with a signal in By", "write it as in '20 GiB'"),
        ("    below: 15 GiB", "    below: lots", "'lots' is no quantity", "write it as in '20 GiB'"),
        ("    below: 15 GiB", "    below: 15", "'15' has no unit", "write it as in '20 GiB'"),
        ("    below: 15 GiB", "    below: 15 GiB\n    above: 3 GiB", "write exactly one of 'above', 'below'", ""),
        ("    hold: 30m", "    hold: half an hour", "is no length of time", "write it as in '30m'"),
        ("    hold: 30m", "    statistic: mean", "has no statistic 'mean'", "it has: last"),
        ("  limit: 18 GiB", "  limit: 3 GiB", "on the wrong side of the limit", "write one that is better"),
        ('  nl: "Schijf', '  de: "Schijf', "unknown field 'de'", "did you mean"),
        ("{value} vrij", "{worth} vrij", "unknown placeholder {worth}", ""),
        ("{value} vrij", "{value vrij", "stray brace", ""),
        ("article: volume-space", "article: volume-spece", "article 'volume-spece' is missing in nl", "write "),
        ("  threshold:", "  treshold:", "unknown field 'treshold'", "did you mean 'threshold'?"),
        ("keuring.filesystem.type: {not_in", "keuring.filesystem.kind: {not_in", "unknown signal", "did you mean"),
        ("{not_in: [squashfs", "{version_below: 3, not_in: [squashfs", "", ""),
        ("name: volume_nearly_full", "name: Volume Full", "does not fit", "small letters"),
        ("id: ", "id: x", "does not fit", "fresh UUID"),
        ("severity: urgent", "severity: urgent\nseverity: soon", "'severity' stands here twice", ""),
        ("condition:", "condition: [", "not valid YAML: a list that is not closed", "close it"),
        ("inspection: {", "inspection: storage #{", "inspection: no fields", "write fields"),
    ],
)
def test_a_wrong_rule_says_where_what_and_how_to_mend_it(pack: Path, old: str, new: str, what: str, mend: str) -> None:
    line = change(pack, old, new)
    with pytest.raises(RulePackError) as caught:
        rulepack.load(pack)
    problem = caught.value.problems[0]
    assert problem.path == pack / RULE
    assert abs(problem.line - line) <= 2, str(problem)
    assert what in problem.what
    assert mend in problem.mend
    assert f"{pack / RULE}:{problem.line}: " in str(caught.value)


def test_a_missing_text_says_which(pack: Path) -> None:
    text = (pack / RULE).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("say:") and "opruimen? Dan" not in line]
    lines = [line for line in lines if "tidy it up together, so" not in line]
    (pack / RULE).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RulePackError, match="'say' is missing"):
        rulepack.load(pack)


def test_an_id_or_a_name_is_never_used_twice(pack: Path) -> None:
    shutil.copy(pack / RULE, pack / "storage/zz_copy.yaml")
    with pytest.raises(RulePackError) as caught:
        rulepack.load(pack)
    assert [problem.path.name for problem in caught.value.problems] == ["zz_copy.yaml", "zz_copy.yaml"]
    assert "the id is that of" in str(caught.value)
    assert "the name is that of" in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(pack: Path) -> None:
    shutil.copy(pack / RULE, pack / "storage/aa_other.yaml")
    change(pack, "severity: urgent", "severity: panic")
    change(pack, "skill: workplace", "skil: workplace", "storage/aa_other.yaml")
    with pytest.raises(RulePackError) as caught:
        rulepack.load(pack)
    assert {problem.path.name for problem in caught.value.problems} == {"aa_other.yaml", "volume_nearly_full.yaml"}


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_a_directory_without_rules_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RulePackError, match=r"no rules here|no directory"):
        rulepack.load(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"- 1\n", b"\xff\xfe", b"&a [*a]", b"a: " + b"[" * 100 + b"]" * 100])
def test_files_that_are_no_rules_are_refused(pack: Path, content: bytes) -> None:
    (pack / "storage/odd.yaml").write_bytes(content)
    with pytest.raises(RulePackError) as caught:
        rulepack.load(pack)
    assert caught.value.problems[0].path.name == "odd.yaml"


def test_a_watched_pack_takes_over_good_changes_only(pack: Path) -> None:
    watcher = Watcher(pack)
    first = watcher.current
    assert watcher.poll() is None
    change(pack, "below: 15 GiB", "below: 16 GiB")
    second = watcher.poll()
    assert second is not None
    assert second.version != first.version
    assert second.compiled.fingerprint != first.compiled.fingerprint
    change(pack, "below: 16 GiB", "below: 16 dozen")
    assert watcher.poll() is None
    assert watcher.current is second
    assert "'dozen' does not go with" in watcher.problems[0].what
    assert watcher.poll() is None
    assert watcher.problems
    change(pack, "below: 16 dozen", "below: 17 GiB")
    assert watcher.poll() is not None
    assert not watcher.problems


def test_a_watched_pack_can_be_asked_to_look_again(pack: Path) -> None:
    watcher = Watcher(pack)
    path, first = pack / RULE, watcher.current
    moment, text = path.stat().st_mtime_ns, path.read_text(encoding="utf-8")
    path.write_text(text.replace("below: 15 GiB", "below: 16 GiB"), encoding="utf-8")  # as long as before
    os.utime(path, ns=(moment, moment))
    assert watcher.poll() is None
    watcher.again()
    found = watcher.poll()
    assert found is not None
    assert found.version != first.version


def test_a_hundred_mutations_never_replace_a_good_pack_by_a_broken_one(pack: Path) -> None:
    watcher, draw = Watcher(pack), random.Random(7)
    path, good = pack / RULE, (pack / RULE).read_bytes()
    broken = 0
    for _ in range(100):
        watcher.again()
        before = watcher.current
        data = bytearray(good)
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(data))
            data[place : place + draw.choice((0, 1, 8))] = draw.choice((b"", b":", b"\x00", b"\n  ", b"[", b"9"))
        path.write_bytes(data)
        found = watcher.poll()
        if watcher.problems:
            broken += 1
            assert found is None
            assert watcher.current is before
            assert all(problem.line >= 1 and problem.what for problem in watcher.problems)
        assert len(watcher.current.compiled.rules) == 1
    assert broken >= 20


def test_a_watched_pack_does_not_mind_a_touch(pack: Path) -> None:
    watcher = Watcher(pack)
    os.utime(pack / RULE, (1, 1))
    assert watcher.poll() is None
    assert not watcher.problems


def test_texts_do_not_change_what_is_judged(pack: Path) -> None:
    before = rulepack.load(pack)
    change(pack, "Kijk samen met", "Ga samen na met")
    after = rulepack.load(pack)
    assert before.version != after.version
    assert before.compiled.fingerprint == after.compiled.fingerprint


def test_both_readers_of_yaml_read_the_shipped_files_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> list[tuple[object, object]]:
        sources = [Source(path) for path in sorted(rulepack.shipped().rglob("*.yaml"))]
        return [(source.data, source._lines) for source in sources]

    quick = read()
    monkeypatch.setattr("keuring_collector.rulepack.source._QUICK", yaml.SafeLoader)
    assert len(quick) > 80
    assert read() == quick


def test_the_shipped_pack_owes_nothing() -> None:
    pack = rulepack.load()
    assert lint.lint(pack) == []
    assert len([rule for rule in pack.rules.values() if rule.maturity.opens_tickets]) >= 15
    assert pack.article("volume-space", "nl").startswith("# ")
    with pytest.raises(KeyError):
        pack.article("../volume-space", "nl")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("name: volume_nearly_full", "name: volume_other", "call it volume_other.yaml"),
        ("samen met {colleague}", "samen met de gebruiker", "'gebruiker' in a text for people"),
        ("maturity: stable", "maturity: test", ""),
        ("of {machine} is nearly", "is nearly", "the title does not name the machine"),
    ],
)
def test_lint_says_what_a_rule_owes(pack: Path, old: str, new: str, what: str) -> None:
    change(pack, old, new)
    said = "\n".join(str(problem) for problem in lint.lint(rulepack.load(pack)))
    assert what in said
    if not what:
        assert said == ""


def test_a_stable_rule_owes_references_gaps_and_false_positives(pack: Path) -> None:
    path = pack / RULE
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("references:")], encoding="utf-8")
    said = [problem.what for problem in lint.lint(rulepack.load(pack))]
    owed = ("false_positives", "known_gaps", "references")
    assert said == [f"a stable rule needs {field}" for field in owed]
    change(pack, "maturity: stable", "maturity: test")
    assert lint.lint(rulepack.load(pack)) == []


def test_a_rule_on_a_planned_signal_is_at_most_experimental(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signal = catalogue.KEURING_FILESYSTEM_AVAILABLE  # the catalogue has none that is planned now
    monkeypatch.setitem(catalogue.BY_ID, signal.id, signal._replace(status=Status.PLANNED))
    said = [problem.what for problem in lint.lint(rulepack.load(pack))]
    assert said == ["no agent measures 'keuring.filesystem.available' yet"]
    change(pack, "maturity: stable", "maturity: experimental")
    assert lint.lint(rulepack.load(pack)) == []


def test_lint_wants_tests_that_fire_and_that_stay_silent(pack: Path) -> None:
    tests = pack / RULE.replace(".yaml", ".test.yaml")
    tests.write_text("rule: volume_nearly_full\ntests: [{name: none, length: 1h, opened: 0}]\n", encoding="utf-8")
    said = [problem.what for problem in lint.lint(rulepack.load(pack))]
    assert said == ["no test shows that the rule fires", "no test shows that the rule stays silent"]
    tests.unlink()
    assert [p.what for p in lint.lint(rulepack.load(pack))] == ["a rule that opens tickets needs tests"]


def test_the_commands_tell_their_outcome(pack: Path) -> None:
    assert commands.lint_text(pack)[1] == 0
    text, code = commands.test_text(pack)
    assert (code, text) == (0, "9 tests passed, 0 failed")
    change(pack, "below: 15 GiB", "below: 45 GiB")
    change(pack, "limit: 18 GiB", "limit: 46 GiB")
    text, code = commands.test_text(pack)
    assert code == 1
    assert "must stay silent" in text
    change(pack, "below: 45 GiB", "below: 45 pounds")
    assert commands.lint_text(pack)[1] == commands.test_text(pack)[1] == 1
