"""How long the last signing in took: neither whose nor when it was leaves this file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import units
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

# systemd's own names for "unit has started", and of the unit that a desktop reaches when it can be used.
_JOURNAL: Final = (
    *("journalctl", "--quiet", "--no-pager", "--boot", "--output=json", "--output-fields=_UID,USER_UNIT"),
    *("--lines=20", "MESSAGE_ID=39f53479d3a045ac8e11786248231fbf", "USER_UNIT=graphical-session.target"),
)
_FIRST_PERSON: Final = 1000  # accounts below are those of the system: the greeter has a desktop too
_BEGAN: Final = "InactiveExitTimestampMonotonic"
_LONGEST: Final = 1800.0  # what lasts longer was no signing in: a desktop that was started by hand


def duration(tree: Tree, run: Run, timeout: float) -> float | None:
    """From the start of the colleague's part of systemd until their desktop stood; None where nobody signed in."""
    if not tree.is_own or not tree.exists("run/systemd/system"):
        raise NotMeasurable("systemd does not run here, and nothing else tells how long signing in took")
    result = run(_JOURNAL, timeout)
    if result.status:
        raise NotMeasurable("the journal may not be read by the account that the agent runs under")
    found = desktop(result.output)
    if found is None:
        return None
    account, ready = found
    _refuse_lingering(tree, account)
    for unit in units.ask(tree, run, timeout, [_BEGAN], [f"user@{account}.service"]):
        began = units.stamp(unit.get(_BEGAN, "")) / 1e6
        if began and 0 < ready - began < _LONGEST:
            return ready - began
    return None  # they signed out again, or back in since


def _refuse_lingering(tree: Tree, account: int) -> None:
    """Raises NotMeasurable where the colleague's part of systemd runs from the start, whether they sign in or not."""
    lingering = tree.names("var/lib/systemd/linger")
    if not lingering:
        return
    import pwd

    try:
        name = pwd.getpwuid(account).pw_name
    except KeyError:
        return
    if name in lingering:
        raise NotMeasurable("what belongs to signing in runs here without signing in, so it has no beginning")


def desktop(output: bytes) -> tuple[int, float] | None:
    """(account, seconds since the kernel started) of the last desktop in the journal's JSON that was a person's."""
    import json

    found = None
    for line in output.splitlines():
        try:
            entry = json.loads(line)
            account, ready = int(entry["_UID"]), int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
        if account >= _FIRST_PERSON:
            found = account, ready
    return found
