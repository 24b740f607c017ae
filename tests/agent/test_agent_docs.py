"""docs/agent.md beside the code: every command, flag, setting and exit code."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from keuring_agent import cli, config, errors, restarting

PAGE = (Path(__file__).parent.parent.parent / "docs" / "agent.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `?([a-z_0-9]+)`? \| (.*) \|$", PAGE, re.MULTILINE))


def commands() -> dict[str, argparse.ArgumentParser]:
    for action in cli.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("there are commands")


@pytest.mark.parametrize("name", commands())
def test_every_command_and_flag_is_described(name: str) -> None:
    assert name in ROWS
    common = {"-h", "--help", "--config", "--state-directory"}
    for action in commands()[name]._actions:
        for flag in set(action.option_strings) - common:
            assert f"`{flag}" in ROWS[name]
    for flag in ("--config", "--state-directory", "--version"):
        assert flag in PAGE


@pytest.mark.parametrize("name", config.NAMES)
def test_every_setting_is_described_with_its_default(name: str) -> None:
    default, _, meaning = ROWS[name].partition(" | ")
    assert meaning.endswith(".")
    value = getattr(config.load(environment={}), name)
    if isinstance(value, float | int):
        assert float(default) == value


def test_nothing_is_described_that_is_not_there() -> None:
    described = {name for name in ROWS if not name.isdigit()} - {"setting", "command"}
    assert described == {*commands(), *config.NAMES}


def every_error(base: type[errors.AgentError] = errors.AgentError) -> set[int]:
    return {base.exit_code}.union(*(every_error(each) for each in base.__subclasses__()))


def test_every_exit_code_is_described() -> None:
    assert {int(name) for name in ROWS if name.isdigit()} == every_error() | {0, 130, restarting.EXIT_CODE}
