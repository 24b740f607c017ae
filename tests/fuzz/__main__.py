"""Fuzzes everything that reads what strangers write, for a given time: ``python -m tests.fuzz --minutes N``.

The time is shared out over the targets; each gets half of its share from Hypothesis (inputs of the right shape) and
half from atheris (which follows the code's branches; where it is not installed Hypothesis gets all). An input that
crashes is kept under build/fuzz/TARGET, to be copied to tests/fuzz/found/TARGET once it is understood. One JSON object
per target and engine; exit code 1 when anything crashed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import re
import secrets
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.targets import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.target import Target

WORK: Final = Path("build") / "fuzz"
ROUND: Final = 200  # examples between two looks at the clock


class CrashError(Exception):
    """Carries the input through Hypothesis, which shrinks it."""


def hypothesis_inputs(target: Target, seconds: float, folder: Path) -> tuple[int, Path | None]:
    """Draws inputs for ``seconds``: how many, and where the smallest that crashed was kept."""
    swallowed = 0
    smallest: bytes | None = None

    def swallow(data: bytes) -> None:
        nonlocal swallowed, smallest
        swallowed += 1
        try:
            target.swallow(data)
        except Exception as error:
            if smallest is None or len(data) <= len(smallest):
                smallest = data
            raise CrashError from error

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        check = settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(given(st.one_of(target.shaped(), st.binary(max_size=4096)))(swallow))
        try:
            seeded(secrets.randbits(64))(check)()
        except CrashError:
            traceback.print_exc()
            data = smallest or b""
            path = folder / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
            path.write_bytes(data)
            return swallowed, path
    return swallowed, None


def atheris_inputs(target: Target, seconds: float, folder: Path) -> tuple[int, Path | None]:
    """Lets atheris try inputs for ``seconds``: how many, and where one that crashed was kept."""
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for data in target.seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    before = set(folder.glob("*-*"))
    command = [
        sys.executable, "-m", "tests.fuzz.coverage_guided", target.name, str(corpus),
        f"-artifact_prefix={folder}/", f"-max_total_time={max(1, round(seconds))}",
        "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1", "-verbosity=0",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    executed = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    count = int(executed.group(1)) if executed else 0
    if done.returncode == 0:
        return count, None
    sys.stderr.write(done.stdout + done.stderr)
    return count, next(iter(sorted(set(folder.glob("*-*")) - before)), folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 when an input crashed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="for how long, over all targets (default 5)")
    parser.add_argument("--target", choices=sorted(BY_NAME), help="only this one")
    chosen = parser.parse_args(arguments)
    targets = [BY_NAME[chosen.target]] if chosen.target else [BY_NAME[name] for name in sorted(BY_NAME)]
    engines = [("hypothesis", hypothesis_inputs)]
    if importlib.util.find_spec("atheris") is not None:
        engines.append(("atheris", atheris_inputs))
    else:
        print("atheris is not installed here; Hypothesis gets all of the time", file=sys.stderr)
    share = chosen.minutes * 60 / len(targets) / len(engines)
    crashed = False
    for target in targets:
        folder = WORK / target.name
        folder.mkdir(parents=True, exist_ok=True)
        for engine, run in engines:
            begun = time.monotonic()
            count, crash = run(target, share, folder)
            crashed = crashed or crash is not None
            seconds = round(time.monotonic() - begun, 1)
            told = {"target": target.name, "engine": engine, "inputs": count, "seconds": seconds}
            print(json.dumps({**told, "crash": str(crash) if crash else None}), flush=True)
    return int(crashed)


if __name__ == "__main__":
    sys.exit(main())
