"""What leaves the house: the chat channels, what became of mails and messages, and trying a channel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

from django.conf import settings
from django.http import HttpRequest  # noqa: TC002 - ninja reads it
from ninja import Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing
from keuring_collector.console.views import outgoing as page

router = Router(tags=["outgoing"])


class Channel(Schema):
    """A chat channel of the settings. ``service``: what may be shown of its address, which is a secret."""

    name: str
    language: str
    service: str


State = Literal["waiting", "sent", "unsure", "again", "given_up"]


class Sent(Schema):
    """A mail or a message. ``title`` is of messages alone: what a mail says is between the desk and whoever gets it."""

    at: datetime
    to: str
    chat: bool
    title: str
    state: State
    error: str
    attempts: int


class Outgoing(Schema):
    """The channels, and the hundred mails and messages that were made last, the newest first."""

    channels: list[Channel]
    sent: list[Sent]


class Try(Schema):
    """Which channel."""

    channel: Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)]


@router.get("/outgoing", auth=auth.SETTINGS_READ, response={200: Outgoing, **ERRORS}, operation_id="list_outgoing")
def outgoing(request: HttpRequest) -> Outgoing:  # noqa: ARG001 - ninja's
    """What left the house lately."""
    channels = [Channel(name=each.name, language=each.language, service=each.service) for each in settings.KEURING.chat]
    sent = [
        Sent(
            at=row.at, to=row.to, chat=row.is_chat, title=row.title,
            state=cast("State", row.state.value), error=row.error,
            attempts=row.attempts,
        )
        for row in page.lately()
    ]  # fmt: skip
    return Outgoing(channels=channels, sent=sent)


@router.post("/outgoing/try", auth=auth.SETTINGS, response={204: None, **ERRORS}, operation_id="try_chat")
def test(request: HttpRequest, body: Try) -> Nothing:
    """Sends a message that tries a channel, within half a minute."""
    page.try_channel(body.channel, auth.staff_of(request))
    return NOTHING
