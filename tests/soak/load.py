"""Agents under load: each sends reports over real mTLS for as long as it lives, and keeps a ledger of what was
acknowledged.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import grpc

from keuring.report.v1 import report_pb2
from tests.collector.reports import report

if TYPE_CHECKING:
    from tests.e2e.client import HandMadeAgent

BURST: Final = 25
PAUSE: Final = 0.1
DONE: Final = (report_pb2.DISPOSITION_STORED, report_pb2.DISPOSITION_DUPLICATE)
MEBIBYTE: Final = 1 << 20


def made(sequence: int, begun: int) -> report_pb2.Report:
    """Report ``sequence`` of an agent that began at ``begun``: a window of a second; a volume fills now and then."""
    full = sequence // 40 % 2 == 1
    return report(
        sequence,
        float(begun + sequence),
        {
            ("system.cpu.utilization", "mean", ""): sequence % 100 / 100,
            ("system.filesystem.utilization", "last", "/srv"): 0.9 if full else 0.3,
            ("keuring.filesystem.available", "last", "/srv"): (2 if full else 11) * MEBIBYTE,
        },
        duration=1.0,
        facts={("os.version", ""): str(sequence // 50)} if sequence % 50 == 1 else None,
        events=[("keuring.kernel.oops", "", float(begun + sequence), 1)] if sequence % 70 == 0 else (),
    )


@dataclass
class LoadedAgent:
    """Sends in a thread until told to stop. ``acknowledged`` is how far the collector said that it stored."""

    agent: HandMadeAgent
    acknowledged: int = 0
    failures: int = 0
    wrong: list[str] = field(default_factory=list)
    begun: int = field(default_factory=lambda: int(time.time()) - 86_400)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self.agent.endpoint_id)
        self._thread.start()

    def stop(self) -> None:
        """Ends it, once what it last sent was answered or refused."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(PAUSE):
            self.send_burst()

    def send_burst(self) -> None:
        """Sends the next reports in one stream, and notes those that were acknowledged before it broke, if it did."""
        first = self.acknowledged + 1
        reports = [made(sequence, self.begun) for sequence in range(first, first + BURST)]
        try:
            for answer in self.agent.stream(reports):
                self._take(answer)
        except grpc.RpcError:
            self.failures += 1
            self._ending.wait(0.2)

    def _take(self, answer: report_pb2.SendReportsResponse) -> None:
        if answer.disposition not in DONE or answer.sequence != self.acknowledged + 1:
            name = report_pb2.Disposition.Name(answer.disposition)
            self.wrong.append(f"report {answer.sequence} after {self.acknowledged}: {name}")
        self.acknowledged = max(self.acknowledged, answer.sequence)
