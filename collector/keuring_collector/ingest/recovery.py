"""RecoveryService: a machine that was away for longer than its certificate lasted gets another, unattended."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Final

import grpc
import structlog
from django.db import DatabaseError, close_old_connections

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring_collector import metrics
from keuring_collector.fleet import recovery
from keuring_collector.fleet.authority import AuthorityError, RequestError, parse_request
from keuring_collector.fleet.identity import Refused, check_version
from keuring_collector.fleet.recovery import RecoveryError
from keuring_collector.ingest.gate import Gate, Rules
from keuring_collector.ingest.rate import address_of

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
RULES: Final = Rules(
    metrics.RECOVERIES,
    "no new certificate",
    "this machine's certificate gives no new one; enrol the machine again with a new token",
    # A whole office may come back from its holidays through one address.
    per_minute=120,
    burst=600,
)


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
        self._gate = Gate(RULES, monotonic)

    async def GetChallenge(  # noqa: N802  (the name is the contract's)
        self, _request: enrolment_pb2.GetChallengeRequest, context: AskContext
    ) -> enrolment_pb2.GetChallengeResponse:
        """Gives a challenge to whoever asks, not too often."""
        return enrolment_pb2.GetChallengeResponse(challenge=await self._gate.challenge(context))

    async def RecoverCertificate(  # noqa: N802  (the name is the contract's)
        self, request: enrolment_pb2.RecoverCertificateRequest, context: Context
    ) -> enrolment_pb2.RecoverCertificateResponse:
        """Gives a new certificate to an endpoint that is still welcome and proves its key."""
        gate, loop = self._gate, asyncio.get_running_loop()
        try:
            check_version(context.auth_context())
            if not gate.takes(request.challenge):
                raise RecoveryError("challenge")
            endpoint, chain = await loop.run_in_executor(self._executor, self._recover, request)
        except RecoveryError as error:
            if error.outcome == "rate_limited":
                await gate.refuse_for_now(context, error.outcome)
            await gate.refuse(context, error.outcome)
        except Refused as error:
            await gate.refuse(context, error.reason)
        except RequestError:
            await gate.refuse(context, "bad_request")
        except (DatabaseError, AuthorityError) as error:
            log.error("recovery failed", error=str(error), address=address_of(context.peer()))
            await gate.refuse(
                context, "storage", grpc.StatusCode.UNAVAILABLE, "the collector cannot do this now; try later"
            )
        metrics.RECOVERIES.labels("ok").inc()
        log.info("recovered", endpoint=str(endpoint), address=address_of(context.peer()))
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
        if not self._gate.admits(str(proven.endpoint)):
            raise RecoveryError("rate_limited")
        chain = recovery.recover(proven, signing_request, self._authority, self._now(), self._lifetime, self._within)
        return proven.endpoint, chain
