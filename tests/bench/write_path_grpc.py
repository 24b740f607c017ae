"""The write path as agents meet it: the real ingest process, grpcio, mutual TLS, answers after commit.

Only the processor time of the ingest process counts; the clients run in this process. Once with streams that are held
open, and once with a connection for each flush of three reports, as agents do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
import psutil

from keuring.report.v1 import report_pb2, report_pb2_grpc
from keuring_collector.fleet.authority import Authority, parse_request
from tests.bench.database import add_endpoints
from tests.collector.certificates import key_pem, new_key, signing_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.bench.write_path import Fleet

STREAMS: Final = 32
HELD_REPORTS: Final = 400  # for each held stream
FLUSHES: Final = 10  # for each endpoint that connects anew each time
PER_FLUSH: Final = 3
IN_FLIGHT: Final = 32
WINDOW: Final = 300


def measure(fleet: Fleet) -> Iterable[tuple[str, float, str]]:
    """(figure, microseconds of processor time per report, how) for held streams and for a connection per flush."""
    with tempfile.TemporaryDirectory() as directory, _ingest(Path(directory)) as (process, address, clients):
        asyncio.run(_held(fleet, address, clients, first=1, count=20))  # warm: heads, state, connections seen once
        before = _cpu(process)
        asyncio.run(_held(fleet, address, clients, first=21, count=HELD_REPORTS))
        spent = _cpu(process) - before
        yield (
            "write_path_grpc_us_per_report",
            spent / (STREAMS * HELD_REPORTS) * 1e6,
            f"{STREAMS} held streams x {HELD_REPORTS} reports, {IN_FLIGHT} in flight, mTLS, answered after commit",
        )
        before = _cpu(process)
        asyncio.run(_flushes(fleet, address, clients, first=21 + HELD_REPORTS))
        spent = _cpu(process) - before
        how = f"{STREAMS} endpoints x {FLUSHES} connections of {PER_FLUSH} reports, mTLS, answered after commit"
        yield "write_path_flush_us_per_connection", spent / (STREAMS * FLUSHES) * 1e6, how
        yield "write_path_flush_us_per_report", spent / (STREAMS * FLUSHES * PER_FLUSH) * 1e6, how


@contextlib.contextmanager
def _ingest(directory: Path) -> Iterator[tuple[psutil.Process, str, list[grpc.ChannelCredentials]]]:
    environment = {**os.environ, "KEURING_DATA_DIRECTORY": str(directory), "KEURING_REPORT_PORT": "0"}
    environment |= {"KEURING_ENROLMENT_PORT": "0", "KEURING_LOG_LEVEL": "warning"}
    collector = [sys.executable, "-m", "keuring_collector"]
    subprocess.run([*collector, "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    clients = _clients(directory)
    process = subprocess.Popen(
        [*collector, "serve", "--only", "ingest"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield psutil.Process(process.pid), _address(process), clients
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    """Where the ingest process takes reports, from the line that says so."""
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("reports="):
                return word.removeprefix("reports=")
    raise RuntimeError("the ingest process did not say where it listens")


def _clients(directory: Path) -> list[grpc.ChannelCredentials]:
    authority = Authority.open(directory / "ca", "localhost")
    add_endpoints(f"sqlite:///{directory / 'keuring.sqlite3'}", STREAMS)
    clients = []
    for number in range(1, STREAMS + 1):
        key = new_key()
        request = parse_request(signing_request(key))
        issued = authority.issue_endpoint(uuid.UUID(int=number), request, dt.datetime.now(dt.UTC), dt.timedelta(days=1))
        clients.append(grpc.ssl_channel_credentials(authority.trust_roots, key_pem(key), issued.chain.encode()))
    return clients


def _reports(fleet: Fleet, row: int, first: int, count: int) -> list[report_pb2.SendReportsRequest]:
    requests = []
    now = int(time.time())
    for sequence in range(first, first + count):
        report = fleet.report(row, sequence, now - (20 + HELD_REPORTS + FLUSHES * PER_FLUSH - sequence + 1) * WINDOW)
        requests.append(report_pb2.SendReportsRequest(report=report))
    return requests


async def _held(fleet: Fleet, address: str, clients: list[grpc.ChannelCredentials], *, first: int, count: int) -> None:
    work = [_reports(fleet, row, first, count) for row in range(len(clients))]
    await asyncio.gather(*(_send(address, client, each) for client, each in zip(clients, work, strict=True)))


async def _flushes(fleet: Fleet, address: str, clients: list[grpc.ChannelCredentials], *, first: int) -> None:
    work = [_reports(fleet, row, first, FLUSHES * PER_FLUSH) for row in range(len(clients))]
    for turn in range(FLUSHES):
        part = slice(turn * PER_FLUSH, (turn + 1) * PER_FLUSH)
        await asyncio.gather(*(_send(address, client, each[part]) for client, each in zip(clients, work, strict=True)))


async def _send(address: str, client: grpc.ChannelCredentials, requests: list[report_pb2.SendReportsRequest]) -> None:
    async with grpc.aio.secure_channel(address, client) as channel:
        stub: report_pb2_grpc.ReportServiceAsyncStub = report_pb2_grpc.ReportServiceStub(channel)
        room = asyncio.Semaphore(IN_FLIGHT)
        call = stub.SendReports()  # type: ignore[call-arg]  # the stubs do not know that it may be written to

        async def write() -> None:
            for request in requests:
                await room.acquire()
                await call.write(request)
            await call.done_writing()

        writing = asyncio.create_task(write())
        answered = 0
        async for response in call:
            assert response.disposition == report_pb2.DISPOSITION_STORED, response
            room.release()
            answered += 1
        await writing
        assert answered == len(requests)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
