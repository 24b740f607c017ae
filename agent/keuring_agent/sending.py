"""One sending, from beginning to end: what the short child does, and `once` in its own process.

grpc is loaded only once it is known that there is something to send, somebody to be, and somebody who answers.
"""

from __future__ import annotations

import sys
import time
import types
from typing import TYPE_CHECKING

from keuring_agent import config, identity, policy
from keuring_agent.errors import AgentError, IdentityError, UnreachableError
from keuring_agent.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.config import Settings

UNEXPECTED = 1


def spool_of(settings: Settings) -> Spool:
    """The spool as the settings want it."""
    return Spool(settings.state_directory, settings.spool_size, settings.spool_age)


def send(settings: Settings, wall: Callable[[], float] = time.time) -> tuple[int, tuple[str, ...]]:
    """Sends what waits; returns the number of reports and remarks for a log.

    Raises IdentityError, DeliveryError or StateError; then what was not acknowledged is still in the spool.
    """
    spool = spool_of(settings)
    if not spool.fill().reports:
        return 0, ()
    who = identity.load(settings.state_directory)
    if who.has_expired(wall()):
        raise IdentityError(
            f"{settings.state_directory}: this machine's certificate expired on "
            f"{time.strftime('%Y-%m-%d', time.localtime(who.not_after))}; enrol it again with "
            "`keuring-agent enroll --force --token TOKEN`"
        )
    from keuring_agent import dispatches
    from keuring_agent.uplink import Uplink

    if damaged := dispatches.mend(settings.state_directory):
        _say(f"{damaged} lines of the log of what was sent were damaged; they are put aside")
    tally = dispatches.Tally(wall)
    uplink = Uplink(who, spool, policy.load(settings.state_directory).version, settings.deadline, wall, tally)
    try:
        found = uplink.deliver(settings.report_addresses or who.report_addresses, settings.state_directory)
    finally:
        if complaint := dispatches.keep(settings.state_directory, tally.dispatches()):
            _say(complaint)
    if found.policy is not None:
        policy.store(settings.state_directory, found.policy)
    return found.reports, found.remarks


def _say(text: str) -> None:
    print(f"keuring-agent: {text}", file=sys.stderr, flush=True)


def probe(settings: Settings) -> None:
    """Looks whether anybody listens, before grpc is loaded for nothing. Raises UnreachableError.

    Used after a failure only: a machine away from its network tries for days, and this costs a hundredth.
    """
    import socket

    who = identity.load(settings.state_directory)
    addresses = settings.report_addresses or who.report_addresses
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=min(5.0, settings.deadline)).close()
        except (OSError, ValueError):
            continue
        return
    raise UnreachableError(f"nobody listens at {', '.join(addresses)}")


def child(settings: Settings, *, after_failure: bool) -> int:
    """What the child does; returns its exit code: 0 when nothing is left, else that of the error."""
    # `import grpc` loads asyncio for grpc.aio, which is not used here and would double the cost of a sending.
    sys.modules.setdefault("grpc.aio", types.ModuleType("grpc.aio"))
    try:
        if after_failure:
            probe(settings)
        _, remarks = send(settings)
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
    """The child where there is no fork: the settings come as the flags and the environment of the parent."""
    after_failure = arguments[:1] == ["--after-failure"]
    overrides = dict(pair.split("=", 1) for pair in arguments[after_failure:])
    return child(config.load(None, overrides, {}), after_failure=after_failure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
