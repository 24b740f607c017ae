"""Enrolment without a person: by a token that was left, at the first start; what is wrong is asked about once."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from keuring_agent import config, identity, silent, state
from keuring_agent.config import Settings
from keuring_agent.errors import ConfigError, EnrolmentError, IdentityError, StateError
from keuring_agent.launcher import _arguments
from tests.agent.collector import Collector
from tests.agent.test_agent_process import agent, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.parcel import Parcel

pytestmark = pytest.mark.long


def leave(directory: Path, token: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / state.TOKEN
    path.write_text(f"{token[:40]}\n{token[40:]}\n")  # as mail programs break it
    return path


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = process.communicate(timeout=60)[1]
    return process.returncode, said


def test_a_machine_enrols_at_its_first_start_and_forgets_the_token(tmp_path: Path, collector: Collector) -> None:
    path = leave(tmp_path, collector.token())
    with agent(tmp_path) as process:
        wait_for(lambda: len(collector.journal.reports) >= 1)
        mapped = (Path("/proc") / str(process.pid) / "maps").read_text()
        assert not any(library in mapped for library in ("cygrpc", "_rust.abi3", "libcrypto"))
        process.send_signal(signal.SIGTERM)
        code, said = ended(process)
    assert code == 0
    assert f"enrolled as {identity.load(tmp_path).endpoint_id}" in said
    assert not path.exists()
    assert stat.S_IMODE((tmp_path / "identity.json").stat().st_mode) == 0o600
    assert [request.token for request in collector.registry.requests] == ["id.secret"]
    assert collector.registry.requests[0].host_name


def test_a_token_in_the_environment(tmp_path: Path, collector: Collector) -> None:
    with agent(tmp_path / "state", KEURING_AGENT_ENROLMENT_TOKEN=collector.token()) as process:
        wait_for(lambda: len(collector.journal.reports) >= 1)
        process.send_signal(signal.SIGTERM)
        assert "the token stays in the settings" in ended(process)[1]


def test_nothing_left_means_not_enrolled(tmp_path: Path) -> None:
    with agent(tmp_path) as process:
        code, said = ended(process)
    assert code == IdentityError.exit_code
    assert "not enrolled" in said


def test_it_waits_for_a_collector_that_is_not_there_yet(tmp_path: Path) -> None:
    with Collector() as collector:
        leave(tmp_path, collector.token())
        collector.stop()
        with agent(tmp_path) as process:
            assert process.stderr is not None
            assert "cannot be reached" in process.stderr.readline()
            assert "not enrolled yet; trying again in" in process.stderr.readline()
            collector.start()
            wait_for(lambda: len(collector.journal.reports) >= 1)
    assert len({bytes(each.certificate_signing_request) for each in collector.registry.requests}) == 1


def test_it_ends_when_asked_while_it_waits(tmp_path: Path) -> None:
    with Collector() as collector:
        leave(tmp_path, collector.token())
    with agent(tmp_path, KEURING_AGENT_BACKOFF_MINIMUM="300", KEURING_AGENT_BACKOFF_MAXIMUM="300") as process:
        assert process.stderr is not None
        process.stderr.readline()
        assert "trying again in 300 s" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_wrong_token_is_asked_about_once_however_often_it_starts(tmp_path: Path, collector: Collector) -> None:
    path = leave(tmp_path, collector.token("id.wrong"))
    collector.registry.refuse = (grpc.StatusCode.UNAUTHENTICATED, "this token is not known here")
    for start in range(3):
        with agent(tmp_path) as process:
            code, said = ended(process)
        assert code == EnrolmentError.exit_code
        assert "this token is not known here" in said
        assert ("not asked again with this token" in said) == (start > 0) or "Put another token into" in said
    assert len(collector.registry.requests) == 1
    assert path.exists()
    collector.registry.refuse = None
    leave(tmp_path, collector.token("id.right"))
    with agent(tmp_path):
        wait_for(lambda: len(collector.journal.reports) >= 1)
    assert not (tmp_path / state.ENROLMENT_REFUSED).exists()


def test_a_collector_that_is_busy_is_asked_again(tmp_path: Path, collector: Collector) -> None:
    leave(tmp_path, collector.token())
    collector.registry.refuse = (grpc.StatusCode.RESOURCE_EXHAUSTED, "wait a minute")
    with agent(tmp_path):
        wait_for(lambda: len(collector.registry.requests) >= 2)
        collector.registry.refuse = None
        wait_for(lambda: len(collector.journal.reports) >= 1)


def test_a_token_that_asks_for_a_certificate_without_one(tmp_path: Path, collector: Collector) -> None:
    leave(tmp_path, collector.token(""))
    with agent(tmp_path) as process:
        code, said = ended(process)
    assert code == EnrolmentError.exit_code
    assert "setting 'machine_certificate' names none" in said
    assert collector.registry.requests == []


@pytest.mark.skipif(os.geteuid() != 0, reason="accounts are changed by root")
def test_a_token_of_root_is_told(tmp_path: Path, collector: Collector) -> None:
    path = leave(tmp_path, collector.token())
    path.unlink()
    path.mkdir()
    with pytest.raises(StateError, match="give the file to the agent's account"):
        silent.means(Settings(state_directory=tmp_path))


class Children:
    """A launcher whose children end with the codes given."""

    def __init__(self, *codes: int, then: Callable[[], None] = lambda: None) -> None:
        self.codes, self.then, self.started = list(codes), then, 0
        self._code: int | None = None

    running = False
    told = b""

    def start(self, settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> None:
        self.started += 1
        self._code = self.codes.pop(0)
        if self._code == 0:
            self.then()

    def poll(self) -> int | None:
        return self._code

    def kill(self) -> None: ...


class Sleeper:
    """Sleeps by moving the clock."""

    stopped = False
    now = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


def test_waits_grow_and_are_drawn(tmp_path: Path, collector: Collector) -> None:
    leave(tmp_path, collector.token())
    settings = Settings(state_directory=tmp_path, backoff_minimum=1.0, backoff_maximum=300.0)
    sleeper, bounds = Sleeper(), []

    def draw(least: float, most: float) -> float:
        bounds.append((least, most))
        return most

    children = Children(*[5] * 10, -9, 0, then=lambda: identity.store(tmp_path, collector.authority.identity(("x:1",))))
    said: list[str] = []
    assert silent.become(settings, children, sleeper, said.append, draw, lambda: sleeper.now)
    assert [most for _, most in bounds] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0, 300.0]
    assert {least for least, _ in bounds} == {1.0}
    assert sleeper.now == sum(most for _, most in bounds)
    assert len(said) == 11


def test_a_refused_certificate_may_be_tried_again_after_hours(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(state_directory=tmp_path)
    for token, later in ((collector.token(""), True), (collector.token("id.secret"), False)):
        leave(tmp_path, token)
        found = silent.means(settings)
        assert found is not None
        state.write(tmp_path / state.ENROLMENT_REFUSED, {"token": found.digest, "why": "no", "at": 1e9})
        monkeypatch.setattr("time.time", lambda: 1e9 + 3600)
        with pytest.raises(EnrolmentError, match="not asked again with this token"):
            silent.check(settings)
        monkeypatch.setattr("time.time", lambda: 1e9 + 7 * 3600)
        if later:
            silent.check(settings)
        else:
            with pytest.raises(EnrolmentError):
                silent.check(settings)


def test_tokens_are_not_told_to_those_who_list_processes(tmp_path: Path, collector: Collector) -> None:
    settings = config.load(environment={"KEURING_AGENT_ENROLMENT_TOKEN": collector.token()})
    assert not any("keuring1." in argument for argument in _arguments(settings))
    with pytest.raises(ConfigError, match=r"setting 'enrolment_token'.*does not begin with"):
        config.load(environment={"KEURING_AGENT_ENROLMENT_TOKEN": "rubbish"})


@pytest.mark.skipif(os.geteuid() != 0, reason="accounts are changed by root")
def test_root_goes_on_as_the_owner_of_the_state_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 23456)
    tmp_path.chmod(0o711)
    code = (
        "import os, pathlib; from keuring_agent import state; "
        f"state.act_as_owner(pathlib.Path({str(tmp_path)!r})); print(os.geteuid(), os.getegid()); "
        f"os.close(os.open({str(tmp_path / 'made')!r}, os.O_CREAT))"
    )
    for parent in tmp_path.parents[:3]:
        if parent.owner() == "root" and parent != Path("/tmp"):
            parent.chmod(0o755)
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["12345", "23456"]
    assert (tmp_path / "made").stat().st_uid == 12345
