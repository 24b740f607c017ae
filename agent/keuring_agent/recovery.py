"""Back in after the certificate expired while the machine was away: by proof of its key, with nobody's help."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

import grpc

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring_agent import certificates, credentials, dispatches, state, uplink
from keuring_agent.errors import DeliveryError, EnrolmentError, RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_agent.identity import Identity

# What is signed begins so; see enrolment.proto.
CONTEXT: Final = b"keuring.enrolment.v1.RecoverCertificate\x00"


def recover(
    directory: Path, who: Identity, addresses: Sequence[str], deadline: float, now: float, proxy: str = ""
) -> Identity:
    """Gets a successor of the expired certificate from the first address that answers, and keeps it.

    Raises DeliveryError, RefusedError (which is remembered for `doctor`) or StateError.
    """
    request = certificates.successor_request(directory, who)
    failures: list[DeliveryError] = []
    for address in addresses:
        try:
            answer = _ask(directory, address, who, request.signing_request, deadline, proxy)
            found = certificates.succeed(directory, who, request, answer.certificate_chain, answer.trust_roots)
        except grpc.RpcError as error:
            failure = _explain(error, address, deadline)
            if isinstance(failure, RefusedError):
                state.write(directory / state.RECOVERY, {"refused": now})
                raise failure from error
            failures.append(failure)
        except EnrolmentError as error:
            failures.append(DeliveryError(f"{address}: {error}"))
        else:
            state.write(directory / state.RECOVERY, {"recovered": now})
            return found
    raise uplink.all_of(failures)


def _ask(
    directory: Path, address: str, who: Identity, signing_request: bytes, deadline: float, proxy: str
) -> enrolment_pb2.RecoverCertificateResponse:
    """Both calls over one connection, since the collector behind an address need not be the same at the next one."""
    until = time.monotonic() + deadline
    with uplink.channel(address, who.trust_roots, None, proxy) as connection:
        stub = enrolment_pb2_grpc.RecoveryServiceStub(connection)
        challenge = stub.GetChallenge(enrolment_pb2.GetChallengeRequest(), timeout=deadline).challenge
        question = enrolment_pb2.RecoverCertificateRequest(
            challenge=challenge,
            certificate_chain=who.certificate_chain.encode("ascii"),
            certificate_signing_request=signing_request,
            signature=credentials.sign(who.private_key, CONTEXT + challenge + signing_request),
        )
        # Only now something of this machine leaves: a challenge is asked for with nothing.
        sending = dispatches.Dispatch(time.time(), dispatches.RENEWAL, address, question.ByteSize())
        with dispatches.noted(sending, dispatches.into(directory)):
            return stub.RecoverCertificate(question, timeout=max(0.1, until - time.monotonic()))


def _explain(error: grpc.RpcError, address: str, deadline: float) -> DeliveryError:
    call = cast("grpc.Call", error)  # see uplink.explain
    if call.code() is grpc.StatusCode.PERMISSION_DENIED:
        return RefusedError(
            f"{address}: the certificate expired, and the collector gives no new one for it; enrol this machine again "
            "with `keuring-agent enroll --force --token TOKEN`"
        )
    if call.code() is grpc.StatusCode.UNIMPLEMENTED:
        return DeliveryError(
            f"{address}: the certificate expired, and this collector is too old to give a new one; enrol this machine "
            "again with `keuring-agent enroll --force --token TOKEN`"
        )
    if call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return UnreachableError(f"{address}: the collector is too busy for a new certificate: {call.details()}")
    return uplink.explain(error, address, deadline)
