"""keuring-collector warranties import: until when machines are under warranty, by serial number."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER
from keuring_collector.commands import workspace
from keuring_collector.commands.people import agreed, show

if TYPE_CHECKING:
    import argparse

NAME: Final = "warranties"
HELP: Final = "Imports until when machines are under warranty, by serial number; the rule warranty_ends judges by it."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    importing = actions.add_parser(
        "import",
        help="show what a CSV file would change, and change it once you agree",
        description="Columns: serial, warranty (or serienummer, garantie), named in the first line. The warranty is "
        "its last day, as 2027-05-31 or 31-5-2027. Serial numbers of machines that are yet to enrol are kept for then. "
        "A file with a wrong line is not imported; importing a file twice changes nothing the second time.",
    )
    importing.add_argument("file", type=Path, metavar="FILE.csv")
    importing.add_argument("--yes", action="store_true", help="do not ask, write")


def run(arguments: argparse.Namespace) -> int:
    """Shows the plan, asks, and writes."""
    in_force = workspace.open_collector()
    from keuring_collector.desk import audit, wording
    from keuring_collector.fleet import warranties
    from keuring_collector.store import open_store

    now = dt.datetime.now(dt.UTC)
    rows = warranties.read(arguments.file, wording.local_day(now))
    with contextlib.closing(open_store(in_force.database_url)) as store:
        told = {str(value) for value in store.facts_of(KEURING_HARDWARE_SERIAL_NUMBER.id).values()}
    todo = warranties.plan(rows, told)
    show("new warranties", [f"{row.serial}: {row.ends}" for row in todo.added])
    show("changed warranties", [f"{row.serial}: {row.ends}, was {before}" for row, before in todo.changed])
    show("of machines that are not known here yet", todo.strange)
    print(f"{len(rows)} warranties, {todo.unchanged} of them as they are already")
    if not todo.changes:
        print("nothing to do")
        return 0
    if not arguments.yes and not agreed():
        print("nothing was written; add --yes to write without being asked")
        return 1
    count = warranties.apply(todo, now)
    audit.record_now(None, "warranties.imported", "", {"warranties": count})
    print(f"written: {count}; a machine's rules know it within an hour of reports")
    return 0
