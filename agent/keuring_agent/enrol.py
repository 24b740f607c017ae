"""Enrolment: a token goes out with a signing request, an identity comes back."""

from __future__ import annotations

import hashlib
import sys
import time
from typing import TYPE_CHECKING, cast

import grpc

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring.policy.v1 import policy_pb2, policy_pb2_grpc
from keuring.signals.catalogue import HOST_NAME, KEURING_AGENT_VERSION
from keuring_agent import VERSION, credentials, dispatches, enrolment_token, identity, policy, state, uplink
from keuring_agent.errors import AgentError, EnrolmentError, IdentityError, StateError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.identity import Identity

NAME_LENGTH = 64


def enrol(
    directory: Path, token: str, address: str | None, host_name: str, deadline: float, *, force: bool = False
) -> Identity:
    """Makes this machine an endpoint of the collector that the token names, and keeps the identity in ``directory``.

    ``address`` (HOST:PORT) goes before the token's. Raises TokenError, EnrolmentError, DeliveryError, StateError, and
    IdentityError when the machine is enrolled already and ``force`` is not set.
    """
    parsed = enrolment_token.parse(token)
    state.prepare(directory)
    if not force:
        _refuse_second(directory)
    where = address or parsed.address
    request = _request(directory, parsed.secret)
    root = credentials.root_pem(parsed.root)
    message = enrolment_pb2.EnrolEndpointRequest(
        token=parsed.secret,
        certificate_signing_request=request.signing_request,
        host_name=host_name[:NAME_LENGTH],
        agent_version=VERSION,
    )
    told = (HOST_NAME.id, KEURING_AGENT_VERSION.id) if host_name else (KEURING_AGENT_VERSION.id,)
    begun = dispatches.Dispatch(time.time(), dispatches.ENROLMENT, where, message.ByteSize(), signals=told)
    outcome = dispatches.UNFINISHED
    with uplink.channel(where, root.decode("ascii")) as connection:
        try:
            answer = enrolment_pb2_grpc.EnrolmentServiceStub(connection).EnrolEndpoint(message, timeout=deadline)
            outcome = dispatches.ACKNOWLEDGED
        except grpc.RpcError as error:
            raise _explain(error, where, deadline) from error
        finally:
            if complaint := dispatches.keep(directory, (begun._replace(outcome=outcome),)):
                print(f"keuring-agent: {complaint}", file=sys.stderr)
    granted = credentials.check(
        answer.certificate_chain, answer.trust_roots, request.private_key, answer.endpoint_id, parsed.root
    )
    if not answer.report_addresses:
        raise EnrolmentError(f"{where}: the collector did not say where to report; ask its administrator to look")
    found = identity.Identity(
        granted.endpoint_id,
        request.private_key,
        answer.certificate_chain.decode("ascii"),
        answer.trust_roots.decode("ascii"),
        tuple(answer.report_addresses),
        granted.not_before,
        granted.not_after,
    )
    identity.store(directory, found)
    state.remove(directory / state.PENDING)
    _fetch_policy(directory, found, deadline)
    return found


def _fetch_policy(directory: Path, found: Identity, deadline: float) -> None:
    """Asks for the policy, so that the very first window is measured as the collector wants it.

    Where it cannot be had now, the defaults hold until the first answer to a report brings it.
    """
    for address in found.report_addresses:
        with uplink.channel(address, found.trust_roots, found) as connection:
            try:
                answer = policy_pb2_grpc.PolicyServiceStub(connection).GetPolicy(
                    policy_pb2.GetPolicyRequest(), timeout=deadline
                )
            except grpc.RpcError:
                continue
        policy.store(directory, uplink.understood(answer.policy))
        return


def _refuse_second(directory: Path) -> None:
    try:
        known = identity.load(directory)
    except (IdentityError, StateError):
        return  # none, or one that is of no use
    raise IdentityError(
        f"{directory}: this machine is enrolled already, as {known.endpoint_id}; use --force to enrol it anew"
    )


def _request(directory: Path, secret: str) -> credentials.Request:
    """A key and its request; the same again for the same token, so that an answer lost on the way costs nothing."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    try:
        kept = state.read(directory / state.PENDING) or {}
    except StateError:
        kept = {}
    if kept.get("token") == digest and isinstance(kept.get("key"), str) and isinstance(kept.get("request"), str):
        return credentials.Request(kept["key"], bytes.fromhex(kept["request"]))
    request = credentials.new_request()
    pending = {"token": digest, "key": request.private_key, "request": request.signing_request.hex()}
    state.write(directory / state.PENDING, pending)
    return request


def _explain(error: grpc.RpcError, where: str, deadline: float) -> AgentError:
    call = cast("grpc.Call", error)  # see uplink.explain
    if call.code() is grpc.StatusCode.UNAUTHENTICATED:
        return EnrolmentError(f"{where}: the collector does not accept the token: {call.details()}")
    if call.code() in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.PERMISSION_DENIED,
    ):
        return EnrolmentError(f"{where}: the collector refuses to enrol this machine: {call.details()}")
    return uplink.explain(error, where, deadline)
