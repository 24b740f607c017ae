"""Enrolment, against a real server with real TLS."""

from __future__ import annotations

import json
import socket
import stat
from typing import TYPE_CHECKING

import grpc
import pytest

from keuring_agent import cli, identity
from keuring_agent.enrol import enrol
from keuring_agent.enrolment_token import parse
from keuring_agent.errors import EnrolmentError, IdentityError, TokenError, UnreachableError, UntrustedError
from tests.agent.collector import ENDPOINT, Authority, Collector

if TYPE_CHECKING:
    from pathlib import Path


def attempt(directory: Path, token: str, address: str | None = None, *, force: bool = False) -> identity.Identity:
    return enrol(directory / "state", token, address, "lt-0231", 3.0, force=force)


def test_the_machine_gets_an_identity_that_only_its_account_can_read(tmp_path: Path, collector: Collector) -> None:
    found = attempt(tmp_path, collector.token())

    assert found.endpoint_id == ENDPOINT
    assert found.report_addresses == (collector.address,)
    assert 6.9 * 86400 < found.not_after - found.not_before < 7.1 * 86400
    assert identity.load(tmp_path / "state") == found
    path = tmp_path / "state" / "identity.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    # Nothing half-done is left.
    assert sorted(left.name for left in path.parent.iterdir()) == ["dispatches.log", "identity.json"]
    request = collector.registry.requests[0]
    assert (request.token, request.host_name) == ("id.secret", "lt-0231")


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_request(tmp_path: Path, collector: Collector) -> None:
    collector.registry.refuse = (grpc.StatusCode.UNAVAILABLE, "later")
    with pytest.raises(UnreachableError):
        attempt(tmp_path, collector.token())
    collector.registry.refuse = None
    attempt(tmp_path, collector.token())
    first, second = collector.registry.requests
    assert first.certificate_signing_request == second.certificate_signing_request


def test_a_second_enrolment_needs_force(tmp_path: Path, collector: Collector) -> None:
    first = attempt(tmp_path, collector.token())
    with pytest.raises(IdentityError, match=r"enrolled already.*--force"):
        attempt(tmp_path, collector.token("id.other"))
    assert attempt(tmp_path, collector.token("id.other"), force=True).private_key != first.private_key


@pytest.mark.parametrize("detail", ["this token is not known here", "this token has expired", "this token was used"])
def test_what_is_wrong_with_a_token_is_told(tmp_path: Path, collector: Collector, detail: str) -> None:
    collector.registry.refuse = (grpc.StatusCode.UNAUTHENTICATED, detail)
    with pytest.raises(EnrolmentError, match=f"does not accept the token: {detail}"):
        attempt(tmp_path, collector.token())
    assert not (tmp_path / "state" / "identity.json").exists()


def test_too_many_enrolments_are_told(tmp_path: Path, collector: Collector) -> None:
    collector.registry.refuse = (grpc.StatusCode.RESOURCE_EXHAUSTED, "wait a minute")
    with pytest.raises(UnreachableError, match="wait a minute"):  # may be tried again
        attempt(tmp_path, collector.token())


def test_a_foreign_authority_never_sees_the_token(tmp_path: Path, collector: Collector) -> None:
    with pytest.raises(UntrustedError):
        attempt(tmp_path, collector.token(authority=Authority("Other")))
    assert collector.registry.requests == []


@pytest.mark.parametrize("fault", ["stolen key", "foreign signer", "another endpoint", "no address"])
def test_an_answer_that_cannot_be_right_is_not_believed(tmp_path: Path, collector: Collector, fault: str) -> None:
    registry = collector.registry
    if fault == "stolen key":
        registry.stolen = True
    elif fault == "foreign signer":
        registry.signer = Authority("Other")
    elif fault == "another endpoint":
        registry.endpoint = "11111111-1111-1111-1111-111111111111"
    else:
        registry.report_addresses = []
    with pytest.raises(EnrolmentError):
        attempt(tmp_path, collector.token())
    assert not (tmp_path / "state" / "identity.json").exists()


def test_nobody_there(tmp_path: Path, collector: Collector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(UnreachableError, match=address):
        attempt(tmp_path, collector.token(), address)


def test_the_flag_goes_before_the_address_in_the_token(tmp_path: Path, collector: Collector) -> None:
    assert attempt(tmp_path, collector.token(), f"localhost:{collector.enrolment_port}").endpoint_id == ENDPOINT


@pytest.mark.parametrize("text", ["", "hello", "keuring1.", "keuring1.e30", "keuring1.!!!", "keuring1.W10"])
def test_a_text_that_is_no_token(tmp_path: Path, text: str) -> None:
    with pytest.raises(TokenError, match="keuring-collector token"):
        attempt(tmp_path, text)


def test_a_token_that_a_mail_program_broke_into_lines(collector: Collector) -> None:
    token = collector.token()
    assert parse(f"  {token[:40]}\n{token[40:]}\n") == parse(token)


def test_a_damaged_identity_is_told_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text('{"endpoint_id": 1}')
    with pytest.raises(IdentityError, match="--force"):
        identity.load(tmp_path)


def test_the_command(tmp_path: Path, collector: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["enroll", "--state-directory", str(tmp_path), "--token", collector.token()]
    assert cli.main(flags) == 0
    assert f"enrolled as {ENDPOINT}" in capsys.readouterr().out
    assert cli.main(flags) == IdentityError.exit_code
    assert "enrolled already" in capsys.readouterr().err
    assert json.loads((tmp_path / "identity.json").read_text())["endpoint_id"] == ENDPOINT


def test_the_command_keeps_the_name_back_where_identity_may_not_leave(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEURING_AGENT_PRIVACY_CLASSES", "hardware,software")
    assert cli.main(["enroll", "--state-directory", str(tmp_path), "--token", collector.token()]) == 0
    assert collector.registry.requests[0].host_name == ""
