"""The frame of pages: what it keeps is what it would make anew, for each language, role, place and number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
DUMMY = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
NONE_KEPT = {"default": DUMMY, "template_fragments": DUMMY}
ADDRESSES = ("/", "/machines/", "/settings/")


def frame(client: Client, address: str) -> str:
    """What stands around the page, without the marks against forged requests."""
    html = client.get(address).content.decode()
    around = re.sub(r'<main .*</main>|<title>.*?</title>|value="[A-Za-z0-9]{64}"', "", html, flags=re.DOTALL)
    return around[around.index("<body>") :]


def test_what_the_frame_keeps_is_what_it_would_make_anew(site: Site) -> None:
    from keuring_collector.desk.models import Notice

    readers = {
        (role, language): site.client(site.staff(f"{role}-{language}", role=role, language=language))
        for role in ("administrator", "viewer")
        for language in ("nl", "en")
    }
    shown = set()
    for step in ("nothing", "open", "unseen"):
        if step == "open":
            ticket = site.ticket()
        if step == "unseen":
            for client in readers.values():
                number = int(client.session["_auth_user_id"])
                Notice.objects.create(staff_id=number, ticket=ticket, kind=Notice.Kind.ASSIGNED, at=site.now)
        for (role, language), client in readers.items():
            for address in ADDRESSES:
                frame(client, address)
                kept = frame(client, address)
                with override_settings(CACHES=NONE_KEPT):
                    assert kept == frame(client, address), (role, language, address, step)
                shown.add(kept)
    assert len(shown) >= 3 * 2 * len(readers)  # they do differ: by number, place and reader
