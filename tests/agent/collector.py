"""A small collector for tests: real gRPC and real TLS, with answers that a test can bend."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import os
import threading
import time
from concurrent import futures
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring.report.v1 import report_pb2, report_pb2_grpc
from keuring_agent import identity as identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keuring.policy.v1 import policy_pb2
    from keuring_agent.identity import Identity

ENDPOINT = "0b51d4a3-6f0e-4a56-9d0c-3f1f3f2f9a11"


class Authority:
    """A root that issues directly."""

    def __init__(self, name: str = "Test root") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        self.root = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def der(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName],
        since: dt.timedelta = dt.timedelta(minutes=5),
        lifetime: dt.timedelta = dt.timedelta(days=7),
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> bytes:
        """A leaf certificate, PEM."""
        start = dt.datetime.now(dt.UTC) - since
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + lifetime)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)

    def server(self) -> grpc.ServerCredentials:
        """Credentials of a server that wants no client certificate."""
        return self._server(require=False)

    def mutual(self) -> grpc.ServerCredentials:
        """Credentials of a server that wants one of ours."""
        return self._server(require=True)

    def _server(self, *, require: bool) -> grpc.ServerCredentials:
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        chain = self.issue(key.public_key(), names, usage=ExtendedKeyUsageOID.SERVER_AUTH)
        return grpc.ssl_server_credentials([(_pem(key), chain)], self.pem if require else None, require)

    def identity(self, addresses: tuple[str, ...], since: dt.timedelta = dt.timedelta(minutes=5)) -> Identity:
        """An endpoint as enrolment would have made it."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain = self.issue(key.public_key(), [x509.UniformResourceIdentifier(f"urn:uuid:{ENDPOINT}")], since)
        start = time.time() - since.total_seconds()
        return identities.Identity(
            ENDPOINT,
            _pem(key).decode(),
            chain.decode(),
            self.pem.decode(),
            addresses,
            start,
            start + 7 * 86400,
        )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


Answer = report_pb2.SendReportsResponse


@dataclass
class Journal(report_pb2_grpc.ReportServiceServicer):
    """Takes reports in order and remembers them, as a collector must. ``bend`` may change an answer."""

    reports: list[report_pb2.Report] = field(default_factory=list)
    requests: list[report_pb2.SendReportsRequest] = field(default_factory=list)
    heads: dict[int, int] = field(default_factory=dict)
    policy: policy_pb2.Policy | None = None
    refuse: tuple[grpc.StatusCode, str] | None = None
    stall: float = 0.0
    bend: Callable[[report_pb2.Report, Answer], Answer | None] = lambda _report, answer: answer
    streams: int = 0

    def SendReports(  # noqa: N802
        self, request_iterator: Iterator[report_pb2.SendReportsRequest], context: grpc.ServicerContext
    ) -> Iterator[Answer]:
        self.streams += 1
        if self.refuse is not None:
            context.abort(*self.refuse)
        for request in request_iterator:
            self.requests.append(request)
            if self.stall:
                threading.Event().wait(self.stall)
            answer = self.bend(request.report, self._answer(request))
            if answer is None:
                context.abort(grpc.StatusCode.UNAVAILABLE, "down")
            else:
                yield answer

    def _answer(self, request: report_pb2.SendReportsRequest) -> Answer:
        report = request.report
        expected = self.heads.get(report.spool_epoch, 0) + 1
        answer = Answer(spool_epoch=report.spool_epoch, sequence=report.sequence)
        if report.sequence == expected:
            self.reports.append(report)
            self.heads[report.spool_epoch] = report.gap.last_sequence if report.HasField("gap") else report.sequence
            answer.disposition = report_pb2.DISPOSITION_STORED
        elif report.sequence < expected:
            answer.disposition = report_pb2.DISPOSITION_DUPLICATE
        else:
            answer.disposition = report_pb2.DISPOSITION_OUT_OF_ORDER
            answer.expected_sequence = expected
        if self.policy is not None and request.policy_version != self.policy.version:
            answer.policy.CopyFrom(self.policy)
        return answer


@dataclass
class Registry(
    enrolment_pb2_grpc.EnrolmentServiceServicer,
    enrolment_pb2_grpc.CertificateServiceServicer,
    enrolment_pb2_grpc.RecoveryServiceServicer,
):
    """Enrols, renews and recovers."""

    authority: Authority
    report_addresses: list[str] = field(default_factory=list)
    refuse: tuple[grpc.StatusCode, str] | None = None
    requests: list[enrolment_pb2.EnrolEndpointRequest] = field(default_factory=list)
    renewals: int = 0
    renewal_requests: list[bytes] = field(default_factory=list)
    recoveries: list[enrolment_pb2.RecoverCertificateRequest] = field(default_factory=list)
    challenges: list[bytes] = field(default_factory=list)
    lose: int = 0  # recoveries that are done, and whose answers are lost
    endpoint: str = ENDPOINT
    signer: Authority | None = None
    stolen: bool = False  # answers with a certificate for a key of its own

    def _sign(self, request: bytes) -> bytes:
        key = x509.load_der_x509_csr(request).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        if self.stolen:
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:uuid:{self.endpoint}")]
        return (self.signer or self.authority).issue(key, names, since=dt.timedelta(0))

    def EnrolEndpoint(  # noqa: N802
        self, request: enrolment_pb2.EnrolEndpointRequest, context: grpc.ServicerContext
    ) -> enrolment_pb2.EnrolEndpointResponse:
        self.requests.append(request)
        if self.refuse is not None:
            context.abort(*self.refuse)
        return enrolment_pb2.EnrolEndpointResponse(
            endpoint_id=ENDPOINT,
            certificate_chain=self._sign(request.certificate_signing_request),
            trust_roots=self.authority.pem,
            report_addresses=self.report_addresses,
        )

    def RenewCertificate(  # noqa: N802
        self, request: enrolment_pb2.RenewCertificateRequest, context: grpc.ServicerContext
    ) -> enrolment_pb2.RenewCertificateResponse:
        self.renewals += 1
        self.renewal_requests.append(request.certificate_signing_request)
        if self.refuse is not None:
            context.abort(*self.refuse)
        return enrolment_pb2.RenewCertificateResponse(
            certificate_chain=self._sign(request.certificate_signing_request), trust_roots=self.authority.pem
        )

    def GetChallenge(  # noqa: N802
        self, request: enrolment_pb2.GetChallengeRequest, context: grpc.ServicerContext
    ) -> enrolment_pb2.GetChallengeResponse:
        self.challenges.append(os.urandom(32))
        return enrolment_pb2.GetChallengeResponse(challenge=self.challenges[-1])

    def RecoverCertificate(  # noqa: N802
        self, request: enrolment_pb2.RecoverCertificateRequest, context: grpc.ServicerContext
    ) -> enrolment_pb2.RecoverCertificateResponse:
        self.recoveries.append(request)
        if self.refuse is not None:
            context.abort(*self.refuse)
        leaf = x509.load_pem_x509_certificates(request.certificate_chain)[0]
        leaf.verify_directly_issued_by(self.authority.root)
        key = leaf.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert request.challenge == self.challenges.pop()
        signed = b"keuring.enrolment.v1.RecoverCertificate\x00" + request.challenge
        key.verify(request.signature, signed + request.certificate_signing_request, ec.ECDSA(hashes.SHA256()))
        if self.lose:
            self.lose -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return enrolment_pb2.RecoverCertificateResponse(
            certificate_chain=self._sign(request.certificate_signing_request), trust_roots=self.authority.pem
        )


class Collector:
    """Both ports of a collector, on loopback. A context manager; can be stopped and started again on its ports."""

    def __init__(self, authority: Authority | None = None) -> None:
        self.authority = authority or Authority()
        self.journal = Journal()
        self.registry = Registry(self.authority)
        self.report_port = self.enrolment_port = 0
        self._servers: list[grpc.Server] = []

    def __enter__(self) -> Collector:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        reports, enrolment = (
            grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)]) for _ in range(2)
        )
        report_pb2_grpc.add_ReportServiceServicer_to_server(self.journal, reports)
        enrolment_pb2_grpc.add_CertificateServiceServicer_to_server(self.registry, reports)
        enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(self.registry, enrolment)
        enrolment_pb2_grpc.add_RecoveryServiceServicer_to_server(self.registry, enrolment)
        self.report_port = reports.add_secure_port(f"127.0.0.1:{self.report_port}", self.authority.mutual())
        self.enrolment_port = enrolment.add_secure_port(f"127.0.0.1:{self.enrolment_port}", self.authority.server())
        self.registry.report_addresses = [self.address]
        self._servers = [reports, enrolment]
        for server in self._servers:
            server.start()

    def stop(self) -> None:
        for server in self._servers:
            server.stop(0).wait(5)
        self._servers = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.report_port}"

    def token(
        self, secret: str = "id.secret", authority: Authority | None = None, addresses: list[str] | None = None
    ) -> str:
        content = {
            "a": addresses or f"127.0.0.1:{self.enrolment_port}",
            "c": base64.b64encode((authority or self.authority).der).decode(),
            "t": secret,
        }
        data = json.dumps(content, separators=(",", ":")).encode()
        return "keuring1." + base64.urlsafe_b64encode(data).decode().rstrip("=")

    def enrolled(self, directory: Path, since: dt.timedelta = dt.timedelta(minutes=5)) -> Identity:
        """Puts an identity into a state directory."""
        found = self.authority.identity((self.address,), since)
        found = found._replace(enrolment_addresses=(f"127.0.0.1:{self.enrolment_port}",))
        directory.mkdir(parents=True, exist_ok=True)
        identities.store(directory, found)
        return found
