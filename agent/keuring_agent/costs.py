"""What each sensor costs in processor time, and how much less often it reads when that is too much.

A sensor may use so many seconds an hour at its usual pace (``sensor_cpu_limit``). One that uses more is read half as
often, then a quarter, down to a sixty-fourth, and comes back step by step when it has become cheap: when twice as
often would cost no more than half of the limit. A mean over its last reads counts, so one slow look changes nothing.

All together, with what the agent does besides, may use ``agent_cpu_limit``. That is judged once an hour, from the
second hour on, by the same means: sensors that are seldom read count with what they cost in an hour on the average.
When it is too much the dearest sensor reads half as often, then the one that is the dearest then, until it fits; they
come back one step an hour, the cheapest first, as long as a quarter of the limit stays free.
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
_FREE: Final = 0.25  # share of the limit for all that stays free when one of them comes back
_THEIRS: Final = 0.5  # share of that limit that sensors may always use: what is not theirs must not silence them


class Costs:
    """One object serves one run of the agent. Times in seconds of processor time; sensors by name."""

    def __init__(self, limit: float, log: Callable[[str], None], limit_of_all: float = float("inf")) -> None:
        self._limit = limit
        self._limit_of_all = limit_of_all
        self._log = log
        self._reads: dict[str, int] = {}
        self._mean: dict[str, float] = {}
        self._waited: dict[str, int] = {}  # turns that it let pass
        self._spent: dict[str, float] = {}  # since the hour began
        self._told: dict[str, float] = {}
        self._turns: dict[str, float] = {}  # since the hour began, those that it let pass too
        self._seldom: dict[str, float] = {}  # seconds between two reads of sensors that have an interval of their own
        self._is_first_hour = True
        self._own: dict[str, int] = {}  # by how much each is slowed down for what it costs itself
        self._shared: dict[str, int] = {}  # and for what all cost together

    @property
    def slowed(self) -> dict[str, int]:
        """{sensor: by how much its time between two reads is stretched}, of those that are slowed down."""
        return {name: self.stretch(name) for name in {**self._own, **self._shared}}

    def stretch(self, name: str) -> int:
        """By how much the time between two reads is stretched; 1 for a sensor as it should be."""
        return max(self._own.get(name, 1), self._shared.get(name, 1))

    def has_turn(self, name: str) -> bool:
        """Whether a sensor that reads at every sample or window reads at this one."""
        self._turns[name] = self._turns.get(name, 0.0) + 1.0
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
        if sensor.pace is Pace.SLOW:
            self._seldom[name] = max(sensor.interval, 1.0)
        if reads < _ENOUGH and sensor.pace is not Pace.SLOW:
            return
        before = self._own.get(name, 1)
        hourly = mean * (_AN_HOUR.get(sensor.pace) or 3600.0 / max(sensor.interval, 1.0)) / before
        if hourly > self._limit and before < MOST:
            self._set(self._own, name, before * 2, f"costs {hourly:.2g} s of processor time an hour")
        elif before > 1 and hourly * 2 <= self._limit / 2:
            self._set(self._own, name, before // 2, "has become cheap again")

    def _set(self, where: dict[str, int], name: str, stretch: int, why: str) -> None:
        before = self.stretch(name)
        where[name] = stretch
        if stretch == 1:
            del where[name]
        after = self.stretch(name)
        if after != before:
            how = f"reads {after} times less often" if after > 1 else "reads as often as it should"
            self._log(f"sensor '{name}' {why}; it {how} from now on")

    def judge(self, used: float, hours: float) -> None:
        """Holds what the whole agent costs against its limit. It ``used`` so many seconds in the last ``hours``.

        To be asked before ``of_an_hour``, which begins the next ones.
        """
        rest = max(0.0, used - sum(self._spent.values())) / hours
        each = {name: self._an_hour(name, hours) for name in self._mean}
        self._turns.clear()
        if self._is_first_hour:  # each sensor reads for the first time, which loads code and fills caches
            self._is_first_hour = False
            return
        room = max(self._limit_of_all - rest, self._limit_of_all * _THEIRS)
        if sum(each.values()) > room:
            self._slow_down(each, room)
        elif self._shared:
            self._let_go(each, room - self._limit_of_all * _FREE)

    def _an_hour(self, name: str, hours: float) -> float:
        """What a sensor costs in an hour as often as it reads now."""
        seldom = self._seldom.get(name)
        often = 3600.0 / seldom if seldom else self._turns.get(name, 0.0) / hours
        return self._mean[name] * often / self.stretch(name)

    def _slow_down(self, each: dict[str, float], room: float) -> None:
        before = sum(each.values())
        wanted: dict[str, int] = {}
        while sum(each.values()) > room:
            slower = [name for name in each if wanted.get(name, self.stretch(name)) < MOST]
            dearest = max(slower, key=each.__getitem__, default=None)
            if dearest is None or not each[dearest]:
                break
            wanted[dearest] = wanted.get(dearest, self.stretch(dearest)) * 2
            each[dearest] /= 2
        for name, stretch in wanted.items():
            self._set(self._shared, name, stretch, f"is one of those that cost {before:.2g} s an hour together")

    def _let_go(self, each: dict[str, float], room: float) -> None:
        cheapest = min(self._shared, key=lambda name: each.get(name, 0.0))
        if sum(each.values()) + each.get(cheapest, 0.0) <= room:
            self._set(self._shared, cheapest, self._shared[cheapest] // 2, "fits again with all others")

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
