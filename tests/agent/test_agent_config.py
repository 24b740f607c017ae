"""Settings: three sources, one object, and every wrong one refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from keuring.signals.model import Privacy
from keuring_agent import cli, config, policy, state
from keuring_agent.config import Settings, load
from keuring_agent.errors import ConfigError, StateError
from keuring_agent.policy import Policy


def settings_file(directory: Path, text: str) -> Path:
    path = directory / "agent.toml"
    path.write_text(text)
    return path


def test_flags_go_before_the_environment_before_the_file(tmp_path: Path) -> None:
    path = settings_file(
        tmp_path, 'state_directory = "/one"\nsample_interval = 10\nwindows_per_flush = 2\ndisabled_signals = []\n'
    )
    environment = {"KEURING_AGENT_SAMPLE_INTERVAL": "5", "KEURING_AGENT_DISABLED_SIGNALS": "system.uptime, host.name"}
    found = load(path, {"state_directory": "/two", "deadline": None}, environment)
    assert found.state_directory == Path("/two")
    assert found.sample_interval == 5
    assert found.windows_per_flush == 2
    assert found.disabled_signals == ("system.uptime", "host.name")
    assert found.deadline == 15


def test_the_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    path = settings_file(tmp_path, "deadline = 3")
    assert load(environment={"KEURING_AGENT_CONFIG": str(path)}).deadline == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample_intervall = 5", "agent.toml: unknown setting 'sample_intervall'; known are: state_directory,"),
        ('sample_interval = "often"', r"agent.toml: setting 'sample_interval' is 'often'; write a number from 0.1 to"),
        ("sample_interval = 0", "write a number from 0.1 to 3600"),
        ("windows_per_flush = 1.5", "write a whole number from 1 to 100"),
        ("windows_per_flush = true", "write a whole number from 1 to 100"),
        ('disabled_signals = "system.uptime"', "write a list of texts"),
        ('disabled_signals = ["system.uptme"]', "names 'system.uptme', which there is not"),
        ('privacy_classes = ["secret"]', "names 'secret', which there is not"),
        ('collector = ["collector"]', "write HOST:PORT"),
        ('collector = ":7443"', "write HOST:PORT"),
        ("collector = 7443", "write a list of texts"),
        ('state_directory = ""', "write a directory in quotes"),
        ('root_directory = "host"', "write an absolute path"),
        ("backoff_minimum = 10\nbackoff_maximum = 5", "'backoff_minimum' is larger than 'backoff_maximum'"),
        ("not toml", "no valid TOML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_with_its_cure(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = settings_file(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path, environment={})
    assert message in str(caught.value)
    assert cli.main(["show", "--config", str(path)]) == ConfigError.exit_code
    assert message in capsys.readouterr().err


def test_a_wrong_variable_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"\$KEURING_AGENT_DEADLINE: setting 'deadline' is 'x'"):
        load(environment={"KEURING_AGENT_DEADLINE": "x"})
    with pytest.raises(ConfigError, match=r"\$KEURING_AGENT_DEADLIN\b.*unknown setting 'deadlin'"):
        load(environment={"KEURING_AGENT_DEADLIN": "1"})


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such settings file"):
        load(tmp_path / "missing.toml", environment={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, environment={})


def test_every_number_has_bounds_and_its_default_is_within() -> None:
    for name, default in Settings(Path("/x"))._asdict().items():
        kind = config._kind(name, "")
        assert (kind in ("int", "float")) == (name in config._BOUNDS)
        if kind in ("int", "float") and default is not None:
            assert config._checked(name, default, "") == default


def plan(wanted: Policy, **changes: object) -> policy.Plan:
    return policy.plan(wanted, Settings(state_directory=Path("/x"), **changes))  # type: ignore[arg-type]


def test_the_policy_rules_where_no_setting_is_given() -> None:
    assert plan(Policy())[:3] == (60, 300, 3)
    assert plan(Policy("1", 30, 600, 6))[:3] == (30, 600, 6)
    assert plan(Policy("1", 30, 600, 6), sample_interval=1.0, windows_per_flush=1)[:3] == (1, 600, 1)
    assert plan(Policy(), sample_interval=60.0, window_duration=2.0)[:2] == (2, 2)


def test_both_must_allow_what_leaves() -> None:
    gate = plan(Policy(classes=(1, 2, 99), disabled_signals=("a",)), disabled_signals=("system.uptime",)).gate
    assert gate.classes == {Privacy.HARDWARE, Privacy.SOFTWARE}
    assert gate.disabled == {"a", "system.uptime"}
    gate = plan(Policy(classes=(1, 2)), privacy_classes=("software", "presence")).gate
    assert gate.classes == {Privacy.SOFTWARE}
    assert plan(Policy(classes=(99,))).gate.classes == frozenset()


def test_a_policy_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    wanted = Policy("7", 30.0, None, 5, (1, 2), ("system.uptime",))
    policy.store(tmp_path, wanted)
    assert policy.load(tmp_path) == wanted


def test_a_policy_that_makes_no_sense_is_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / state.POLICY).write_text('{"sample_interval": -1, "windows_per_flush": "x", "classes": [2]}')
    assert policy.load(tmp_path) == Policy(classes=(2,))


@pytest.mark.parametrize("stored", ["", "{", "[]", '{"classes": ["a"]}', '{"classes": 7}', '{"disabled_signals": 1}'])
def test_while_nobody_knows_what_a_damaged_policy_forbade_only_what_tells_least_leaves(
    tmp_path: Path, stored: str
) -> None:
    (tmp_path / state.POLICY).write_text(stored)
    assert plan(policy.load(tmp_path)).gate.classes == {Privacy.HARDWARE}
    assert policy.load(tmp_path).version == ""  # so the collector says it again with its next answer


def test_files_are_written_whole_and_errors_say_where(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    state.write(path, {"a": 1})
    state.write(path, {"a": 2})
    assert state.read(path) == {"a": 2}
    assert state.read(tmp_path / "none") is None
    with pytest.raises(StateError, match=r"missing/x\.json: cannot be written"):
        state.write(tmp_path / "missing" / "x.json", {})
    path.write_text("[")
    with pytest.raises(StateError, match="damaged"):
        state.read(path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StateError, match="--state-directory"):
        state.prepare(blocked / "state")
