"""keuring-collector: the command line."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from keuring_collector import __version__, config
from keuring_collector.errors import KeuringError

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES: Final = (
    "init",
    "serve",
    "demo",
    "status",
    "token",
    "endpoint",
    "people",
    "incidents",
    "warranties",
    "chat",
    "staff",
    "audit",
    "articles",
    "reset_password",
    "backup",
    "restore",
    "rules",
    "backtest",
)
WRONG: Final = 2  # the exit code of every error that a person must mend
LATER: Final = 1  # the exit code when the database was away: the same may work later


class Command(Protocol):
    """What each module of ``commands`` offers."""

    NAME: str
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Adds the command's own arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Does the work; returns the exit code."""


def _shared(*, top: bool) -> argparse.ArgumentParser:
    """Options that may stand before and after the command's name."""
    missing = None if top else argparse.SUPPRESS
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--data-directory",
        type=Path,
        metavar="DIR",
        default=missing,
        help="where the collector lives (default: $KEURING_DATA_DIRECTORY, else ./keuring-data)",
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        dest="settings" if top else "more_settings",
        default=missing,
        help="a setting for this run, over keuring.toml and the environment; `init` writes it into keuring.toml",
    )
    return parser


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="keuring-collector",
        description="Receives reports of machines, judges them, and runs the service desk's console.",
        parents=[_shared(top=True)],
    )
    parser.add_argument("--version", action="version", version=f"keuring-collector {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in MODULES:
        module: Command = import_module(f"keuring_collector.commands.{name}")
        summary = f"{module.HELP[0].lower()}{module.HELP[1:].partition('. ')[0].rstrip('.')}"
        child = commands.add_parser(module.NAME, help=summary, description=module.HELP, parents=[_shared(top=False)])
        module.configure(child)
        child.set_defaults(run=module.run)
    return parser


def _apply(arguments: argparse.Namespace) -> None:
    """Flags become environment, so that Django's settings and the processes that we start see them too."""
    arguments.settings = [*(arguments.settings or []), *getattr(arguments, "more_settings", [])]
    if arguments.data_directory is not None:
        os.environ[f"{config.ENVIRONMENT_PREFIX}DATA_DIRECTORY"] = str(arguments.data_directory.expanduser().absolute())
    for assignment in arguments.settings:
        name, equals, value = assignment.partition("=")
        if not equals or name not in config.Settings.model_fields or name == "data_directory":
            raise config.ConfigError(
                f"--set {assignment}: write NAME=VALUE with a known setting: "
                f"{', '.join(sorted(set(config.Settings.model_fields) - {'data_directory'}))}"
            )
        os.environ[config.ENVIRONMENT_PREFIX + name.upper()] = value


def _expected() -> tuple[type[BaseException], ...]:
    """The errors that are told in a line. Evaluated only when something went wrong: it imports much."""
    from django.db import DatabaseError

    from keuring_collector.rulepack import RulePackError
    from keuring_collector.store import StorageError

    return (KeuringError, config.ConfigError, StorageError, DatabaseError, OSError, RulePackError)


def _told(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error).strip()


def _may_pass(error: BaseException) -> bool:
    from django.db import OperationalError

    from keuring_collector.commands.workspace import DatabaseAwayError
    from keuring_collector.store import StorageError

    return isinstance(error, (DatabaseAwayError, OperationalError, StorageError))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. An expected error is told in a line."""
    arguments = build_parser().parse_args(argv)
    try:
        _apply(arguments)
        return int(arguments.run(arguments))
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, for instance `head`
        return 1
    except KeyboardInterrupt:
        return 130
    except _expected() as error:
        print(f"keuring-collector: {_told(error)}", file=sys.stderr)
        return LATER if _may_pass(error) else WRONG


if __name__ == "__main__":
    sys.exit(main())
