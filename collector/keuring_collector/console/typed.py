"""Numbers, days and addresses that came in an address or a form, where anybody may write anything."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date
from typing import TYPE_CHECKING

from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from django.http import HttpRequest


def number(text: str) -> int | None:
    """A number of a row, a page or days, from 0; None for what is none, or more than a database counts to."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def read_day(text: str) -> date | None:
    """A day, as in 2027-01-31; None for what is none, or has no room for the days around it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if MINYEAR < found.year < MAXYEAR else None


def leads_inside(request: HttpRequest, address: str) -> bool:
    """Whether somebody may be sent to ``address``: a whole one of this console, neither elsewhere nor half of one."""
    here, is_secure = {request.get_host()}, request.is_secure()
    return "/" in address and url_has_allowed_host_and_scheme(address, here, require_https=is_secure)
