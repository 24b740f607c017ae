"""EnrolmentService: a token and a signing request come in, a certificate goes out."""

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
from keuring_collector.fleet import tokens
from keuring_collector.fleet.authority import AuthorityError, RequestError, parse_request
from keuring_collector.fleet.identity import Refused, check_version
from keuring_collector.ingest.rate import RateLimit, address_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from keuring_collector.fleet.authority import Authority

    Context = grpc.aio.ServicerContext[enrolment_pb2.EnrolEndpointRequest, enrolment_pb2.EnrolEndpointResponse]

log = structlog.get_logger(__name__)
PER_MINUTE: Final = 10


class EnrolmentService(enrolment_pb2_grpc.EnrolmentServiceServicer):
    """Served with the server's certificate alone, because those who call have none yet.

    ``executor`` runs what talks to the database: Django never runs on grpc's loop. ``report_addresses`` is asked at
    each call, because the port is known only once the server stands; ``enrolled`` is called after each success.
    """

    def __init__(
        self,
        authority: Authority,
        executor: Executor,
        certificate_lifetime: dt.timedelta,
        report_addresses: Callable[[], list[str]],
        enrolled: Callable[[], None] = lambda: None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authority = authority
        self._executor = executor
        self._lifetime = certificate_lifetime
        self._report_addresses = report_addresses
        self._enrolled = enrolled
        self._now = now
        self._monotonic = monotonic
        self._limit = RateLimit(PER_MINUTE, PER_MINUTE)

    async def EnrolEndpoint(  # noqa: N802  (the name is the contract's)
        self, request: enrolment_pb2.EnrolEndpointRequest, context: Context
    ) -> enrolment_pb2.EnrolEndpointResponse:
        """Gives the endpoint its identity; see enrolment.proto for the refusals."""
        address = address_of(context.peer())
        if not self._limit.admits(address, self._monotonic()):
            await _refuse(
                context,
                "rate_limited",
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"more than {PER_MINUTE} enrolments a minute from {address}; wait a minute and try again",
            )
        loop = asyncio.get_running_loop()
        try:
            check_version(context.auth_context())
            enrolled = await loop.run_in_executor(self._executor, self._enrol, request)
        except Refused as error:
            await _refuse(context, error.reason, grpc.StatusCode.PERMISSION_DENIED, str(error))
        except RequestError as error:
            await _refuse(context, "bad_request", grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except tokens.TokenError as error:
            await _refuse(context, error.outcome, grpc.StatusCode.UNAUTHENTICATED, str(error))
        except (DatabaseError, AuthorityError) as error:
            log.error("enrolment failed", error=str(error), address=address)
            await _refuse(
                context, "storage", grpc.StatusCode.UNAVAILABLE, "the collector cannot enrol now; try again later"
            )
        metrics.ENROLMENTS.labels("ok").inc()
        log.info("enrolled", endpoint=str(enrolled.endpoint), machine=request.host_name, address=address)
        return enrolment_pb2.EnrolEndpointResponse(
            endpoint_id=str(enrolled.endpoint),
            certificate_chain=enrolled.chain.encode("ascii"),
            trust_roots=self._authority.trust_roots,
            report_addresses=self._report_addresses(),
        )

    def _enrol(self, request: enrolment_pb2.EnrolEndpointRequest) -> tokens.Enrolled:
        close_old_connections()
        enrolled = tokens.redeem(
            request.token,
            parse_request(request.certificate_signing_request),
            request.host_name,
            self._authority,
            self._now(),
            self._lifetime,
        )
        self._enrolled()
        return enrolled


async def _refuse(context: Context, outcome: str, code: grpc.StatusCode, message: str) -> NoReturn:
    metrics.ENROLMENTS.labels(outcome).inc()
    await context.abort(code, message)
    raise AssertionError("abort always raises")
