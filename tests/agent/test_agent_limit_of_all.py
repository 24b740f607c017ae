"""The whole agent costs too much: its dearest sensors read less often until all fits, and come back by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keuring_agent import effort
from keuring_agent.host.fake import FakeHost
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.sensors.base import Pace
from tests.agent.test_agent_limits import Dear
from tests.agent.test_agent_runner import Station, facts

if TYPE_CHECKING:
    from pathlib import Path


class Many:
    """Three sensors of different pace, and what the agent does besides; costs in seconds an hour at the usual pace."""

    def __init__(self, limit: float, interval: float = 600.0) -> None:
        self.host, self.said = FakeHost(), list[str]()
        self.reads = {"often": 60.0, "window": 12.0, "seldom": 3600 / interval}
        paces = (("often", Pace.SAMPLE, 0.0), ("window", Pace.WINDOW, 0.0), ("seldom", Pace.SLOW, interval))
        self.sensors = {name: Dear(self.host, pace, interval) for name, pace, interval in paces}
        for name, sensor in self.sensors.items():
            sensor.name = name  # type: ignore[misc]  # of this one object
        self.rest = 0.0
        every = list(self.sensors.values())
        self.recorder = Recorder(self.host, every, Ledger(), Gate(), 5.0, self.said.append, 1.0, limit)

    def cost(self, rest: float, **hourly: float) -> None:
        self.rest = rest
        for name, seconds in hourly.items():
            self.sensors[name].cost = seconds / self.reads[name]

    def hours(self, count: int) -> dict[str, int]:
        """Lets them pass; how often each sensor is read less."""
        for number in range(60 * count):
            self.recorder.sample(closing=number % 5 == 4)
            self.host.advance(60)
            self.host.cpu_used += self.rest / 60
            if number % 5 == 4:
                self.recorder.note_costs()
        return self.recorder.costs.slowed


def test_when_all_cost_too_much_together_the_dearest_read_less_often_and_come_back() -> None:
    many = Many(1.5)
    many.cost(0.2, often=0.7, window=0.3, seldom=0.2)
    assert many.hours(7) == {}  # 1.4 in all
    assert many.said == []

    many.cost(0.2, often=0.9, window=0.3, seldom=0.9)  # none of them is over its own limit
    assert many.hours(8) == {"often": 2, "seldom": 2}  # 0.2 + 0.45 + 0.3 + 0.45
    assert "together; it reads 2 times less often from now on" in many.said[0]
    told = many.said.copy()
    assert many.hours(12) == {"often": 2, "seldom": 2}
    assert many.said == told  # nothing goes to and fro

    many.cost(0.2, often=0.1, window=0.1, seldom=0.5)
    assert many.hours(12) == {}
    assert many.said[-1].endswith("fits again with all others; it reads as often as it should from now on")


def test_the_first_hour_and_one_dear_look_are_not_judged() -> None:
    many = Many(1.5, interval=3 * 3600.0)
    many.cost(30.0, often=0.95, window=0.4, seldom=0.7)  # 2.1 s once in three hours
    many.hours(1)
    many.cost(0.2, often=0.2, window=0.2)
    assert many.hours(30) == {}
    assert many.said == []


def test_what_is_not_the_sensors_never_silences_them() -> None:
    many = Many(1.5)
    many.cost(20.0, often=0.9, window=0.4, seldom=0.1)  # a collector that answers badly all day
    assert many.hours(24) == {"often": 4}  # 0.225 + 0.4 + 0.1 is less than half of 1.5
    many.cost(0.1)
    assert many.hours(24) == {"often": 2}  # all of 0.1 + 0.45 + 0.4 + 0.1 fits, and with 1.4 nothing stays free


def test_what_all_cost_together_is_a_signal_too(tmp_path: Path) -> None:
    station = Station(tmp_path, agent_cpu_limit=0.4)
    host = station.host
    load = host.load

    def dear() -> Any:
        host.cpu_used += 0.01
        return load()

    host.load = dear  # type: ignore[method-assign]
    station.run(3 * 3600)
    told = [value for report in station.reports for name, value in facts(report).items() if "sensor.stretch" in name]
    assert told == [2.0]
    assert effort.load(tmp_path) == effort.Effort({"load": 2})
