"""What was sent, for a colleague and for programs; see dispatches.py."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from keuring.signals.catalogue import BY_ID
from keuring_agent import dispatches
from keuring_agent.effort import NOTED_LATER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.dispatches import Dispatch, Log
    from keuring_agent.language import Language

OUTCOMES: Final = {
    dispatches.ACKNOWLEDGED: "taken",
    dispatches.UNFINISHED: "not finished",
    dispatches.NOT_TRUSTED: "not trusted",
    "not taken": "not taken",
    "no answer": "no answer; some of it may have left",
    "refused": "refused",
}
_KIBIBYTE: Final = 1024


def document(found: Log) -> dict[str, Any]:
    """As JSON; times in seconds since 1970, signals by name."""
    return {
        "sendings": [
            {**entry._asdict(), "signals": [_name(signal) for signal in entry.signals]} for entry in found.entries
        ],
        "damaged_lines": found.damaged,
    }


def text(found: Log, say: Language, days: float, *, noted_later: bool = False) -> Iterator[str]:
    """Lines for a terminal, the newest last; ``noted_later``: the newest may not be here yet (keeping.py)."""
    yield say("What was sent from this machine in the last {days} days:", days=f"{days:g}")
    if not found.entries:
        yield "  " + say("nothing")
    for entry in found.entries:
        yield "  " + line(entry, say)
    size = sum(entry.size for entry in found.entries)
    yield say("In all {size}; sendings: {count}.", size=readable(size), count=len(found.entries))
    if noted_later:
        yield say(NOTED_LATER)
    if found.damaged:
        yield say("{count} lines of this log are damaged and cannot be read.", count=found.damaged)
    yield say("What the reports hold, and why: `keuring-agent show`.")


def line(entry: Dispatch, say: Language) -> str:
    """One sending."""
    when = stamp(entry.time)
    if entry.kind == dispatches.BROKEN_OFF:
        return f"{when}  {say('a sending was broken off; what had left by then is not known')}"
    if entry.kind == dispatches.NOT_NOTED:
        return (
            f"{when}  {say('the agent had ended without a word; what it sent in the day before may not all be here')}"
        )
    outcome = say(OUTCOMES.get(entry.outcome, entry.outcome))
    if entry.kind == dispatches.RENEWAL:
        what = say("a request to renew the certificate")
    elif entry.kind == dispatches.ENROLMENT:
        what = say("the enrolment of this machine: its name, the agent's version, a public key")
    else:
        what = say(
            "reports: {reports} ({acknowledged} taken), signals: {signals}, of {since} to {until}",
            reports=entry.reports,
            acknowledged=entry.acknowledged,
            signals=len(entry.signals),
            since=stamp(entry.since),
            until=stamp(entry.until),
        )
    return f"{when}  {say('to')} {entry.to}  {readable(entry.size)}  {what}: {outcome}"


def stamp(when: float) -> str:
    """A time as the machine's own clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))


def readable(size: int) -> str:
    """Bytes for a person."""
    return f"{size} B" if size < 10 * _KIBIBYTE else f"{size / _KIBIBYTE:.1f} KiB"


def _name(signal: int) -> str:
    known = BY_ID.get(signal)
    return known.name if known is not None else str(signal)
