"""Which rows of a table are given out: runs of rows, next to each other."""

from __future__ import annotations


class Runs:
    """Gives out runs of rows and takes them back. ``used`` is where rows begin that nobody has.

    Neighbours that were taken back become one run again, so that runs of changing length leave no rows behind.
    """

    def __init__(self) -> None:
        self.used = 0
        self._lengths: dict[int, int] = {}  # of what is free: by first row
        self._firsts: dict[int, int] = {}  # by the row after its last
        self._by_length: dict[int, set[int]] = {}

    def take(self, count: int) -> int:
        """The first of ``count`` rows: of the shortest free run that has as many, else of new ones."""
        length = count if count in self._by_length else min((n for n in self._by_length if n > count), default=0)
        if not length:
            first = self.used
            self.used += count
            return first
        first = next(iter(self._by_length[length]))
        self._remove(first, length)
        if length > count:
            self._add(first + count, length - count)
        return first

    def give_back(self, first: int, count: int) -> None:
        """Takes back rows that were given out."""
        before = self._firsts.get(first)
        if before is not None:
            self._remove(before, first - before)
            first, count = before, count + first - before
        after = self._lengths.get(first + count)
        if after is not None:
            self._remove(first + count, after)
            count += after
        if first + count == self.used:
            self.used = first
        else:
            self._add(first, count)

    def _add(self, first: int, length: int) -> None:
        self._lengths[first] = length
        self._firsts[first + length] = first
        self._by_length.setdefault(length, set()).add(first)

    def _remove(self, first: int, length: int) -> None:
        del self._lengths[first], self._firsts[first + length]
        same = self._by_length[length]
        same.remove(first)
        if not same:
            del self._by_length[length]
