"""The pages about rules name all that there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_collector import rulepack
from keuring_collector.rulepack import language, trial

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).parents[2]


def test_the_table_of_rules_is_complete() -> None:
    text = (ROOT / "rules/README.md").read_text(encoding="utf-8")
    for rule in rulepack.load().rules.values():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{rule.name}` |")), "")
        assert f"| {rule.condition.kind} | {rule.severity.value} | `{rule.cause}` |" in row, rule.name


@pytest.mark.parametrize(
    "model",
    [
        language.Rule,
        language.Threshold,
        language.Forecast,
        language.Increase,
        language.Expires,
        language.Age,
        language.State,
        language.Floor,
        language.FactCondition,
        language.Recovery,
        language.Worse,
        trial.Trial,
        trial.TrialSeries,
        trial.TrialFact,
        trial.TrialEvent,
        trial.Expectation,
    ],
)
def test_the_page_on_writing_rules_names_every_field(model: type[BaseModel]) -> None:
    text = (ROOT / "docs/writing-rules.md").read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        word = field.alias or name
        assert f"`{word}`" in text or f"{word}:" in text, f"{model.__name__}.{word}"
