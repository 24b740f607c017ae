"""keuring-collector demo: a collector with a simulated fleet and this very machine."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

NAME: Final = "demo"
HELP: Final = "Starts a throw-away collector with a simulated fleet, and with this machine reporting to it for real."


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


def run(arguments: argparse.Namespace) -> int:
    """Runs the demo until it is stopped."""
    command = import_module("keuring_collector.demo.command")
    return int(command.run(arguments))
