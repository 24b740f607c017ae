"""keuring-collector staff: who works at the desk, as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError
from keuring_collector.config_checks import ROLES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Department

NAME: Final = "staff"
HELP: Final = "Adds people of the desk, lists them, gives them roles and departments, and switches accounts off and on."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="everybody with role, departments and state")
    adding = actions.add_parser("add", help="add somebody, and print their one-time password")
    adding.add_argument("name", metavar="NAME", help="the name with which they sign in")
    adding.add_argument("--role", choices=ROLES, default="desk", help="what they may do (default: desk)")
    adding.add_argument("--full-name", metavar="NAME", default="", help="how others know them")
    adding.add_argument("--mail", metavar="ADDRESS", default="", help="their mail address, for digests")
    _departments(adding)
    giving = actions.add_parser("role", help="give somebody a role, and the departments they see")
    giving.add_argument("name", metavar="NAME", help="the name with which they sign in")
    giving.add_argument("role", choices=ROLES, help="what they may do from now on")
    _departments(giving)
    for action, text in (("disable", "switch an account off; its sessions end"), ("enable", "switch it on again")):
        child = actions.add_parser(action, help=text)
        child.add_argument("name", metavar="NAME", help="the name with which they sign in")


def _departments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--department",
        action="append",
        metavar="NAME",
        default=None,
        help="a department they see, once for each; without it they see all",
    )


def run(arguments: argparse.Namespace) -> int:
    """Does the action. Raises CommandError."""
    workspace.open_collector()
    from django.utils.translation import override

    from keuring_collector.desk import staffing

    with override("en"):
        try:
            return _act(arguments)
        except staffing.StaffingError as error:
            raise CommandError(str(error.message)) from error


def _act(arguments: argparse.Namespace) -> int:
    from keuring_collector.desk import staffing

    if arguments.action == "list":
        return _list()
    if arguments.action == "add":
        _person, password = staffing.add(
            None,
            arguments.name,
            arguments.role,
            full_name=arguments.full_name,
            mail=arguments.mail,
            departments=_chosen(arguments.department),
        )
        print(f"{arguments.name}, {arguments.role}, one-time password: {password}")
    elif arguments.action == "role":
        person = staffing.assign(None, named(arguments.name), arguments.role, _chosen(arguments.department))
        print(f"{person.get_username()}: {person.role}, {_seen(person)}")
    else:
        person = staffing.switch(None, named(arguments.name), active=arguments.action == "enable")
        print(f"{person.get_username()}: {'on' if person.is_active else 'off'}")
    return 0


def named(name: str) -> Staff:
    """The person who signs in with ``name``. Raises CommandError when there is none."""
    from keuring_collector.desk.models import Staff

    person = Staff.objects.filter(username=name).first()
    if person is None:
        known = ", ".join(Staff.objects.order_by("username").values_list("username", flat=True)[:20])
        raise CommandError(f"nobody at the desk signs in as {name!r}; known are: {known or 'nobody yet'}")
    return person


def _chosen(names: Sequence[str] | None) -> list[Department] | None:
    from keuring_collector.fleet.models import Department

    if names is None:
        return None
    found = {department.name: department for department in Department.objects.all()}
    for name in names:
        if name not in found:
            raise CommandError(
                f"--department {name}: there is no such department; known are: "
                f"{', '.join(sorted(found)) or 'none yet'} (`keuring-collector people import` brings them in)"
            )
    return [found[name] for name in names]


def _seen(person: Staff) -> str:
    if not person.limited:
        return "all departments"
    return ", ".join(sorted(person.departments.values_list("name", flat=True))) or "no department"


def _list() -> int:
    from keuring_collector.desk.models import Staff

    for person in Staff.objects.order_by("username"):
        state = "on" if person.is_active else "off"
        signed_in = f"{person.last_login:%Y-%m-%d}" if person.last_login else "never"
        print(f"{person.get_username():<20} {person.role:<16} {state:<4} signed in {signed_in:<11} {_seen(person)}")
    return 0
