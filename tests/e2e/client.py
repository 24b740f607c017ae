"""A hand-made agent: enrols with a real token and reports over real mTLS, with whatever a test wants it to send."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring.report.v1 import report_pb2, report_pb2_grpc
from tests.collector.certificates import key_pem, new_key, signing_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEADLINE = 20.0


@dataclass(frozen=True)
class Token:
    """What `keuring-collector token` prints, taken apart."""

    address: str
    root_pem: bytes
    secret: str

    @classmethod
    def parse(cls, text: str) -> Token:
        prefix, _, body = text.strip().partition(".")
        assert prefix == "keuring1"
        content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        der = base64.b64decode(content["c"])
        lines = base64.encodebytes(der).decode("ascii").replace("\n", "")
        pem = "\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
        root = f"-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n".encode("ascii")
        return cls(content["a"], root, content["t"])


@dataclass(frozen=True)
class HandMadeAgent:
    """An enrolled endpoint. ``address`` is where it reports."""

    endpoint_id: str
    address: str
    credentials: grpc.ChannelCredentials

    @classmethod
    def enrol(cls, token_text: str, host_name: str = "LT-HAND") -> HandMadeAgent:
        """Enrols with a token. Raises grpc.RpcError."""
        token = Token.parse(token_text)
        key = new_key()
        with grpc.secure_channel(token.address, grpc.ssl_channel_credentials(token.root_pem)) as channel:
            stub: Any = enrolment_pb2_grpc.EnrolmentServiceStub(channel)
            answer = stub.EnrolEndpoint(
                enrolment_pb2.EnrolEndpointRequest(
                    token=token.secret,
                    certificate_signing_request=signing_request(key),
                    host_name=host_name,
                    agent_version="0.0.1",
                ),
                timeout=DEADLINE,
            )
        credentials = grpc.ssl_channel_credentials(answer.trust_roots, key_pem(key), answer.certificate_chain)
        return cls(answer.endpoint_id, answer.report_addresses[0], credentials)

    def stream(
        self,
        reports: Iterable[report_pb2.Report],
        *,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> Iterator[report_pb2.SendReportsResponse]:
        """Sends reports over one stream, and yields the answers as they come. Raises grpc.RpcError."""
        requests = []
        for report in reports:
            request = report_pb2.SendReportsRequest(report=report)
            request.send_time.FromMilliseconds(round(time.time() * 1000))
            requests.append(request)
        with grpc.secure_channel(self.address, credentials or self.credentials) as channel:
            stub: Any = report_pb2_grpc.ReportServiceStub(channel)
            yield from stub.SendReports(iter(requests), timeout=DEADLINE)

    def send(
        self,
        reports: Iterable[report_pb2.Report],
        *,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> list[report_pb2.SendReportsResponse]:
        """The same, with all answers at once."""
        return list(self.stream(reports, credentials=credentials))
