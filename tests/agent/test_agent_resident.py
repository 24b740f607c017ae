"""`run` without the command line: the flags that it reads by itself are read as argparse reads them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring_agent import __main__, cli, resident
from keuring_agent.errors import ConfigError, IdentityError

if TYPE_CHECKING:
    from pathlib import Path

words = st.sampled_from(
    ["--config", "--state-directory", "--conf", "--config=/a", "--help", "--", "-", "-x", "", "/a", "/b", "/a=b", "run"]
)


@given(st.lists(words, max_size=5))
def test_what_is_read_without_the_command_line_is_what_it_would_have_read(rest: list[str]) -> None:
    flags = resident.plain(["run", *rest])
    if flags is not None:
        read = cli.parser().parse_args(["run", *rest])
        assert flags == (read.config, read.state_directory)


def test_both_flags_in_either_order_need_no_command_line() -> None:
    for given_flags in (["--config", "/a", "--state-directory", "/b"], ["--state-directory", "/b", "--config", "/a"]):
        flags = resident.plain(["run", *given_flags])
        assert flags is not None
        assert (str(flags.config), flags.state_directory) == ("/a", "/b")
    assert resident.plain(["run"]) == (None, None)


@pytest.mark.parametrize("arguments", [[], ["show"], ["run", "--help"], ["run", "--config"], ["run", "--stray", "x"]])
def test_all_else_is_the_command_line_s(arguments: list[str]) -> None:
    assert resident.plain(arguments) is None


@pytest.mark.parametrize("form", ["--state-directory={}", "--state-directory {}"])
def test_both_ways_say_the_same_of_a_machine_that_is_not_enrolled(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["keuring-agent", "run", *form.format(tmp_path).split()])
    assert __main__.main() == IdentityError.exit_code
    assert "not enrolled" in capsys.readouterr().err


def test_a_settings_file_that_is_not_there_is_told_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["keuring-agent", "run", "--config", str(tmp_path / "none.toml")])
    assert __main__.main() == ConfigError.exit_code
    assert "there is no such settings file" in capsys.readouterr().err


def test_what_is_wrong_with_a_flag_the_command_line_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["keuring-agent", "run", "--state-directory"])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 2
    assert "expected one argument" in capsys.readouterr().err
