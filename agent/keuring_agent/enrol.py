"""Enrolment: a token goes out with a signing request, an identity comes back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import grpc

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring.policy.v1 import policy_pb2, policy_pb2_grpc
from keuring.signals.catalogue import HOST_NAME, KEURING_AGENT_VERSION
from keuring_agent import (
    VERSION,
    certificates,
    credentials,
    dispatches,
    enrolment_token,
    identity,
    policy,
    state,
    uplink,
)
from keuring_agent.errors import (
    AgentError,
    EnrolmentError,
    IdentityError,
    StateError,
    TokenError,
    UnreachableError,
    UntrustedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from keuring_agent.host.protocol import Host
    from keuring_agent.identity import Identity
    from keuring_agent.machine_certificate import MachineCertificate
    from keuring_agent.policy import Plan

    _Answer = enrolment_pb2.EnrolEndpointResponse | enrolment_pb2.EnrolMachineResponse
    # Notes how many bytes leave, and whether the machine's name is among them.
    _Noting = Callable[[int, bool], AbstractContextManager[None]]
    _Asking = Callable[[grpc.Channel, float, _Noting], _Answer]

NAME_LENGTH = 64


def told_name(plan: Plan, host: Host) -> str:
    """The machine's name for its colleagues; "" where it must not leave."""
    return host.operating_system().host_name if plan.gate.permits(HOST_NAME) else ""


def enrol(
    directory: Path,
    token: str,
    address: str | None,
    host_name: str,
    deadline: float,
    *,
    force: bool = False,
    proxy: str = "",
    machine: Callable[[], MachineCertificate] | None = None,
) -> Identity:
    """Makes this machine an endpoint of the collector that the token names, and keeps the identity in ``directory``.

    ``address`` (HOST:PORT) goes before the token's. ``machine`` gives the machine's own certificate, for a token that
    asks for it. Raises TokenError, EnrolmentError, DeliveryError, StateError, ConfigError, and IdentityError when the
    machine is enrolled already and ``force`` is not set.
    """
    parsed = enrolment_token.parse(token)
    state.prepare(directory)
    if not force:
        _refuse_second(directory)
    addresses = (address,) if address else parsed.addresses
    if parsed.secret:
        request = certificates.kept_request(directory / state.PENDING, parsed.secret)
        asking: _Asking = _by_token(parsed.secret, request, host_name)
    else:
        if machine is None:
            raise TokenError("this token asks for the machine's own certificate, which cannot be used here")
        proof = machine()
        request = certificates.kept_request(directory / state.PENDING, proof.certificates[0].hex())
        asking = _by_certificate(proof, request, host_name)
    roots = credentials.root_pem(parsed.root).decode("ascii")
    where, answer = _ask(directory, addresses, asking, roots, deadline, proxy)
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
        addresses,
    )
    identity.store(directory, found)
    state.remove(directory / state.PENDING)
    _fetch_policy(directory, found, deadline, proxy)
    return found


def _by_token(secret: str, request: credentials.Request, host_name: str) -> _Asking:
    question = enrolment_pb2.EnrolEndpointRequest(
        token=secret,
        certificate_signing_request=request.signing_request,
        host_name=host_name[:NAME_LENGTH],
        agent_version=VERSION,
    )

    def ask(connection: grpc.Channel, deadline: float, noted: _Noting) -> _Answer:
        with noted(question.ByteSize(), bool(question.host_name)):
            return enrolment_pb2_grpc.EnrolmentServiceStub(connection).EnrolEndpoint(question, timeout=deadline)

    return ask


def _by_certificate(machine: MachineCertificate, request: credentials.Request, host_name: str) -> _Asking:
    def ask(connection: grpc.Channel, deadline: float, noted: _Noting) -> _Answer:
        until = time.monotonic() + deadline
        stub = enrolment_pb2_grpc.MachineEnrolmentServiceStub(connection)
        wanted = enrolment_pb2.GetEnrolmentChallengeRequest()
        challenge = stub.GetEnrolmentChallenge(wanted, timeout=deadline).challenge
        question = enrolment_pb2.EnrolMachineRequest(
            challenge=challenge,
            machine_certificates=machine.certificates,
            certificate_signing_request=request.signing_request,
            signature=machine.prove(challenge, request.signing_request),
            host_name=host_name[:NAME_LENGTH],
            agent_version=VERSION,
        )
        with noted(question.ByteSize(), bool(question.host_name)):
            return stub.EnrolMachine(question, timeout=max(0.1, until - time.monotonic()))

    return ask


def _ask(
    directory: Path, addresses: tuple[str, ...], asking: _Asking, roots: str, deadline: float, proxy: str
) -> tuple[str, _Answer]:
    """The first of ``addresses`` that answers, and its answer. Raises the error of the last one that does not."""
    for address in addresses:

        def noted(size: int, named: bool, address: str = address) -> AbstractContextManager[None]:
            told = (HOST_NAME.id, KEURING_AGENT_VERSION.id) if named else (KEURING_AGENT_VERSION.id,)
            sending = dispatches.Dispatch(time.time(), dispatches.ENROLMENT, address, size, signals=told)
            return dispatches.noted(sending, dispatches.into(directory))

        try:
            with uplink.channel(address, roots, None, proxy) as connection:
                return address, asking(connection, deadline, noted)
        except grpc.RpcError as error:
            failure = _explain(error, address, deadline)
            if address == addresses[-1] or not isinstance(failure, UnreachableError | UntrustedError):
                raise failure from error
    raise AssertionError("a token names an address")


def _fetch_policy(directory: Path, found: Identity, deadline: float, proxy: str) -> None:
    """Asks for the policy, so that the very first window is measured as the collector wants it.

    Where it cannot be had now, the defaults hold until the first answer to a report brings it.
    """
    for address in found.report_addresses:
        with uplink.channel(address, found.trust_roots, found, proxy) as connection:
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


def _explain(error: grpc.RpcError, where: str, deadline: float) -> AgentError:
    call = cast("grpc.Call", error)  # see uplink.explain
    if call.code() is grpc.StatusCode.UNAUTHENTICATED:
        return EnrolmentError(f"{where}: the collector does not accept the token: {call.details()}")
    if call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return UnreachableError(f"{where}: the collector enrols no more machines for the moment: {call.details()}")
    if call.code() is grpc.StatusCode.UNIMPLEMENTED:
        return EnrolmentError(
            f"{where}: this collector takes no machine certificates; let its administrator set 'machine_roots', or "
            "give you a token with a secret"
        )
    if call.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED):
        return EnrolmentError(f"{where}: the collector refuses to enrol this machine: {call.details()}")
    return uplink.explain(error, where, deadline)
