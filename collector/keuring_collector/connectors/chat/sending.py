"""Chat channels, spoken to by apprise, in a process of its own that is ended when it takes too long.

apprise knows how each service wants its messages, but bounds neither the time nor the size of an answer, and tells of
a failure only that there was one. A process of its own keeps its weight out of ours, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import structlog

from keuring_collector.desk.outbox import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.chat_channels import ChatChannel
    from keuring_collector.config import Settings

log = structlog.get_logger(__name__)
SECONDS: Final = 30.0


def send(channel: ChatChannel, title: str, text: str, networks: Sequence[str], seconds: float = SECONDS) -> Outcome:
    """Sends one message, and waits at most ``seconds``; says what became of it. Never raises for what the other side
    does.
    """
    asked = {"address": channel.address, "title": title, "text": text, "networks": list(networks)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "keuring_collector.connectors.chat.speaking"],
            input=json.dumps(asked), capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        outcome = Outcome(**json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        outcome = Outcome(error="it gave no answer", unsure=True)
    except (OSError, ValueError, TypeError) as error:
        outcome = Outcome(error=f"the program that sends it could not run ({type(error).__name__})")
    log.info("chat", channel=channel.name, service=channel.service, outcome=outcome.error or "sent")
    return outcome


def send_to(settings: Settings, name: str, title: str, text: str) -> Outcome:
    """The same, to a channel of the settings by its name."""
    channel = settings.chat_by_name.get(name)
    if channel is None:
        return Outcome(error=f"the setting 'chat_channels' has no channel called {name!r} any more")
    return send(channel, title, text, settings.private_networks)
