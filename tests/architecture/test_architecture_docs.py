"""What documents point at is there: links between them, and every file and folder of ours that they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.repository import ROOT, named, tracked

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [path for path in tracked() if path.suffix == ".md" and not named(path).startswith("rules/")]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)]*)?\)")
PLACE = re.compile(r"(?<![\w/.-])((?:tests|docs|deploy|protos|collector|agent|rules)/[\w*./@-]+)")
# Names of things that are made, or that a reader is to make.
MADE = ("deploy/docker/.env",)


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    broken = [match[1] for match in LINK.finditer(text) if not (path.parent / match[1]).exists()]
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_files_that_are_named_are_there(path: Path) -> None:
    missing = []
    for match in PLACE.finditer(path.read_text(encoding="utf-8")):
        name = match[1].rstrip(".-")
        if name not in MADE and not any(ROOT.glob(f"{name.rstrip('/*')}*")):
            missing.append(name)
    assert missing == []
