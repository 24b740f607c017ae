"""The two grpc servers: reports and renewals over mutual TLS, enrolment over the server's certificate alone."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc
import structlog
from django.db import DatabaseError, connections

from keuring.enrolment.v1 import enrolment_pb2_grpc
from keuring.policy.v1 import policy_pb2_grpc
from keuring.report.v1 import report_pb2_grpc
from keuring_collector.addresses import PortTakenError, check_free, join, taken
from keuring_collector.fleet.authority import AuthorityError
from keuring_collector.fleet.machines import MachineAuthorities
from keuring_collector.ingest.certificates import CertificateService
from keuring_collector.ingest.enrolment import EnrolmentService
from keuring_collector.ingest.machines import MachineEnrolmentService
from keuring_collector.ingest.recovery import RecoveryService

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.config import Settings
    from keuring_collector.fleet.authority import Authority
    from keuring_collector.fleet.identity import Identities

log = structlog.get_logger(__name__)

OPTIONS: Final = (
    ("grpc.max_receive_message_length", 1024 * 1024),
    ("grpc.max_concurrent_streams", 8),
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.max_connection_idle_ms", 120_000),
    ("grpc.max_connection_age_ms", 900_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.http2.bdp_probe", 0),  # costs a ping per burst, and reports are small
    ("grpc.so_reuseport", 0),  # a second collector on the same port is a mistake, and is told so
)
# A held stream counts as a call, and each held connection costs about 110 KB.
CONCURRENT_REPORT_CALLS: Final = 8192
CONCURRENT_ENROLMENT_CALLS: Final = 64
LOOK_EVERY: Final = dt.timedelta(minutes=1)
REFRESH_SECONDS: Final = 2.0  # how old the view of who is refused may be


class IngestServers:
    """Both servers, from settings and services. ``start`` and ``stop`` belong to one asyncio loop."""

    def __init__(
        self,
        settings: Settings,
        authority: Authority,
        identities: Identities,
        reports: report_pb2_grpc.ReportServiceServicer,
        policies: policy_pb2_grpc.PolicyServiceServicer,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._settings = settings
        self._authority = authority
        self._identities = identities
        self._reports = reports
        self._policies = policies
        self._now = now
        # One thread for all that Django does here, so that its connection can be closed at the end.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="enrolment")
        self._servers: list[grpc.aio.Server] = []
        self._refreshing: asyncio.Task[None] | None = None
        self.report_port = 0
        self.enrolment_port = 0

    @property
    def report_address(self) -> str:
        """Where agents report, as they can reach it."""
        return join(self._settings.public_name, self.report_port)

    @property
    def enrolment_address(self) -> str:
        """Where agents enrol, as they can reach it."""
        return join(self._settings.public_name, self.enrolment_port)

    def _others(self, port: int) -> list[str]:
        return [join(name, port) for name in self._settings.other_collectors]

    async def start(self) -> None:
        """Opens both ports. Raises PortTakenError, AuthorityError or DatabaseError; then neither is open."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._identities.refresh)
        lifetime = dt.timedelta(days=self._settings.certificate_days)
        certificates = CertificateService(self._authority, self._identities, self._executor, lifetime, self._now)
        enrolment = EnrolmentService(
            self._authority,
            self._executor,
            lifetime,
            report_addresses=lambda: [self.report_address, *self._others(self.report_port)],
            enrolled=self._identities.refresh,
            now=self._now,
        )
        machines = self._machines(lifetime)
        recovery = RecoveryService(
            self._authority, self._executor, lifetime, dt.timedelta(days=self._settings.recovery_days), self._now
        )
        reports = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_REPORT_CALLS)
        report_pb2_grpc.add_ReportServiceServicer_to_server(self._reports, reports)
        policy_pb2_grpc.add_PolicyServiceServicer_to_server(self._policies, reports)
        enrolment_pb2_grpc.add_CertificateServiceServicer_to_server(certificates, reports)
        enrolments = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_ENROLMENT_CALLS)
        enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(enrolment, enrolments)
        enrolment_pb2_grpc.add_RecoveryServiceServicer_to_server(recovery, enrolments)
        if machines is not None:
            enrolment_pb2_grpc.add_MachineEnrolmentServiceServicer_to_server(machines, enrolments)
        self.report_port = self._open(reports, "report_port", mutual=True)
        self.enrolment_port = self._open(enrolments, "enrolment_port", mutual=False)
        for server in (reports, enrolments):
            await server.start()
            self._servers.append(server)
        self._refreshing = asyncio.create_task(self._refresh())

    async def stop(self, grace: float = 5.0) -> None:
        """Takes no new calls, lets those in hand end for ``grace`` seconds, and closes."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        await asyncio.gather(*(server.stop(grace) for server in self._servers))
        self._servers.clear()
        await asyncio.get_running_loop().run_in_executor(self._executor, connections.close_all)
        self._executor.shutdown()

    def _machines(self, lifetime: dt.timedelta) -> MachineEnrolmentService | None:
        """The service for machine certificates, where any authority counts. Raises MachineRootsError."""
        if self._settings.machine_roots is None:
            return None
        return MachineEnrolmentService(
            MachineAuthorities.read(self._settings.machine_roots),
            self._authority,
            self._executor,
            lifetime,
            report_addresses=lambda: [self.report_address, *self._others(self.report_port)],
            enrolled=self._identities.refresh,
            now=self._now,
        )

    def _open(self, server: grpc.aio.Server, setting: str, *, mutual: bool) -> int:
        port = getattr(self._settings, setting)
        check_free(self._settings.listen_address, port, setting)
        shown = _Shown(self._authority, self._now, mutual=mutual)
        # The stubs do not know that None means "as before".
        credentials = grpc.dynamic_ssl_server_credentials(shown.first(), shown.renewed, mutual)  # type: ignore[arg-type]
        try:
            return server.add_secure_port(join(self._settings.listen_address, port), credentials)
        except RuntimeError as error:
            raise PortTakenError(taken(self._settings.listen_address, port, setting, "it cannot be opened")) from error

    async def _refresh(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await loop.run_in_executor(self._executor, self._identities.refresh)
            except DatabaseError as error:
                log.warning("who is refused could not be read; the last view stays in force", error=str(error))


class _Shown:
    """The certificate that one port shows; grpc asks at every handshake, so a renewed one needs no restart."""

    def __init__(self, authority: Authority, now: Callable[[], dt.datetime], *, mutual: bool) -> None:
        self._authority = authority
        self._now = now
        self._mutual = mutual
        self._chain = b""
        self._looked = dt.datetime.min.replace(tzinfo=dt.UTC)

    def first(self) -> grpc.ServerCertificateConfiguration:
        """The certificate to start with. Raises AuthorityError."""
        self._looked = self._now()
        identity = self._authority.server_identity(self._looked)
        self._chain = identity.chain
        roots = self._authority.trust_roots if self._mutual else None
        return grpc.ssl_server_certificate_configuration([(identity.key, identity.chain)], roots)

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Another certificate, or None when it is still the same; looked up once a minute at most."""
        if self._now() - self._looked < LOOK_EVERY:
            return None
        before = self._chain
        try:
            configuration = self.first()
        except AuthorityError as error:
            log.error("server certificate not renewed", error=str(error))
            return None
        return None if self._chain == before else configuration
