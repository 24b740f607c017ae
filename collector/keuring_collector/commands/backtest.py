"""keuring-collector backtest: tries a rule on the fleet's own history."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse

    from keuring_collector.config import Settings
    from keuring_collector.rulepack.backtest import Answer, Question

NAME: Final = "backtest"
HELP: Final = (
    "Tries a rule on the history of the fleet: which tickets it would have made, and how right they would have been. "
    "The rule need not be saved; the collector may go on running."
)
MOST_JOBS: Final = 64


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("rule", metavar="RULE|FILE", help="a rule of the pack by its name, or a file that holds one")
    parser.add_argument("--since", metavar="DATE|LENGTH", help="from when on: 2026-08-01 or 90d (default: all history)")
    parser.add_argument("--until", metavar="DATE|LENGTH", help="up to and with this day (default: now)")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only machines with this department, machine, model or fact, or with != without it; may be repeated",
    )
    parser.add_argument("--against", metavar="RULE|FILE", help="another version of the rule, to compare with")
    parser.add_argument(
        "--incidents", type=Path, metavar="FILE", help="CSV with the columns machine, cause, date: what else happened"
    )
    parser.add_argument(
        "--horizon",
        default="180d",
        metavar="LENGTH",
        help="a ticket that comes longer before the problem came too early (default: 180d)",
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="how many processes share the work (default: the cores)")
    parser.add_argument(
        "--format", choices=("table", "json", "html"), default="table", help="how it is told (default: table)"
    )
    parser.add_argument(
        "--language", choices=("nl", "en"), default="en", help="the language of --format html (default: en)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Asks, and prints the answer."""
    in_force = workspace.open_collector()
    from keuring_collector.rulepack import backtest
    from keuring_collector.store.block import BlockError

    jobs = _jobs(arguments.jobs)
    try:
        question, strange = _question(arguments, in_force)
        if strange:
            print(f"{arguments.incidents}: {strange} incidents of machines that are not known here", file=sys.stderr)
        answer = _ask(question, in_force, jobs)
    except backtest.BacktestError as error:
        raise CommandError(str(error)) from error
    except BlockError as error:
        raise CommandError(f"{workspace.described(in_force)}: {error}; restore a backup to mend it") from error
    print(_told(answer, arguments.format, arguments.language))
    return 0


def _jobs(asked: int | None) -> int:
    if asked is not None and not 1 <= asked <= MOST_JOBS:
        raise CommandError(f"--jobs {asked}: write a number from 1 to {MOST_JOBS}")
    return asked or min(MOST_JOBS, os.cpu_count() or 1)


def _question(arguments: argparse.Namespace, in_force: Settings) -> tuple[Question, int]:
    """The question, and how many incidents name machines that are not known."""
    from keuring_collector.desk import backtests
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import backtest, load
    from keuring_collector.rulepack.backtest import asked, incidents, where
    from keuring_collector.rulepack.calendar import calendar
    from keuring_collector.store import open_store

    place = calendar(in_force.time_zone, in_force.business_hours)
    pack = load(in_force.rules_directory, place)
    names = [arguments.rule, *([arguments.against] if arguments.against else [])]
    candidates = tuple(asked.candidate(pack, name) for name in names)
    filters = [where.parse(text) for text in arguments.where]
    now = dt.datetime.now(dt.UTC).timestamp()
    since = asked.moment(arguments.since, now, "--since") if arguments.since else 0.0
    until = asked.moment(arguments.until, now, "--until", end=True) if arguments.until else float("inf")
    if since >= min(until, now):
        raise backtest.BacktestError(
            f"--since {arguments.since}: nothing lies between that and --until; turn them round"
        )
    store = open_store(in_force.database_url)
    try:
        machines = backtests.machines(Endpoint.objects.all(), store, where.facts(filters))
    finally:
        store.close()
    if not machines:
        raise CommandError("no machine has enrolled yet; `keuring-collector token` prints what one needs")
    happened, strange = incidents.read(arguments.incidents, machines) if arguments.incidents else ({}, 0)
    return (
        backtest.Question(
            candidates,
            where.choose(machines, filters),
            since,
            until,
            in_force.freshness,
            asked.length(arguments.horizon, "--horizon"),
            happened,
            place,
        ),
        strange,
    )


def _ask(question: Question, in_force: Settings, jobs: int) -> Answer:
    from keuring_collector.demo.progress import Progress
    from keuring_collector.rulepack import backtest

    if not sys.stderr.isatty():
        return backtest.ask(question, in_force.database_url, jobs)
    progress = Progress("machines", len(question.machines), sys.stderr)
    answer = backtest.ask(question, in_force.database_url, jobs, progress.advance)
    progress.finish()
    return answer


def _told(answer: Answer, form: str, language: str) -> str:
    import json

    from keuring_collector.rulepack.backtest import html, report, table

    data = report.report(answer)
    if form == "json":
        return json.dumps(data, ensure_ascii=False, indent=2)
    return html.page(data, language) if form == "html" else table.table(data)
