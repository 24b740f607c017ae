"""keuring-collector chat: the chat channels of the settings, and whether a message comes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.commands import workspace

if TYPE_CHECKING:
    import argparse

NAME: Final = "chat"
HELP: Final = "Lists the chat channels that announcements can go to, or sends a message to try them."
FAILED: Final = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="the channels of the setting chat_channels; their addresses stay secret")
    testing = actions.add_parser("test", help="send a message now; ends with 1 when one does not come through")
    testing.add_argument("name", nargs="?", metavar="NAME", help="the channel (default: all of them)")


def run(arguments: argparse.Namespace) -> int:
    """Does the action."""
    in_force = workspace.open_collector()
    if not in_force.chat:
        raise workspace.CommandError("there is no chat channel; name some in the setting 'chat_channels'")
    if arguments.action == "list":
        for each in in_force.chat:
            print(f"{each.name}  {each.language}  {each.service}")
        return 0
    from keuring_collector.connectors.chat import sending
    from keuring_collector.service.announcing import letters

    named = in_force.chat_by_name
    if arguments.name and arguments.name not in named:
        raise workspace.CommandError(f"no chat channel is called {arguments.name!r}; there are: {', '.join(named)}")
    failed = 0
    for each in [named[arguments.name]] if arguments.name else in_force.chat:
        outcome = sending.send(each, *letters.trial(each.language), in_force.private_networks)
        print(f"{each.name}: {outcome.error or 'sent'}")
        failed += bool(outcome.error)
    return FAILED if failed else 0
