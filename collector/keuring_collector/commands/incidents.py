"""keuring-collector incidents import: ordinary incidents from the ITSM, so that missed problems count."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.people import agreed, show

if TYPE_CHECKING:
    import argparse

NAME: Final = "incidents"
HELP: Final = "Imports ordinary incidents, so that the scoreboard counts problems which no ticket announced."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    importing = actions.add_parser(
        "import",
        help="show what a CSV file would add, and add it once you agree",
        description="Columns: machine, cause, date, number (or computer, oorzaak, datum, nummer), named in the first "
        "line; all but number are needed. A cause is one of the rules', such as volume-space. Importing a file twice "
        "adds nothing the second time.",
    )
    importing.add_argument("file", type=Path, metavar="FILE.csv")
    importing.add_argument("--yes", action="store_true", help="do not ask, write")


def run(arguments: argparse.Namespace) -> int:
    """Shows the plan, asks, and writes."""
    in_force = workspace.open_collector()
    from keuring_collector import rulepack
    from keuring_collector.desk import audit, incidents
    from keuring_collector.fleet.models import Endpoint

    now = dt.datetime.now(dt.UTC)
    causes = {rule.cause for rule in rulepack.load(in_force.rules_directory).rules.values()}
    rows = incidents.read(arguments.file, causes, now)
    todo = incidents.plan(rows, now)
    names = Endpoint.objects.in_bulk({each.endpoint_id for each in todo.added})
    show(
        "new incidents",
        [
            f"{each.at:%Y-%m-%d} {names[each.endpoint_id].host_name}: {each.cause} {each.number}".rstrip()
            for each in todo.added
        ],
    )
    show("left out, of machines that are not known here", todo.strange)
    print(f"{len(rows)} lines, {todo.unchanged} of them imported already")
    if not todo.added:
        print("nothing to do")
        return 0
    if not arguments.yes and not agreed():
        print("nothing was written; add --yes to write without being asked")
        return 1
    count = incidents.apply(todo)
    audit.record_now(None, "incidents.imported", "", {"incidents": count})
    print(f"written: {count}")
    return 0
