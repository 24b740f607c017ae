"""A colleague's pause: nothing is measured nor kept until it ends.

A pause is asked for by making an empty file in a directory where every account may make files and nobody may look
around or take away those of others (like /tmp, and unreadable). The name is the whole request: the agent opens no
file of anybody, so there is nothing to trick it with. Accounts of services are not listened to. The agent looks
before each sample, so from the moment of asking on nothing is measured.

A pause lasts as long as the system's uptime says, which no change of the clock moves; over a restart of the system
the clock counts, but never for more than what was left.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_agent import state
from keuring_agent.errors import AgentError, StateError
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.host.protocol import Host

FILE_NAME: Final = "pause.json"
REQUESTS: Final = "requests"
NOT_OURS: Final = "decline-"  # what is asked about notices; see notices.py
SHORTEST, LONGEST = 60.0, 86400.0
_OPEN: Final = 0o1733  # all may make files, none may look around, none may remove those of others
# Not compiled before one comes: that would cost the resident agent memory.
_NAME: Final = r"(pause|resume)-(\d{1,5})-[0-9a-f]{16}"
_MOST: Final = 10_000  # files that are looked at in one go
_SAVE_EVERY: Final = 300.0
_MOVED: Final = 10.0
_DURATION: Final = r"(\d{1,4})(m|h|d)"
_UNITS: Final = {"m": 60.0, "h": 3600.0, "d": 86400.0}
_FIRST_PERSON: Final = 501 if sys.platform == "darwin" else 1000
_SERVICES: Final = range(61184, 65536)  # accounts that systemd draws, and nobody


class Standing(NamedTuple):
    """A pause as it is kept. Uptimes and ``left`` in seconds, ``until`` and ``saved`` in seconds since 1970."""

    boot_id: str
    until_uptime: float
    saved_uptime: float
    until: float
    saved: float
    left: float
    told: bool = False  # whether the desk was


def duration(text: str) -> float:
    """Seconds of "30m", "2h" or "1d". Raises AgentError."""
    found = re.fullmatch(_DURATION, text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0.0
    if not SHORTEST <= seconds <= LONGEST:
        raise AgentError(f"a pause of '{text}' cannot be; write minutes, hours or a day, as in 30m, 2h or 1d")
    return seconds


def ask(directory: Path, seconds: float) -> None:
    """Asks the agent for a pause, or, with 0, to go on. Raises StateError where no agent listens."""
    request(directory, f"pause-{seconds:.0f}" if seconds else "resume-0")


def request(directory: Path, what: str) -> None:
    """Leaves a request for the agent, which is the name of an empty file. Raises StateError where no agent listens."""
    path = directory / REQUESTS / f"{what}-{os.urandom(8).hex()}"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StateError(
            f"{path.parent}: no agent takes requests there ({error.strerror}); has it run? Say where it keeps its "
            "state with --state-directory"
        ) from error


def until(directory: Path, now: float) -> float | None:
    """When the pause that is on ends, in seconds since 1970; None when none is on. For whoever wants to know."""
    try:
        kept = _standing(state.read(directory / FILE_NAME))
    except StateError:
        return None
    return kept.until if kept is not None and kept.until > now else None


def is_on(directory: Path, host: Host) -> bool:
    """Whether nothing may be measured now, for a command that measures once."""
    found = Pause(directory, host, lambda text: print(f"keuring-agent: {text}", file=sys.stderr))
    found.begin()
    return found.look()


class Pause:
    """The resident process's side: takes requests, and knows whether a pause is on."""

    def __init__(self, directory: Path, host: Host, log: Callable[[str], None]) -> None:
        self._directory = directory
        self._requests = directory / REQUESTS
        self._host = host
        self._log = log
        self._seen = -1
        self._standing: Standing | None = None

    def begin(self) -> None:
        """Makes the place for requests, and goes on with a pause that was on before a restart."""
        with suppress(OSError):
            if not stat.S_ISDIR(self._requests.lstat().st_mode):
                self._requests.rename(self._requests.with_suffix(".damaged"))
        try:
            self._requests.mkdir(exist_ok=True)
            if os.name == "posix":
                self._requests.chmod(_OPEN)
        except OSError as error:
            self._log(f"{self._requests}: colleagues cannot ask for a pause there ({error.strerror})")
        try:
            kept = _standing(state.read(self._directory / FILE_NAME))
        except StateError as error:
            self._log(f"{error}; no pause is on")
            kept = None
        if kept is not None:
            self._standing = self._carried_over(kept)

    def look(self) -> bool:
        """Takes what was asked; returns whether nothing may be measured now."""
        self._take_requests()
        kept = self._standing
        if kept is None:
            return False
        left = kept.until_uptime - self._uptime()
        if left <= 0:
            self._end()
            return False
        moved = abs(self._host.wall() + left - kept.until) > _MOVED  # the clock was set: say the new end
        if moved or left < kept.left - _SAVE_EVERY:
            self._save(kept, left)
        return True

    @property
    def is_told(self) -> bool:
        """Whether the desk was told of the pause that is on."""
        return self._standing is not None and self._standing.told

    def tell(self) -> None:
        """Notes that the report that says so is kept."""
        if self._standing is not None:
            kept = self._standing._replace(told=True)
            self._save(kept, kept.until_uptime - self._uptime())

    def _take_requests(self) -> None:
        try:
            changed = self._requests.stat().st_mtime_ns
            if changed == self._seen:
                return
            self._seen = changed
            found: list[tuple[int, str, float]] = []
            with os.scandir(self._requests) as entries:
                for entry in islice(entries, _MOST):
                    if entry.name.startswith(NOT_OURS):
                        continue
                    wish = _wish(entry)
                    if wish is not None:
                        found.append(wish)
                    self._seen = -1  # what came in between is seen the next time
                    self.remove(entry)
        except OSError:
            return  # no place for requests: begin() said so
        if not found:
            return
        _, what, seconds = max(found)
        if what == "resume":
            self._end()
        else:
            left = min(max(seconds, SHORTEST), LONGEST)
            told = self.is_told
            self._save(Standing(self._boot_id(), self._uptime() + left, 0.0, 0.0, 0.0, left, told), left)

    @staticmethod
    def remove(entry: os.DirEntry[str]) -> None:
        """Takes a request away, or whatever else lies there."""
        with suppress(OSError):  # a directory that somebody filled: it hinders nobody
            if entry.is_dir(follow_symlinks=False):
                Path(entry.path).rmdir()
            else:
                Path(entry.path).unlink()

    def _carried_over(self, kept: Standing) -> Standing | None:
        uptime, wall, boot = self._uptime(), self._host.wall(), self._boot_id()
        if kept.boot_id == boot and uptime >= kept.saved_uptime:
            return kept
        # The system was started anew. A clock that went back says nothing.
        left = kept.left if wall < kept.saved else min(kept.left, kept.until - wall)
        if left <= 0:
            self._end()
            return None
        self._save(kept._replace(boot_id=boot, until_uptime=uptime + left), left)
        return self._standing

    def _save(self, kept: Standing, left: float) -> None:
        wall = self._host.wall()
        kept = kept._replace(saved_uptime=self._uptime(), until=wall + left, saved=wall, left=left)
        self._standing = kept
        try:
            state.write(self._directory / FILE_NAME, kept._asdict(), shared=True)
        except StateError as error:
            self._log(f"{error}; the pause ends with a restart of the agent")

    def _end(self) -> None:
        self._standing = None
        state.remove(self._directory / FILE_NAME)

    def _uptime(self) -> float:
        try:
            return self._host.uptime()
        except NotMeasurable:
            return self._host.monotonic()

    def _boot_id(self) -> str:
        try:
            return self._host.boot_id()
        except NotMeasurable:
            return "unknown"


def may_ask(account: int) -> bool:
    """Whether an account is that of a person (or root, or the agent's own)."""
    if os.name != "posix" or account in (0, os.geteuid()):
        return True
    return account >= _FIRST_PERSON and account not in _SERVICES


def _wish(entry: os.DirEntry[str]) -> tuple[int, str, float] | None:
    """(when it was asked, what, seconds) of a request; None for what is none."""
    named = re.fullmatch(_NAME, entry.name)
    if named is None:
        return None
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode) or not may_ask(status.st_uid):
        return None
    return status.st_ctime_ns, named[1], float(named[2])


def _standing(found: dict[str, Any] | None) -> Standing | None:
    """What was kept; None when nothing was. Raises StateError for what is damaged."""
    if found is None:
        return None
    numbers = ("until_uptime", "saved_uptime", "until", "saved", "left")
    if not all(isinstance(found.get(name), int | float) for name in numbers) or not 0 < found["left"] <= LONGEST:
        raise StateError("what was kept of a pause is damaged")
    until_uptime, saved_uptime, end, saved, left = (float(found[name]) for name in numbers)
    told = found.get("told") is True
    return Standing(str(found.get("boot_id", "")), until_uptime, saved_uptime, end, saved, left, told)


def clock(when: float) -> str:
    """A time of today or tomorrow, for a person."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))
