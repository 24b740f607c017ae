"""Reads sensors within a limit of time, one after the other, whatever they wait for.

POSIX systems interrupt the one thread that there is by a timer. Elsewhere nothing interrupts a program that waits;
there a second thread reads for as long as one pass over the sensors takes. One that hangs is left behind with what it
reads, the pass goes on in another, and the sensor has no turn before the first one lets go.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from keuring_agent.host.waiting import Overdue, bounded
from keuring_agent.sensors.base import Readings

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread

    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Sensor


class Reader(Protocol):
    """Reads a sensor. One object serves one run of the agent."""

    def read(self, sensor: Sensor, host: Host, out: Readings, limit: float) -> None:
        """Reads within ``limit`` seconds. Raises Overdue, and whatever the sensor raises."""

    def rest(self) -> None:
        """The pass is over; from here on there is one thread, and those that hang."""

    @property
    def hanging(self) -> list[str]:
        """Names of sensors that were left behind and are not back."""


class Interrupting:
    """By a timer, in the main thread of a POSIX system."""

    hanging: list[str] = []  # noqa: RUF012  # none ever is

    def read(self, sensor: Sensor, host: Host, out: Readings, limit: float) -> None:
        """See Reader. What an interrupted sensor had read until then stands in ``out``."""
        with bounded(limit):
            sensor.read(host, out)

    def rest(self) -> None:
        """See Reader."""


class LeavingBehind:
    """In a thread for each pass, on systems where nothing can be interrupted."""

    def __init__(self) -> None:
        self._worker: _Worker | None = None
        self._left: dict[str, Thread] = {}

    @property
    def hanging(self) -> list[str]:
        """See Reader."""
        self._left = {name: thread for name, thread in self._left.items() if thread.is_alive()}
        return list(self._left)

    def read(self, sensor: Sensor, host: Host, out: Readings, limit: float) -> None:
        """See Reader. Of a sensor that is late nothing stands in ``out``, then or ever."""
        own = Readings(out.gate)
        worker = self._worker = self._worker or _Worker()
        try:
            worker.run(lambda: sensor.read(host, own), limit)
        except Overdue:
            self._left[sensor.name] = worker.thread
            self._worker = None
            raise
        finally:
            if self._worker is not None:
                out.take(own)

    def rest(self) -> None:
        """See Reader."""
        if self._worker is not None:
            self._worker.end()
            self._worker.thread.join()
            self._worker = None


class _Worker:
    """A thread that does what it is given, one thing at a time, until it is told to end or comes late."""

    def __init__(self) -> None:
        # Imported here: where there are timers, the resident agent has no use for them.
        from queue import SimpleQueue
        from threading import Thread

        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        self.thread = Thread(target=self._work, name="keuring sensors", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001  # whatever it is belongs to who asked
                self._ends.put(error)
            else:
                self._ends.put(None)

    def run(self, job: Callable[[], None], limit: float) -> None:
        """Does it. Raises Overdue after ``limit`` seconds, and whatever the job raises."""
        from queue import Empty

        self._jobs.put(job)
        try:
            error = self._ends.get(timeout=limit)
        except Empty:
            self.end()  # once it comes back
            raise Overdue from None
        if error is not None:
            raise error

    def end(self) -> None:
        """Ends the thread after what it does now."""
        self._jobs.put(None)


def default() -> Reader:
    """The one for this system."""
    return Interrupting() if os.name == "posix" else LeavingBehind()
