"""keuring-collector endpoint list|revoke|replace: the machines that report."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse

    from keuring_collector.config import Settings
    from keuring_collector.fleet.models import Endpoint

NAME: Final = "endpoint"
HELP: Final = "Lists the machines that report, revokes one, or lets a new one take the place of an old one."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="print the machines with their state and last contact")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    revoke = actions.add_parser("revoke", help="take no more reports of a machine, within seconds")
    revoke.add_argument("endpoint", metavar="NAME|UUID")
    replace = actions.add_parser(
        "replace", help="let a machine that enrolled anew take over colleague and department of an old one"
    )
    replace.add_argument("old", metavar="OLD", help="name or UUID of the machine that is gone")
    replace.add_argument("new", metavar="NEW", help="name or UUID of the one in its place")


def run(arguments: argparse.Namespace) -> int:
    """Does what was asked of the machines."""
    in_force = workspace.open_collector()
    if arguments.action == "list":
        return _list(in_force, as_json=arguments.json)
    from keuring_collector.fleet import endpoints

    now = dt.datetime.now(dt.UTC)
    if arguments.action == "revoke":
        endpoint = find(arguments.endpoint)
        endpoints.revoke(endpoint, now)
        print(f"revoked {endpoint.host_name} ({endpoint.uuid}); its reports are refused within seconds")
        return 0
    old, new = find(arguments.old), find(arguments.new, other_than=arguments.old)
    if old.pk == new.pk:
        raise CommandError(f"{old.host_name} ({old.uuid}) cannot take its own place; name the new machine by its UUID")
    closed = endpoints.replace(old, new, now)
    print(f"{new.host_name} ({new.uuid}) takes the place of {old.host_name} ({old.uuid}); {closed} tickets closed")
    return 0


def find(name: str, other_than: str = "") -> Endpoint:
    """The machine of that name or UUID. Raises CommandError when there is none, or more than one.

    Of several machines with one name the only active one is meant, unless ``other_than`` is the same name.
    """
    import uuid

    from keuring_collector.fleet.models import Endpoint

    try:
        found = list(Endpoint.objects.filter(uuid=uuid.UUID(name)))
    except ValueError:
        found = list(Endpoint.objects.filter(host_name__iexact=name))
        active = [each for each in found if each.state == Endpoint.State.ACTIVE]
        found = active if len(active) == 1 and name != other_than else found
    if not found:
        raise CommandError(f"no machine is called {name!r}; `keuring-collector endpoint list` shows them all")
    if len(found) > 1:
        choices = ", ".join(f"{each.uuid} ({each.state}, enrolled {each.enrolled_at:%Y-%m-%d})" for each in found)
        raise CommandError(f"{len(found)} machines are called {name!r}; say which by its UUID: {choices}")
    return found[0]


def _list(in_force: Settings, *, as_json: bool) -> int:
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import open_store

    store = open_store(in_force.database_url)
    try:
        heads = store.heads()
    finally:
        store.close()
    rows = []
    for each in Endpoint.objects.select_related("colleague", "department").order_by("host_name", "id"):
        head = heads.get(each.pk)
        contact = dt.datetime.fromtimestamp(head.received_at, dt.UTC) if head and head.received_at else None
        rows.append(
            {
                "name": each.host_name,
                "uuid": str(each.uuid),
                "state": each.state + (" (simulated)" if each.simulated else ""),
                "colleague": each.colleague.name if each.colleague else "",
                "department": each.department.name if each.department else "",
                "last_contact": f"{contact:%Y-%m-%d %H:%M:%S}Z" if contact else "never",
            }
        )
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return 0
    if not rows:
        print("no machine has enrolled yet; `keuring-collector token` prints what one needs")
        return 0
    header = {name: name.replace("_", " ") for name in rows[0]}
    widths = {name: max(len(row[name]) for row in [header, *rows]) for name in header}
    for row in [header, *rows]:
        print("  ".join(row[name].ljust(widths[name]) for name in header).rstrip())
    return 0
