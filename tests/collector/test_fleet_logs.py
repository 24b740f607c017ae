"""Logs and labels: nothing that comes from outside can forge a line or turn a text around."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from keuring_collector import logs
from keuring_collector.fleet.text import escaped, is_harmful, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = 'LT-1\n{"event": "enrolled"}\r\x1b[31m\u202egnp.exe\u2028'


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def test_json_entry_stays_one_line_with_harmless_text(restored: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=False)
    structlog.get_logger("keuring").info("enrolled", machine=FORGED, names=[FORGED])
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert entry["event"] == "enrolled"
    assert entry["level"] == "info"
    assert entry["timestamp"].endswith("Z")
    for text in (entry["machine"], entry["names"]):
        assert not any(is_harmful(character) for character in text)
    assert "\\u202e" in entry["machine"]


def test_terminal_gets_no_control_characters_of_others(restored: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=True)
    structlog.get_logger("keuring").info("enrolled", machine=FORGED)
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert "\u202e" not in text
    assert "\x1b[31m\\u" not in text


def test_other_libraries_log_the_same_way(restored: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=False)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("granian").exception("from %s", FORGED)
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert entry["event"].startswith("from LT-1\\u000a")
    assert "ValueError: broken" in entry["exception"]


def test_level_is_obeyed(restored: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", terminal=False)
    structlog.get_logger("keuring").info("quiet")
    assert capsys.readouterr().err == ""


@given(st.text(), st.integers(1, 80))
def test_any_text_becomes_harmless(text: str, limit: int) -> None:
    label = printable(text, limit)
    assert len(label) <= limit
    assert label == label.strip()
    assert not any(is_harmful(character) for character in label)
    assert not any(is_harmful(character) for character in escaped(text))
