"""keuring-collector reset-password: a new one-time password for somebody who cannot sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.init import one_time_password
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse

NAME: Final = "reset-password"
HELP: Final = "Prints a one-time password for a member of the desk, who chooses another at the next sign-in."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("name", metavar="NAME", help="the name with which they sign in")


def run(arguments: argparse.Namespace) -> int:
    """Sets the password, ends their sessions, and prints it."""
    workspace.open_collector()
    from keuring_collector.desk.models import Staff

    person = Staff.objects.filter(username=arguments.name).first()
    if person is None:
        known = ", ".join(Staff.objects.order_by("username").values_list("username", flat=True)[:20])
        raise CommandError(f"nobody at the desk signs in as {arguments.name!r}; known are: {known or 'nobody yet'}")
    password = one_time_password()
    person.set_password(password)  # with it, all sessions of theirs end
    person.must_change_password = True
    person.is_active = True
    person.save()
    print(f"{arguments.name}, one-time password: {password}")
    return 0
