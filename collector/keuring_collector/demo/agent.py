"""This machine in the demo: the real agent, as a program of its own, enrolled with a real token over real mTLS."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keuring_collector.demo.children import Child, run_once
from keuring_collector.demo.errors import DemoError

if TYPE_CHECKING:
    from pathlib import Path

MODULE: Final = "keuring_agent"
# An agent learns its policy with the first answer, which by default is a quarter of an hour after it began; here its
# own settings say from the start what the demo's policy says.
SETTINGS: Final = """\
state_directory = "{state}"
sample_interval = {sample}
window_duration = {window}
windows_per_flush = {flush}
backoff_maximum = 5
"""


def check_installed() -> None:
    """Raises DemoError when there is no agent beside the collector."""
    if importlib.util.find_spec(MODULE) is None:
        raise DemoError(
            "the demo needs the agent beside the collector, and keuring-agent is not installed; "
            "run `pip install keuring-agent`, or in the workspace `make setup`"
        )


@dataclass(frozen=True, slots=True)
class LiveAgent:
    """The agent of this machine, with its files in ``directory``."""

    directory: Path
    sample_interval: float
    window_duration: float
    windows_per_flush: int

    @property
    def _environment(self) -> dict[str, str]:
        return {"KEURING_AGENT_CONFIG": str(self.directory / "agent.toml")}

    def enrol(self, token: str) -> None:
        """Enrols this machine. Raises DemoError."""
        self.directory.mkdir(mode=0o700)
        state = str(self.directory / "state").replace("\\", "\\\\").replace('"', '\\"')
        text = SETTINGS.format(
            state=state, sample=self.sample_interval, window=self.window_duration, flush=self.windows_per_flush
        )
        (self.directory / "agent.toml").write_text(text, encoding="utf-8")
        run_once("enrolling this machine", MODULE, ["enroll", "--token", token], self._environment)

    def start(self) -> Child:
        """Lets it measure and report until it is ended."""
        return Child("the agent", MODULE, ["run"], self.directory / "agent.log", self._environment)
