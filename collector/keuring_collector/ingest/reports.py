"""ReportService and PolicyService: who reports is in the certificate, what is reported goes to the writer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol

import grpc
import structlog

from keuring.policy.v1 import policy_pb2, policy_pb2_grpc
from keuring.report.v1 import report_pb2, report_pb2_grpc
from keuring_collector import metrics
from keuring_collector.ingest.decode import Received
from keuring_collector.store import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from keuring_collector.ingest.notices import Mailbox
    from keuring_collector.ingest.thread import WriterThread
    from keuring_collector.ingest.writer import Answer

log = structlog.get_logger(__name__)

IN_FLIGHT: Final = 64  # reports of one stream that may wait for their answer
_REFUSALS: Final = {"revoked": grpc.StatusCode.PERMISSION_DENIED, "storage": grpc.StatusCode.UNAVAILABLE}

Request = report_pb2.SendReportsRequest
Response = report_pb2.SendReportsResponse
Waiting = tuple[Request, "asyncio.Future[Answer]"]
Context = grpc.aio.ServicerContext[Request, Response]


class Refused(Protocol):
    """What an identity check raises: ``reason`` is a stable word."""

    reason: str


class Identities(Protocol):
    """Tells endpoints by their certificates."""

    def endpoint_of(self, auth_context: Mapping[str, Iterable[bytes]]) -> int:
        """The endpoint that the certificate names. Raises fleet.identity.Refused."""

    def is_active(self, endpoint: int) -> bool:
        """Whether its reports are still taken."""


class ReportService(report_pb2_grpc.ReportServiceServicer):
    """Receives reports and answers each once it is durable."""

    def __init__(
        self,
        writer: WriterThread,
        identities: Identities,
        refused: type[Exception],
        policy: Callable[[], policy_pb2.Policy],
        clock: Callable[[], float] = time.time,
        mailbox: Mailbox | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._writer = writer
        self._identities = identities
        self._refused = refused
        self._policy = policy
        self._clock = clock

    async def SendReports(  # noqa: N802  # gRPC's spelling
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> AsyncIterator[Response]:
        """See report.proto."""
        endpoint = await self._identify(context)
        waiting: asyncio.Queue[Waiting | None] = asyncio.Queue()
        room = asyncio.Semaphore(IN_FLIGHT)
        metrics.STREAMS.inc()
        reader = asyncio.create_task(self._read(endpoint, request_iterator, waiting, room))
        told = False
        try:
            while (item := await waiting.get()) is not None:
                request, future = item
                try:
                    answer = await future
                except StorageError as error:
                    metrics.REJECTED.labels("storage").inc()
                    await context.abort(
                        grpc.StatusCode.UNAVAILABLE, f"the report cannot be stored now: {error}; keep it, try later"
                    )
                room.release()
                response = self._response(request, answer)
                if self._mailbox is not None:
                    await self._mailbox.take(endpoint, request)
                    if not told:
                        mail = await self._mailbox.of(endpoint)
                        response.notices.extend(mail.new)
                        response.ended_notices.extend(mail.ended)
                    told = True
                yield response
            if not await reader:
                metrics.REJECTED.labels("revoked").inc()
                await context.abort(
                    grpc.StatusCode.PERMISSION_DENIED,
                    "this machine was revoked on the collector; ask your service desk to enrol it again",
                )
        finally:
            metrics.STREAMS.dec()
            reader.cancel()

    async def _identify(self, context: Context) -> int:
        try:
            return self._identities.endpoint_of(context.auth_context())
        except self._refused as error:
            reason = getattr(error, "reason", "no_identity")
            metrics.REJECTED.labels(reason).inc()
            await context.abort(_REFUSALS.get(reason, grpc.StatusCode.UNAUTHENTICATED), str(error))
        raise AssertionError("abort raises")

    async def _read(
        self,
        endpoint: int,
        requests: AsyncIterator[Request],
        waiting: asyncio.Queue[Waiting | None],
        room: asyncio.Semaphore,
    ) -> bool:
        """Hands reports to the writer, in order; False when the endpoint was revoked meanwhile."""
        try:
            async for request in requests:
                await room.acquire()
                if not self._identities.is_active(endpoint):
                    return False
                sent = request.send_time
                send_time = sent.seconds + sent.nanos / 1e9 if request.HasField("send_time") else None
                future = self._writer.submit(Received(endpoint, request.report, self._clock(), send_time))
                waiting.put_nowait((request, future))
            return True
        finally:
            waiting.put_nowait(None)

    def _response(self, request: Request, answer: Answer) -> Response:
        response = Response(
            spool_epoch=answer.epoch,
            sequence=answer.sequence,
            disposition=answer.disposition,
            expected_sequence=answer.expected,
        )
        for problem in answer.problems:
            response.problems.add(reason=problem.reason, detail=problem.detail, count=problem.count)
        policy = self._policy()
        if request.policy_version != policy.version:
            response.policy.CopyFrom(policy)
        return response


class PolicyService(policy_pb2_grpc.PolicyServiceServicer):
    """Tells an agent what to measure, and how often."""

    def __init__(
        self, identities: Identities, refused: type[Exception], policy: Callable[[], policy_pb2.Policy]
    ) -> None:
        self._identities = identities
        self._refused = refused
        self._policy = policy

    async def GetPolicy(  # noqa: N802  # gRPC's spelling
        self,
        request: policy_pb2.GetPolicyRequest,  # noqa: ARG002  # it has no fields
        context: grpc.aio.ServicerContext[policy_pb2.GetPolicyRequest, policy_pb2.GetPolicyResponse],
    ) -> policy_pb2.GetPolicyResponse:
        """See policy.proto."""
        try:
            self._identities.endpoint_of(context.auth_context())
        except self._refused as error:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        return policy_pb2.GetPolicyResponse(policy=self._policy())
