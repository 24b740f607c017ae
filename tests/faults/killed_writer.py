"""A write path that is killed again and again: ``python -m tests.faults.killed_writer URL ENDPOINT KILLS SEED``.

Forks a child that writes reports and tells each acknowledgement through a pipe, kills it after some milliseconds with
SIGKILL, and forks the next, which goes on where an agent would: after the last acknowledgement that arrived. Prints
one JSON object: how far acknowledgements came, and how long the slowest child took to take its first report.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

from keuring_collector.ingest.writer import DUPLICATE, STORED, WritePath
from tests.faults import scenario

if TYPE_CHECKING:
    from keuring_collector.rulepack import RulePack


def write_for_ever(url: str, pack: RulePack, endpoint: int, sequence: int, acks: int, dice: random.Random) -> None:
    """The child: sends from ``sequence`` on, in batches, and writes what was acknowledged to the pipe ``acks``."""
    path = WritePath(url, pack)
    while True:
        batch = list(range(sequence, sequence + dice.randint(1, 6)))
        answers = path.write([scenario.received(endpoint, scenario.made(number)) for number in batch])
        assert all(answer.disposition in (STORED, DUPLICATE) for answer in answers), answers
        sequence = batch[-1] + 1
        os.write(acks, f"{batch[-1]}\n".encode())


def live_and_die(url: str, pack: RulePack, endpoint: int, sequence: int, dice: random.Random) -> tuple[int, float]:
    """One child's life: the last sequence number that was acknowledged to us, and the seconds to its first."""
    reading, writing = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(url, pack, endpoint, sequence, writing, dice)
        except BaseException as error:  # noqa: BLE001  # told to the parent, which fails
            os.write(2, repr(error).encode())
        finally:
            os._exit(1)
    os.close(writing)
    told = os.read(reading, 4096)
    ready = time.monotonic() - begun
    time.sleep(dice.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    while piece := os.read(reading, 65536):
        told += piece
    os.close(reading)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"
    complete = told.decode().split("\n")[:-1]
    return (int(complete[-1]) if complete else sequence - 1), ready


def main() -> None:
    url, endpoint, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    dice = random.Random(seed)
    pack = scenario.pack()
    acknowledged, slowest = 0, 0.0
    for _ in range(kills):
        acknowledged, ready = live_and_die(url, pack, endpoint, acknowledged + 1, dice)
        slowest = max(slowest, ready)
    print(json.dumps({"acknowledged": acknowledged, "slowest_ready_s": round(slowest, 3), "kills": kills}))


if __name__ == "__main__":
    main()
