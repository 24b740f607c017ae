"""The agent itself: version and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_AGENT_CPU_TIME, KEURING_AGENT_MEMORY_RSS, KEURING_AGENT_VERSION
from keuring_agent import VERSION
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Agent(Sensor):
    """What it costs; the spool, failures and durations are added by those who see them (runner.py)."""

    name = "agent"
    signals = (KEURING_AGENT_VERSION, KEURING_AGENT_CPU_TIME, KEURING_AGENT_MEMORY_RSS)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.fact(KEURING_AGENT_VERSION, VERSION)
        use = host.own_use()
        out.counter(KEURING_AGENT_CPU_TIME, use.cpu)
        out.gauge(KEURING_AGENT_MEMORY_RSS, use.resident)
