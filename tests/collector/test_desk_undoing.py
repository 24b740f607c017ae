"""Taking back what one just did, mails that wait for it, and judging a ticket afterwards. On both databases."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import words
from tests.collector.test_desk_life import day, fresh, kinds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.collector.console_fixtures import Site


@pytest.fixture(autouse=True)
def _english(site: Site) -> Iterator[None]:
    from django.utils.translation import override

    with override("en"):
        yield


def test_an_action_can_be_taken_back_for_a_minute(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from django.conf import settings

    from keuring_collector.desk import actions, outbox, undoing
    from keuring_collector.desk.models import Notice, Outgoing

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_FILE_PATH", str(tmp_path / "mail"))

    noor, cas = site.staff(), site.staff("cas", email="cas@example.org")
    tickets = [site.ticket(site.machine(f"LT-{n}"), severity=3) for n in range(3)]
    step = uuid.uuid4()
    for ticket in tickets:
        actions.assign(ticket.pk, actor=noor, now=site.now, to=cas, step=step)
    actions.plan(tickets[1].pk, actor=cas, now=site.now, day=day(site.now, 3))  # built upon meanwhile
    with pytest.raises(actions.NotPossible, match="too late"):
        undoing.undo(step, actor=cas, now=site.now)  # somebody else's
    assert outbox.send(site.now + timedelta(seconds=50)) == 0
    assert undoing.undo(step, actor=noor, now=site.now + timedelta(seconds=50)) == 2
    assert [fresh(ticket).owner for ticket in tickets] == [None, cas, None]
    assert [fresh(ticket).touched for ticket in tickets] == [False, True, False]
    assert kinds(tickets[0]) == ["opened", "assigned", "undone"]
    assert Notice.objects.get().ticket == Outgoing.objects.get().ticket == tickets[1]
    with pytest.raises(actions.NotPossible, match="too late"):
        undoing.undo(step, actor=noor, now=site.now + timedelta(seconds=51))
    assert outbox.send(site.now + timedelta(seconds=61)) == 1
    assert outbox.send(site.now + timedelta(seconds=62)) == 0
    (sent,) = (tmp_path / "mail").iterdir()
    assert "To: cas@example.org" in sent.read_text(encoding="utf-8")


def test_closing_and_snoozing_can_be_taken_back_too(site: Site) -> None:
    from keuring_collector.desk import actions, undoing

    noor, ticket = site.staff(), site.ticket(severity=3)
    actions.plan(ticket.pk, actor=noor, now=site.now, day=day(site.now, 4))
    step = uuid.uuid4()
    actions.dismiss(ticket.pk, actor=noor, now=site.now, verdict="wrong", reason="oops", step=step)
    actions.note(ticket.pk, actor=noor, now=site.now, text="Sorry.")  # a note is nothing to build upon
    undoing.undo(step, actor=noor, now=site.now)
    back = fresh(ticket)
    last = back.history.last()
    assert last is not None
    assert (last.kind, last.detail) == ("undone", {"what": "dismissed"})
    assert (back.state, back.planned_for, back.verdict, back.closed_at) == ("planned", day(site.now, 4), "", None)
    step = uuid.uuid4()
    only = ticket.lines.get().pk
    actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=only, until=day(site.now, 4), step=step)
    undoing.undo(step, actor=noor, now=site.now)
    assert ticket.lines.get().snoozed_until is None
    step = uuid.uuid4()
    actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="right", step=step)
    site.ticket(ticket.endpoint)  # a new one of the same cause: the old one cannot be open beside it
    with pytest.raises(actions.NotPossible, match="changed meanwhile"):
        undoing.undo(step, actor=noor, now=site.now)
    assert fresh(ticket).state == "resolved"


def test_undoing_leaves_alone_what_others_did_since(site: Site) -> None:
    from keuring_collector.desk import actions, undoing
    from keuring_collector.desk.models import TicketLine

    noor, cas = site.staff(), site.staff("cas")
    ticket, same_day, noted = (site.ticket(site.machine(f"LT-{n}"), severity=3) for n in range(3))
    for rule in ("a", "b"):
        TicketLine.objects.create(ticket=ticket, rule=rule, severity=2, since=site.now, judged_at=site.now)
    line = ticket.lines.filter(rule="a").get()
    steps = [uuid.uuid4() for _ in range(5)]

    actions.take(ticket.pk, actor=noor, now=site.now, step=steps[0])
    actions.snooze_line(ticket.pk, actor=cas, now=site.now, line=line.pk, until=day(site.now, 3), step=steps[1])
    with pytest.raises(actions.NotPossible, match="changed meanwhile"):
        undoing.undo(steps[0], actor=noor, now=site.now)
    line.refresh_from_db()
    assert line.snoozed_until is not None
    assert fresh(ticket).owner == noor

    for step, who in ((steps[2], noor), (steps[3], cas)):  # who came second decided so too
        actions.plan(same_day.pk, actor=who, now=site.now, day=day(site.now, 3), step=step)
    with pytest.raises(actions.NotPossible, match="changed meanwhile"):
        undoing.undo(steps[2], actor=noor, now=site.now)
    assert fresh(same_day).state == "planned"

    actions.take(noted.pk, actor=noor, now=site.now, step=steps[4])
    actions.note(noted.pk, actor=cas, now=site.now, text="Ik bel haar morgen.")
    assert undoing.undo(steps[4], actor=noor, now=site.now) == 1
    assert fresh(noted).owner is None
    assert fresh(noted).touched  # by the note: it does not close itself


def test_a_verdict_is_changed_afterwards(site: Site) -> None:
    from keuring_collector.desk import actions, undoing

    noor, ticket, step = site.staff(first_name="Noor"), site.ticket(severity=3), uuid.uuid4()
    with pytest.raises(actions.NotPossible, match="resolved or dismissed"):
        actions.judge(ticket.pk, actor=noor, now=site.now, verdict="right")
    actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="wrong")
    page = site.client(noor).get(f"/tickets/{ticket.pk}/")
    assert "verdict: wrong . Another verdict" in words(page)
    done = site.client(noor).post(f"/tickets/{ticket.pk}/judge/", {"verdict": "right"}, follow=True)
    assert "Judged." in words(done)
    assert "Noor changed the verdict from wrong to right" in words(done)
    assert (fresh(ticket).state, fresh(ticket).verdict) == ("resolved", "right")
    with pytest.raises(actions.NotPossible, match="already"):
        actions.judge(ticket.pk, actor=noor, now=site.now, verdict="right")
    with pytest.raises(actions.NotUnderstood, match="four verdicts"):
        actions.judge(ticket.pk, actor=noor, now=site.now, verdict="maybe")
    actions.judge(ticket.pk, actor=noor, now=site.now, verdict="known", step=step)
    undoing.undo(step, actor=noor, now=site.now)
    assert fresh(ticket).verdict == "right"

    by_itself = site.ticket(site.machine("LT-2"), state="resolved", closed_at=site.now)
    assert "Give a verdict" in words(site.client(noor).get(f"/tickets/{by_itself.pk}/"))
    actions.judge(by_itself.pk, actor=noor, now=site.now, verdict="early")
    assert "Noor judged it afterwards (verdict: too early)" in words(site.client(noor).get(f"/tickets/{by_itself.pk}/"))


def test_one_thing_after_the_other_is_taken_back(site: Site) -> None:
    from keuring_collector.desk import actions, undoing

    noor, ticket = site.staff(), site.ticket(severity=3)
    first, second = uuid.uuid4(), uuid.uuid4()
    actions.take(ticket.pk, actor=noor, now=site.now, step=first)
    actions.plan(ticket.pk, actor=noor, now=site.now, day=day(site.now, 3), step=second)
    for step in (second, first):
        assert undoing.undo(step, actor=noor, now=site.now) == 1
    assert (fresh(ticket).state, fresh(ticket).owner, fresh(ticket).touched) == ("new", None, False)


def test_what_cannot_be_undone_any_more_is_too_late(site: Site) -> None:
    from keuring_collector.desk import actions, outbox, undoing
    from keuring_collector.desk.models import Undo

    noor, ticket, step = site.staff(), site.ticket(), uuid.uuid4()
    actions.take(ticket.pk, actor=noor, now=site.now, step=step)
    with pytest.raises(actions.NotPossible, match="too late"):
        undoing.undo(step, actor=noor, now=site.now + timedelta(seconds=60))
    outbox.send(site.now + timedelta(seconds=61))
    assert not Undo.objects.exists()


def test_a_mail_that_is_refused_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    from keuring_collector.desk import outbox
    from keuring_collector.desk.models import Outgoing

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", 1)  # nobody listens there
    Outgoing.objects.create(ready_at=site.now, to="cas@example.org", subject="a", body="b")
    with pytest.raises(outbox.OutboxError, match=r"cas@example\.org"):
        outbox.send(site.now)
    waiting = Outgoing.objects.get()
    assert (waiting.sent_at, waiting.attempts) == (None, 1)
    assert waiting.ready_at > site.now
