"""Looks for what keeps the agent from working, and says how to mend it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_agent import VERSION, collectors, enrolment_token, identity, policy, proxy, sensors, silent, state
from keuring_agent.errors import AgentError
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.ledger import Ledger
from keuring_agent.recorder import Recorder
from keuring_agent.sending import spool_of
from keuring_agent.spool import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from keuring_agent.config import Settings
    from keuring_agent.host.protocol import Host
    from keuring_agent.identity import Identity
    from keuring_agent.language import Language

_HELD_BACK: Final = 12  # reports, an hour's worth
_CLOCK_LIMIT: Final = 60.0
_LEAST_FREE: Final = 16 * 2**20  # bytes; reports of a day have a tenth of that


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

    def line(self, say: Language) -> str:
        """As a colleague reads it; what other programs say themselves stays as it is."""
        line = f"{self.mark.value:<5}{say(self.subject)}: {say.reason(self.found)}"
        return f"{line}\n       {say('mend')}: {say.reason(self.mend)}" if self.mend else line


def examine(settings: Settings, host: Host) -> Iterator[Finding]:
    """Looks at everything, in the order in which a report travels. Sends nothing."""
    yield Finding(Mark.OK, "settings", "understood")
    yield _state_directory(settings)
    try:
        who = identity.load(settings.state_directory)
    except AgentError as error:
        yield from _not_enrolled(settings, error)
    else:
        yield from _identity(settings, who)
        yield from _collectors(settings, who)
    yield _clock(host)
    yield _disk(settings)
    yield _spool(settings)
    yield _version(settings)
    yield from _sensors(settings, host)


def next_step(findings: Sequence[Finding]) -> Finding | None:
    """The one to mend first: a failure before a warning, and of these the first on a report's way."""
    worst = (finding for mark in (Mark.FAIL, Mark.WARN) for finding in findings if finding.mark is mark)
    return next(worst, None)


def _state_directory(settings: Settings) -> Finding:
    directory = settings.state_directory
    if directory.exists() and not directory.is_dir():
        mend = "choose another with --state-directory, or the setting 'state_directory'"
        return Finding(Mark.FAIL, "state directory", f"{directory} is no directory", mend)
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


def _not_enrolled(settings: Settings, error: AgentError) -> Iterator[Finding]:
    """What is in the way of enrolling: nobody left a token, it was refused, or nobody answers where it leads."""
    what, _, mend = str(error).partition(";")
    fallback = Finding(Mark.FAIL, "identity", what, mend.strip() or "enrol again with --force")
    try:
        left = None if (settings.state_directory / state.IDENTITY).exists() else silent.means(settings)
        if left is None:
            yield fallback
            return
        silent.check(settings)
        token = enrolment_token.parse(left.token)
        root = _root_of(token.root)
    except AgentError as refusal:
        what, _, mend = str(refusal).partition(";")
        yield Finding(Mark.FAIL, "identity", f"not enrolled: {what}", mend.strip() or "put another token in its place")
        return
    place = "the settings" if left.path is None else str(left.path)
    yield Finding(
        Mark.WARN, "identity", f"not enrolled yet; a token waits in {place}", "start the service: it enrols by itself"
    )
    for address in token.addresses:
        yield from _collector(address, root, None, settings)


def _root_of(der: bytes) -> str:
    """The root that a token names, PEM. Raises EnrolmentError."""
    from keuring_agent import credentials

    return credentials.root_pem(der).decode("ascii")


def _identity(settings: Settings, who: Identity) -> Iterator[Finding]:
    path = settings.state_directory / state.IDENTITY
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding(Mark.FAIL, "identity", f"{path}: others may read the key", f"run: chmod 600 {path}")
    else:
        yield Finding(Mark.OK, "identity", f"endpoint {who.endpoint_id}")
    now = time.time()
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(who.not_after))
    if who.has_expired(now):
        yield _expired(settings, who, until)
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
        yield Finding(Mark.OK, "certificate", f"valid until {until}, renewed before by itself{_recovered(settings)}")


def _expired(settings: Settings, who: Identity, until: str) -> Finding:
    refused = _recovery(settings).get("refused")
    if isinstance(refused, float) and refused >= who.not_after:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(refused))
        return Finding(
            Mark.FAIL,
            "certificate",
            f"expired on {until}, and the collector gives no new one for it (asked on {at})",
            "run: keuring-agent enroll --force --token TOKEN",
        )
    addresses = settings.enrolment_addresses or who.to_enrol_at()
    return Finding(
        Mark.WARN,
        "certificate",
        f"expired on {until}; the agent gets a new one by itself, at {', '.join(addresses)}",
        "see that `keuring-agent run` runs; if the lines below say that nobody answers, that is what to mend",
    )


def _recovered(settings: Settings) -> str:
    recovered = _recovery(settings).get("recovered")
    if not isinstance(recovered, float):
        return ""
    return f"; one that had expired was replaced on {time.strftime('%Y-%m-%d', time.localtime(recovered))}"


def _recovery(settings: Settings) -> dict[str, Any]:
    try:
        return state.read(settings.state_directory / state.RECOVERY) or {}
    except AgentError:
        return {}


def _collectors(settings: Settings, who: Identity) -> Iterator[Finding]:
    """Each address; where one of several works, what is wrong with the others is a warning.

    With an expired certificate only those count where another one can be had.
    """
    addresses = settings.collector or who.report_addresses
    expired = who.has_expired(time.time())
    looked_at = (settings.enrolment_addresses or who.to_enrol_at()) if expired else addresses
    showing = None if expired else who
    found = [list(_collector(address, who.trust_roots, showing, settings)) for address in looked_at]
    broken = [any(finding.mark is Mark.FAIL for finding in each) for each in found]
    for finding in (finding for each in found for finding in each):
        mild = finding.mark is Mark.FAIL and not all(broken)
        yield finding._replace(mark=Mark.WARN) if mild else finding
    yield _in_use(addresses, settings)


def _in_use(addresses: tuple[str, ...], settings: Settings) -> Finding:
    known = collectors.load(settings.state_directory)
    first = collectors.in_order(addresses, known, time.time(), settings.collector_return)[:1]
    if not first:
        return Finding(Mark.FAIL, "collector", "no address is known", "enrol again, or set 'collector'")
    said = f"{first[0]} comes first"
    if known is None:
        return Finding(Mark.OK, "collector", f"{said}; nothing was sent yet")
    return Finding(Mark.OK, "collector", f"{said}; {known}")


def _collector(address: str, roots: str, showing: Identity | None, settings: Settings) -> Iterator[Finding]:
    way = _through_proxy(address, settings) if settings.proxy else _directly(address, settings.deadline)
    for finding in way:
        yield finding
        if finding.mark is Mark.FAIL:
            return
    yield _tls(address, roots, showing, settings)


def _through_proxy(address: str, settings: Settings) -> Iterator[Finding]:
    through = proxy.parse(settings.proxy)
    try:
        proxy.connect(address, through, min(5.0, settings.deadline)).close()
    except proxy.ProxyError as error:
        yield Finding(
            Mark.FAIL,
            "proxy",
            f"no way to {address}: {error}",
            'let the proxy allow CONNECT to that port; if it asks who you are: proxy = "http://NAME:PASSWORD@HOST:PORT"',
        )
    except OSError as error:
        yield Finding(
            Mark.FAIL,
            "proxy",
            f"nobody answers at {through} ({error})",
            "see that the proxy runs, or take the setting 'proxy' away if there is none",
        )
    else:
        yield Finding(Mark.OK, "proxy", f"{through} answers, and lets through to {address}")


def _directly(address: str, deadline: float) -> Iterator[Finding]:
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


def _tls(address: str, roots: str, showing: Identity | None, settings: Settings) -> Finding:
    from keuring_agent import uplink

    if not uplink.can_connect(address, roots, showing, min(5.0, settings.deadline), settings.proxy):
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


def _disk(settings: Settings) -> Finding:
    """Room for what cannot be sent: the whole spool, or at least what is written in a day."""
    directory = next(each for each in (settings.state_directory, *settings.state_directory.parents) if each.exists())
    free = shutil.disk_usage(directory).free
    found = f"{free / 2**20:.0f} MiB free at {directory}"
    if free < _LEAST_FREE:
        return Finding(
            Mark.FAIL,
            "disk",
            found,
            "make room: without it reports wait in memory alone, and a loss of power loses them",
        )
    if free < settings.spool_size:
        needed = f"{found}; the spool may need {settings.spool_size / 2**20:.0f}"
        return Finding(Mark.WARN, "disk", needed, "make room, or set spool_size")
    return Finding(Mark.OK, "disk", found)


def _version(settings: Settings) -> Finding:
    wanted = policy.load(settings.state_directory).wanted_version
    if not wanted:
        return Finding(Mark.OK, "version", f"{VERSION}; the collector asks for no other")
    if policy.is_older(VERSION, wanted):
        return Finding(
            Mark.WARN,
            "version",
            f"{VERSION}, and the collector asks for {wanted}",
            "update the agent with your organisation's package tool; it never updates itself",
        )
    return Finding(Mark.OK, "version", f"{VERSION}; the collector asks for {wanted}")


def _rights(reasons: Collection[str]) -> Finding:
    """As whom it looks, and what that keeps from it; nothing of it is needed to work."""
    if os.name != "posix":
        return Finding(
            Mark.OK, "rights", f"{len(reasons)} signals cannot be measured, for want of rights or other reasons"
        )
    import pwd

    try:
        account = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        account = f"number {os.geteuid()}"
    kept = sum("root only" in reason for reason in reasons)
    found = f"as {account}; " + (f"{kept} signals are told to root only" if kept else "nothing is kept from it")
    return Finding(Mark.OK, "rights", found)


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
    yield _rights(reasons.values())
    yield Finding(
        Mark.OK,
        "sensors",
        f"{len(every) - len(complaints)} of {len(every)} work; {len(reasons)} signals cannot be measured here "
        "(`keuring-agent show` says why)",
    )
