"""Windows on their way into the spool, which wake no disk.

Where the spool is on a disk that turns, and nobody used that disk since the last sample, it may sleep or be about to.
Then windows stay in memory and are sent from there; what is to be noted of that stays there too. All of it is written
as soon as somebody else has woken the disk, after an hour when no collector takes the windows, and after a day
anyway. What is urgent is written at once, and everything is when the agent ends, rests or starts anew. Where the
disk takes nothing, for it is full, windows wait and are sent in the same way: the desk is to know of just that.

A mark in the state directory says that there may be windows in memory. Whoever finds one that ended without a word puts
a gap where windows may be lost, over all numbers that may have been used from memory: none is ever used for another.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import state
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_agent.dispatches import Dispatch
    from keuring_agent.host.protocol import Host
    from keuring_agent.parcel import Parcel
    from keuring_agent.spool import Spool

LONGEST: Final = 3600.0  # seconds that a window which nobody has acknowledged stays in memory
LONGEST_NOTES: Final = 86400.0  # the same for what is to be noted
MAY_BE_LOST: Final = "the agent ended without a word; windows that it kept in memory for a disk at rest may be lost"
MARK: Final = "in-memory.json"
SPARE: Final = "in-memory.spare"  # becomes the mark on a disk that has no room for one
_MOST: Final = 1000  # windows, and lines to note, that are in memory at a time


class _Held(NamedTuple):
    body: bytes
    created: float  # seconds since 1970
    since: float  # by the clock that never jumps


def recover(spool: Spool, directory: Path, now: float) -> bool:
    """Says by a gap, and in the log, what the last agent may have lost in memory; returns whether it may have.

    Raises StateError.
    """
    if not (directory / MARK).exists():
        return False
    spool.add_gap(MAY_BE_LOST, _MOST)
    from keuring_agent import dispatches  # so seldom that the resident process does not carry it

    dispatches.keep(directory, (dispatches.Dispatch(now, dispatches.NOT_NOTED, ""),))
    state.remove(directory / MARK)
    return True


class Keeping:
    """One object serves one run of the agent; ``directory`` is the spool's."""

    def __init__(self, spool: Spool, directory: Path, host: Host, log: Callable[[str], None]) -> None:
        self._spool = spool
        self._directory = directory
        self._host = host
        self._log = log
        self._held: list[_Held] = []
        self._epoch = 0
        self._following = 0  # the number of the first window in memory, since the last parcel
        self._through = 0  # up to where the collector has what is still in the spool
        self._sent = 0  # windows sent from memory, whose numbers the spool does not know to be used
        self._notes: list[Dispatch] = []
        self._behind = 0.0  # since when something is in memory alone
        self.turns = True  # until it is known
        self._is_marked = False
        self.is_stuck = False  # whether the disk took nothing the last time
        self._transfers = -1
        self._is_quiet = False

    def begin(self) -> bool:
        """Says what may have been lost before this start; returns whether. Raises StateError."""
        lost = recover(self._spool, self._directory, self._host.wall())
        self.look()
        try:
            state.write(self._directory / (MARK if self.turns else SPARE), {"since": self._host.wall()})
            self._is_marked = self.turns
        except StateError as error:
            self._log(str(error))
            self.turns = self._is_quiet = False  # without a mark nothing may be kept in memory
        return lost

    def _mark(self) -> bool:
        """Whether there is a mark by now: renaming takes no room."""
        if not self._is_marked:
            try:
                (self._directory / SPARE).replace(self._directory / MARK)
                state.sync_directory(self._directory)
            except OSError:
                return False
            self._is_marked = True
        return True

    def _unmark(self) -> None:
        if self._is_marked and not self.turns:
            with suppress(OSError):
                (self._directory / MARK).replace(self._directory / SPARE)
                self._is_marked = False

    def look(self) -> None:
        """Looks whether somebody used the disk since the last look; once a sample."""
        if not self.turns:
            return
        try:
            found = self._host.disk_below(str(self._directory))
        except Exception:  # noqa: BLE001  # whatever the system says there, the loop goes on
            found = None
        self.turns = found is not None and found.turns
        self._is_quiet = found is not None and found.turns and found.transfers == self._transfers
        if found is not None:
            self._transfers = found.transfers

    @property
    def holds(self) -> bool:
        """Whether something is in memory that is not on the disk."""
        return bool(self._held or self._sent or self._through or self._notes)

    @property
    def is_due(self) -> bool:
        """Whether it may be written, or must."""
        if not self.holds or not self._is_quiet:
            return self.holds
        now = self._host.monotonic()
        if self._sent + len(self._held) >= _MOST:
            return True
        return now - self._behind >= LONGEST_NOTES or (bool(self._held) and now - self._held[0].since >= LONGEST)

    def add(self, body: bytes, *, at_once: bool) -> None:
        """Takes a window. Raises StateError when it cannot be kept; then it is not held either."""
        self._fall_behind()
        self._held.append(_Held(body, self._host.wall(), self._host.monotonic()))
        if at_once or self.is_due:
            try:
                self._write()
            except StateError as error:
                if len(self._held) > _MOST or not self._mark():
                    self._held.pop()
                    raise
                self._complain(error)

    def write(self) -> bool:
        """Writes all; returns whether the disk took it. What is not in the spool yet is held on to."""
        try:
            self._write()
        except StateError as error:
            self._complain(error)
            return False
        return True

    def _complain(self, error: StateError) -> None:
        if not self.is_stuck:
            self._log(f"{error}; until then windows stay in memory, and are sent from there")
        self.is_stuck = True

    def note_broken_off(self) -> None:
        """A child that was killed could not note what it had sent."""
        from keuring_agent import dispatches  # so seldom that the resident process does not carry it

        entry = dispatches.Dispatch(self._host.wall(), dispatches.BROKEN_OFF, "")
        if self.holds:
            self._note(entry)
        elif complaint := dispatches.keep(self._directory, (entry,)):
            self._log(complaint)

    def _note(self, entry: Dispatch) -> None:
        self._fall_behind()
        self._notes = [*self._notes[1 - _MOST :], entry]

    def _fall_behind(self) -> None:
        if not self.holds:
            self._behind = self._host.monotonic()

    def parcel(self) -> Parcel | None:
        """What is sent while windows are in memory; None where the spool cannot be read."""
        from keuring_agent import wire  # here: few machines need it
        from keuring_agent.parcel import Parcel
        from keuring_agent.spool import Kept

        try:
            fill = self._spool.fill()  # the system has it in memory, as it has what was written last
            if fill.epoch != self._epoch:
                self._epoch, self._sent, self._through = fill.epoch, 0, 0
            waiting = self._spool.batch(self._through + 1)
        except StateError as error:
            self._log(str(error))
            return None
        if not self._held or waiting.epoch != fill.epoch:
            return None
        self._following = fill.newest + 1 + self._sent
        if waiting.reports and waiting.reports[-1].last < fill.newest:
            return Parcel(fill.epoch, waiting.reports)  # there is more than goes at once; what is in memory comes last
        numbered = enumerate(self._held, self._following)
        held = [Kept(number, number, wire.numbered(fill.epoch, number, each.body)) for number, each in numbered]
        return Parcel(fill.epoch, [*waiting.reports, *held])

    def delivered(self, told: bytes) -> None:
        """Takes what the child of a parcel said; nothing from one without."""
        if not told:
            return
        from keuring_agent import parcel
        from keuring_agent.dispatches import Dispatch

        found = parcel.understood(told)
        for entry in found.dispatches:
            self._note(Dispatch(**{**entry, "signals": tuple(entry["signals"])}))
        taken = min(max(0, found.through + 1 - self._following), len(self._held))
        del self._held[:taken]
        self._sent += taken
        self._following += taken
        self._through = max(self._through, found.through)
        if found.needs_spool:
            self.write()

    def _write(self) -> None:
        if self._through:
            self._spool.delete(self._epoch, self._through)
            self._through = 0
        if self._sent:
            self._spool.skip(self._epoch, self._sent)
            self._sent = 0
        while self._held:
            self._spool.append(self._held[0].body, self._held[0].created)
            del self._held[0]
            self._following += 1
        if self._notes:
            from keuring_agent import collectors, dispatches

            notes, self._notes = self._notes, []
            if complaint := dispatches.keep(self._directory, notes):
                self._log(complaint)
            taken = [entry for entry in notes if entry.kind == dispatches.REPORTS and entry.acknowledged]
            if taken:
                last = taken[-1]
                with suppress(StateError):  # a memory that is of use, no more
                    collectors.note(self._directory, last.to, last.time, collectors.load(self._directory))

        if self.is_stuck:
            self._log("windows can be written again")
        self.is_stuck = False
        self._unmark()

    def end(self) -> None:
        """The agent ends, and everything is written."""
        if not self.holds:
            state.remove(self._directory / MARK)
