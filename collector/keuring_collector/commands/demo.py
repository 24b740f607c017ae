"""keuring-collector demo: a collector with a simulated fleet and this very machine."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

NAME: Final = "demo"
HELP: Final = "Starts a throw-away collector with a simulated fleet, and with this machine reporting to it for real."
MOST_MACHINES: Final = 1000
MOST_DAYS: Final = 365


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    seconds = os.environ.get("DEMO_SECONDS") or None
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        default=float(seconds) if seconds else None,
        help="end by itself N seconds after it is up (default: $DEMO_SECONDS, else never)",
    )
    parser.add_argument(
        "--machines",
        type=_at_most(MOST_MACHINES),
        metavar="N",
        help="how many machines are simulated, at most 1000 (default: 200)",
    )
    parser.add_argument(
        "--days",
        type=_at_most(MOST_DAYS),
        metavar="N",
        help="how many days they have behind them, at most 365 (default: 90)",
    )


def _at_most(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        found = int(text)
        if not 1 <= found <= most:
            raise argparse.ArgumentTypeError(f"{text}: between 1 and {most}")
        return found

    return number


def run(arguments: argparse.Namespace) -> int:
    """Runs the demo until it is stopped."""
    command = import_module("keuring_collector.demo.command")
    return int(command.run(arguments))
