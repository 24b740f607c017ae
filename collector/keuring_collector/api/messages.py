"""Templates of messages to colleagues, and one filled in from a ticket. Sending is an action of the ticket."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from keuring_collector.api import auth
from keuring_collector.api.bodies import Identity  # noqa: TC001 - ninja reads it when it runs
from keuring_collector.api.schemas import ERRORS, Texts
from keuring_collector.console.views.message import choice, compose
from keuring_collector.desk import scope
from keuring_collector.service.messages import templates

router = Router(tags=["messages"])


class TemplateRow(Schema):
    """A template as the desk has it: its name, and what it says before it is filled in."""

    key: str
    name: Texts
    subject: Texts
    body: Texts
    source: Literal["desk", "shipped"]


class Draft(Schema):
    """A message filled in from a ticket; ``[dag]`` or ``[day]`` stands where a day is to be chosen."""

    template: str
    language: str
    subject: str
    text: str


@router.get(
    "/message-templates", auth=auth.READ, response={200: list[TemplateRow], **ERRORS}, operation_id="list_templates"
)
def message_templates(request: HttpRequest) -> list[TemplateRow]:  # noqa: ARG001
    """The templates of messages to colleagues, in the order of the console."""
    return [
        TemplateRow(
            key=each.key,
            name=Texts(nl=each.texts["nl"].name, en=each.texts["en"].name),
            subject=Texts(nl=each.texts["nl"].subject, en=each.texts["en"].subject),
            body=Texts(nl=each.texts["nl"].body, en=each.texts["en"].body),
            source="desk" if each.changed else "shipped",
        )
        for each in templates.every()
    ]


@router.get("/tickets/{number}/draft", auth=auth.READ, response={200: Draft, **ERRORS}, operation_id="get_ticket_draft")
def draft(
    request: HttpRequest, number: Identity, template: Annotated[str, Query(max_length=40)] = "",
    language: Literal["", "nl", "en"] = "", day: date | None = None,
) -> Draft:  # fmt: skip
    """A template filled in from a ticket: by default *visit*, in the colleague's language. Nothing is sent."""
    staff = auth.staff_of(request)
    ticket = scope.tickets(staff).select_related("endpoint__colleague", "owner").filter(pk=number).first()
    if ticket is None:
        raise Http404("There is no such ticket, or it belongs to a department that you do not see.")
    if template and templates.get(template) is None:
        raise Http404("There is no such template.")
    chosen = choice(ticket, {"template": template, "language": language, "day": day.isoformat() if day else ""}, staff)
    address = f"https://{settings.KEURING.public_name}:{settings.KEURING.console_port}/"
    filled = compose(ticket, chosen, timezone.now(), address)
    key = chosen.template.key if chosen.template else ""
    return Draft(template=key, language=chosen.language, subject=filled.subject, text=filled.body)
