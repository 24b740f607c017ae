"""The console for tests: a database of its own with people, machines, tickets and measurements, and a browser."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import pytest

from tests.collector.packs import write_pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from django.test import Client

    from keuring_collector.desk.models import Inspection, Staff, Ticket
    from keuring_collector.fleet.models import Colleague, Department, Endpoint
    from keuring_collector.service.models import ItReport

DAY = 86400
PASSWORD = "kijk-eens-vooruit"
SPACE, USED, CPU, MODEL = 51, 50, 1, 288  # ids of the catalogue
LAST, MEAN, MAX = 1, 3, 4
FILLING = "f1720e15-bf29-49aa-ba7a-ea07dc657258"  # the rule volume_filling of the shipped pack


@dataclass
class Site:
    """A console with a database behind it."""

    url: str
    now: datetime

    @property
    def today(self) -> date:
        """The desk's day, which for an hour or two each night is not that of UTC."""
        from django.utils import timezone

        return timezone.localtime(self.now).date()

    def staff(self, name: str = "noor", **fields: Any) -> Staff:
        from keuring_collector.desk.models import Staff

        password = fields.pop("password", None)  # hashing one takes long, and most tests do not need it
        departments = fields.pop("departments", None)
        fields.setdefault("role", "administrator")
        person = Staff(username=name, language=fields.pop("language", "en"), limited=departments is not None, **fields)
        person.set_password(password)
        person.save()
        person.departments.set(departments or ())
        return person

    def department(self, name: str = "Finance") -> Department:
        from keuring_collector.fleet.models import Department

        return Department.objects.get_or_create(name=name, defaults={"place": "2nd floor"})[0]

    def colleague(self, name: str = "Sanne de Vries", **fields: Any) -> Colleague:
        from keuring_collector.fleet.models import Colleague

        mail = name.lower().replace(" ", ".") + "@example.org"
        fields.setdefault("department", self.department())
        return Colleague.objects.get_or_create(mail=mail, defaults={"name": name, **fields})[0]

    def machine(self, name: str = "LT-0231", **fields: Any) -> Endpoint:
        from keuring_collector.fleet.models import Endpoint

        if "colleague" not in fields:
            fields["colleague"] = self.colleague()
        if "department" not in fields:
            fields["department"] = fields["colleague"].department if fields["colleague"] else None
        return Endpoint.objects.create(host_name=name, enrolled_at=self.now - timedelta(days=200), **fields)

    def ticket(self, endpoint: Endpoint | None = None, **fields: Any) -> Ticket:
        """A ticket of the shipped rule volume_filling with one line; ``days`` from now it is expected."""
        from keuring_collector.desk.models import Ticket, TicketHistory, TicketLine
        from keuring_collector.store.tickets import ticket_key

        endpoint = endpoint or self.machine()
        days = fields.pop("days", 20)
        line = {"rule": fields.pop("rule", FILLING), "subject": fields.pop("subject", "C:")}
        expected = {} if days is None else {
            "expected_at": self.now + timedelta(days=days),
            "expected_low": self.now + timedelta(days=days - 4),
            "expected_high": self.now + timedelta(days=days + 6),
        }  # fmt: skip
        cause = fields.pop("cause", "volume-space")
        severity = fields.pop("severity", 3)
        opened = self.now - timedelta(days=fields.pop("age", 5))
        evidence = fields.pop("evidence", None) or used(0.88)
        ticket = Ticket.objects.create(
            endpoint=endpoint, cause=cause, key=ticket_key(endpoint.pk, cause), severity=severity,
            opened_at=opened, updated_at=opened, **{**expected, **fields},
        )  # fmt: skip
        TicketLine.objects.create(
            ticket=ticket, severity=severity, since=opened, judged_at=self.now - timedelta(hours=1),
            evidence=evidence, evidence_now=evidence, **line, **expected,
        )  # fmt: skip
        TicketHistory.objects.create(
            ticket=ticket, at=opened, kind="opened", detail={"rule": line["rule"], "subject": line["subject"]}
        )
        return ticket

    def inspection(self, endpoint: Endpoint) -> Inspection:
        """A report of the machine, of what the shipped rules make of it."""
        from keuring_collector import rulepack
        from keuring_collector.console import readings
        from keuring_collector.desk.inspection import issuing

        return issuing.issue(readings.store(), rulepack.load(), endpoint, self.now, 365)

    def it_report(self, kind: str = "week", **prices: float) -> ItReport:
        """The report of the week or month that is running, as if it were over."""
        from keuring_collector import rulepack
        from keuring_collector.service.it_report import around, issuing
        from keuring_collector.store import open_store

        starts = around.begin(kind, self.today)
        ends = self.today + timedelta(days=1)
        store = open_store(self.url)
        try:
            return issuing.issue(store, rulepack.load(), kind, starts, ends, self.now, prices)
        finally:
            store.close()

    def measure(
        self,
        endpoint: Endpoint,
        signal: int,
        values: Sequence[float],
        *,
        subject: str = "",
        statistic: int = LAST,
        step: float = DAY / 4,
        compacted: bool = True,
    ) -> None:
        """Stores ``values`` as windows, ``step`` seconds apart, the last one an hour ago."""
        from keuring_collector.store import journal, open_store

        store = open_store(self.url)
        head = journal.heads(store.connection, [endpoint.pk]).get(endpoint.pk, journal.Head())
        key = (signal, statistic, subject)
        layout = crc32(repr(key).encode())
        last = self.now.timestamp() - 3600
        entries = [
            journal.Entry(
                endpoint.pk, 1, head.sequence + number, head.position + number, end + 1, end - 300, end, "boot",
                layout, np.array([value], "<f4").tobytes(),
            )
            for number, (end, value) in enumerate(
                ((last - (len(values) - 1 - i) * step, value) for i, value in enumerate(values)), 1
            )
        ]  # fmt: skip
        newest = entries[-1]
        with store.connection.transaction():
            journal.put_layouts(store.connection, [(endpoint.pk, layout, [key])])
            journal.append(store.connection, entries)
            journal.put_snapshots(store.connection, [(endpoint.pk, newest.position, b"")])
            moved = journal.Head(
                1, newest.sequence, newest.position, newest.received_at, newest.end_at, 0.0, "boot", layout
            )
            journal.put_heads(store.connection, [(endpoint.pk, moved)])
            # What was compacted may have to be compacted again.
            store.connection.execute("UPDATE endpoint_head SET compacted_day = 0")
        if compacted:
            store.compact(self.now.timestamp(), 2)
        store.close()

    def fact(self, endpoint: Endpoint, signal: int, value: str | float | bool, subject: str = "") -> None:
        from keuring_collector.store import facts, open_store

        store = open_store(self.url)
        with store.connection.transaction():
            row = (endpoint.pk, 1, signal, subject, self.now.timestamp() - DAY, value)
            facts.put_facts(store.connection, [row])
        store.close()

    def client(self, person: Staff | None = None) -> Client:
        """A browser; signed in when ``person`` is given."""
        from django.test import Client

        from keuring_collector.console.middleware import SEEN_AT, SIGNED_IN_AT

        client = Client(SERVER_NAME="localhost")
        if person is not None:
            client.force_login(person)
            session = client.session
            session[SIGNED_IN_AT] = self.now.timestamp()
            session[SEEN_AT] = time.time()  # so that no test counts the writing of it
            session.save()
        return client


def used(value: float, limit: float = 0.98, slope: float = 0.0054) -> list[dict[str, Any]]:
    """The evidence of a volume in use."""
    base = {"signal": "system.filesystem.utilization", "statistic": LAST, "subject": "C:"}
    return [
        {**base, "role": "value", "value": value},
        {**base, "role": "limit", "value": limit},
        {**base, "role": "slope", "value": slope},
    ]


def words(response: Any) -> str:
    """What a page says, without its markup."""
    import re

    text = response.content.decode()
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def broken_pack(directory: Path) -> Path:
    """A pack that cannot be loaded."""
    write_pack(directory)
    rule = next(directory.rglob("*.yaml"))
    rule.write_text(rule.read_text(encoding="utf-8").replace("severity: soon", "severity: sooner"), encoding="utf-8")
    return directory


@pytest.fixture
def site(django_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A console on a fresh database."""
    from django.conf import settings
    from django.utils import translation

    from keuring_collector.console import readings
    from keuring_collector.console.views.account import ATTEMPTS
    from keuring_collector.desk import audit

    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"database": django_url}))
    # Looks are written when a test says so, not by a thread that may come when the next test has begun.
    monkeypatch.setattr(audit, "WAIT_SECONDS", 3600.0)
    ATTEMPTS.clear()
    translation.deactivate()  # a test before this one may have asked for pages in another language
    yield Site(django_url, datetime.now(UTC))
    audit.forget()
    readings.store().close()
    readings._store.cache_clear()


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets responses of the test client tell their context, without the rest of Django's test environment."""
    from django.template.base import Template
    from django.test import utils

    monkeypatch.setattr(Template, "_render", vars(utils)["instrumented_test_render"])


@pytest.fixture
def on_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tip that has yet to prove itself; the pack has none of these now."""
    from keuring_collector.console import pack
    from keuring_collector.rulepack.language import Maturity

    monkeypatch.setitem(vars(pack.current().pack.by_name["program_behind"]), "maturity", Maturity.EXPERIMENTAL)
