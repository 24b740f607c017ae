"""keuring-collector rules lint|test|explain|dates|new|docs|schema: for those who write rules."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import rule_dates, workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse

    from keuring_collector.rulepack import Rule, RulePack

NAME: Final = "rules"
HELP: Final = "Checks the rules, plays their tests, explains, begins or lists them, and keeps their dates fresh."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, summary in (
        ("lint", "check every rule file, and say of each fault where it is and what would be right"),
        ("test", "play the tests that stand beside the rules"),
    ):
        child = actions.add_parser(action, help=summary)
        child.add_argument(
            "directory", type=Path, nargs="?", metavar="DIRECTORY", help="the pack (default: the one in force)"
        )
    _configure_writing(actions)
    explaining = actions.add_parser("explain", help="play a rule over a machine's own history and say what it finds")
    explaining.add_argument("machine", metavar="ENDPOINT", help="the machine's name or UUID")
    explaining.add_argument("rule", metavar="RULE", help="the rule's name (the two may change places)")
    explaining.add_argument("--days", type=float, default=30, metavar="N", help="how far back (default: 30)")
    rule_dates.configure(actions.add_parser("dates", help=rule_dates.HELP))


def _configure_writing(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    new = actions.add_parser("new", help="begin a rule: its file, its tests and its articles")
    new.add_argument("name", metavar="NAME", help="subject_condition, such as volume_nearly_full")
    new.add_argument("--condition", metavar="KIND", default="threshold", help="what it is about (default: threshold)")
    new.add_argument("--folder", metavar="NAME", default="", help="where in the pack (default: the name's first word)")
    new.add_argument("--directory", type=Path, metavar="DIRECTORY", help="the pack (default: rules_directory)")
    docs = actions.add_parser("docs", help="write the pack as one page of Markdown: coverage, and every rule in full")
    docs.add_argument("directory", type=Path, nargs="?", metavar="DIRECTORY", help="the pack (default: that in force)")
    docs.add_argument("--language", choices=("nl", "en"), default="en", help="of the rules' texts (default: en)")
    schema = actions.add_parser("schema", help="print the JSON Schema of rule files, for editors")
    schema.add_argument("--tests", action="store_true", help="of the files with their tests instead")


def run(arguments: argparse.Namespace) -> int:
    """Does what was asked of the rules."""
    if arguments.action == "explain":
        return _explain(arguments.rule, arguments.machine, arguments.days)
    if arguments.action == "dates":
        return rule_dates.run(arguments)
    if arguments.action == "new":
        return _new(arguments)
    if arguments.action == "schema":
        from keuring_collector.rulepack import schema

        print(json.dumps(schema.test_schema() if arguments.tests else schema.rule_schema(), indent=2))
        return 0
    if arguments.action == "docs":
        from keuring_collector.rulepack import load, pages

        pack = load(arguments.directory or workspace.settings().rules_directory)
        print(pages.whole(pack, arguments.language), end="")
        return 0
    from keuring_collector.rulepack import commands

    directory = arguments.directory or workspace.settings().rules_directory
    text, code = (commands.test_text if arguments.action == "test" else commands.lint_text)(directory)
    if code and arguments.action == "lint":
        raise CommandError(text)
    print(text)
    return code


def _new(arguments: argparse.Namespace) -> int:
    from keuring_collector.rulepack import drafts
    from keuring_collector.rulepack.problems import nearest

    if arguments.condition not in drafts.DRAFTS:
        near = nearest(arguments.condition, drafts.DRAFTS)
        raise CommandError(f"no condition is called {arguments.condition!r}; {near}".rstrip("; "))
    directory = arguments.directory or workspace.settings().rules_directory
    if directory is None:
        raise CommandError("the shipped pack is not the place for your rules; name yours: --directory DIRECTORY")
    for path in drafts.write(directory, arguments.name, arguments.condition, arguments.folder):
        print(path)
    return 0


def _find_rule(pack: RulePack, name: str) -> Rule:
    from keuring_collector.rulepack.problems import nearest

    rule = pack.by_name.get(name) or pack.rules.get(name)
    if rule is None:
        raise CommandError(f"no rule is called {name!r}; {nearest(name, pack.by_name)}".rstrip("; "))
    return rule


def _explain(name: str, machine: str, days: float) -> int:
    in_force = workspace.open_collector()
    from keuring_collector.commands import explaining
    from keuring_collector.commands.endpoint import find
    from keuring_collector.rulepack import load
    from keuring_collector.rulepack.calendar import calendar
    from keuring_collector.store import open_store

    pack = load(in_force.rules_directory, calendar(in_force.time_zone, in_force.business_hours))
    if name not in pack.by_name and machine in pack.by_name:
        name, machine = machine, name
    rule = _find_rule(pack, name)
    endpoint = find(machine)
    store = open_store(in_force.database_url)
    try:
        for line in explaining.explain(store, pack, rule, endpoint.pk, dt.datetime.now(dt.UTC).timestamp(), days):
            print(line)
    finally:
        store.close()
    return 0
