"""Windows that are sent from memory, so that a disk at rest stays so: what the sending child gets, and what it says.

A parcel stands in the place of the spool for one sending, and nothing leaves the spool by it yet. What would need the
spool itself (the collector waits for a number that is not there) the child leaves to a sending from the disk.
"""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any, NamedTuple

from keuring_agent.errors import DeliveryError
from keuring_agent.spool import Batch, Fill, Kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.dispatches import Dispatch


class Parcel:
    """Reports of one epoch, in order and numbered: those of the spool that nobody took yet, then those in memory."""

    def __init__(self, epoch: int, reports: Sequence[Kept]) -> None:
        self._epoch = epoch
        self._reports = reports
        self._through = 0
        self._needs_spool = False
        self.dispatches: Sequence[Dispatch] = ()  # what is to be noted in the log of what was sent

    def batch(self, first: int = 0) -> Batch:
        """See Spool."""
        first = max(first, self._through + 1)
        return Batch(self._epoch, [kept for kept in self._reports if kept.last >= first])

    def delete(self, epoch: int, through: int) -> None:
        """See Spool."""
        if epoch == self._epoch:
            self._through = max(self._through, through)

    def fill(self) -> Fill:
        """See Spool."""
        return Fill(len(self.batch().reports), self._reports[-1].last, 0, self._epoch)

    def begin_epoch(self, epoch: int) -> None:
        """Of the spool only. Raises DeliveryError."""
        self._leave(epoch)

    def close_gap(self, epoch: int, first: int, reason: str) -> None:  # noqa: ARG002  # as the spool has them
        """The same."""
        self._leave(epoch)

    def _leave(self, epoch: int) -> None:
        self._needs_spool = True
        raise DeliveryError(f"the collector waits for another report of spool {epoch}; it is sent from the disk")

    def data(self) -> bytes:
        """For a child that does not share the memory."""
        rows = [(kept.sequence, kept.last, b2a_base64(kept.message, newline=False).decode()) for kept in self._reports]
        return json.dumps([self._epoch, rows]).encode()

    @classmethod
    def of(cls, data: bytes) -> Parcel:
        """Of what ``data`` gave. Raises ValueError for anything else."""
        epoch, rows = json.loads(data)
        return cls(int(epoch), [Kept(int(first), int(last), a2b_base64(message)) for first, last, message in rows])

    def told(self) -> bytes:
        """What came of it, for the resident process."""
        return json.dumps([self._through, self._needs_spool, [entry._asdict() for entry in self.dispatches]]).encode()


class Told(NamedTuple):
    """The number up to which reports were acknowledged, whether the rest needs the spool, and what to note."""

    through: int = 0
    needs_spool: bool = False
    dispatches: Sequence[dict[str, Any]] = ()


def understood(told: bytes) -> Told:
    """What a child said. Of one that was killed nothing counts: what is sent again is harmless."""
    try:
        return Told(*json.loads(told))
    except (ValueError, TypeError):
        return Told()
