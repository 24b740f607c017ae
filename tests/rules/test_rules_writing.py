"""What helps those who write rules: drafts that work at once, JSON Schema for editors, and the pack as a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from keuring_collector import rulepack
from keuring_collector.rulepack import RulePackError, commands, drafts, lint, pages, schema
from keuring_collector.rulepack.conditions import Condition
from keuring_collector.rulepack.pack import TEST_SUFFIX, rule_files

if TYPE_CHECKING:
    from pathlib import Path

RULES = Draft202012Validator(schema.rule_schema())
TESTS = Draft202012Validator(schema.test_schema())


def _plain(path: Path) -> Any:
    """A YAML file as JSON would hold it."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))


def test_there_is_a_draft_of_every_condition() -> None:
    assert set(drafts.DRAFTS) == {field.alias or name for name, field in Condition.model_fields.items()}


@pytest.mark.parametrize("kind", drafts.DRAFTS)
def test_a_draft_works_at_once(kind: str, tmp_path: Path) -> None:
    written = drafts.write(tmp_path, "volume_shrinking", kind)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "volume/volume_shrinking.yaml",
        "volume/volume_shrinking.test.yaml",
        "articles/volume-shrinking.nl.md",
        "articles/volume-shrinking.en.md",
    ]
    pack = rulepack.load(tmp_path)
    assert pack.by_name["volume_shrinking"].condition.kind == kind
    assert lint.lint(pack) == []
    assert commands.test_text(tmp_path) == ("2 tests passed, 0 failed", 0)
    assert not list(RULES.iter_errors(_plain(written[0])))
    assert not list(TESTS.iter_errors(_plain(written[1])))


@pytest.mark.parametrize(
    ("name", "folder", "what"),
    [
        ("Volume Full", "", "is no name for a rule"),
        ("../evil", "", "is no name for a rule"),
        ("volume_new", "../up", "is no folder for rules"),
        ("volume_new", "articles", "is no folder for rules"),
        ("volume_there", "", "such a file already"),
        ("volume_there", "other", "a rule 'volume_there' already"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_and_writes_nothing(
    name: str, folder: str, what: str, tmp_path: Path
) -> None:
    drafts.write(tmp_path, "volume_there", "threshold")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RulePackError, match=what):
        drafts.write(tmp_path, name, "threshold", folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_second_rule_may_share_an_article(tmp_path: Path) -> None:
    drafts.write(tmp_path, "volume_there", "threshold")
    article = tmp_path / "articles/volume-there.nl.md"
    article.write_text("# Mine\n", encoding="utf-8")
    (tmp_path / "volume/volume_there.yaml").unlink()
    (tmp_path / "volume/volume_there.test.yaml").unlink()
    drafts.write(tmp_path, "volume_there", "forecast")
    assert article.read_text(encoding="utf-8") == "# Mine\n"


def test_the_shipped_pack_fits_its_schema() -> None:
    for path in rule_files(rulepack.shipped()):
        assert not [f"{path.name} {error.json_path}: {error.message}" for error in RULES.iter_errors(_plain(path))]
        tests = path.with_name(path.stem + TEST_SUFFIX)
        assert not [f"{tests.name} {error.json_path}: {error.message}" for error in TESTS.iter_errors(_plain(tests))]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"severity": "panic"}, "$.severity"),
        ({"conditoin": {}}, "$"),
        ({"condition": {"threshold": {"signal": "keuring.no.such", "above": "3"}}}, "$.condition.threshold.signal"),
        ({"applies_to": {"os.name": {"inn": ["Debian"]}}}, "$.applies_to['os.name']"),
    ],
)
def test_the_schema_finds_what_is_wrong(change: dict[str, Any], where: str) -> None:
    rule = _plain(rulepack.shipped() / "storage/volume_nearly_full.yaml")
    errors = list(RULES.iter_errors({**rule, **change}))
    places = {error.json_path for error in errors} | {inner.json_path for e in errors for inner in e.context or ()}
    assert any(place.startswith(where) or where.startswith(place) for place in places), places


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_of_the_pack_holds_every_rule(language: str) -> None:
    pack = rulepack.load()
    text = pages.whole(pack, language)
    for rule in pack.rules.values():
        assert f"## {rule.name}\n" in text
        assert " ".join(getattr(rule.title, language).split()) in " ".join(text.split())
        assert " ".join(rule.evidence[0].split()).replace("|", "\\|") in text
