"""The real processes under load and random kills: ``python -m tests.soak --minutes N``.

First the tests of faults, with more of everything. Then a collector, several hand-made agents that send as fast as they
are answered over real mTLS, and the real agent of this machine: ingest is killed with SIGKILL again and again, the
other processes now and then, and at the end the ledger of acknowledgements is held against the store. Prints one JSON
object per line, as the benchmarks do; exit code 1 when a report was lost or doubled, or ingest took longer than five
seconds to be ready.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.store import journal
from keuring_collector.store.connection import connect
from tests.bench.figure import Figure
from tests.collector.command import keuring, ok
from tests.e2e.client import HandMadeAgent
from tests.e2e.real_agent import RealAgent
from tests.soak.collector import PROCESSES, Process, initialise, pause
from tests.soak.load import LoadedAgent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.store.connection import Connection

READY_LIMIT: Final = 5.0
SETTLE_SECONDS: Final = 30.0
WRITER_KILLS: Final = 200
EXAMPLES_A_MINUTE: Final = 100
PACK: Final = Path(__file__).parents[1] / "fixtures" / "small_pack"


class Soak:
    """One run. ``dice`` decides when whom is killed."""

    def __init__(self, directory: Path, agents: int, seconds_between_kills: float, dice: random.Random) -> None:
        self.directory = directory / "collector"
        self._between = seconds_between_kills
        self._dice = dice
        initialise(
            self.directory,
            sample_interval="0.5",
            window_duration="1",
            windows_per_flush="2",
            rules_directory=str(PACK),
        )
        self.processes = {name: Process(self.directory, name) for name in PROCESSES}
        self.ready: list[float] = []
        self.kills = dict.fromkeys(PROCESSES, 0)
        for process in self.processes.values():
            process.start()
        token = ok(keuring(self.directory, "token", "--uses", str(agents + 1)))
        self.loaded = [LoadedAgent(HandMadeAgent.enrol(token, f"LT-{number:04d}")) for number in range(agents)]
        self.real = RealAgent(
            directory / "agent",
            sample_interval="0.5",
            window_duration="1",
            windows_per_flush="2",
            backoff_minimum="0.2",
            backoff_maximum="2",
        )
        self.real.enrol(token)

    def run(self, seconds: float) -> None:
        """Loads and kills for ``seconds``, then lets everybody finish what they have."""
        until = time.monotonic() + seconds
        self.real.start()
        for agent in self.loaded:
            agent.start()
        try:
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(left, pause(self._dice, self._between)))
                self._kill("ingest" if self._dice.random() < 0.85 else self._dice.choice(("console", "jobs")))
        finally:
            for agent in self.loaded:
                agent.stop()
        self._settle()

    def _kill(self, name: str) -> None:
        self.processes[name].kill()
        self.kills[name] += 1
        took = self.processes[name].start()
        if name == "ingest":
            self.ready.append(took)

    def _settle(self) -> None:
        """Sends once more, undisturbed, and gives the real agent time to empty its spool."""
        for agent in self.loaded:
            agent.send_burst()
        until = time.monotonic() + SETTLE_SECONDS
        while self.real.waiting() > 2 and time.monotonic() < until:
            time.sleep(0.2)
        self.real.end()
        for process in self.processes.values():
            process.end()

    def ledger(self) -> tuple[int, int, int, list[str]]:
        """How many reports are stored, lost and doubled, and what else was wrong."""
        connection = connect(f"sqlite:///{self.directory / 'keuring.sqlite3'}")
        try:
            return self._held_against(connection)
        finally:
            connection.close()

    def _held_against(self, connection: Connection) -> tuple[int, int, int, list[str]]:
        stored = lost = doubled = 0
        wrong = [text for agent in self.loaded for text in agent.wrong]
        numbers = {
            str(identity).replace("-", ""): number
            for number, identity in connection.execute("SELECT id, uuid FROM fleet_endpoint")
        }
        acknowledged = {agent.agent.endpoint_id.replace("-", ""): agent.acknowledged for agent in self.loaded}
        acknowledged[self.real.endpoint_id.replace("-", "")] = self.real.acknowledged()
        for identity, ledger in acknowledged.items():
            endpoint = numbers[identity]
            sequences = [entry.sequence for entry in journal.entries(connection, endpoint)]
            stored += len(sequences)
            doubled += len(sequences) - len(set(sequences))
            lost += len(set(range(1, ledger + 1)) - set(sequences))
            last = max(sequences, default=0)
            if sorted(set(sequences)) != list(range(1, last + 1)):
                wrong.append(f"endpoint {endpoint} has holes among its {len(sequences)} reports")
            if journal.heads(connection, [endpoint])[endpoint].position != len(sequences):
                wrong.append(f"the head of endpoint {endpoint} does not fit its journal")
            if ledger == 0:
                wrong.append(f"endpoint {endpoint} never got an acknowledgement")
        open_tickets = connection.execute(
            "SELECT count(*), count(DISTINCT key) FROM desk_ticket WHERE state IN ('new', 'planned', 'snoozed')"
        )[0]
        if open_tickets[0] != open_tickets[1]:
            wrong.append("there are two open tickets of one cause on one machine")
        if connection.execute("SELECT count(*) FROM quarantine")[0][0]:
            wrong.append("reports were put aside")
        return stored, lost, doubled, wrong


def faults(minutes: float) -> tuple[int, str]:
    """The tests of faults with more of everything; 0 when all passed, and what they said."""
    more = {"KEURING_FAULT_KILLS": str(WRITER_KILLS), "KEURING_FAULT_EXAMPLES": str(round(EXAMPLES_A_MINUTE * minutes))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/faults"],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 when something was lost, doubled or late."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="for how long (default 5)")
    parser.add_argument("--agents", type=int, default=4, help="hand-made agents, besides the real one (default 4)")
    parser.add_argument("--between-kills", type=float, default=6.0, metavar="S", help="mean seconds (default 6)")
    parser.add_argument("--seed", type=int, default=None, help="of the moments of the kills")
    chosen = parser.parse_args(arguments)
    failed, said = faults(chosen.minutes)
    if failed:
        print(said, file=sys.stderr)
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    with tempfile.TemporaryDirectory(prefix="keuring-soak-") as folder:
        soak = Soak(Path(folder), chosen.agents, chosen.between_kills, random.Random(seed))
        soak.run(chosen.minutes * 60)
        stored, lost, doubled, wrong = soak.ledger()
    kills = sum(soak.kills.values())
    how = f"{chosen.minutes:g} min, {chosen.agents} agents and the real one, {kills} kills ({soak.kills}), seed {seed}"
    slowest = max(soak.ready, default=0.0)
    for figure in (
        Figure("soak_stored_reports", stored, "reports", how=how),
        Figure("soak_lost_reports", lost, "reports", how=how),
        Figure("soak_doubled_reports", doubled, "reports", how=how),
        Figure("soak_slowest_ready_s", round(slowest, 2), "s", how=how),
        Figure("soak_kills", kills, "kills", how=how),
        Figure(
            "soak_fault_tests_failed", float(bool(failed)), "", how=f"{WRITER_KILLS} kills of the writer, tests/faults"
        ),
    ):
        print(json.dumps(asdict(figure)), flush=True)
    for text in wrong:
        print(f"wrong: {text}", file=sys.stderr)
    if slowest > READY_LIMIT:
        print(f"ingest took {slowest:.1f} s to be ready after a kill; at most {READY_LIMIT:.0f}", file=sys.stderr)
    return int(bool(lost or doubled or wrong or failed) or slowest > READY_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
