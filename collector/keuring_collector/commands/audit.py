"""keuring-collector audit: whether the chain of the audit holds, and what stands in it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace

if TYPE_CHECKING:
    import argparse

NAME: Final = "audit"
HELP: Final = "Checks the chain of the audit of who did and looked at what, or prints its newest entries."
BROKEN: Final = 2
WHY: Final = {
    "changed": "entry {entry} was changed after it was written",
    "missing": "entry {entry} is missing",
    "cut": "the entries from {entry} on were cut off",
    "added": "entry {entry} was put in where old entries had been let go",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("verify", help="read the whole chain; ends with 2 when it does not hold")
    showing = actions.add_parser("show", help="the newest entries, the newest last")
    showing.add_argument("--last", type=int, default=50, metavar="N", help="how many (default: 50)")


def run(arguments: argparse.Namespace) -> int:
    """Does the action."""
    workspace.open_collector()
    return _verify() if arguments.action == "verify" else _show(max(1, arguments.last))


def _verify() -> int:
    from keuring_collector.desk import audit_chain

    found = audit_chain.check_and_note(dt.datetime.now(dt.UTC))
    if found.broken_at is None:
        print(f"the audit holds: {found.entries} entries up to {found.until}, digest {found.digest or 'none yet'}")
        return 0
    print(
        f"the audit is broken: {WHY[found.why].format(entry=found.broken_at)}; somebody changed the database outside "
        "Keuring. Keep a copy of it as it is, and compare it with your newest backup"
    )
    return BROKEN


def _show(last: int) -> int:
    from keuring_collector.desk.models import AuditEntry

    for entry in reversed(AuditEntry.objects.order_by("-sequence")[:last]):
        at = f"{entry.at:%Y-%m-%d %H:%M:%SZ}"
        print(f"{entry.sequence:>8}  {at}  {entry.actor or '-':<16} {entry.action:<18} {entry.subject} {entry.detail}")
    return 0
