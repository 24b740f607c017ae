"""keuring-collector token: the right to enrol one machine, or a counted number of them."""

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
    from keuring_collector.fleet.models import Department

NAME: Final = "token"
HELP: Final = (
    "Prints a token with which a machine enrols. It carries the collector's address and its certificate, works once "
    "(or as often as --uses says), and for a short time; it cannot be shown again."
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
    parser.add_argument(
        "--department", metavar="NAME", help="department of these machines, until their colleagues are known"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--machine-certificate",
        action="store_true",
        help="print one without a secret, for machines that show a certificate of their own (setting machine_roots)",
    )
    other.add_argument(
        "--list", action="store_true", help="print the tokens that are still good, without their secrets"
    )
    other.add_argument("--withdraw", metavar="ID", help="let a token be good for nothing any more")


def run(arguments: argparse.Namespace) -> int:
    """Prints the token on stdout, and for people how to use it on stderr."""
    in_force = workspace.open_collector()
    if arguments.list:
        return _list()
    if arguments.withdraw:
        return _withdraw(arguments.withdraw)
    if arguments.machine_certificate:
        return _machine_certificate(in_force)
    minutes = arguments.minutes or in_force.token_minutes
    where = enrolment_addresses(in_force)
    root = workspace.authority(in_force).root_der
    from keuring_collector.fleet import tokens

    now = dt.datetime.now(dt.UTC)
    secret = tokens.mint(now, dt.timedelta(minutes=minutes), arguments.uses, _department(arguments.department))
    machines = "one machine" if arguments.uses == 1 else f"{arguments.uses} machines"
    print(
        f"{secret.partition('.')[0]}: for {machines}, within {minutes:g} minutes, at {where[0]}; on the machine: "
        "keuring-agent enroll --token …",
        file=sys.stderr,
    )
    print(tokens.for_agents(secret, where, root))
    return 0


def _department(name: str | None) -> Department | None:
    if name is None:
        return None
    from keuring_collector.fleet.models import Department

    found = Department.objects.filter(name__iexact=name).first()
    if found is None:
        known = ", ".join(Department.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"there is no department {name!r}; known are: {known}")
    return found


def _machine_certificate(in_force: Settings) -> int:
    if in_force.machine_roots is None:
        raise CommandError(
            "setting 'machine_roots' names no authority, so no machine certificate is taken; set it to a PEM file with "
            "the certificate of the authority that issues them, and restart the collector"
        )
    from keuring_collector.fleet import tokens

    where = enrolment_addresses(in_force)
    print(
        "no secret: it says where to enrol and whom to trust; good until the collector's root changes", file=sys.stderr
    )
    print(tokens.for_agents("", where, workspace.authority(in_force).root_der))
    return 0


def _list() -> int:
    from keuring_collector.fleet.models import EnrolmentToken

    now = dt.datetime.now(dt.UTC)
    good = EnrolmentToken.objects.select_related("department").filter(expires_at__gt=now, uses_left__gt=0)
    for each in good.order_by("expires_at"):
        department = f", {each.department.name}" if each.department else ""
        print(f"{each.pk}  {each.uses_left} left, until {each.expires_at:%Y-%m-%d %H:%M}Z{department}")
    return 0


def _withdraw(identifier: str) -> int:
    from keuring_collector.fleet.models import EnrolmentToken

    if not EnrolmentToken.objects.filter(pk=identifier.partition(".")[0], uses_left__gt=0).update(uses_left=0):
        raise CommandError(f"no token {identifier!r} is good for anything; `keuring-collector token --list` shows them")
    print(f"withdrawn {identifier}; machines that enrolled with it stay")
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
