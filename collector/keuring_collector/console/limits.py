"""How often one address may try to sign in. Kept in the memory of the console's process, which is one."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Final

_MOST_ADDRESSES: Final = 10_000


class Attempts:
    """A sliding window of failed attempts per address: at most ``most`` in ``period`` seconds."""

    def __init__(self, most: int = 5, period: float = 60.0) -> None:
        self.most = most
        self.period = period
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, address: str, now: float) -> float:
        """Counts an attempt; returns 0, or the seconds to wait when there were too many (then it does not count).

        An attempt counts as failed until ``succeeded`` takes it back, so that many at once cannot slip through.
        """
        with self._lock:
            times = self._failed.setdefault(address, deque())
            self._failed.move_to_end(address)
            while times and times[0] <= now - self.period:
                times.popleft()
            if len(times) >= self.most:
                return times[0] + self.period - now
            times.append(now)
            while len(self._failed) > _MOST_ADDRESSES:
                self._failed.popitem(last=False)
            return 0.0

    def succeeded(self, address: str, began: float) -> None:
        """Takes back the attempt that began at ``began``: it was right."""
        with self._lock:
            times = self._failed.get(address)
            if times and began in times:
                times.remove(began)

    def clear(self) -> None:
        """Forgets all attempts."""
        with self._lock:
            self._failed.clear()
