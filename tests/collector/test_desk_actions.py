"""What people do to tickets: what changes, what is written down, and what is refused. On both databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.desk.models import Ticket
    from tests.collector.console_fixtures import Site


@pytest.fixture(autouse=True)
def _english(site: Site) -> Iterator[None]:
    from django.utils.translation import override

    with override("en"):
        yield


def history(ticket_id: int) -> list[tuple[str, str | None]]:
    from keuring_collector.desk.models import TicketHistory

    found = TicketHistory.objects.filter(ticket=ticket_id).select_related("actor")
    return [(item.kind, item.actor.username if item.actor else None) for item in found]


def last_detail(ticket: Ticket) -> dict[str, Any]:
    last = ticket.history.last()
    assert last is not None
    return dict(last.detail)


def local_day(moment: datetime, days: int) -> date:
    from django.utils import timezone

    return timezone.localtime(moment).date() + timedelta(days=days)


def test_take_makes_the_owner_and_is_written_down(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Ticket

    noor, cas = site.staff(), site.staff("cas")
    ticket = site.ticket()
    actions.take(ticket.pk, actor=noor, now=site.now)
    actions.take(ticket.pk, actor=cas, now=site.now + timedelta(minutes=1))
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.owner == cas
    assert ticket.touched
    assert ticket.updated_at == site.now + timedelta(minutes=1)
    assert history(ticket.pk) == [("opened", None), ("taken", "noor"), ("taken", "cas")]
    assert last_detail(ticket) == {"from": "noor"}
    with pytest.raises(actions.NotPossible, match="already"):
        actions.take(ticket.pk, actor=cas, now=site.now)
    assert len(history(ticket.pk)) == 3


def test_plan_and_snooze_move_between_states(site: Site) -> None:
    from django.utils import timezone

    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket()
    planned = actions.plan(ticket.pk, actor=noor, now=site.now, day=local_day(site.now, 3))
    assert (planned.state, planned.planned_for, planned.owner) == ("planned", local_day(site.now, 3), noor)
    snoozed = actions.snooze(ticket.pk, actor=noor, now=site.now, until=local_day(site.now, 30))
    assert (snoozed.state, snoozed.planned_for) == ("snoozed", None)
    assert snoozed.snoozed_until is not None
    assert timezone.localtime(snoozed.snoozed_until).date() == local_day(site.now, 30)
    assert timezone.localtime(snoozed.snoozed_until).hour == 0
    again = actions.plan(ticket.pk, actor=noor, now=site.now, day=local_day(site.now, 0))
    assert (again.state, again.snoozed_until) == ("planned", None)
    assert [kind for kind, _ in history(ticket.pk)] == ["opened", "planned", "snoozed", "planned"]


@pytest.mark.parametrize(("days", "message"), [(-1, "has passed"), (None, "Choose a date"), (400, "more than a year")])
def test_a_date_that_cannot_be_changes_nothing(site: Site, days: int | None, message: str) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Ticket

    noor, ticket = site.staff(), site.ticket()
    day = None if days is None else local_day(site.now, days)
    with pytest.raises(actions.NotUnderstood, match=message) as caught:
        actions.plan(ticket.pk, actor=noor, now=site.now, day=day)
    assert caught.value.field == "day"
    with pytest.raises(actions.NotUnderstood) as caught:
        actions.snooze(ticket.pk, actor=noor, now=site.now, until=local_day(site.now, 0))
    assert caught.value.field == "until"
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.state, ticket.touched, history(ticket.pk)) == ("new", False, [("opened", None)])


def test_resolving_asks_a_verdict_and_keeps_what_helped(site: Site) -> None:
    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket()
    with pytest.raises(actions.NotUnderstood) as caught:
        actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="perhaps")
    assert caught.value.field == "verdict"
    closed = actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="right", text=" Cleared up. ")
    assert (closed.state, closed.verdict, closed.closed_at, closed.owner) == ("resolved", "right", site.now, noor)
    assert last_detail(closed) == {"verdict": "right", "text": "Cleared up."}
    with pytest.raises(actions.NotPossible, match="closed already"):
        actions.dismiss(ticket.pk, actor=noor, now=site.now, verdict="wrong", reason="no")
    actions.note(ticket.pk, actor=noor, now=site.now, text="Came to thank us.")
    assert history(ticket.pk)[-1] == ("note", "noor")


def test_dismissing_needs_a_reason_and_keeps_the_severity(site: Site) -> None:
    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket(severity=2)
    with pytest.raises(actions.NotUnderstood) as caught:
        actions.dismiss(ticket.pk, actor=noor, now=site.now, verdict="known", reason="  ")
    assert caught.value.field == "reason"
    closed = actions.dismiss(ticket.pk, actor=noor, now=site.now, verdict="known", reason="On the list for March.")
    assert (closed.state, closed.dismissed_severity) == ("dismissed", 2)
    assert closed.dismissal_reason == "On the list for March."


def test_an_action_on_what_has_changed_meanwhile_is_refused(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Ticket

    noor, cas, ticket = site.staff(), site.staff("cas"), site.ticket()
    seen = actions.stamp(ticket)
    # New evidence and a moved date are no reason to refuse: the person decides on the same ticket.
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=site.now, expected_at=site.now + timedelta(days=9))
    actions.plan(ticket.pk, actor=noor, now=site.now, day=local_day(site.now, 2), seen=seen)
    with pytest.raises(actions.ChangedMeanwhile):
        actions.resolve(ticket.pk, actor=cas, now=site.now, verdict="right", seen=seen)
    assert Ticket.objects.get(pk=ticket.pk).state == "planned"


def test_notes_are_bounded_and_never_empty(site: Site) -> None:
    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket()
    for text in ("", "   ", "x" * 4001):
        with pytest.raises(actions.NotUnderstood):
            actions.note(ticket.pk, actor=noor, now=site.now, text=text)
    assert history(ticket.pk) == [("opened", None)]
