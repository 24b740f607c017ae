"""One sending, from beginning to end: what the short child does, and `once` in its own process.

grpc is loaded only once it is known that there is something to send, somebody to be, and somebody who answers.
"""

from __future__ import annotations

import os
import sys
import time
import types
from typing import TYPE_CHECKING, Final

from keuring_agent import collectors, config, identity, policy, state
from keuring_agent.errors import AgentError, UnreachableError
from keuring_agent.host.waiting import between
from keuring_agent.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.config import Settings
    from keuring_agent.parcel import Parcel

UNEXPECTED = 1
# What a frozen agent calls its child; see __main__.
CHILD: Final = "--sending"
AFTER_FAILURE: Final = "--after-failure"
WITH_PARCEL: Final = "--parcel"  # it comes on the standard input
_SECRET_VARIABLES: Final = tuple(config.ENVIRONMENT_PREFIX + name.upper() for name in config.SECRETS)


def spool_of(settings: Settings) -> Spool:
    """The spool as the settings want it."""
    return Spool(settings.state_directory, settings.spool_size, settings.spool_age)


def send(
    settings: Settings, wall: Callable[[], float] = time.time, parcel: Parcel | None = None
) -> tuple[int, tuple[str, ...]]:
    """Sends what waits, or a parcel; returns the number of reports and remarks for a log.

    With a parcel only what the collector wants to be kept (a certificate, a policy, notices) goes to the disk.

    Raises IdentityError, DeliveryError or StateError; then what was not acknowledged is still in the spool.
    """
    spool = parcel or spool_of(settings)
    who = identity.load(settings.state_directory)
    if who.has_expired(wall()):
        who = _recover(settings, who, wall())
    if not spool.fill().reports:
        return 0, ()
    from keuring_agent import dispatches, notices
    from keuring_agent.uplink import Uplink

    if parcel is None and (damaged := dispatches.mend(settings.state_directory)):
        _say(f"{damaged} lines of the log of what was sent were damaged; they are put aside")
    known = collectors.load(settings.state_directory)
    addresses = _in_order(settings, who, known, wall())
    tally = dispatches.Tally(wall)
    version = policy.load(settings.state_directory).version
    owed = notices.owed(settings.state_directory)
    uplink = Uplink(who, spool, version, settings.deadline, wall, settings.proxy, tally, owed)
    try:
        found = uplink.deliver(addresses, settings.state_directory, lambda tried: time.sleep(_pause(settings, tried)))
    finally:
        if parcel is not None:
            parcel.dispatches = tally.dispatches()
        elif complaint := dispatches.keep(settings.state_directory, tally.dispatches()):
            _say(complaint)
    if found.policy is not None:
        policy.store(settings.state_directory, found.policy)
    known_now = owed if found.has_answered else notices.Owed()
    notices.keep(settings.state_directory, found.notices, known_now, wall(), found.ended)
    if parcel is None or known is None or known.address != found.address:
        collectors.note(settings.state_directory, found.address, wall(), known)
    return found.reports, (*found.remarks, *_moved(found.address, known, found.failures))


def _recover(settings: Settings, who: identity.Identity, now: float) -> identity.Identity:
    """The new identity; said at once, since the delivery that follows may fail."""
    from keuring_agent.recovery import recover

    addresses = settings.enrolment_addresses or who.to_enrol_at()
    found = recover(settings.state_directory, who, addresses, settings.deadline, now, settings.proxy)
    ended = time.strftime("%Y-%m-%d", time.localtime(who.not_after))
    _say(f"the certificate expired on {ended}; the collector gave a new one")
    return found


def _in_order(
    settings: Settings, who: identity.Identity, known: collectors.InUse | None, now: float
) -> tuple[str, ...]:
    return collectors.in_order(settings.collector or who.report_addresses, known, now, settings.collector_return)


def _pause(settings: Settings, tried: int) -> float:
    """Seconds before the next address, after ``tried`` ones failed.

    Full jitter: those who all lost the same collector do not come to the next one at the same moment.
    """
    return between(0.0, min(settings.backoff_maximum, settings.backoff_minimum * 2.0**tried))


def _moved(address: str, known: collectors.InUse | None, failures: tuple[str, ...]) -> tuple[str, ...]:
    """A remark when another collector takes the reports than before, with the reason."""
    if (known is None and not failures) or (known is not None and known.address == address):
        return ()
    return (f"reports go to {address} now" + "".join(f"; {failure}" for failure in failures),)


def _say(text: str) -> None:
    print(f"keuring-agent: {text}", file=sys.stderr, flush=True)


def probe(settings: Settings) -> None:
    """Looks whether anybody listens, before grpc is loaded for nothing. Raises UnreachableError.

    Used after a failure only: a machine away from its network tries for days, and this costs a hundredth.
    """
    from keuring_agent import proxy

    through = proxy.parse(settings.proxy)
    who = identity.load(settings.state_directory)
    now = time.time()
    if who.has_expired(now):
        addresses = settings.enrolment_addresses or who.to_enrol_at()
    else:
        addresses = _in_order(settings, who, collectors.load(settings.state_directory), now)
    for address in addresses:
        try:
            proxy.connect(address, through, min(5.0, settings.deadline)).close()
        except (OSError, ValueError):
            continue
        return
    by = f" through the proxy {through}" if through else ""
    raise UnreachableError(f"nobody listens at {', '.join(addresses)}{by}")


def child(settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> int:
    """What the child does; returns its exit code: 0 when nothing is left, else that of the error."""
    # `import grpc` loads asyncio for grpc.aio, which is not used here and would double the cost of a sending; so does
    # its core, which asks nothing of it. Should a later one do so, the next try has the real one.
    for name in ("grpc.aio",) if after_failure else ("grpc.aio", "asyncio"):
        sys.modules.setdefault(name, types.ModuleType(name))
    try:
        if not (settings.state_directory / state.IDENTITY).exists():
            from keuring_agent import silent

            remarks = silent.enrol(settings)
        else:
            if after_failure:
                probe(settings)
            _, remarks = send(settings, parcel=parcel)
    except AgentError as error:
        print(f"keuring-agent: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the child of the runner's loop: its parent must get a code
        print(f"keuring-agent: sending failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return UNEXPECTED
    for remark in remarks:
        print(f"keuring-agent: {remark}", file=sys.stderr, flush=True)
    return 0


def main(arguments: list[str]) -> int:
    """The child where there is no fork: the settings come as the arguments, what may be secret in a variable."""
    flags = [argument for argument in arguments if argument in (AFTER_FAILURE, WITH_PARCEL)]
    overrides = dict(pair.split("=", 1) for pair in arguments[len(flags) :])
    settings = config.load(None, overrides, {name: os.environ.get(name, "") for name in _SECRET_VARIABLES})
    after_failure = AFTER_FAILURE in flags
    if WITH_PARCEL not in flags:
        return child(settings, after_failure=after_failure)
    from keuring_agent.parcel import Parcel

    parcel = Parcel.of(sys.stdin.buffer.read())
    code = child(settings, after_failure=after_failure, parcel=parcel)
    sys.stdout.buffer.write(parcel.told())
    sys.stdout.buffer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
