"""Challenges: bytes that we alone can make, each good once and for a minute.

They carry their own end and our mark, so that asking for one, which anybody may, costs us no memory; only those that
came back are remembered, until they would have ended.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from typing import Final

SECONDS: Final = 60.0
MOST_USED: Final = 100_000  # remembered at most; beyond that none is taken until some have ended
_RANDOM, _END, _MARK = 16, 8, 32


class Challenges:
    """Makes challenges and takes each back once. ``now`` is in seconds of any steady clock."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._used: dict[bytes, float] = {}
        self._look_at = 0.0

    def draw(self, now: float) -> bytes:
        """A new one."""
        body = secrets.token_bytes(_RANDOM) + struct.pack(">d", now + SECONDS)
        return body + self._mark(body)

    def take(self, challenge: bytes, now: float) -> bool:
        """Whether it is one of ours, not too old, and comes for the first time."""
        body, mark = challenge[: _RANDOM + _END], challenge[_RANDOM + _END :]
        if len(challenge) != _RANDOM + _END + _MARK or not hmac.compare_digest(mark, self._mark(body)):
            return False
        (end,) = struct.unpack(">d", body[_RANDOM:])
        if now >= self._look_at:
            self._used = {known: until for known, until in self._used.items() if until > now}
            self._look_at = now + SECONDS
        if now >= end or body in self._used or len(self._used) >= MOST_USED:
            return False
        self._used[body] = end
        return True

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)
