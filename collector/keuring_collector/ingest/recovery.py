"""RecoveryService: a machine that was away for longer than its certificate lasted gets another, unattended."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Final, NoReturn

import grpc
import structlog
from django.db import DatabaseError, close_old_connections

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring_collector import metrics
from keuring_collector.fleet import recovery
from keuring_collector.fleet.authority import AuthorityError, RequestError, parse_request
from keuring_collector.fleet.identity import Refused, check_version
from keuring_collector.fleet.recovery import RecoveryError
from keuring_collector.ingest.challenge import Challenges
from keuring_collector.ingest.rate import RateLimit, address_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from concurrent.futures import Executor

    from keuring_collector.fleet.authority import Authority

    AskContext = grpc.aio.ServicerContext[enrolment_pb2.GetChallengeRequest, enrolment_pb2.GetChallengeResponse]
    Context = grpc.aio.ServicerContext[
        enrolment_pb2.RecoverCertificateRequest, enrolment_pb2.RecoverCertificateResponse
    ]

log = structlog.get_logger(__name__)
# A whole office may come back from its holidays through one address.
PER_MINUTE, BURST = 120, 600
# Of one machine, whose key was proven; it needs one.
OWN_PER_MINUTE: Final = 3
REFUSAL: Final = "this machine's certificate gives no new one; enrol the machine again with a new token"


class RecoveryService(enrolment_pb2_grpc.RecoveryServiceServicer):
    """Served with the server's certificate alone: an expired one makes no connection.

    ``within``: how long after its end a certificate is good for this. Every refusal looks the same to the caller; which
    it was is in the log and in the metrics.
    """

    def __init__(
        self,
        authority: Authority,
        executor: Executor,
        certificate_lifetime: dt.timedelta,
        within: dt.timedelta,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authority = authority
        self._executor = executor
        self._lifetime = certificate_lifetime
        self._within = within
        self._now = now
        self._monotonic = monotonic
        self._challenges = Challenges()
        self._limit = RateLimit(PER_MINUTE, BURST)
        self._own_limit = RateLimit(OWN_PER_MINUTE, OWN_PER_MINUTE)

    async def GetChallenge(  # noqa: N802  (the name is the contract's)
        self, _request: enrolment_pb2.GetChallengeRequest, context: AskContext
    ) -> enrolment_pb2.GetChallengeResponse:
        """Gives a challenge to whoever asks, not too often."""
        address = address_of(context.peer())
        if not self._limit.admits(address, self._monotonic()):
            metrics.RECOVERIES.labels("rate_limited").inc()
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"too many challenges were asked for from {address}; wait a minute"
            )
        return enrolment_pb2.GetChallengeResponse(challenge=self._challenges.draw(self._monotonic()))

    async def RecoverCertificate(  # noqa: N802  (the name is the contract's)
        self, request: enrolment_pb2.RecoverCertificateRequest, context: Context
    ) -> enrolment_pb2.RecoverCertificateResponse:
        """Gives a new certificate to an endpoint that is still welcome and proves its key."""
        address = address_of(context.peer())
        loop = asyncio.get_running_loop()
        try:
            check_version(context.auth_context())
            if not self._challenges.take(request.challenge, self._monotonic()):
                raise RecoveryError("challenge")
            endpoint, chain = await loop.run_in_executor(self._executor, self._recover, request)
        except RecoveryError as error:
            if error.outcome == "rate_limited":
                await _refuse(
                    context, address, error.outcome, grpc.StatusCode.RESOURCE_EXHAUSTED, "too many attempts; wait"
                )
            await _refuse(context, address, error.outcome)
        except Refused as error:
            await _refuse(context, address, error.reason)
        except RequestError:
            await _refuse(context, address, "bad_request")
        except (DatabaseError, AuthorityError) as error:
            log.error("recovery failed", error=str(error), address=address)
            await _refuse(
                context, address, "storage", grpc.StatusCode.UNAVAILABLE, "the collector cannot do this now; try later"
            )
        metrics.RECOVERIES.labels("ok").inc()
        log.info("recovered", endpoint=str(endpoint), address=address)
        return enrolment_pb2.RecoverCertificateResponse(
            certificate_chain=chain.encode("ascii"), trust_roots=self._authority.trust_roots
        )

    def _recover(self, request: enrolment_pb2.RecoverCertificateRequest) -> tuple[uuid.UUID, str]:
        close_old_connections()
        signing_request = parse_request(request.certificate_signing_request)
        proven = recovery.prove(
            request.certificate_chain,
            request.challenge,
            request.certificate_signing_request,
            request.signature,
            self._authority.trust_roots,
        )
        if not self._own_limit.admits(str(proven.endpoint), self._monotonic()):
            raise RecoveryError("rate_limited")
        chain = recovery.recover(proven, signing_request, self._authority, self._now(), self._lifetime, self._within)
        return proven.endpoint, chain


async def _refuse(
    context: Context,
    address: str,
    outcome: str,
    code: grpc.StatusCode = grpc.StatusCode.PERMISSION_DENIED,
    message: str = REFUSAL,
) -> NoReturn:
    metrics.RECOVERIES.labels(outcome).inc()
    log.warning("no new certificate", reason=outcome, address=address)
    await context.abort(code, message)
    raise AssertionError("abort always raises")
