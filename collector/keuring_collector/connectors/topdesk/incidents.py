"""Incidents of TOPdesk, by its REST API: `GET /tas/api/incidents`, signed in by a login and an application password.

Only the fields below are asked for, so that no description ever leaves TOPdesk. It answers 200 with all there is, 206
when there is more, 204 when there is nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.connectors.sources import PAGE, Found, Page, SourceError, moment_at, text_at

if TYPE_CHECKING:
    from keuring_collector.config import Settings
    from keuring_collector.connectors.sources import Web

PATH: Final = "/tas/api/incidents"
FIELDS: Final = (
    "number",
    "callDate",
    "creationDate",
    "modificationDate",
    "category",
    "subcategory",
    "object",
    "caller",
)


class Source:
    """Reads them, those of the archive too."""

    def __init__(self, web: Web, settings: Settings) -> None:
        self.web = web
        web.session.auth = (settings.incidents_login, settings.incidents_secret)
        self.machine_field = settings.incidents_machine_field or "object.name"
        self.category_field = settings.incidents_category_field

    def page(self, since: dt.datetime, start: int) -> Page:
        """As Reads has it."""
        moment = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        own = (self.machine_field.partition(".")[0], self.category_field.partition(".")[0])
        asked = {
            "query": f"modificationDate=ge={moment}",
            "sort": "modificationDate:asc",
            "fields": ",".join(dict.fromkeys((*FIELDS, *(each for each in own if each)))),
            "all": "true",
            "pageSize": str(PAGE),
            "pageStart": str(start),
        }
        told = self.web.get(PATH, asked)
        if told is None:
            return Page((), more=False)
        if not isinstance(told, list):
            raise SourceError("TOPdesk answered no list of incidents; is 'incidents_url' its address?")
        return Page([self._found(each) for each in told], more=len(told) >= PAGE)

    def _found(self, told: Any) -> Found:
        category = text_at(told, self.category_field) if self.category_field else _category(told)
        reported = "callDate" if text_at(told, "callDate") else "creationDate"
        return Found(
            number=text_at(told, "number"),
            at=moment_at(told, reported),
            changed=moment_at(told, "modificationDate"),
            category=category,
            machine=text_at(told, self.machine_field),
            mail=text_at(told, "caller.email"),
        )


def _category(told: Any) -> str:
    parts = (text_at(told, "category.name"), text_at(told, "subcategory.name"))
    return " / ".join(part for part in parts if part)
