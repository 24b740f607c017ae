"""From sensors to windows: reads what is due, notes failures, and closes windows by the clock."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_AGENT_FLUSH_FAILURES,
    KEURING_AGENT_MEMORY_RESTART,
    KEURING_AGENT_PAUSED,
    KEURING_AGENT_SAVING,
    KEURING_AGENT_SENSOR_COST,
    KEURING_AGENT_SENSOR_DURATION,
    KEURING_AGENT_SENSOR_FAILURES,
    KEURING_AGENT_SENSOR_STRETCH,
    KEURING_AGENT_SPOOL_REPORTS,
    KEURING_AGENT_SPOOL_SIZE,
)
from keuring_agent import readers
from keuring_agent.costs import Costs
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.waiting import Overdue
from keuring_agent.sensors.base import Pace, Readings
from keuring_agent.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from keuring_agent.host.protocol import Host
    from keuring_agent.ledger import Ledger
    from keuring_agent.privacy import Gate
    from keuring_agent.sensors.base import Sensor
    from keuring_agent.window import WindowReport

# Beside these the sensors' own signals are all that the agent emits.
OWN_SIGNALS: Final = (
    KEURING_AGENT_SPOOL_REPORTS,
    KEURING_AGENT_SPOOL_SIZE,
    KEURING_AGENT_FLUSH_FAILURES,
    KEURING_AGENT_SENSOR_FAILURES,
    KEURING_AGENT_SENSOR_DURATION,
    KEURING_AGENT_PAUSED,
    KEURING_AGENT_SENSOR_COST,
    KEURING_AGENT_SENSOR_STRETCH,
    KEURING_AGENT_SAVING,
    KEURING_AGENT_MEMORY_RESTART,
)
_FACTS_OF_COST: Final = (KEURING_AGENT_SENSOR_COST, KEURING_AGENT_SENSOR_STRETCH, KEURING_AGENT_SAVING)
_HOUR: Final = 3600.0
JUMP: Final = 10.0  # seconds by which the two clocks may drift apart within a window
SLOW_LIMIT: Final = 120.0  # for sensors that run seldom and start programs, which have limits of their own
_LONGEST_PAUSE: Final = 3600.0


class Recorder:
    """Fills windows from sensors. One object serves one run of the agent; it is driven, it does not wait."""

    def __init__(
        self,
        host: Host,
        sensors: Sequence[Sensor],
        ledger: Ledger,
        gate: Gate,
        sensor_timeout: float,
        log: Callable[[str], None] = lambda text: print(text, file=sys.stderr),
        cpu_limit: float = float("inf"),
        cpu_limit_of_all: float = float("inf"),
    ) -> None:
        self.gate = gate
        self._host = host
        self._every = sensors
        self._sensors = self._permitted()
        self._ledger = ledger
        self._timeout = sensor_timeout
        self._reader = readers.default()
        self._log = log
        self.costs = Costs(cpu_limit, log, cpu_limit_of_all)
        self._saving = (False, 1.0)
        self._hour_began, self._used_before = host.monotonic(), host.own_cpu()
        self._window = Window()
        self._boot_id = _boot_id(host)
        self._last_read: dict[str, float] = {}
        self._paused_until: dict[str, float] = {}
        self._overdue: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._complained: dict[str, str] = {}
        self._looked_at: set[int] = set()
        self._started: tuple[float, float] | None = None  # (wall, monotonic) of the window's start
        self._sampled = (0.0, 0.0)

    def closes_within(self, duration: float, interval: float) -> bool:
        """Whether a sample taken now ends a window of ``duration``: the next one would come too late."""
        if self._started is None:
            return False
        return self._host.monotonic() + interval / 2 >= self._started[1] + duration

    def sample(self, *, closing: bool, patience: float = float("inf")) -> WindowReport | None:
        """Reads every sensor that is due; at the end of a window also those that are read once a window.

        When the clock jumped since the last sample, or that is longer ago than ``patience`` (the machine slept, where
        its monotonic clock goes on meanwhile, as on Windows), the window until then comes back, closed.
        """
        now, wall = self._host.monotonic(), self._host.wall()
        finished = None
        if self._started is not None and self._was_away(wall, now, patience):
            if self._sampled[1] > self._started[1] and not self._window.is_empty:
                finished = self._close(self._sampled[1])
            self._started = (wall, now)
        if self._started is None:
            self._started = (wall, now)
        for sensor in self._sensors:
            if self._is_due(sensor, now, closing=closing):
                self._read(sensor, now)
        self._reader.rest()
        self._sampled = (wall, now)
        return finished

    def _was_away(self, wall: float, now: float, patience: float) -> bool:
        assert self._started is not None  # noqa: S101  # the caller looked
        jumped = abs((wall - self._started[0]) - (now - self._started[1])) > JUMP
        return jumped or now - max(self._sampled[1], self._started[1]) > patience

    def restrict(self, gate: Gate) -> None:
        """Goes on behind another gate; what it does not let pass is gone from the window that is being filled too."""
        self.gate = gate
        self._sensors = self._permitted()
        self._window.restrict(gate.permits_id)

    def _permitted(self) -> list[Sensor]:
        """Sensors of which something may leave; the others do not even read."""
        return [sensor for sensor in self._every if any(map(self.gate.permits, sensor.signals))]

    def has_event(self, signals: Collection[int]) -> bool:
        """Whether one of these (catalogue ids) happened in the window so far."""
        return any(event.signal.id in signals for event in self._window.events())

    def add_own(self, spooled: int, spool_size: int, flush_failures: int) -> None:
        """Adds what the agent knows of itself; once a window."""
        out = Readings(self.gate)
        out.gauge(KEURING_AGENT_SPOOL_REPORTS, spooled)
        out.gauge(KEURING_AGENT_SPOOL_SIZE, spool_size)
        out.counter(KEURING_AGENT_FLUSH_FAILURES, flush_failures)
        self.note_pause(paused=False)  # or nobody would close a window
        self.note_costs()
        for sensor in self._sensors:
            if sensor.name in self._last_read:
                out.counter(KEURING_AGENT_SENSOR_FAILURES, self._failures.get(sensor.name, 0), sensor.name)
        self._window.add(out, from_zero=True)

    def note_costs(self) -> None:
        """Takes what each sensor costs, once an hour, and which ones read less often; they leave when they are news."""
        out = Readings(self.gate)
        now = self._host.monotonic()
        if (since := now - self._hour_began) >= _HOUR:
            used, before = self._host.own_cpu(), self._used_before
            self._hour_began, self._used_before = now, used
            self.costs.judge(used - before, since / _HOUR)
            for name, used in self.costs.of_an_hour(since / _HOUR).items():
                out.fact(KEURING_AGENT_SENSOR_COST, used, name)
        else:
            out.hold(KEURING_AGENT_SENSOR_COST)
        for name, stretch in self.costs.slowed.items():
            out.fact(KEURING_AGENT_SENSOR_STRETCH, float(stretch), name)
        out.fact(KEURING_AGENT_SAVING, self._saving[0])
        self._looked_at.update(signal.id for signal in _FACTS_OF_COST)
        self._ledger.take(out, _FACTS_OF_COST)

    def save_power(self, *, on: bool, factor: float) -> None:
        """Stretches the time between two reads of slow sensors from now on; the others follow the samples."""
        self._saving = (on, factor)

    def note_restart(self) -> None:
        """Takes the event that the agent restarted itself."""
        out = Readings(self.gate)
        out.event(KEURING_AGENT_MEMORY_RESTART, self._host.wall())
        self._window.add(out)

    def note_pause(self, *, paused: bool) -> None:
        """Takes the fact; it leaves with the window, if it is news."""
        out = Readings(self.gate)
        out.fact(KEURING_AGENT_PAUSED, paused)
        self._looked_at.add(KEURING_AGENT_PAUSED.id)
        self._ledger.take(out, (KEURING_AGENT_PAUSED,))

    def skip(self) -> None:
        """Begins anew after a pause: reads once, so that sensors know where things stand, and forgets what they said.

        What happened meanwhile (messages of the kernel, a shutdown, by how much counters grew) is never told.
        """
        self._window.forget()
        self._started = None
        self.sample(closing=True)
        self._window.discard()
        self._started = (self._host.wall(), self._host.monotonic())

    def close(self, *, anyway: bool = False) -> WindowReport | None:
        """Ends the window now and begins the next; None when it holds nothing, unless one is wanted ``anyway``."""
        if self._started is None and anyway:
            self._started = (self._host.wall(), self._host.monotonic())
        if self._started is None or (self._window.is_empty and not anyway):
            return None
        report = self._close(self._host.monotonic())
        self._started = (self._host.wall(), self._host.monotonic())
        return report

    def _close(self, end: float) -> WindowReport:
        assert self._started is not None  # noqa: S101  # callers looked
        wall, started = self._started
        facts = self._ledger.changed_facts(end, self.gate, self._looked_at)
        unmeasured = self._ledger.changed_unmeasured(self.gate)
        return self._window.close(wall, max(end - started, 0.001), self._boot_id, end, facts, unmeasured)

    def _is_due(self, sensor: Sensor, now: float, *, closing: bool) -> bool:
        if now < self._paused_until.get(sensor.name, now) or sensor.name in self._reader.hanging:
            return False
        if sensor.pace is Pace.SLOW:
            last = self._last_read.get(sensor.name)
            interval = sensor.interval * self.costs.stretch(sensor.name) * self._saving[1]
            return closing and (last is None or now - last >= interval)
        return (closing or sensor.pace is Pace.SAMPLE) and self.costs.has_turn(sensor.name)

    def _read(self, sensor: Sensor, now: float) -> None:
        out = Readings(self.gate)
        self._last_read[sensor.name] = now
        limit = SLOW_LIMIT if sensor.pace is Pace.SLOW else self._timeout
        began, used = self._host.monotonic(), self._host.own_cpu()
        try:
            self._reader.read(sensor, self._host, out, limit)
        except NotMeasurable as error:
            out.cannot(error.reason, *sensor.signals)
        except Overdue:
            self._pause(sensor, now)
            self._failed(sensor, out, f"it took longer than {limit:g} s")
        except Exception as error:  # noqa: BLE001  # one sensor's fault, whatever it is, must not stop the others
            self._failed(sensor, out, f"{type(error).__name__}: {error}")
        else:
            took = self._host.monotonic() - began
            self._overdue.pop(sensor.name, None)
            out.gauge(KEURING_AGENT_SENSOR_DURATION, took, sensor.name)
        self.costs.note(sensor, self._host.own_cpu() - used)
        self._looked_at.update(signal.id for signal in sensor.signals)
        self._window.add(out)
        self._ledger.take(out, sensor.signals)

    @property
    def hanging(self) -> list[str]:
        """Names of sensors that were left behind and are not back."""
        return self._reader.hanging

    def leave_alone(self, name: str, seconds: float) -> None:
        """Does not read a sensor for so long, and says that it failed."""
        now = self._host.monotonic()
        for sensor in self._sensors:
            if sensor.name == name:
                out = Readings(self.gate)
                self._failed(sensor, out, f"it had to be ended, and is left alone for {seconds / 3600:.0f} hours")
                self._paused_until[name] = now + seconds
                self._last_read[name] = now
                self._looked_at.update(signal.id for signal in sensor.signals)
                self._ledger.take(out, sensor.signals)

    def _pause(self, sensor: Sensor, now: float) -> None:
        """A slow sensor is left alone, each time for longer."""
        times = self._overdue[sensor.name] = self._overdue.get(sensor.name, 0) + 1
        self._paused_until[sensor.name] = now + min(_LONGEST_PAUSE, 60.0 * 2**times)

    def _failed(self, sensor: Sensor, out: Readings, reason: str) -> None:
        self._failures[sensor.name] = self._failures.get(sensor.name, 0) + 1
        out.hold(*sensor.signals)
        out.cannot(f"the sensor '{sensor.name}' failed", *sensor.signals)
        if self._complained.get(sensor.name) != reason:
            self._complained[sensor.name] = reason
            self._log(f"sensor '{sensor.name}' failed: {reason}; the other sensors go on")

    def reason_unmeasured(self) -> dict[tuple[int, str], str]:
        """Why signals cannot be measured, for those that cannot."""
        return {key: reason for key, reason in self._ledger.unmeasured.items() if reason}


def _boot_id(host: Host) -> str:
    try:
        return host.boot_id()
    except NotMeasurable:
        return "unknown"
