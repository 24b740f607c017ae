"""keuring-collector incidents: ordinary incidents from a file or from the ITSM, so that missed problems count."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.people import agreed, show

if TYPE_CHECKING:
    from keuring_collector.config import Settings

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
    pulling = actions.add_parser(
        "pull",
        help="read the ITSM of the settings now, from where the last look ended",
        description="The job does the same each quarter of an hour. What is there already is left as it is.",
    )
    pulling.add_argument(
        "--dry-run", action="store_true", help="show what would be added and left out, and write nothing"
    )
    pulling.add_argument(
        "--since", type=_day, metavar="DATE", help="read what changed on or after this day, as 2026-08-01"
    )


def _day(text: str) -> dt.datetime:
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2026-08-01") from None


def run(arguments: argparse.Namespace) -> int:
    """Does the action."""
    in_force = workspace.open_collector()
    return _import(in_force, arguments) if arguments.action == "import" else _pull(in_force, arguments)


def _pull(in_force: Settings, arguments: argparse.Namespace) -> int:
    """Reads the ITSM, and says what came of it."""
    if not in_force.incidents_from:
        raise workspace.CommandError("there is nothing to read: name your ITSM in the setting 'incidents_from'")
    from django.utils.timezone import localtime

    from keuring_collector import rulepack
    from keuring_collector.connectors import pulling
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import open_store

    now = dt.datetime.now(dt.UTC)
    causes = {rule.cause for rule in rulepack.load(in_force.rules_directory).rules.values()}
    store = open_store(in_force.database_url)
    try:
        since = arguments.since or pulling.begins(in_force, now)
        if arguments.dry_run:
            pulled = pulling.look(in_force, causes, store, since, now)
        else:
            if arguments.since:
                pulling.go_back(in_force, since)
            found = pulling.pull(in_force, causes, store, now, bool)
            if found is None:
                raise workspace.CommandError("it asked us to wait; the page of incidents says until when")
            pulled = found
    finally:
        store.close()
    names = Endpoint.objects.in_bulk({each.endpoint_id for each in pulled.added})
    show(
        "new incidents",
        [
            f"{localtime(each.at):%Y-%m-%d} {names[each.endpoint_id].host_name}: {each.cause} {each.number}"
            for each in pulled.added
        ],
    )
    show("left out", pulled.reasons())
    told = f"{pulled.read} read, {len(pulled.added)} new, {pulled.already} there already, {pulled.aside} set aside"
    print(f"{told}, {len(pulled.left)} left out")
    if pulled.more:
        print("there is more; run it again, or leave it to the job")
    if arguments.dry_run:
        print("nothing was written")
    return 0


def _import(in_force: Settings, arguments: argparse.Namespace) -> int:
    """Shows the plan, asks, and writes."""
    from django.utils.timezone import localtime

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
            f"{localtime(each.at):%Y-%m-%d} {names[each.endpoint_id].host_name}: {each.cause} {each.number}".rstrip()
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
