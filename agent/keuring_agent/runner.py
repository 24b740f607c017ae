"""The resident agent: samples, closes windows, keeps them, and has them sent. One thread; no grpc, no protobuf."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from keuring_agent import VERSION, effort, identity, policy, sending, sensors, state, wire
from keuring_agent.effort import Effort
from keuring_agent.errors import IdentityError, RefusedError, StateError, UntrustedError
from keuring_agent.host.waiting import between
from keuring_agent.keeping import Keeping
from keuring_agent.ledger import Ledger
from keuring_agent.pause import Pause
from keuring_agent.quarantine import Quarantine
from keuring_agent.recorder import Recorder
from keuring_agent.restarting import Restarts
from keuring_agent.saving import Saving
from keuring_agent.sensors import uptime
from keuring_agent.urgency import URGENT_EVENTS, is_urgent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Protocol

    from keuring_agent.config import Settings
    from keuring_agent.host.protocol import Host
    from keuring_agent.launcher import Launcher
    from keuring_agent.policy import Policy
    from keuring_agent.sensors.base import Value
    from keuring_agent.window import WindowReport

    class Sleeper(Protocol):
        """What waits; see host.waiting.Alarm."""

        @property
        def stopped(self) -> bool:
            """Whether the program is asked to end."""

        def wait(self, seconds: float) -> None:
            """Sleeps, at most so long."""


# A window with one of these ends at once, but not twice within this many seconds: a dying disk complains all the time.
_ALERT_PAUSE: Final = 3600.0
# Seconds without a sample after which the machine must have slept; three samples, if those take longer.
_AWAY: Final = 60.0
# While the certificate is over nothing can be reported, and few machines are in that state at a time.
_RECOVERY_MAXIMUM: Final = 45.0
# After these, trying again soon cannot help.
_HOPELESS: Final = frozenset({IdentityError.exit_code, UntrustedError.exit_code, RefusedError.exit_code})


def say(text: str) -> None:
    """A line for the log, which is the standard error output."""
    print(f"keuring-agent: {text}", file=sys.stderr, flush=True)


class Runner:
    """The agent's loop. Raises StateError when the state directory cannot be used at the start."""

    def __init__(
        self,
        settings: Settings,
        host: Host,
        launcher: Launcher,
        log: Callable[[str], None] = say,
        draw: Callable[[float, float], float] = between,
    ) -> None:
        self._settings = settings
        self._directory = settings.state_directory
        self._host = host
        self._launcher = launcher
        self._log = log
        self._draw = draw
        self._spool = sending.spool_of(settings)
        self.notebook = read_notebook(self._directory, log)
        self._keeping = Keeping(self._spool, self._directory, host, log)
        self._ledger = Ledger(state.read_quietly(self._directory / "ledger.json", log))
        self._unwritten = False  # whether names to remember changed
        self._policy_seen = self._policy_stamp()
        self._identity_seen = 0
        self._not_after = float("inf")
        wanted = policy.load(self._directory)
        self._plan = policy.plan(wanted, settings)
        self._say_if_behind(wanted)
        self.recorder = Recorder(
            host,
            sensors.every(self.notebook, settings.smart_interval, settings.updates_interval),
            self._ledger,
            self._plan.gate,
            settings.sensor_timeout,
            log,
            settings.sensor_cpu_limit,
            settings.agent_cpu_limit,
        )
        self._quarantine = Quarantine(self.notebook, host)
        for name, left in self._quarantine.kept().items():
            self.recorder.leave_alone(name, left)
        self._saving = Saving(host, settings.battery_threshold, settings.battery_stretch, settings.sensor_timeout, log)
        self._restarts = Restarts(self._directory, settings.memory_limit, log)
        self._begun = host.monotonic()
        self._wants_restart = False
        self._effort: Effort | None = None  # what was last kept of it
        self._resting = Pause(self._directory, host, log)
        self._at_rest = False
        self._waiting_windows = 0
        self._alert_after = float("-inf")
        self._urgent = True  # the first window: the desk sees at once that the machine is there
        self._failures = 0
        self._failed_flushes = 0
        self._retry_at = 0.0

    def run(self, sleeper: Sleeper) -> bool:
        """Works until it is asked to stop; then keeps the last, shorter window and ends within a moment.

        Returns whether it wants to be started anew, for it has become too large.
        """
        state.prepare(self._directory)
        state.open_up(self._directory)
        if damaged := self._spool.mend():
            self._log(f"{damaged} reports were damaged in the spool; gaps take their place")
        if self._keeping.begin():
            self._log("windows that were kept in memory may be lost; a gap says so")
        self._resting.begin()
        self._follow_identity()
        following = self._host.monotonic()
        first = True
        if self._restarts.is_untold:
            self.recorder.note_restart()
        while not sleeper.stopped:
            self._attend_child()
            now = self._host.monotonic()
            if now >= following:
                self._tick()
                if first:
                    self._save_notebook()  # from here on a crash of the machine is noticed
                    first = False
                following = max(following + self._sample_interval, self._host.monotonic())
            self._flush_if_due()
            if self._wants_restart and not self._launcher.running:
                break
            sleeper.wait(self._pause(following))
        self._stop()
        return self._wants_restart and not sleeper.stopped

    def _pause(self, following: float) -> float:
        """Until the next sample, or the next try to send, or to look after the child."""
        now = self._host.monotonic()
        until = following
        if self._launcher.running:
            until = min(until, now + 1.0)  # its end wakes us; this is for systems where it does not
        elif self._wants_flush() and self._retry_at > now:
            until = min(until, self._retry_at)
        return until - now

    def _tick(self) -> None:
        self._follow_policy()
        self._follow_identity()
        self._keeping.look()
        if self._keeping.is_due:
            self._write_held()
        if self._resting.look():
            self._rest()
            return
        if self._at_rest:
            self._at_rest = False
            self.recorder.skip()
            self._log("the pause is over")
            return
        if self._saving.look():
            self.recorder.save_power(on=self._saving.is_on, factor=self._saving.factor)
        closing = self.recorder.closes_within(self._plan.window_duration * self._saving.factor, self._sample_interval)
        finished = self.recorder.sample(closing=closing, patience=max(_AWAY, 3 * self._sample_interval))
        if finished is not None:
            self._keep(finished)
            closing = False  # another window has only begun
        if not closing and self.recorder.has_event(URGENT_EVENTS):
            closing = self._host.monotonic() >= self._alert_after
            self._alert_after = self._host.monotonic() + _ALERT_PAUSE if closing else self._alert_after
        if closing:
            self._close()

    def _rest(self) -> None:
        """Keeps what was measured before the pause, tells the desk of it once, and measures nothing."""
        if not self._at_rest:
            self._at_rest = True
            self._write_held()
            self.notebook[uptime.STOPPED] = True  # nobody watches how the system goes down
            self._save_notebook()
            self._log("a colleague paused the agent")
        if self._resting.is_told:
            return
        self.recorder.note_pause(paused=True)
        report = self.recorder.close(anyway=True)
        if report is not None and self._keep(report, at_once=True):
            self._resting.tell()
            self._urgent = True

    @property
    def _sample_interval(self) -> float:
        return self._plan.sample_interval * self._saving.factor

    def _close(self) -> None:
        try:
            fill = self._spool.fill()
            self.recorder.add_own(fill.reports, fill.size, self._failed_flushes)
        except StateError as error:
            self._log(str(error))
        report = self.recorder.close()
        if report is not None and self._keep(report) and self._restarts.is_untold:
            self._restarts.tell()
        if not self._keeping.holds:
            self._save_notebook()
            self._say_effort()
        self._wants_restart = self._has_outgrown() or self._has_runaways() or self._wants_restart

    def _has_runaways(self) -> bool:
        """Whether sensors that were left behind take a processor; they are left alone then, by the next agent too."""
        found = self._quarantine.runaways(self.recorder.hanging)
        self._quarantine.add(found)
        if not found or not self._save_notebook():
            return False
        names = ", ".join(sorted(found))
        self._log(
            f"sensors that work on and cannot be stopped ({names}) are left alone for a day; the agent starts anew"
        )
        return True

    def _has_outgrown(self) -> bool:
        try:
            resident = self._host.own_use().resident
        except Exception:  # noqa: BLE001  # the sensor says what is wrong with it; here nothing may stop
            return False
        return self._restarts.is_due(resident, self._host.monotonic() - self._begun)

    def _say_effort(self) -> None:
        """Keeps how much less is measured than usual, for `show`."""
        found = Effort(dict(self.recorder.costs.slowed), self._saving.is_on, self._keeping.turns)
        if found != self._effort:
            self._effort = found
            try:
                effort.keep(self._directory, found)
            except StateError as error:
                self._log(str(error))

    def _keep(self, report: WindowReport, *, at_once: bool = False) -> bool:
        urgent = self._urgent or is_urgent(report)
        try:
            self._keeping.add(wire.report(report), at_once=at_once or urgent)
        except StateError as error:
            # Facts stay unsaid, so they are said again; the window itself is lost, as there is nowhere to keep it.
            self._log(f"a window is lost: {error}")
            return False
        self._unwritten = self._ledger.said(report.facts, report.unmeasured) or self._unwritten
        self._write_ledger()
        self._waiting_windows += 1
        self._urgent = urgent
        return True

    def _write_ledger(self) -> None:
        if self._unwritten and not self._keeping.holds:
            self._unwritten = not self._write_quietly("ledger.json", self._ledger.remembered())

    def _write_held(self) -> None:
        """Puts windows that are in memory into the spool, and what goes with them where it belongs."""
        if not self._keeping.holds:
            return
        if not self._keeping.write():
            return
        self._write_ledger()
        self._save_notebook()
        self._say_effort()

    def _wants_flush(self) -> bool:
        if self._expired:
            return True  # to get another certificate, whatever waits
        if not self._waiting_windows and not self._failures:
            return False
        return self._failures > 0 or self._urgent or self._waiting_windows >= self._plan.windows_per_flush

    def _flush_if_due(self) -> None:
        if self._launcher.running or not self._wants_flush() or self._host.monotonic() < self._retry_at:
            return
        if self._expired:
            self._write_held()  # another certificate has to be written too
        parcel = None
        if self._keeping.holds:
            # Facts whose names a crash would forget are told only when these are kept.
            keeps_back = self._unwritten and not self._keeping.is_stuck
            parcel = None if keeps_back else self._keeping.parcel()
            if parcel is None:
                return
        self._waiting_windows = 0
        self._urgent = False
        self._launcher.start(self._settings, after_failure=self._failures > 0, parcel=parcel)

    def _attend_child(self) -> None:
        code = self._launcher.poll()
        if code is None:
            return
        self._keeping.delivered(self._launcher.told)
        if code < 0:
            self._keeping.note_broken_off()
        self._follow_identity()
        if code == 0:
            if self._failures:
                self._log("the collector takes reports again")
            self._failures = 0
            self._retry_at = 0.0
            return
        self._failures = 30 if code in _HOPELESS else self._failures + 1
        self._failed_flushes += 1
        least, most = self._settings.backoff_minimum, self._settings.backoff_maximum
        if self._expired and code not in _HOPELESS:
            most = max(least, min(most, _RECOVERY_MAXIMUM))
        # Full jitter: a thousand agents that lost the same collector do not come back at the same moment.
        ceiling = min(most, least * 2.0 ** min(self._failures, 30))
        self._retry_at = self._host.monotonic() + self._draw(least, ceiling)

    def _follow_policy(self) -> None:
        stamp = self._policy_stamp()
        if stamp == self._policy_seen:
            return
        self._policy_seen = stamp
        wanted = policy.load(self._directory)
        self._plan = policy.plan(wanted, self._settings)
        self.recorder.restrict(self._plan.gate)
        self._log(f"following policy {wanted.version}")
        self._say_if_behind(wanted)

    def _say_if_behind(self, wanted: Policy) -> None:
        if policy.is_older(VERSION, wanted.wanted_version):
            self._log(f"the collector asks for version {wanted.wanted_version} of the agent, and this is {VERSION}")

    @property
    def _expired(self) -> bool:
        return self._host.wall() >= self._not_after

    def _follow_identity(self) -> None:
        """Until when the certificate is good; the child may have got another one."""
        stamp = self._stamp(state.IDENTITY)
        if stamp != self._identity_seen:
            self._identity_seen = stamp
            try:
                self._not_after = identity.load(self._directory).not_after
            except (IdentityError, StateError):
                self._not_after = float("inf")  # the child says what is wrong with it

    def _policy_stamp(self) -> int:
        return self._stamp(state.POLICY)

    def _stamp(self, name: str) -> int:
        try:
            return (self._directory / name).stat().st_mtime_ns
        except OSError:
            return 0

    def _stop(self) -> None:
        if self._launcher.running:
            self._launcher.kill()
            self._keeping.delivered(self._launcher.told)
            self._keeping.note_broken_off()
        report = self.recorder.close()
        if report is not None:
            self._keep(report, at_once=True)
        self._write_held()
        self.notebook[uptime.STOPPED] = True
        self._save_notebook()
        self._keeping.end()

    def _save_notebook(self) -> bool:
        return self._write_quietly(state.NOTEBOOK, self.notebook)

    def _write_quietly(self, name: str, value: object) -> bool:
        try:
            state.write(self._directory / name, value, durable=False)
        except StateError as error:
            self._log(str(error))
            return False
        return True


def read_notebook(directory: Path, log: Callable[[str], None] = say) -> dict[str, Value]:
    """What sensors knew when the agent last ran."""
    found = state.read_quietly(directory / state.NOTEBOOK, log)
    return {name: value for name, value in found.items() if isinstance(value, str | float | bool)}
