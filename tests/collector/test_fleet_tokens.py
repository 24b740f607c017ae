"""Tokens: one use, a short life, bound to a signing request; on both databases."""

from __future__ import annotations

import base64
import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from keuring_collector.fleet.authority import Authority, SigningRequest, parse_request
from tests.collector.certificates import NOW, new_key, signing_request

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.fleet.tokens import Enrolled

TEN_MINUTES = dt.timedelta(minutes=10)
WEEK = dt.timedelta(days=7)


@pytest.fixture
def authority(tmp_path: Path, django_url: str) -> Authority:
    return Authority.create(tmp_path / "ca", "localhost", NOW)


def _request() -> SigningRequest:
    return parse_request(signing_request(new_key()))


def _redeem(
    authority: Authority, token: str, request: SigningRequest, *, name: str = "LT-1", now: dt.datetime = NOW
) -> Enrolled:
    from keuring_collector.fleet import tokens

    return tokens.redeem(token, request, name, authority, now, WEEK)


def _outcome(authority: Authority, token: str, request: SigningRequest, now: dt.datetime = NOW) -> str:
    from django.db import connections

    from keuring_collector.fleet.tokens import TokenError

    try:
        return str(_redeem(authority, token, request, now=now).endpoint)
    except TokenError as error:
        return error.outcome
    finally:
        connections.close_all()


def test_token_gives_one_certificate(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Endpoint, EnrolmentToken

    token = tokens.mint(NOW, TEN_MINUTES)
    enrolled = _redeem(authority, token, _request(), name="LT-0231\u202e\n")
    assert Endpoint.objects.get(uuid=enrolled.endpoint).host_name == "LT-0231"
    assert token.partition(".")[2].encode() not in bytes(EnrolmentToken.objects.get().secret_hash)
    assert _outcome(authority, token, _request()) == "used_token"
    assert Endpoint.objects.count() == 1


def test_bad_tokens(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Endpoint

    token = tokens.mint(NOW, TEN_MINUTES)
    identifier = token.partition(".")[0]
    for wrong in ("", "rubbish", f"{identifier}.{'A' * 43}", f"{identifier}x.{token.partition('.')[2]}", "\x00.\x00"):
        assert _outcome(authority, wrong, _request()) == "unknown_token", wrong
    assert _outcome(authority, token, _request(), NOW + TEN_MINUTES) == "expired_token"
    assert Endpoint.objects.count() == 0


def test_same_request_gets_the_same_certificate_also_after_the_token_expired(authority: Authority) -> None:
    from keuring_collector.fleet import tokens

    token, request = tokens.mint(NOW, TEN_MINUTES), _request()
    first = _redeem(authority, token, request)
    assert _redeem(authority, token, request, now=NOW + TEN_MINUTES * 2) == first


def test_fifty_attempts_at_once_give_one_certificate(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Certificate

    token = tokens.mint(NOW, TEN_MINUTES)
    requests = [_request() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda request: _outcome(authority, token, request), requests))
    assert outcomes.count("used_token") == 49
    assert Certificate.objects.count() == 1


def test_one_request_twenty_times_at_once_gives_one_certificate(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Certificate, EnrolmentToken

    token, request = tokens.mint(NOW, TEN_MINUTES, uses=5), _request()
    with ThreadPoolExecutor(20) as pool:
        outcomes = set(pool.map(lambda _: _outcome(authority, token, request), range(20)))
    assert outcomes == {str(Certificate.objects.get().endpoint.uuid)}
    assert EnrolmentToken.objects.get().uses_left == 4


def test_counted_token(authority: Authority) -> None:
    from keuring_collector.fleet import tokens

    token = tokens.mint(NOW, TEN_MINUTES, uses=3)
    outcomes = [_outcome(authority, token, _request()) for _ in range(4)]
    assert len(set(outcomes[:3])) == 3
    assert outcomes[3] == "used_token"


def test_machine_is_given_to_its_colleague(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Colleague, Department, Endpoint, MachineOwner

    department = Department.objects.create(name="Finance")
    colleague = Colleague.objects.create(name="Anna", mail="anna@example.com", department=department)
    MachineOwner.objects.create(host_name="LT-0231", colleague=colleague)
    enrolled = _redeem(authority, tokens.mint(NOW, TEN_MINUTES), _request(), name="lt-0231")
    endpoint = Endpoint.objects.get(uuid=enrolled.endpoint)
    assert (endpoint.colleague, endpoint.department) == (colleague, department)


def test_machines_of_a_bulk_token_get_its_department_until_their_colleague_is_known(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Colleague, Department, Endpoint, MachineOwner

    finance, works = Department.objects.create(name="Finance"), Department.objects.create(name="Works")
    anna = Colleague.objects.create(name="Anna", mail="anna@example.com", department=works)
    MachineOwner.objects.create(host_name="LT-2", colleague=anna)
    token = tokens.mint(NOW, TEN_MINUTES, 3, finance)
    for name, expected in (("LT-1", finance), ("LT-2", works)):
        endpoint = Endpoint.objects.get(uuid=_redeem(authority, token, _request(), name=name).endpoint)
        assert endpoint.department == expected


def test_renewal(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Endpoint

    first = _redeem(authority, tokens.mint(NOW, TEN_MINUTES), _request())
    later, request = NOW + dt.timedelta(days=5), _request()
    second = tokens.renew(first.endpoint, request, authority, later, WEEK)
    assert second != first.chain
    assert tokens.renew(first.endpoint, request, authority, later, WEEK) == second
    Endpoint.objects.update(state=Endpoint.State.REVOKED)
    with pytest.raises(tokens.TokenError, match="revoked"):
        tokens.renew(first.endpoint, _request(), authority, later, WEEK)


def test_a_revoked_endpoint_does_not_get_its_certificate_again(authority: Authority) -> None:
    from keuring_collector.fleet import tokens
    from keuring_collector.fleet.models import Endpoint

    token, request = tokens.mint(NOW, TEN_MINUTES), _request()
    _redeem(authority, token, request)
    Endpoint.objects.update(state=Endpoint.State.REVOKED)
    assert _outcome(authority, token, request) == "used_token"


def test_expired_tokens_are_forgotten_after_a_day(authority: Authority) -> None:
    from keuring_collector.fleet import tokens

    tokens.mint(NOW, TEN_MINUTES)
    assert tokens.expire(NOW + dt.timedelta(hours=23)) == 0
    assert tokens.expire(NOW + dt.timedelta(hours=25)) == 1


def test_what_an_agent_is_given(authority: Authority) -> None:
    from keuring_collector.fleet import tokens

    text = tokens.for_agents("id.secret", ["desk.example:7444"], authority.root_der)
    prefix, _, body = text.partition(".")
    content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert prefix == "keuring1"
    assert content == {"a": "desk.example:7444", "c": base64.b64encode(authority.root_der).decode(), "t": "id.secret"}
    several = tokens.for_agents("id.secret", ["a:7444", "b:7444"], authority.root_der).partition(".")[2]
    assert json.loads(base64.urlsafe_b64decode(several + "=" * (-len(several) % 4)))["a"] == ["a:7444", "b:7444"]
