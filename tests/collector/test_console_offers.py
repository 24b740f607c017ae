"""No page offers somebody what they may not do: each link and each form leads where their role may go."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_routes import addresses
from tests.collector.test_roles import routes

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
OFFERED = re.compile(r'(?:href|formaction|action)="(/[^"#?]*)')
# Those who may look and not act are offered too much most easily; the others are for `make soak`.
ROLES = (
    "viewer",
    "it",
    *(pytest.param(role, marks=pytest.mark.soak) for role in ("privacy_officer", "desk", "specialist", "team_lead")),
)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_offers_what_the_role_may_not_do(site: Site, role: str) -> None:
    from django.urls import Resolver404, resolve

    from keuring_collector.console.permission import STATED

    pages, found = addresses(site), routes()
    person = site.staff("they", role=role)
    browser = site.client(person)
    shown, dead = 0, set()
    for name, address in pages.items():
        right = getattr(found[name].callback, STATED, None)
        if right is None or not person.may(right):
            continue
        page = browser.get(address)
        if page.status_code != 200 or not page["Content-Type"].startswith("text/html"):
            continue
        shown += 1
        for offered in OFFERED.findall(page.content.decode()):
            try:
                right = getattr(resolve(unescape(offered)).func, STATED, None)
            except Resolver404:  # a file
                continue
            if right is not None and not person.may(right):
                dead.add(f"{name}: {offered}")
    assert shown > 3
    assert not dead, "\n".join(sorted(dead))
