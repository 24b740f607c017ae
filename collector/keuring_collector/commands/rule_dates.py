"""keuring-collector rules dates: which dates of the pack to look at again, and newer ones from a supplier's file."""

from __future__ import annotations

import datetime as dt
import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from keuring_collector.rulepack.dates import Offered, Update

HELP: Final = (
    "say which dates of end of support have passed and which nobody has looked at for a year, or take newer ones from "
    "the file of a supplier"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "directory", type=Path, nargs="?", metavar="DIRECTORY", help="the pack (default: the one in force)"
    )
    parser.add_argument(
        "--from",
        dest="supplied",
        metavar="FILE",
        help="what endoflife.date says of a product, as JSON, or a CSV with product,cycle,date; '-' reads the input",
    )
    parser.add_argument(
        "--product", default="", metavar="NAME", help="of which product the file is (default: the file's own name)"
    )
    parser.add_argument(
        "--source", default="", metavar="TEXT", help="what changed rows name as their source (default: endoflife.date)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the changes, and write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Lists what to look at (1: there is something), or updates. Raises CommandError."""
    from keuring_collector.rulepack import shipped, tables
    from keuring_collector.rulepack.problems import RulePackError

    directory = arguments.directory or workspace.settings().rules_directory or shipped()
    paths = sorted((directory / tables.DATA).glob("*.yaml"))
    if not paths:
        raise CommandError(f"{directory / tables.DATA}: no tables of dates; name the directory of a pack that has them")
    today = dt.datetime.now().astimezone().date()
    try:
        if arguments.supplied is None:
            return _listed(paths, today)
        return _updated(paths, _supplied(arguments.supplied, arguments.product), arguments, today)
    except RulePackError as error:
        raise CommandError(str(error)) from error


def _listed(paths: Iterable[Path], today: dt.date) -> int:
    from keuring_collector.rulepack import dates

    code = 0
    for path in paths:
        for line in dates.passed(path, today):
            print(line)
        stale = dates.stale(path, today)
        print("\n".join([*stale, f"{path}: {len(stale)} dates were last looked at more than a year ago"]))
        code |= bool(stale)
    return code


def _supplied(name: str, product: str) -> list[Offered]:
    from keuring_collector.rulepack import dates

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return dates.offered(text, product or ("" if name == "-" else Path(name).stem))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name}: cannot be read: {error}; give a file, or '-' for the input") from error
    except dates.SupplierError as error:
        raise CommandError(f"{name}: {error}") from error


def _updated(paths: Iterable[Path], found: list[Offered], arguments: argparse.Namespace, today: dt.date) -> int:
    from keuring_collector.rulepack import dates

    known = False
    for path in paths:
        try:
            update = dates.update(path, found, arguments.source, today)
        except dates.SupplierError as error:
            raise CommandError(str(error)) from error
        if update.changed or update.added or update.confirmed or update.left:
            known = True
            _show(path, update)
            if not arguments.dry_run:
                _write(path, update.text)
    if not known:
        names = ", ".join(sorted({item.product or "without a name" for item in found})[:5])
        raise CommandError(f"no table has a version of {names}; see `supplier` and `cycle` in the tables")
    return 0


def _show(path: Path, update: Update) -> None:
    before = path.read_text(encoding="utf-8").splitlines(keepends=True)
    after = update.text.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(before, after, str(path), str(path), n=0))
    for line in (*update.changed, *update.added):
        print(line)
    for line in update.left:
        print(f"not in the table, add it by hand with the names that agents give it: {line}")
    print(f"{path}: {len(update.changed)} dates changed, {len(update.added)} added, {update.confirmed} confirmed")


def _write(path: Path, text: str) -> None:
    """The whole file or nothing of it; a text that is no table never replaces one that is."""
    from keuring_collector.rulepack import tables

    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        tables.read(beside)
        beside.replace(path)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error}; use a pack of your own (rules_directory)") from error
    finally:
        beside.unlink(missing_ok=True)
