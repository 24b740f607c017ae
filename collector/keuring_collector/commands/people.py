"""keuring-collector people import: colleagues, departments and machines from a CSV file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

NAME: Final = "people"
HELP: Final = "Imports colleagues, their departments and their machines. The import adds and changes, never deletes."
SHOWN: Final = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    importing = actions.add_parser(
        "import",
        help="show what a CSV file would change, and change it once you agree",
        description="Columns: name, department, place, mail, machine (or naam, afdeling, plaats, e-mail, computer), "
        "named in the first line; name and mail are needed. Somebody with two machines has two lines.",
    )
    importing.add_argument("file", type=Path, metavar="FILE.csv")
    importing.add_argument("--yes", action="store_true", help="do not ask, write")


def run(arguments: argparse.Namespace) -> int:
    """Shows the plan, asks, and writes."""
    workspace.open_collector()
    from keuring_collector.fleet import people

    todo = people.plan(people.read(arguments.file))
    for title, items in (
        ("new departments", todo.new_departments),
        ("new colleagues", todo.new_colleagues),
        ("changed colleagues", todo.changed_colleagues),
        ("machines given", todo.machines),
    ):
        show(title, items)
    print(f"{len(todo.rows)} lines, {todo.unchanged} of them as they are already")
    if not todo.changes:
        print("nothing to do")
        return 0
    if not arguments.yes and not agreed():
        print("nothing was written; add --yes to write without being asked")
        return 1
    people.apply(todo)
    print("written")
    return 0


def show(title: str, items: Sequence[str]) -> None:
    """A title, how many there are, and the first ten."""
    if items:
        print(f"{title}: {len(items)}")
        for item in items[:SHOWN]:
            print(f"  {item}")
        if len(items) > SHOWN:
            print(f"  … and {len(items) - SHOWN} more")


def agreed() -> bool:
    """Whether somebody at a terminal says yes."""
    if not sys.stdin.isatty():
        return False
    return input("write this? [y/N] ").strip().casefold() in ("y", "yes", "j", "ja")
