"""The pages about rules name all that there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from keuring_collector import rulepack
from keuring_collector.rulepack import language, trial

ROOT = Path(__file__).parents[2]


def test_the_table_of_rules_is_complete() -> None:
    text = (ROOT / "rules/COVERAGE.md").read_text(encoding="utf-8")
    for rule in rulepack.load().rules.values():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{rule.name}` |")), "")
        assert f"| {rule.condition.kind} | {rule.severity.value} | `{rule.cause}` |" in row, rule.name
        for name in rule.applies_to:
            assert any(line.startswith(f"| `{name}`") and f"`{rule.name}`" in line for line in text.splitlines())


def _models(annotation: Any, found: dict[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """All models that a file of this shape is made of, by name."""
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if is_model and annotation.__name__ not in found:
        found[annotation.__name__] = annotation
        for field in annotation.model_fields.values():
            _models(field.annotation, found)
    for argument in get_args(annotation):
        _models(argument, found)
    return found


MODELS = _models(language.Rule, {}) | _models(trial.TrialFile, {})


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_page_on_writing_rules_names_every_field(model: type[BaseModel]) -> None:
    text = (ROOT / "docs/writing-rules.md").read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        word = field.alias or name
        assert f"`{word}`" in text or f"{word}:" in text, f"{model.__name__}.{word}"
