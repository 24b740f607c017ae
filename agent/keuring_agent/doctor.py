"""Looks for what keeps the agent from working, and says how to mend it."""

from __future__ import annotations

import os
import socket
import stat
import time
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import identity, policy, sensors, state
from keuring_agent.errors import AgentError
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.ledger import Ledger
from keuring_agent.recorder import Recorder
from keuring_agent.sending import spool_of
from keuring_agent.spool import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.config import Settings
    from keuring_agent.host import Host
    from keuring_agent.identity import Identity

_HELD_BACK: Final = 12  # reports, an hour's worth
_CLOCK_LIMIT: Final = 60.0


class Mark(Enum):
    """How serious it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One line: what was looked at, what was found, and how to mend it ("" when there is nothing to)."""

    mark: Mark
    subject: str
    found: str
    mend: str = ""

    def __str__(self) -> str:
        line = f"{self.mark.value:<5}{self.subject}: {self.found}"
        return f"{line}\n       mend: {self.mend}" if self.mend else line


def examine(settings: Settings, host: Host) -> Iterator[Finding]:
    """Looks at everything, in the order in which a report travels. Sends nothing."""
    yield Finding(Mark.OK, "settings", "understood")
    yield _state_directory(settings)
    try:
        who = identity.load(settings.state_directory)
    except AgentError as error:
        what, _, mend = str(error).partition(";")
        yield Finding(Mark.FAIL, "identity", what, mend.strip() or "enrol again with --force")
    else:
        yield from _identity(settings, who)
        for address in settings.report_addresses or who.report_addresses:
            yield from _collector(address, who, settings.deadline)
    yield _clock(host)
    yield _spool(settings)
    yield from _sensors(settings, host)


def _state_directory(settings: Settings) -> Finding:
    directory = settings.state_directory
    if not directory.is_dir():
        return Finding(Mark.WARN, "state directory", f"{directory} does not exist yet", "enrolling makes it")
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            Mark.FAIL,
            "state directory",
            f"{directory}: this account may not write there",
            "use the account that the agent runs under, or make that the directory's owner",
        )
    if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & 0o066:
        return Finding(
            Mark.WARN, "state directory", f"{directory}: others may look into it", f"run: chmod 711 {directory}"
        )
    return Finding(Mark.OK, "state directory", str(directory))


def _identity(settings: Settings, who: Identity) -> Iterator[Finding]:
    path = settings.state_directory / state.IDENTITY
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding(Mark.FAIL, "identity", f"{path}: others may read the key", f"run: chmod 600 {path}")
    else:
        yield Finding(Mark.OK, "identity", f"endpoint {who.endpoint_id}")
    now = time.time()
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(who.not_after))
    if who.has_expired(now):
        yield Finding(
            Mark.FAIL, "certificate", f"expired on {until}", "run: keuring-agent enroll --force --token TOKEN"
        )
    elif now < who.not_before:
        yield Finding(Mark.FAIL, "certificate", "not valid yet by this machine's clock", "set the clock right")
    elif who.is_due(now):
        yield Finding(
            Mark.WARN,
            "certificate",
            f"valid until {until}, and should have been renewed by now",
            "see that `keuring-agent run` runs and reaches the collector; it renews by itself",
        )
    else:
        yield Finding(Mark.OK, "certificate", f"valid until {until}, renewed before by itself")


def _collector(address: str, who: Identity, deadline: float) -> Iterator[Finding]:
    name, _, port = address.rpartition(":")
    name = name.strip("[]")
    try:
        found = socket.getaddrinfo(name, int(port), type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        yield Finding(
            Mark.FAIL, "name", f"{name} is not known here ({error})", "check the network and its name servers"
        )
        return
    yield Finding(Mark.OK, "name", f"{name} is {found[0][4][0]}")
    try:
        with closing(socket.create_connection((name, int(port)), timeout=min(5.0, deadline))):
            pass
    except OSError as error:
        yield Finding(
            Mark.FAIL,
            "port",
            f"nobody answers at {address} ({error})",
            "see that the collector runs, and that no firewall is in between",
        )
        return
    yield Finding(Mark.OK, "port", f"{address} answers")
    yield _tls(address, who, deadline)


def _tls(address: str, who: Identity, deadline: float) -> Finding:
    from keuring_agent import uplink

    if not uplink.can_connect(address, who, min(5.0, deadline)):
        return Finding(
            Mark.FAIL,
            "tls",
            f"no trusted connection to {address}",
            "see that the address is the collector's, not a proxy's; if the collector was set up anew, enrol again: "
            "`keuring-agent enroll --force --token TOKEN`",
        )
    return Finding(Mark.OK, "tls", f"{address} is the collector that this machine trusts")


def _clock(host: Host) -> Finding:
    try:
        found = host.clock()
    except NotMeasurable as error:
        return Finding(Mark.OK, "clock", f"not looked at: {error.reason}")
    if not found.synchronised:
        return Finding(Mark.WARN, "clock", "follows no time server", "switch one on, as in: timedatectl set-ntp true")
    if found.offset is not None and abs(found.offset) > _CLOCK_LIMIT:
        return Finding(Mark.WARN, "clock", f"off by {found.offset:.0f} s", "see why the time service cannot keep up")
    return Finding(Mark.OK, "clock", "follows a time server")


def _spool(settings: Settings) -> Finding:
    if not (settings.state_directory / FILE_NAME).exists():
        return Finding(Mark.OK, "spool", "none yet")
    try:
        fill = spool_of(settings).fill()
    except AgentError as error:
        what, _, mend = str(error).partition(";")
        return Finding(Mark.FAIL, "spool", what, mend.strip())
    found = f"{fill.reports} reports wait, {fill.size / 1024:.0f} KiB"
    if fill.reports > _HELD_BACK:
        return Finding(Mark.WARN, "spool", found, "see the lines above and the agent's log for why they are not sent")
    return Finding(Mark.OK, "spool", found)


def _sensors(settings: Settings, host: Host) -> Iterator[Finding]:
    complaints: list[str] = []
    ledger = Ledger()
    gate = policy.plan(policy.load(settings.state_directory), settings).gate
    every = sensors.every({}, settings.smart_interval, settings.updates_interval)
    recorder = Recorder(host, every, ledger, gate, settings.sensor_timeout, complaints.append)
    recorder.sample(closing=True)
    for complaint in complaints:
        yield Finding(Mark.WARN, "sensors", complaint, "tell Keuring's makers, with this line")
    reasons = recorder.reason_unmeasured()
    yield Finding(
        Mark.OK,
        "sensors",
        f"{len(every) - len(complaints)} of {len(every)} work; {len(reasons)} signals cannot be measured here "
        "(`keuring-agent show` says why)",
    )
