"""Sends reports, over gRPC and mutual TLS. Lives in a short child or in a command, never in the resident process.

Reports go strictly in order over one stream and leave the spool when the collector has answered that they are
durable (or were before, or were put aside).
"""

from __future__ import annotations

import os
import queue
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import grpc

from keuring_agent import dispatches, notices, wire
from keuring_agent import policy as policies
from keuring_agent.errors import AgentError, DeliveryError, RefusedError, UnreachableError, UntrustedError
from keuring_agent.notices import Notice, Owed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from keuring.policy.v1 import policy_pb2
    from keuring_agent.dispatches import Tally
    from keuring_agent.identity import Identity
    from keuring_agent.parcel import Parcel
    from keuring_agent.policy import Policy
    from keuring_agent.spool import Batch, Spool

MESSAGE_LIMIT: Final = 1024 * 1024
_IN_FLIGHT: Final = 32  # reports sent ahead of their answers; the collector takes 64
_TURNS: Final = 5  # times that a collector may ask for another report than the next one
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", 4 * MESSAGE_LIMIT),  # a report that is too large must reach its judge
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
)
_METHOD: Final = "/keuring.report.v1.ReportService/SendReports"
STORED, DUPLICATE, QUARANTINED, OUT_OF_ORDER = 1, 2, 3, 4  # keuring.report.v1.Disposition
_DONE: Final = frozenset({STORED, DUPLICATE, QUARANTINED})
_UNTRUSTED: Final = ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "not match", "Hostname Verification")


class Delivered(NamedTuple):
    """What came of a sending: reports that are durable now, the policy if it changed, remarks for a log.

    ``address`` took the reports; ``failures`` say why those before it did not.
    """

    reports: int
    policy: Policy | None
    remarks: tuple[str, ...]
    address: str
    failures: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
    ended: Mapping[str, str] = MappingProxyType({})  # notices that no longer hold, and how they ended
    has_answered: bool = False  # whether the collector knows what was owed to it about notices


def channel(address: str, roots: str, identity: Identity | None = None, proxy: str = "") -> grpc.Channel:
    """A channel that trusts ``roots`` (PEM) alone, and shows the certificate of ``identity``.

    ``proxy``: see the setting. TLS goes through it from end to end.
    """
    credentials = grpc.ssl_channel_credentials(
        roots.encode("ascii"),
        identity.private_key.encode("ascii") if identity else None,
        identity.certificate_chain.encode("ascii") if identity else None,
    )
    options: list[tuple[str, int | str]] = [*_OPTIONS, ("grpc.enable_http_proxy", int(bool(proxy)))]
    if proxy:
        options.append(("grpc.http_proxy", proxy))
        # The setting says it all; exceptions that the environment makes for other programs are not ours.
        os.environ.setdefault("no_grpc_proxy", "")
    return grpc.secure_channel(address, credentials, options=options)


def can_connect(address: str, roots: str, identity: Identity | None, timeout: float, proxy: str = "") -> bool:
    """Whether a collector of ``roots`` (PEM) answers there. Sends no more than a handshake."""
    with channel(address, roots, identity, proxy) as connection:
        try:
            grpc.channel_ready_future(connection).result(timeout=timeout)
        except grpc.FutureTimeoutError:
            return False
    return True


def explain(error: grpc.RpcError, address: str, deadline: float) -> DeliveryError:
    """The error that a person can use."""
    call = cast("grpc.Call", error)  # every error of a call is one too, which its type does not say
    code, details = call.code(), str(call.details())
    detailed = details + str(getattr(error, "debug_error_string", str)())
    if code is grpc.StatusCode.UNAVAILABLE and any(sign in detailed for sign in _UNTRUSTED):
        return UntrustedError(
            f"{address}: whoever answers there is not the collector that this machine trusts (another certificate "
            "authority or name); nothing was sent. Check the address; enrol again if the collector was set up anew"
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return UnreachableError(f"{address}: the collector did not answer within {deadline:g} s; trying again later")
    if code is grpc.StatusCode.UNAVAILABLE:
        return UnreachableError(
            f"{address}: the collector cannot be reached or cannot take reports now ({details}); check the address, "
            "the network and whether the collector runs"
        )
    if code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
        return RefusedError(f"{address}: the collector refuses this machine: {details}")
    return DeliveryError(f"{address}: the collector answered with an error ({code.name}): {details}")


class Uplink:
    """One conversation with a collector. ``wall`` gives seconds since 1970."""

    def __init__(
        self,
        identity: Identity,
        spool: Spool | Parcel,
        policy_version: str,
        deadline: float,
        wall: Callable[[], float] = time.time,
        proxy: str = "",
        tally: Tally | None = None,
        owed: Owed | None = None,
    ) -> None:
        self._identity = identity
        self._spool = spool
        self._policy_version = policy_version
        self._deadline = deadline
        self._wall = wall
        self._proxy = proxy
        self._tally = tally or dispatches.Tally(wall)
        self._owed = owed or Owed()
        self._notices: dict[str, Notice] = {}
        self._ended: dict[str, str] = {}
        self._policy: Policy | None = None
        self._remarks: dict[str, None] = {}
        self._delivered = 0

    def deliver(
        self, addresses: tuple[str, ...], state_directory: Path, pause: Callable[[int], None] = lambda _tried: None
    ) -> Delivered:
        """Sends all that waits to the first address that answers, and renews the certificate when it is due.

        ``pause`` waits before the next address, given how many were tried; the next one goes on with the first report
        that nobody acknowledged. Raises DeliveryError when reports are left over; what was acknowledged before that is
        gone from the spool.
        """
        if not addresses:
            raise UnreachableError("no address to report to is known; enrol again, or set 'collector'")
        failures: list[DeliveryError] = []
        for address in addresses:
            if failures:
                pause(len(failures))
            with channel(address, self._identity.trust_roots, self._identity, self._proxy) as connection:
                self._tally.begin(address)
                try:
                    self._send_all(connection)
                except grpc.RpcError as error:
                    failure = explain(error, address, self._deadline)
                    self._tally.end(failure.code)
                    if isinstance(failure, RefusedError):
                        raise failure from error
                    failures.append(failure)
                    continue
                self._tally.end(dispatches.ACKNOWLEDGED)
                if self._identity.is_due(self._wall()):
                    self._renew(connection, address, state_directory)
                said = tuple(str(failure) for failure in failures)
                return Delivered(
                    self._delivered,
                    self._policy,
                    tuple(self._remarks),
                    address,
                    said,
                    tuple(self._notices.values()),
                    self._ended,
                    self._delivered > 0,
                )
        raise all_of(failures)

    def _send_all(self, connection: grpc.Channel) -> None:
        # The library for protobuf is left out of the usual sending, of which loading it would be a quarter.
        call = connection.stream_stream(_METHOD, request_serializer=None, response_deserializer=self._understand)
        first = 0
        turns = 0
        while (batch := self._spool.batch(first)).reports:
            before = self._delivered
            expected = self._send(call, batch)
            first = 0
            if expected is None:
                continue
            turns += self._delivered == before
            if turns > _TURNS:
                raise DeliveryError(
                    f"the collector waits for report {expected} again and again; its `keuring-collector status` and "
                    "logs say why"
                )
            first = self._turn_to(batch, expected)

    def _send(self, call: grpc.StreamStreamMultiCallable[bytes, wire.Answer], batch: Batch) -> int | None:
        """Sends a batch over one stream; returns the number that the collector waits for instead, if it does."""
        answered: queue.SimpleQueue[None] = queue.SimpleQueue()
        stream = call(self._requests(batch, answered), timeout=self._deadline)
        answers = iter(stream)
        acknowledged = 0
        try:
            for kept in batch.reports:
                answer = next(answers, None)
                answered.put(None)
                if answer is None:
                    raise DeliveryError("the collector ended the conversation without answering every report")
                if answer.sequence != kept.sequence or answer.epoch != batch.epoch:
                    raise DeliveryError("the collector answered another report than the one that was sent")
                if answer.disposition not in _DONE:
                    return answer.expected
                acknowledged = kept.last
                self._tally.acknowledge()
                self._delivered += 1
        finally:
            if acknowledged:
                self._spool.delete(batch.epoch, acknowledged)
            for _ in range(_IN_FLIGHT):
                answered.put(None)  # lets the sending thread of grpc end
            stream.cancel()  # type: ignore[no-untyped-call]  # grpc-stubs leaves it open
        return None

    def _requests(self, batch: Batch, answered: queue.SimpleQueue[None]) -> Iterator[bytes]:
        """Reports as the collector has room for them."""
        for index, kept in enumerate(batch.reports):
            if index >= _IN_FLIGHT:
                answered.get()
            owed = Owed() if index or self._delivered else self._owed
            request = wire.request(kept.message, self._wall(), self._policy_version, *owed)
            self._tally.hand_over(request, kept.message)
            yield request

    def _understand(self, data: bytes) -> wire.Answer:
        """An answer; what it says besides is noted."""
        plain = wire.plain_answer(data)
        if plain is not None:
            if plain.disposition == QUARANTINED:
                self._remark_aside(plain.sequence)
            return plain
        from keuring.report.v1 import report_pb2

        answer = report_pb2.SendReportsResponse.FromString(data)
        for problem in answer.problems:
            self._remarks[f"the collector left something out: {problem.reason}: {problem.detail}"] = None
        if answer.disposition == QUARANTINED:
            self._remark_aside(answer.sequence)
        for message in answer.notices:
            notice = notices.understood(message, self._wall())
            if notice is None:
                self._remarks["a notice of the collector cannot be used and is left out"] = None
            else:
                self._notices[notice.notice_id] = notice
        self._ended.update(filter(None, map(notices.ended, answer.ended_notices)))
        if answer.HasField("policy"):
            self._policy = understood(answer.policy)
            self._policy_version = self._policy.version
        return wire.Answer(answer.spool_epoch, answer.sequence, answer.disposition, answer.expected_sequence)

    def _remark_aside(self, sequence: int) -> None:
        self._remarks[f"the collector put report {sequence} aside; its desk can see why"] = None

    def _turn_to(self, batch: Batch, expected: int) -> int:
        """Prepares the spool for the report that the collector waits for; returns the number to go on from."""
        first, newest = batch.reports[0].sequence, self._spool.fill().newest
        if expected > newest + 1 or expected < 1:
            self._spool.begin_epoch(batch.epoch)
            self._remarks["the collector is ahead of this spool (was the machine put back?); a new epoch begins"] = None
            return 0
        if expected < first:
            self._spool.close_gap(batch.epoch, expected, "reports of before are no longer there")
            return 0
        self._spool.delete(batch.epoch, expected - 1)  # it has them
        return expected

    def _renew(self, connection: grpc.Channel, address: str, state_directory: Path) -> None:
        """Gets the next certificate. A failure is only remarked: there is a third of its life left to try again."""
        # Once in days only, so not paid for at every sending.
        from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
        from keuring_agent import certificates

        try:
            request = certificates.successor_request(state_directory, self._identity)
            message = enrolment_pb2.RenewCertificateRequest(certificate_signing_request=request.signing_request)
            sending = dispatches.Dispatch(self._wall(), dispatches.RENEWAL, address, message.ByteSize())
            with dispatches.noted(sending, self._tally.add):
                call = enrolment_pb2_grpc.CertificateServiceStub(connection).RenewCertificate
                answer = call(message, timeout=self._deadline)
            certificates.succeed(state_directory, self._identity, request, answer.certificate_chain, answer.trust_roots)
        except grpc.RpcError as error:
            self._remarks[f"the certificate was not renewed: {explain(error, address, self._deadline)}"] = None
        except AgentError as error:
            self._remarks[f"the certificate was not renewed: {error}"] = None


def all_of(failures: list[DeliveryError]) -> DeliveryError:
    """One error that says all; of the kind that gives most hope, so that it is tried again soon where that may help."""
    kinds = {type(failure) for failure in failures}
    kind = UnreachableError if UnreachableError in kinds else type(failures[-1])
    return kind("; ".join(str(failure) for failure in failures))


def understood(message: policy_pb2.Policy) -> policies.Policy:
    """A policy as the resident process keeps it."""

    def seconds(name: str) -> float | None:
        if not message.HasField(name):  # type: ignore[arg-type]  # it is one of the two below
            return None
        duration = getattr(message, name)
        return float(duration.seconds + duration.nanos / 1e9)

    return policies.Policy(
        message.version,
        seconds("sample_interval"),
        seconds("window_duration"),
        message.windows_per_flush or None,
        tuple(message.allowed_privacy_classes),
        tuple(message.disabled_signals),
        message.wanted_agent_version,
    )
