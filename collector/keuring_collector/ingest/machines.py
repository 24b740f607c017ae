"""MachineEnrolmentService: a machine with a certificate of its own organisation enrols without a token."""

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
from keuring_collector.fleet import machines
from keuring_collector.fleet.authority import AuthorityError, RequestError, parse_request
from keuring_collector.fleet.identity import Refused, check_version
from keuring_collector.fleet.machines import MachineError
from keuring_collector.ingest.gate import Gate, Rules
from keuring_collector.ingest.rate import address_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from keuring_collector.fleet.authority import Authority
    from keuring_collector.fleet.machines import MachineAuthorities
    from keuring_collector.fleet.tokens import Enrolled

    AskContext = grpc.aio.ServicerContext[
        enrolment_pb2.GetEnrolmentChallengeRequest, enrolment_pb2.GetEnrolmentChallengeResponse
    ]
    Context = grpc.aio.ServicerContext[enrolment_pb2.EnrolMachineRequest, enrolment_pb2.EnrolMachineResponse]

log = structlog.get_logger(__name__)
RULES: Final = Rules(
    metrics.ENROLMENTS,
    "machine certificate refused",
    "this machine's certificate enrols no machine here; your collector's log says why",
    # A room full of new machines starts up behind one address.
    per_minute=60,
    burst=120,
)


class MachineEnrolmentService(enrolment_pb2_grpc.MachineEnrolmentServiceServicer):
    """Served on the enrolment port, where authorities of machine certificates are set.

    Every refusal looks the same to the caller; which it was is in the log and in the metrics.
    """

    def __init__(
        self,
        authorities: MachineAuthorities,
        authority: Authority,
        executor: Executor,
        certificate_lifetime: dt.timedelta,
        report_addresses: Callable[[], list[str]],
        enrolled: Callable[[], None] = lambda: None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorities = authorities
        self._authority = authority
        self._executor = executor
        self._lifetime = certificate_lifetime
        self._report_addresses = report_addresses
        self._enrolled = enrolled
        self._now = now
        self._gate = Gate(RULES, monotonic)

    async def GetEnrolmentChallenge(  # noqa: N802  (the name is the contract's)
        self, _request: enrolment_pb2.GetEnrolmentChallengeRequest, context: AskContext
    ) -> enrolment_pb2.GetEnrolmentChallengeResponse:
        """Gives a challenge to whoever asks, not too often."""
        return enrolment_pb2.GetEnrolmentChallengeResponse(challenge=await self._gate.challenge(context))

    async def EnrolMachine(  # noqa: N802  (the name is the contract's)
        self, request: enrolment_pb2.EnrolMachineRequest, context: Context
    ) -> enrolment_pb2.EnrolMachineResponse:
        """Gives the endpoint its identity; see enrolment.proto for the refusals."""
        gate = self._gate
        try:
            check_version(context.auth_context())
            if not gate.takes(request.challenge):
                raise MachineError("challenge")
            loop = asyncio.get_running_loop()
            enrolled = await loop.run_in_executor(self._executor, self._enrol, request)
        except MachineError as error:
            if error.outcome in ("rate_limited", "too_soon"):
                await gate.refuse_for_now(context, error.outcome)
            await gate.refuse(context, error.outcome)
        except Refused as error:
            await gate.refuse(context, error.reason)
        except RequestError:
            await gate.refuse(context, "bad_request")
        except (DatabaseError, AuthorityError) as error:
            log.error("enrolment failed", error=str(error), address=address_of(context.peer()))
            await gate.refuse(
                context, "storage", grpc.StatusCode.UNAVAILABLE, "the collector cannot enrol now; try later"
            )
        metrics.ENROLMENTS.labels("ok").inc()
        log.info("enrolled by its certificate", endpoint=str(enrolled.endpoint), address=address_of(context.peer()))
        return enrolment_pb2.EnrolMachineResponse(
            endpoint_id=str(enrolled.endpoint),
            certificate_chain=enrolled.chain.encode("ascii"),
            trust_roots=self._authority.trust_roots,
            report_addresses=self._report_addresses(),
        )

    def _enrol(self, request: enrolment_pb2.EnrolMachineRequest) -> Enrolled:
        close_old_connections()
        now = self._now()
        wanted = request.certificate_signing_request
        machine = self._authorities.prove(
            request.machine_certificates, request.challenge, wanted, request.signature, now
        )
        if not self._gate.admits(machine.fingerprint):
            raise MachineError("rate_limited")
        enrolled = machines.enrol(
            machine, parse_request(wanted), request.host_name, self._authority, now, self._lifetime
        )
        self._enrolled()
        return enrolled
