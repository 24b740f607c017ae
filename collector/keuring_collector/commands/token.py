"""keuring-collector token: the right to enrol one machine."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import TYPE_CHECKING, Final

from keuring_collector import addresses
from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    from keuring_collector.config import Settings

NAME: Final = "token"
HELP: Final = (
    "Prints a token with which a machine enrols. It carries the collector's address and its certificate, works once, "
    "and for a short time; it cannot be shown again."
)
MOST_USES: Final = 10_000
MOST_MINUTES: Final = 24 * 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "--minutes", type=_minutes, metavar="N", help="how long it is valid, at most 1440 (default: token_minutes)"
    )
    parser.add_argument(
        "--uses", type=_uses, metavar="N", default=1, help="how many machines may enrol with it (default: 1)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the token on stdout, and for people how to use it on stderr."""
    in_force = workspace.open_collector()
    minutes = arguments.minutes or in_force.token_minutes
    where = enrolment_addresses(in_force)
    root = workspace.authority(in_force).root_der
    from keuring_collector.fleet import tokens

    now = dt.datetime.now(dt.UTC)
    secret = tokens.mint(now, dt.timedelta(minutes=minutes), arguments.uses)
    machines = "one machine" if arguments.uses == 1 else f"{arguments.uses} machines"
    print(
        f"for {machines}, within {minutes:g} minutes, at {where[0]}; on the machine: keuring-agent enroll --token …",
        file=sys.stderr,
    )
    print(tokens.for_agents(secret, where, root))
    return 0


def enrolment_addresses(in_force: Settings) -> list[str]:
    """Where agents enrol: here, else at the other collectors. Raises CommandError as enrolment_address does."""
    first = enrolment_address(in_force)
    port = int(first.rpartition(":")[2])
    return [first, *(addresses.join(name, port) for name in in_force.other_collectors)]


def enrolment_address(in_force: Settings) -> str:
    """Where agents enrol. Raises CommandError when the port is drawn at start and the collector is not running."""
    if in_force.enrolment_port:
        return addresses.join(in_force.public_name, in_force.enrolment_port)
    running = addresses.read(in_force.data_directory, "ingest")
    if running is None:
        raise CommandError(
            "setting 'enrolment_port' is 0, so the port is only known while the collector runs; start it first"
        )
    return running["enrolment"]


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text}: between 0 and {MOST_MINUTES} minutes")
    return minutes


def _uses(text: str) -> int:
    uses = int(text)
    if not 1 <= uses <= MOST_USES:
        raise argparse.ArgumentTypeError(f"{text}: between 1 and {MOST_USES} machines")
    return uses
