"""CertificateService: the successor of a certificate that is still valid, over the connection made with it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, NoReturn

import grpc
import structlog
from django.db import DatabaseError, close_old_connections

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring_collector import metrics
from keuring_collector.fleet import tokens
from keuring_collector.fleet.authority import AuthorityError, RequestError, parse_request
from keuring_collector.fleet.identity import Refused, uuid_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from concurrent.futures import Executor

    from keuring_collector.fleet.authority import Authority
    from keuring_collector.fleet.identity import Identities

    Context = grpc.aio.ServicerContext[enrolment_pb2.RenewCertificateRequest, enrolment_pb2.RenewCertificateResponse]

log = structlog.get_logger(__name__)


class CertificateService(enrolment_pb2_grpc.CertificateServiceServicer):
    """Renews certificates; who asks is in the certificate of the connection and nowhere else."""

    def __init__(
        self,
        authority: Authority,
        identities: Identities,
        executor: Executor,
        certificate_lifetime: dt.timedelta,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._authority = authority
        self._identities = identities
        self._executor = executor
        self._lifetime = certificate_lifetime
        self._now = now

    async def RenewCertificate(  # noqa: N802  (the name is the contract's)
        self, request: enrolment_pb2.RenewCertificateRequest, context: Context
    ) -> enrolment_pb2.RenewCertificateResponse:
        """Gives a new certificate to an endpoint that is still welcome."""
        loop = asyncio.get_running_loop()
        try:
            auth_context = context.auth_context()
            self._identities.endpoint_of(auth_context)
            identity = uuid_of(auth_context, self._now())
            chain = await loop.run_in_executor(self._executor, self._renew, identity, request)
        except Refused as error:
            metrics.REJECTED.labels(error.reason).inc()
            code = grpc.StatusCode.UNAVAILABLE if error.reason == "storage" else grpc.StatusCode.PERMISSION_DENIED
            await _refuse(context, error.reason, code, str(error))
        except tokens.TokenError as error:
            await _refuse(context, error.outcome, grpc.StatusCode.PERMISSION_DENIED, str(error))
        except RequestError as error:
            await _refuse(context, "bad_request", grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except (DatabaseError, AuthorityError) as error:
            log.error("renewal failed", error=str(error))
            await _refuse(
                context, "storage", grpc.StatusCode.UNAVAILABLE, "the collector cannot renew now; try again later"
            )
        metrics.RENEWALS.labels("ok").inc()
        log.info("renewed", endpoint=str(identity))
        return enrolment_pb2.RenewCertificateResponse(
            certificate_chain=chain.encode("ascii"), trust_roots=self._authority.trust_roots
        )

    def _renew(self, identity: uuid.UUID, request: enrolment_pb2.RenewCertificateRequest) -> str:
        close_old_connections()
        return tokens.renew(
            identity,
            parse_request(request.certificate_signing_request),
            self._authority,
            self._now(),
            self._lifetime,
        )


async def _refuse(context: Context, outcome: str, code: grpc.StatusCode, message: str) -> NoReturn:
    metrics.RENEWALS.labels(outcome).inc()
    await context.abort(code, message)
    raise AssertionError("abort always raises")
