"""Growth of running totals between two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Growth:
    """Remembers the totals of each subject and the time they were read at."""

    def __init__(self) -> None:
        self._previous: dict[str, tuple[float, tuple[float, ...]]] = {}

    def since(self, subject: str, now: float, totals: Sequence[float]) -> tuple[float, tuple[float, ...]] | None:
        """(seconds, growth of each total) since the last call for ``subject``.

        None the first time, after a total fell (the part was replaced, the system restarted), or without time between.
        """
        before = self._previous.get(subject)
        self._previous[subject] = (now, tuple(totals))
        if before is None or now <= before[0] or len(before[1]) != len(totals):
            return None
        growth = tuple(total - old for total, old in zip(totals, before[1], strict=True))
        return None if min(growth) < 0 else (now - before[0], growth)


def share(part: float, whole: float) -> float | None:
    """``part`` of ``whole``, from 0 to 1; None of nothing. Clocks that tick at different moments can pass 1."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else None
