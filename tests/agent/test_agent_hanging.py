"""A sensor that hangs: it is interrupted, whole, and stops nobody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring_agent import recorder, sensors
from keuring_agent.sensors.base import Pace, Readings, Sensor
from tests.agent.test_agent_runner import Station

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_agent.host.protocol import Host


class Hanging(Sensor):
    """Waits for what never comes, in the system itself, and whoever catches everything on the way goes on waiting."""

    name = "hanging"
    signals = (catalogue.SYSTEM_UPTIME,)
    pace = Pace.SAMPLE

    def __init__(self, *, stubborn: bool) -> None:
        self.stubborn = stubborn
        self.reading, self.writing = os.pipe()

    def read(self, host: Host, out: Readings) -> None:  # it never gets so far
        while True:
            try:
                os.read(self.reading, 1)
            except Exception:  # on purpose
                if not self.stubborn:
                    raise


@pytest.fixture(params=[False, True], ids=["plain", "stubborn"])
def hanging(request: pytest.FixtureRequest) -> Iterator[Hanging]:
    sensor = Hanging(stubborn=request.param)
    yield sensor
    os.close(sensor.reading)
    os.close(sensor.writing)


@pytest.mark.skipif(os.name != "posix", reason="there a whole sensor cannot be interrupted; its calls have limits")
@pytest.mark.parametrize("pace", list(Pace))
def test_one_hanging_sensor_stops_nobody(
    hanging: Hanging, pace: Pace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SLOW_LIMIT", 0.05)
    every = sensors.every
    monkeypatch.setattr(sensors, "every", lambda *settings: [hanging, *every(*settings)])
    hanging.pace = pace  # type: ignore[misc]  # of this one object
    station = Station(tmp_path, sensor_timeout=0.05)
    station.run(1000)
    assert len(station.reports) == 4  # windows go on
    for report in station.reports[:3]:
        dictionary = report_pb2.SeriesDictionary.FromString(report.series)
        assert {catalogue.SYSTEM_CPU_LOAD_AVERAGE_1M.id, catalogue.SYSTEM_MEMORY_UTILIZATION.id} <= {
            *dictionary.signal_ids
        }
    assert sum("sensor 'hanging' failed: it took longer than 0.05 s" in line for line in station.said) == 1
