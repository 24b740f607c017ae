"""Announcing in tests: what somebody writes, publishing it, telling, and what went out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.models import Announcement
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site


@pytest.fixture
def store(site: Site) -> Iterator[Store]:
    from keuring_collector.store import open_store

    opened = open_store(site.url)
    yield opened
    opened.close()


def today(site: Site, days: int = 0) -> date:
    from keuring_collector.desk.wording import local_day

    return local_day(site.now) + timedelta(days=days)


def content(site: Site, **fields: Any) -> Any:
    """What somebody writes: by default in both languages, on a date in ten days, by mail and on the machine."""
    from keuring_collector.service.announcing.writing import Content

    texts = {
        ("title", "nl"): "Nieuwe kantoorpakketten", ("means", "nl"): "Je knoppen staan **elders**.",
        ("title", "en"): "New office programs", ("means", "en"): "Your buttons move.",
    }  # fmt: skip
    defaults: dict[str, Any] = {"texts": texts | fields.pop("texts", {}), "channels": ("mail", "machine")}
    if "when" not in fields:
        defaults |= {"when": "date", "starts_on": today(site, 10)}
    return Content(**{**defaults, **fields})


def announce(site: Site, person: Staff, **fields: Any) -> Announcement:
    from keuring_collector.service.announcing import writing

    draft = writing.save(None, content(site, **fields), actor=person, now=site.now)
    return writing.publish(draft, actor=person, now=site.now)


def tell(site: Site, store: Store, hours: float = 0) -> int:
    from keuring_collector.service.announcing import telling

    return telling.tell(store, site.now + timedelta(hours=hours), lambda _each: "", bool)


def mails() -> list[tuple[str, str]]:
    from keuring_collector.desk.models import Outgoing

    return sorted(Outgoing.objects.values_list("to", "subject"))


def sent(now: datetime) -> None:
    from keuring_collector.desk.models import Outgoing

    Outgoing.objects.filter(sent_at=None).update(sent_at=now)


def addresses(site: Site) -> dict[str, list[Any]]:
    """What the addresses of announcements and promises name, by route."""
    found = announce(site, site.staff("who-announces"), when="unknown", tell_by=today(site, 9), public=True)
    below = ("", "_edit", "_versions", "_publish", "_withdraw", "_discard")
    names = {f"announcement{name}": [found.pk] for name in below}
    return {**names, "news_item": [found.pk], "news_feed": ["nl"], "promise_close": [found.promises.get().pk]}


def pages(site: Site, said: str) -> dict[str, str]:
    """Something announced, of which colleagues must do ``said``, a promise that was broken, and their pages."""
    lead = site.staff("lead", role="team_lead", first_name="Lea")
    made = announce(site, lead, public=True, texts={("must", "en"): said})
    late = announce(site, lead, when="unknown", tell_by=today(site, 2), public=True)
    late.promises.update(due_on=today(site, -3))
    type(late).objects.filter(pk=late.pk).update(tell_by=today(site, -3))
    return {
        "announcements": "/announcements/",
        "announcement": f"/announcements/{made.pk}/",
        "announcement edit": f"/announcements/{made.pk}/edit/",
        "announcement versions": f"/announcements/{made.pk}/versions/",
        "promises": "/promises/",
        "news": "/news/",
        "news item": f"/news/{late.pk}/",
    }
