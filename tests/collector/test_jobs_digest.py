"""The daily digest: who gets it, what is in it, and that nobody gets it twice."""

from __future__ import annotations

import datetime as dt
import smtplib
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests.collector.certificates import NOW
from tests.collector.django_database import set_up_django

set_up_django()

from django.core import mail  # noqa: E402
from django.core.mail.backends import locmem  # noqa: E402
from django.test import override_settings  # noqa: E402

from keuring_collector.desk import digest  # noqa: E402
from keuring_collector.desk.models import Job, Staff, Ticket, TicketLine  # noqa: E402
from keuring_collector.fleet.models import Endpoint  # noqa: E402
from keuring_collector.rulepack import load  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = dt.timedelta(days=1)
CONSOLE = "https://desk.example:7480/"
PACK = load()
MEMORY = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def memory(django_url: str) -> Iterator[None]:
    with override_settings(EMAIL_BACKEND=MEMORY):
        mail.outbox = []
        yield


def _ticket(key: str, severity: int = 3, **values: Any) -> Ticket:
    endpoint, _ = Endpoint.objects.get_or_create(host_name="LT-0231", defaults={"enrolled_at": NOW})
    defaults = {"opened_at": NOW, "updated_at": NOW, "expected_at": NOW + 60 * DAY, **values}
    ticket = Ticket.objects.create(endpoint=endpoint, cause="storage_full", key=key, severity=severity, **defaults)
    TicketLine.objects.create(
        ticket=ticket, rule=next(iter(PACK.rules)), subject=f"/{key}", severity=severity, since=NOW, judged_at=NOW
    )
    return ticket


def _send(now: dt.datetime = NOW) -> int:
    return digest.send(now, now + DAY, PACK.rules.get, CONSOLE, "nl")


def _html(message: mail.EmailMessage) -> str:
    assert isinstance(message, mail.EmailMultiAlternatives)
    content, kind = message.alternatives[0]
    assert kind == "text/html"
    return str(content)


def test_each_gets_it_in_their_language_once_a_day() -> None:
    _ticket("urgent", 4)
    _ticket("due", expected_at=NOW + 5 * DAY)
    planned = _ticket("planned", state="planned", planned_for=(NOW + DAY).date(), opened_at=NOW - 9 * DAY)
    _ticket("new")
    _ticket("old", opened_at=NOW - 9 * DAY)
    _ticket("snoozed", 4, state="snoozed")
    _ticket("closed", 4, state="resolved", closed_at=NOW)
    Staff.objects.create(username="petra", first_name="Petra", email="petra@example.com")
    Staff.objects.create(username="john", email="john@example.com", language="en")
    Staff.objects.create(username="gone", email="gone@example.com", is_active=False)
    Staff.objects.create(username="nomail")
    assert [_send(), _send(NOW + dt.timedelta(hours=3))] == [2, 0]
    dutch, english = mail.outbox
    assert (dutch.to, english.to) == (["petra@example.com"], ["john@example.com"])
    assert dutch.subject == "Keuring: 1 dringend, 2 deze week, 1 nieuw"
    assert english.subject == "Keuring: 1 urgent, 2 due this week, 1 new"
    assert "Goedemorgen Petra," in dutch.body
    assert "Good morning john," in english.body
    for message in (dutch, english):
        assert f"{CONSOLE}tickets/{planned.pk}/" in message.body
        assert "LT-0231" in message.body
        assert message.body.count(f"{CONSOLE}tickets/") == 4
        assert _html(message).count("<li") == 4
    assert _send(NOW + DAY) == 2


def test_quiet_day_brings_no_mail() -> None:
    Staff.objects.create(username="petra", email="petra@example.com")
    _ticket("old", opened_at=NOW - 9 * DAY)
    assert _send() == 0
    assert mail.outbox == []


def test_names_of_machines_cannot_break_out_of_the_mail() -> None:
    Staff.objects.create(username="petra", email="petra@example.com")
    _ticket("x", 4)
    Endpoint.objects.update(host_name="<script>alert(1)</script>")
    _send()
    html = _html(mail.outbox[0])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<script>" in mail.outbox[0].body  # plain text needs no escape


def test_long_lists_are_cut_and_say_so() -> None:
    Staff.objects.create(username="petra", email="petra@example.com")
    for number in range(digest.MOST_LINES + 3):
        _ticket(str(number), 4)
    _send()
    assert "en nog 3" in mail.outbox[0].body


def test_refused_mail_is_tried_again_without_sending_the_others_twice() -> None:
    _ticket("urgent", 4)
    for name in ("anna", "broken", "petra"):
        Staff.objects.create(username=name, email=f"{name}@example.com")
    send = locmem.EmailBackend.send_messages

    def refuse(backend: Any, messages: Any) -> int:
        if messages[0].to == ["broken@example.com"]:
            raise smtplib.SMTPRecipientsRefused({"broken@example.com": (550, b"no such box")})
        return int(send(backend, messages))

    with mock.patch.object(locmem.EmailBackend, "send_messages", refuse):
        with pytest.raises(digest.DigestError, match=r"broken@example\.com"):
            _send()
        assert len(mail.outbox) == 2
        with pytest.raises(digest.DigestError):
            _send(NOW + dt.timedelta(minutes=1))
    assert len(mail.outbox) == 2
    assert "no such box" in Job.objects.get(last_error__gt="").last_error
    assert _send(NOW + dt.timedelta(minutes=2)) == 1
    assert [message.to for message in mail.outbox] == [
        ["anna@example.com"],
        ["petra@example.com"],
        ["broken@example.com"],
    ]


def test_rule_that_is_gone_still_has_a_title() -> None:
    Staff.objects.create(username="petra", email="petra@example.com", language="en")
    _ticket("x", 4)
    digest.send(NOW, NOW + DAY, lambda _rule: None, CONSOLE, "nl")
    assert "LT-0231" in mail.outbox[0].body


def test_without_a_server_mails_go_to_files(tmp_path: Path) -> None:
    Staff.objects.create(username="petra", email="petra@example.com")
    _ticket("x", 4)
    backend = "django.core.mail.backends.filebased.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend, EMAIL_FILE_PATH=str(tmp_path / "mail")):
        assert _send() == 1
    (path,) = (tmp_path / "mail").iterdir()
    message = message_from_bytes(path.read_bytes().partition(b"\n---")[0], policy=policy.default)
    assert message["To"] == "petra@example.com"
    assert message["Subject"].startswith("Keuring: 1 dringend")
