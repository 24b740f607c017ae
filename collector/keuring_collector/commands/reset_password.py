"""keuring-collector reset-password: a new one-time password for somebody who cannot sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.commands import staff, workspace

if TYPE_CHECKING:
    import argparse

NAME: Final = "reset-password"
HELP: Final = "Prints a one-time password for a member of the desk, who chooses another at the next sign-in."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("name", metavar="NAME", help="the name with which they sign in")
    parser.add_argument("--second-factor", action="store_true", help="take their second factor away too: it is lost")


def run(arguments: argparse.Namespace) -> int:
    """Sets the password, ends their sessions, and prints it."""
    workspace.open_collector()
    from keuring_collector.desk import staffing

    person = staff.named(arguments.name)
    if not person.is_active:
        person = staffing.switch(None, person, active=True)
    print(f"{arguments.name}, one-time password: {staffing.reset(None, person, factors=arguments.second_factor)}")
    return 0
