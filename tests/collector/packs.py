"""A rule pack for tests: one plain rule, written to a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SPACE_RULE = "3b1c4c5e-8c0e-4c7e-9a51-0d5b8f0f7a11"

_RULE = """
id: {id}
name: {name}
maturity: test
severity: soon
cause: {cause}
skill: workplace
applies_to: {applies_to}
condition:
  threshold:
    signal: system.filesystem.utilization
    above: {above}
    hold: {hold}
recovery:
  limit: 85 %
title: {{nl: "Volume {{subject}} van {{machine}} raakt vol", en: "Volume {{subject}} of {{machine}} fills up"}}
advice: {{nl: "Ruim samen op.", en: "Clear up together."}}
say: {{nl: "Je schijf raakt vol.", en: "Your disk fills up."}}
article: test-space
inspection: {{item: storage}}
privacy: Space on volumes, without file names.
evidence: ["A test."]
"""


def write_pack(
    directory: Path,
    *,
    identity: str = SPACE_RULE,
    name: str = "test_space",
    cause: str = "test-space",
    above: str = "90 %",
    hold: str = "10m",
    applies_to: str = "{}",
) -> Path:
    """Writes a pack with one threshold rule into ``directory``, and returns it."""
    (directory / "storage").mkdir(parents=True, exist_ok=True)
    (directory / "articles").mkdir(exist_ok=True)
    text = _RULE.format(id=identity, name=name, cause=cause, above=above, hold=hold, applies_to=applies_to)
    (directory / "storage" / f"{name}.yaml").write_text(text, encoding="utf-8")
    for language in ("nl", "en"):
        (directory / "articles" / f"test-space.{language}.md").write_text("# Space\n\nClear up.\n", encoding="utf-8")
    return directory
