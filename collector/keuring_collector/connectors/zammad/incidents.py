"""Incidents of Zammad, by its REST API: `GET /api/v1/tickets/search`, signed in by an access token.

The search by a moment is one of Elasticsearch, which Zammad asks for anyway. With `expand` it names what it otherwise
gives as numbers; whoever reported a ticket is their login there, which for most is their mail address. Zammad cannot
leave fields out of its answer; of what it sends only the fields below are looked at.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from keuring_collector.connectors.sources import PAGE, Found, Page, SourceError, moment_at, text_at

if TYPE_CHECKING:
    from requests import PreparedRequest

    from keuring_collector.config import Settings
    from keuring_collector.connectors.sources import Web

PATH = "/api/v1/tickets/search"


class Source:
    """Reads them. Which attribute names the machine differs by installation; there is none without the setting."""

    def __init__(self, web: Web, settings: Settings) -> None:
        self.web = web
        web.session.auth = self._sign
        self._secret = settings.incidents_secret
        self.machine_field = settings.incidents_machine_field
        self.category_field = settings.incidents_category_field or "group"

    def _sign(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Token token={self._secret}"
        return request

    def page(self, since: dt.datetime, start: int) -> Page:
        """As Reads has it. Zammad counts pages, so ``start`` is a whole number of them."""
        moment = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = {
            "query": f'updated_at:["{moment}" TO *]',
            "sort_by": "updated_at",
            "order_by": "asc",
            "expand": "true",
            "per_page": str(PAGE),
            "page": str(start // PAGE + 1),
        }
        told = self.web.get(PATH, asked)
        if not isinstance(told, list):
            raise SourceError("Zammad answered no list of tickets; is 'incidents_url' its address?")
        return Page([self._found(each) for each in told], more=len(told) >= PAGE)

    def _found(self, told: Any) -> Found:
        customer = text_at(told, "customer")
        return Found(
            number=text_at(told, "number"),
            at=moment_at(told, "created_at"),
            changed=moment_at(told, "updated_at"),
            category=text_at(told, self.category_field),
            machine=text_at(told, self.machine_field) if self.machine_field else "",
            mail=customer if "@" in customer else "",
        )
