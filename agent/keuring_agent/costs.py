"""What each sensor costs in processor time, and how much less often it reads when that is too much.

A sensor may use so many seconds an hour at its usual pace (``sensor_cpu_limit``). One that uses more is read half as
often, then a quarter, down to a sixty-fourth, and comes back step by step when it has become cheap: when twice as
often would cost no more than half of the limit. A mean over its last reads counts, so one slow look changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.sensors.base import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.sensors.base import Sensor

MOST: Final = 64  # by how much the time between two reads is stretched at most
REPORTED: Final = 0.001  # seconds an hour; what is finer is noise
_MEMORY: Final = 10  # reads that the mean looks back on
_ENOUGH: Final = 3  # reads before which nothing is concluded: the first one loads code and fills caches
_AN_HOUR: Final = {Pace.SAMPLE: 60.0, Pace.WINDOW: 12.0}  # reads, at the usual pace
_NOTABLE: Final = 0.5  # share by which a cost must have changed to be told again


class Costs:
    """One object serves one run of the agent. Times in seconds of processor time; sensors by name."""

    def __init__(self, limit: float, log: Callable[[str], None]) -> None:
        self._limit = limit
        self._log = log
        self._reads: dict[str, int] = {}
        self._mean: dict[str, float] = {}
        self._waited: dict[str, int] = {}  # turns that it let pass
        self._spent: dict[str, float] = {}  # since the hour began
        self._told: dict[str, float] = {}
        self.slowed: dict[str, int] = {}  # {sensor: by how much its time between two reads is stretched}

    def stretch(self, name: str) -> int:
        """By how much the time between two reads is stretched; 1 for a sensor as it should be."""
        return self.slowed.get(name, 1)

    def has_turn(self, name: str) -> bool:
        """Whether a sensor that reads at every sample or window reads at this one."""
        waited = self._waited.get(name, 0) + 1
        turn = waited >= self.stretch(name)
        self._waited[name] = 0 if turn else waited
        return turn

    def note(self, sensor: Sensor, used: float) -> None:
        """Takes what one read cost, and slows the sensor down or lets it go faster again."""
        name = sensor.name
        reads = self._reads[name] = self._reads.get(name, 0) + 1
        mean = self._mean.get(name, 0.0)
        mean = self._mean[name] = mean + (used - mean) / min(reads, _MEMORY)
        self._spent[name] = self._spent.get(name, 0.0) + used
        if reads < _ENOUGH and sensor.pace is not Pace.SLOW:
            return
        before = self.stretch(name)
        hourly = mean * (_AN_HOUR.get(sensor.pace) or 3600.0 / max(sensor.interval, 1.0)) / before
        if hourly > self._limit and before < MOST:
            self._set(name, before * 2, f"costs {hourly:.2g} s of processor time an hour")
        elif before > 1 and hourly * 2 <= self._limit / 2:
            self._set(name, before // 2, "has become cheap again")

    def _set(self, name: str, stretch: int, why: str) -> None:
        if stretch > 1:
            self.slowed[name] = stretch
            how = f"reads {stretch} times less often"
        else:
            self.slowed.pop(name, None)
            how = "reads as often as it should"
        self._log(f"sensor '{name}' {why}; it {how} from now on")

    def of_an_hour(self, hours: float) -> dict[str, float]:
        """What each sensor used in an hour, by what it used in the last ``hours``; begins the next ones.

        One whose cost hardly changed keeps the number that was told before, so that it need not be told again.
        """
        for name, spent in self._spent.items():
            found = round(spent / hours / REPORTED) * REPORTED
            told = self._told.get(name)
            if told is None or abs(found - told) > max(10 * REPORTED, _NOTABLE * told):
                self._told[name] = round(found, 3)
        self._spent = dict.fromkeys(self._spent, 0.0)
        return dict(self._told)
