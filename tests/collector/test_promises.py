"""Promises: of announcements and by hand, who is reminded of them, and what the demo promised."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.announcing_kit import announce, content, mails, store, tell, today
from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from keuring_collector.service.models import Announcement
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

__all__ = ["store"]  # the fixture
SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_promises_follow_what_is_announced_and_empty_ones_show(site: Site) -> None:
    from keuring_collector.desk.acting import ActionError
    from keuring_collector.service import promises
    from keuring_collector.service.announcing import writing
    from keuring_collector.service.models import Promise

    noor = site.staff()

    def states(made: Announcement) -> list[tuple[str, str]]:
        return list(made.promises.order_by("pk").values_list("kind", "state"))

    kept = announce(site, noor, when="unknown", tell_by=today(site, 5))
    writing.save(kept, content(site, note="It is known."), actor=noor, now=site.now + timedelta(days=4))
    assert states(kept) == [("tell_by", "kept"), ("date", "open")]
    late = announce(site, noor, when="unknown", tell_by=today(site, 5))
    writing.save(late, content(site, note="It is known."), actor=noor, now=site.now + timedelta(days=6))
    assert states(late) == [("tell_by", "broken"), ("date", "open")]
    again = announce(site, noor, when="unknown", tell_by=today(site, 5))
    more = content(site, when="unknown", tell_by=today(site, 9), note="Still no date.")
    writing.save(again, more, actor=noor, now=site.now + timedelta(days=4))
    assert states(again) == [("tell_by", "withdrawn"), ("tell_by", "open")]
    writing.withdraw(again, "Not this year.", actor=noor, now=site.now + timedelta(days=8))
    assert states(again) == [("tell_by", "withdrawn"), ("tell_by", "kept")]
    dated = kept.promises.get(kind="date")
    for days, state, reason in ((0, "kept", ""), (12, "withdrawn", "x"), (12, "broken", ""), (12, "lost", "x")):
        with pytest.raises(ActionError):
            promises.close(dated.pk, state, reason, actor=noor, now=site.now + timedelta(days=days))
    promises.close(dated.pk, "kept", "", actor=noor, now=site.now + timedelta(days=12))
    with pytest.raises(ActionError, match="zei al"):
        promises.close(dated.pk, "broken", "No.", actor=noor, now=site.now + timedelta(days=12))
    (month, *_rest) = promises.months(Promise.objects.all(), site.today + timedelta(days=12))
    everything = promises.months(Promise.objects.all(), site.today + timedelta(days=40))
    whole = [sum(getattr(each, name) for each in everything) for name in ("kept", "broken", "overdue", "withdrawn")]
    assert whole == [3, 1, 1, 1]  # nobody said what became of the date of the late one: that is not kept
    assert month.share is None or 0 <= month.share <= 1


@SQLITE
def test_promises_are_made_by_hand_and_seen_within_ones_departments(site: Site) -> None:
    from keuring_collector.desk.acting import NotUnderstood
    from keuring_collector.service import promises

    sales, noor = site.department("Sales"), site.staff()
    cas = site.staff("cas", role="desk", departments=[sales])
    ticket = site.ticket()
    for text, days in (("", 3), ("x" * 401, 3), ("We come", -1), ("We come", 400)):
        with pytest.raises(NotUnderstood):
            promises.make(text, today(site, days), actor=noor, now=site.now, ticket=ticket)
    ours = promises.make("We come on Thursday", today(site, 2), actor=noor, now=site.now, ticket=ticket)
    assert (ours.endpoint, ours.department) == (ticket.endpoint, ticket.endpoint.department)
    theirs = promises.make("Sales is next", today(site, 9), actor=cas, now=site.now, department=sales)
    assert list(promises.seen_by(cas)) == [theirs]
    assert list(promises.seen_by(noor)) == [ours, theirs]
    assert promises.to_keep(noor, today(site)) == [ours]
    assert promises.to_keep(cas, today(site)) == []


@SQLITE
def test_authors_are_reminded_once_of_each_day(site: Site) -> None:
    from keuring_collector.service.announcing import nudging

    noor = site.staff(email="noor@example.org")
    unknown = announce(site, noor, when="unknown", tell_by=today(site, 5))
    announce(site, noor)
    announce(site, site.staff("without-mail"), when="unknown", tell_by=today(site, 1))

    def nudged(days: int) -> list[str]:
        before = mails()
        nudging.nudge(site.now + timedelta(days=days), "https://desk.example/", "nl")
        return [subject for _to, subject in mails() if (_to, subject) not in before]

    assert nudged(0) == nudged(1) == []
    (near,) = nudged(3)
    assert near.startswith("You promised to tell more by")
    assert nudged(4) == []
    assert nudged(6) == ["Promise not kept: New office programs"]
    assert nudged(11) == ["Did it happen? New office programs"]
    assert nudged(12) == []
    unknown.refresh_from_db()
    assert unknown.nudged.startswith("late-")


@SQLITE
def test_the_demo_has_announced_and_promised(site: Site, store: Store) -> None:
    from keuring_collector.demo import announcements
    from keuring_collector.demo.names import DEPARTMENTS
    from keuring_collector.service.models import Announcement, Promise

    for each in DEPARTMENTS:
        site.machine(each.place[:20], department=site.department(each.name), simulated=True)
    for number in range(8):
        site.ticket(site.machine(f"LT-{number}", simulated=True), cause=f"cause-{number}")
    for _again in range(2):
        announcements.write(store, site.now.timestamp())
    assert Announcement.objects.count() == len(announcements.ANNOUNCEMENTS)
    assert mails() == []
    assert tell(site, store) == 0  # everybody was told long ago
    browser = site.client(site.staff("eva", language="nl"))
    for page, told in (
        ("/announcements/", "uiterlijk"), ("/announcements/", "deze belofte is niet nagekomen"),
        ("/promises/", "We komen donderdag langs."), ("/promises/", "niet nagekomen, tenzij iemand zegt van wel"),
    ):  # fmt: skip
        assert told in words(browser.get(page)), told
    states = set(Promise.objects.values_list("kind", "state"))
    assert {("date", "kept"), ("date", "open"), ("date", "withdrawn"), ("tell_by", "open")} <= states
    assert {("hand", "kept"), ("hand", "broken"), ("hand", "open")} <= states
