"""`keuring-agent run`: from its two flags to the agent's end, without argparse, which would take 0.9 MB all the time.

Any other way to write them, and whatever is wrong with them, is the command line's to read; see cli.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import config
from keuring_agent.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.config import Settings
    from keuring_agent.runner import Sleeper

COMMAND: Final = "run"
INTERRUPTED: Final = 130
_FLAGS: Final = frozenset({"--config", "--state-directory"})


class Flags(NamedTuple):
    """What `run` was told: where its settings file is, and its state directory."""

    config: Path | None = None
    state_directory: str | None = None


def plain(arguments: Sequence[str]) -> Flags | None:
    """The flags of `run`; None for another command, and for flags that only the whole command line understands."""
    if arguments[:1] != [COMMAND]:
        return None
    names, values = arguments[1::2], arguments[2::2]
    if len(names) != len(values) or not _FLAGS.issuperset(names) or any(value.startswith("-") for value in values):
        return None
    found = dict(zip(names, values, strict=True))
    path = found.get("--config")
    return Flags(None if path is None else Path(path), found.get("--state-directory"))


def main(flags: Flags) -> int:
    """Measures and sends until stopped; returns the exit code (see errors.py)."""
    try:
        return run(config.load(flags.config, {"state_directory": flags.state_directory}))
    except AgentError as error:
        print(f"keuring-agent: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def run(settings: Settings) -> int:
    """The agent until a signal asks it to stop."""
    from keuring_agent.host.waiting import Alarm

    with Alarm() as alarm:
        return work(settings, alarm)


def work(settings: Settings, sleeper: Sleeper) -> int:
    """The agent until it is asked to stop; enrols first where somebody left the means for it."""
    from keuring_agent import launcher, silent, state
    from keuring_agent.host import local
    from keuring_agent.host.lock import locked
    from keuring_agent.runner import Runner, say

    silent.check(settings)
    state.prepare(settings.state_directory)
    with locked(settings.state_directory):
        if not silent.become(settings, launcher.default(), sleeper, say):
            return 0
        host = local(settings.root_directory, settings.file_system_types)
        anew = Runner(settings, host, launcher.default()).run(sleeper)
    if anew:
        from keuring_agent import restarting

        return restarting.start_anew()
    return 0
