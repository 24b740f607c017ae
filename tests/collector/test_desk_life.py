"""More of a ticket's life: findings snoozed one by one, merging, files, links, mentions. On both databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.desk.models import Ticket, TicketLine
    from keuring_collector.engine.model import Finding
    from tests.collector.console_fixtures import Site

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture(autouse=True)
def _english(site: Site) -> Iterator[None]:
    from django.utils.translation import override

    with override("en"):
        yield


def day(moment: datetime, days: int) -> date:
    from django.utils import timezone

    return timezone.localtime(moment).date() + timedelta(days=days)


def fresh(ticket: Ticket) -> Ticket:
    return type(ticket).objects.get(pk=ticket.pk)


def kinds(ticket: Ticket) -> list[str]:
    return list(ticket.history.values_list("kind", flat=True))


def line(ticket: Ticket, subject: str, severity: int = 2, **fields: Any) -> TicketLine:
    from keuring_collector.desk.models import TicketLine

    now = ticket.opened_at
    return TicketLine.objects.create(
        ticket=ticket, rule="other", subject=subject, severity=severity, since=now, judged_at=now, **fields
    )


def found(site: Site, ticket: Ticket, rule: str, subject: str, severity: int, change: str = "continued") -> None:
    """What the write path does with a finding of this machine, of ``ticket``'s own cause."""
    from keuring_collector.engine.model import Change, Severity
    from keuring_collector.engine.model import Finding as Told
    from keuring_collector.store import tickets
    from keuring_collector.store.connection import connect

    at = site.now.timestamp() + 60
    told: Finding = Told(Change(change), rule, ticket.endpoint_id, subject, at, at - 600, Severity(severity))
    connection = connect(site.url)
    try:
        with connection.transaction():
            tickets.apply(connection, [told], {rule: tickets.TicketRule(ticket.cause, tickets=True)}, at)
    finally:
        connection.close()


def test_given_to_somebody_who_is_told_and_let_go_of_again(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Notice, Outgoing

    noor, cas, gone = site.staff(), site.staff("cas", email="cas@example.org"), site.staff("gone", is_active=False)
    ticket = site.ticket()
    assert actions.assign(ticket.pk, actor=noor, now=site.now, to=cas).owner == cas
    assert [(n.staff, n.kind, n.by) for n in Notice.objects.all()] == [(cas, "assigned", noor)]
    assert Outgoing.objects.get().to == "cas@example.org"
    with pytest.raises(actions.NotPossible, match="already"):
        actions.assign(ticket.pk, actor=noor, now=site.now, to=cas)
    for nobody in (None, gone):
        with pytest.raises(actions.NotUnderstood, match="works at the desk"):
            actions.assign(ticket.pk, actor=noor, now=site.now, to=nobody)
    assert actions.release(ticket.pk, actor=noor, now=site.now).owner is None
    with pytest.raises(actions.NotPossible, match="Nobody"):
        actions.release(ticket.pk, actor=noor, now=site.now)
    assert kinds(ticket) == ["opened", "assigned", "released"]


def test_a_snoozed_finding_does_not_count_and_wakes_nothing(site: Site) -> None:
    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket(severity=3, days=5)
    urgent = line(ticket, "D:", 4, expected_at=site.now + timedelta(days=1))
    actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=urgent.pk, until=day(site.now, 9))
    ticket = fresh(ticket)
    assert (ticket.state, ticket.severity, ticket.expected_at) == ("new", 3, site.now + timedelta(days=5))
    actions.snooze(ticket.pk, actor=noor, now=site.now, until=day(site.now, 20))
    found(site, ticket, "other", "D:", 4)  # as grave as it was
    assert fresh(ticket).state == "snoozed"
    assert fresh(ticket).severity == 3
    first = ticket.lines.exclude(pk=urgent.pk).get()
    found(site, ticket, first.rule, "C:", 4)  # the other one became graver
    assert fresh(ticket).state == "new"
    assert kinds(ticket)[-2:] == ["worsened", "woke"]


def test_a_snoozed_finding_that_becomes_graver_counts_again(site: Site) -> None:
    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket(severity=2, days=None)
    mild = line(ticket, "D:", 2)
    for each in ticket.lines.all():
        actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=each.pk, until=day(site.now, 9))
    ticket = fresh(ticket)
    assert (ticket.state, ticket.asleep_by_lines) == ("snoozed", True)  # nothing of it is left to see to
    found(site, ticket, "other", "D:", 2)
    assert fresh(ticket).state == "snoozed"
    found(site, ticket, "other", "D:", 3)
    ticket = fresh(ticket)
    assert (ticket.state, ticket.severity, ticket.snoozed_until) == ("new", 3, None)
    mild.refresh_from_db()
    assert mild.snoozed_until is None
    assert kinds(ticket)[-3:] == ["line_woke", "worsened", "woke"]


def test_a_new_finding_wakes_a_ticket_that_sleeps_because_of_its_findings(site: Site) -> None:
    from keuring_collector.desk import actions

    noor, ticket = site.staff(), site.ticket(severity=3)
    actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=ticket.lines.get().pk, until=day(site.now, 9))
    found(site, ticket, "other", "E:", 2, "opened")
    ticket = fresh(ticket)
    assert (ticket.state, ticket.severity) == ("new", 2)
    assert kinds(ticket)[-2:] == ["line", "woke"]
    found(site, ticket, "other", "E:", 2, "cleared")  # what is left is snoozed
    assert (fresh(ticket).state, fresh(ticket).asleep_by_lines) == ("snoozed", True)


def test_snoozed_findings_come_back_on_their_day(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.waking import wake

    noor, ticket = site.staff(), site.ticket(severity=3)
    actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=ticket.lines.get().pk, until=day(site.now, 2))
    wake(site.now + timedelta(hours=2))
    assert fresh(ticket).state == "snoozed"
    wake(site.now + timedelta(days=3))
    ticket = fresh(ticket)
    assert (ticket.state, ticket.asleep_by_lines, ticket.snoozed_until) == ("new", False, None)
    assert kinds(ticket)[-1] == "line_woke"
    actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=ticket.lines.get().pk, until=day(site.now, 2))
    actions.wake_line(ticket.pk, actor=noor, now=site.now, line=ticket.lines.get().pk)
    assert fresh(ticket).state == "new"
    with pytest.raises(actions.NotPossible, match="not snoozed"):
        actions.wake_line(ticket.pk, actor=noor, now=site.now, line=ticket.lines.get().pk)
    ticket.lines.update(active=False)
    with pytest.raises(actions.NotPossible, match="gone already"):
        actions.snooze_line(ticket.pk, actor=noor, now=site.now, line=ticket.lines.get().pk, until=day(site.now, 2))


def test_merged_tickets_are_one_for_every_cause(site: Site) -> None:
    from keuring_collector.desk import actions, files, links
    from keuring_collector.desk.merging import merge
    from keuring_collector.desk.models import Ticket

    noor, machine = site.staff(), site.machine()
    host = site.ticket(machine, severity=2, days=30)
    taken = site.ticket(machine, cause="battery-wear", rule="worn", subject="BAT0", severity=3, days=9)
    files.attach(taken.pk, actor=noor, now=site.now, upload=files.Upload("foto.png", PNG))
    links.link(taken.pk, actor=noor, now=site.now, number="M2611 042")
    with pytest.raises(actions.NotPossible, match="same machine"):
        merge(taken.pk, actor=noor, now=site.now, into=site.ticket(site.machine("LT-2")).pk)
    merge(taken.pk, actor=noor, now=site.now, into=host.pk)
    host, taken = fresh(host), fresh(taken)
    assert (taken.state, taken.merged_into) == ("merged", host)
    assert (host.state, host.severity, host.expected_at) == ("new", 3, site.now + timedelta(days=9))
    assert sorted(host.lines.values_list("subject", flat=True)) == ["BAT0", "C:"]
    assert (host.attachments.count(), host.links.count()) == (1, 1)
    assert kinds(taken)[-1] == "merged"
    assert kinds(host)[-1] == "took_in"

    found(site, taken, "worn", "BAT0", 4)  # goes on to find its line
    assert fresh(host).severity == 4
    found(site, taken, "worn", "BAT1", 3, "opened")
    assert fresh(host).lines.count() == 3
    for subject in ("BAT0", "BAT1"):
        found(site, taken, "worn", subject, 3, "cleared")
    assert fresh(host).lines.filter(active=True).count() == 1
    actions.resolve(host.pk, actor=noor, now=site.now, verdict="right")
    found(site, taken, "worn", "BAT0", 3, "opened")  # comes back soon: opens what it was merged into
    assert Ticket.objects.filter(endpoint=machine, state="new").get() == host
    Ticket.objects.filter(pk=host.pk).update(state="resolved", closed_at=site.now - timedelta(days=20))
    newer = site.ticket(machine, severity=2)
    found(site, taken, "worn", "BAT2", 3, "opened")  # its host has a newer ticket by now
    assert newer.lines.filter(subject="BAT2").exists()
    Ticket.objects.filter(pk=newer.pk).update(state="resolved", closed_at=site.now - timedelta(days=20))
    found(site, taken, "worn", "BAT3", 3, "opened")  # long after: a ticket of its own
    assert Ticket.objects.get(state="new", cause="battery-wear").lines.get().subject == "BAT3"


def test_merging_keeps_what_holds_of_the_same_finding(site: Site) -> None:
    from keuring_collector.desk.merging import merge
    from keuring_collector.desk.models import TicketLine

    noor, machine = site.staff(), site.machine()
    host, taken, third = (site.ticket(machine, cause=cause, subject="C:") for cause in ("a", "b", "c"))
    TicketLine.objects.filter(ticket=host).update(active=False)
    merge(taken.pk, actor=noor, now=site.now, into=host.pk)
    assert [each.active for each in host.lines.all()] == [True]
    merge(host.pk, actor=noor, now=site.now, into=third.pk)
    assert fresh(taken).merged_into == third  # one step, however often it is merged
    assert third.lines.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("page.html", b"<script>alert(1)</script>", "PNG, JPEG"),
        ("a.png", b"<svg onload=alert(1)>", "PNG, JPEG"),
        ("a.txt", b"a\0b", "PNG, JPEG"),
        ("a.txt", b"", "Choose a file"),
        ("a.log", b"x" * (5 * 2**20 + 1), "larger than 5 MB"),
    ],
)
def test_files_that_are_not_kept(site: Site, name: str, content: bytes, message: str) -> None:
    from keuring_collector.desk import actions, files

    with pytest.raises(actions.NotUnderstood, match=message):
        files.attach(site.ticket().pk, actor=site.staff(), now=site.now, upload=files.Upload(name, content))


def test_files_are_known_by_their_bytes_and_can_be_taken_away(site: Site) -> None:
    from keuring_collector.desk import actions, files
    from keuring_collector.desk.models import Attachment

    noor, ticket = site.staff(), site.ticket(state="resolved", closed_at=site.now)
    kept = [
        files.attach(ticket.pk, actor=noor, now=site.now, upload=files.Upload(name, content))
        for name, content in {
            "..\\..\\evil\r\nname.html": PNG, "log.txt": "één regel".encode(), "x" * 300 + ".pdf": b"%PDF-1.7",
            "photo": b"RIFF1234WEBP", "p.jpeg": b"\xff\xd8\xff\xe0",
        }.items()
    ]  # fmt: skip
    assert [each.kind for each in kept] == [
        "image/png", "text/plain", "application/pdf", "image/webp", "image/jpeg"
    ]  # fmt: skip
    assert kept[0].name == "evilname.html"
    assert len(kept[2].name) <= 100
    assert bytes(Attachment.objects.get(pk=kept[1].pk).content).decode() == "één regel"
    files.remove(ticket.pk, actor=noor, now=site.now, attachment=kept[0].pk)
    assert ticket.attachments.count() == 4
    assert kinds(ticket)[-1] == "file_removed"
    with pytest.raises(actions.NotPossible, match="gone already"):
        files.remove(ticket.pk, actor=noor, now=site.now, attachment=kept[0].pk)


@pytest.mark.parametrize(
    ("name", "content", "saved"),
    [
        ("run.cmd", b"%PDF-1.7\n& echo", "run.cmd.pdf"),
        ("page.html", PNG, "page.html.png"),
        ("FOTO.JPEG", b"\xff\xd8\xff\xe0", "FOTO.JPEG"),
        ("log.txt", b"x", "log.txt"),
    ],
)
def test_a_file_is_saved_with_an_ending_of_what_it_is(site: Site, name: str, content: bytes, saved: str) -> None:
    from keuring_collector.desk import files

    noor, ticket = site.staff(), site.ticket()
    kept = files.attach(ticket.pk, actor=noor, now=site.now, upload=files.Upload(name, content))
    served = site.client(noor).get(f"/tickets/{ticket.pk}/files/{kept.pk}/")
    assert served["Content-Disposition"] == f'attachment; filename="{saved}"'


@pytest.mark.parametrize("cannot", ["viewer", "it", "elsewhere"])
def test_only_who_sees_a_ticket_is_given_it_or_told_of_it(site: Site, cannot: str) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Notice, Outgoing

    noor, ticket = site.staff(first_name="Noor"), site.ticket()
    elsewhere = {"role": "desk", "departments": [site.department("Sales")]}
    fields = elsewhere if cannot == "elsewhere" else {"role": cannot}
    cas = site.staff("cas", email="cas@example.org", first_name="Cas", **fields)
    with pytest.raises(actions.NotUnderstood, match="may not work on tickets of this machine"):
        actions.assign(ticket.pk, actor=noor, now=site.now, to=cas)
    assert fresh(ticket).owner is None
    page = site.client(noor).post(f"/tickets/{ticket.pk}/note/", {"text": "@cas, kijk jij?"}, follow=True)
    told = cannot == "viewer"  # may look, and not work on it
    assert Notice.objects.filter(staff=cas).exists() == told
    assert Outgoing.objects.exists() == told
    assert ("Not told: @cas." in words(page)) != told
    assert ">Cas</option>" not in page.content.decode()


def test_somebody_of_its_department_alone_may_be_chosen(site: Site) -> None:
    ticket = site.ticket()
    site.staff("cas", first_name="Cas", departments=[ticket.endpoint.department, site.department("Sales")])
    page = site.client(site.staff(first_name="Noor")).get(f"/tickets/{ticket.pk}/")
    assert ">Cas</option>" in page.content.decode()


def test_whom_a_mention_did_not_reach_is_said(site: Site) -> None:
    noor, ticket = site.staff(first_name="Noor"), site.ticket()
    site.staff("jan1", first_name="Jan"), site.staff("jan2", first_name="Jan"), site.staff("cas")
    browser = site.client(noor)
    text = "@cas en @jan2, en @jan of @niemand; noor@example.org"
    page = browser.post(f"/tickets/{ticket.pk}/note/", {"text": text}, follow=True)
    assert "Note added." in words(page)
    assert "Not told: @jan, @niemand. Nobody who sees this ticket" in words(page)
    assert "Not told" not in words(browser.post(f"/tickets/{ticket.pk}/note/", {"text": "@cas"}, follow=True))


def test_links_to_the_itsm(site: Site) -> None:
    from keuring_collector.desk import actions, links

    with pytest.raises(actions.NotUnderstood, match="more than 500 characters"):
        links.link(
            site.ticket(site.machine("LT-9")).pk, actor=site.staff("bo"), now=site.now, number="INC-9",
            url="https://itsm.example.org/" + "x" * 500,
        )  # fmt: skip

    noor, ticket = site.staff(), site.ticket()
    links.link(ticket.pk, actor=noor, now=site.now, number="M2611 042", url=" https://itsm.example.org/M2611042 ")
    assert [(each.number, each.url) for each in ticket.links.all()] == [
        ("M2611 042", "https://itsm.example.org/M2611042")
    ]
    with pytest.raises(actions.NotPossible, match="linked already"):
        links.link(ticket.pk, actor=noor, now=site.now, number="M2611 042")
    for number, url in (("", ""), ("x" * 61, ""), ("1", "javascript:alert(1)"), ("1", "https://"), ("1", "https://[")):
        with pytest.raises(actions.NotUnderstood):
            links.link(ticket.pk, actor=noor, now=site.now, number=number, url=url)
    links.unlink(ticket.pk, actor=noor, now=site.now, link=ticket.links.get().pk)
    assert kinds(ticket) == ["opened", "linked", "unlinked"]


def test_who_is_mentioned_is_told(site: Site) -> None:
    from keuring_collector.desk import actions
    from keuring_collector.desk.models import Notice, Outgoing

    noor = site.staff(first_name="Noor")
    cas = site.staff("cas.k", first_name="Cas", email="cas@example.org", language="nl")
    site.staff("jan1", first_name="Jan"), site.staff("jan2", first_name="Jan")
    text = "@Cas, kijk jij? @noor ook; mail@jan1.example.org en @jan en @nobody niet. @cas.k."
    ticket = site.ticket()
    actions.note(ticket.pk, actor=noor, now=site.now, text=text)
    assert [(each.staff, each.kind, each.text) for each in Notice.objects.all()] == [(cas, "mention", text)]
    mail = Outgoing.objects.get()
    assert mail.ready_at == site.now + timedelta(minutes=1)
    assert "LT-0231" in mail.subject
    assert text in mail.body
    last = ticket.history.last()
    assert last is not None
    assert last.detail["mentioned"] == ["cas.k", "noor"]
