"""The life of a ticket as far as the write path leads it, on both databases."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals import catalogue
from keuring_collector.engine.model import Change, Evidence, Expected, Finding, Severity
from keuring_collector.store import StorageError, tickets
from keuring_collector.store.connection import Connection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86400.0
NOW = 1_790_000_000.0
SPACE = catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id
RULES = {
    "full": tickets.TicketRule("storage.space", tickets=True),
    "filling": tickets.TicketRule("storage.space", tickets=True),
    "battery": tickets.TicketRule("battery.worn", tickets=True),
    "trial": tickets.TicketRule("trial", tickets=False),
}


@pytest.fixture
def connection(migrated_url: str) -> Iterator[Connection]:
    opened = connect(migrated_url)
    for identity in (1, 2):
        opened.execute(
            "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) "
            "VALUES (?, ?, ?, 'active', ?, ?)",
            (
                identity,
                str(uuid.uuid4()) if opened.vendor == "postgresql" else uuid.uuid4().hex,
                "LT-1",
                False,
                opened.moment(NOW),
            ),
        )
    yield opened
    opened.close()


def finding(rule: str = "full", subject: str = "/", **changes: Any) -> Finding:
    evidence = (Evidence("value", SPACE, 1, subject, 0.97),)
    return replace(Finding(Change.OPENED, rule, 1, subject, NOW, NOW - 600, Severity.SOON, None, evidence), **changes)


def apply(connection: Connection, *findings: Finding, now: float = NOW) -> dict[str, int]:
    with connection.transaction():
        return tickets.apply(connection, findings, RULES, now)


def rows(connection: Connection, columns: str = "state", table: str = "desk_ticket") -> list[Any]:
    return [
        row[0] if len(row) == 1 else tuple(row)
        for row in connection.execute(f"SELECT {columns} FROM {table} ORDER BY id")
    ]


def kinds(connection: Connection) -> list[str]:
    return rows(connection, "kind", "desk_tickethistory")


def human(connection: Connection, now: float = NOW, **columns: Any) -> None:
    """What a person does in the console, as far as the tables show it."""
    columns = {"touched": True, **columns}
    if columns.get("state") in ("resolved", "dismissed"):
        columns["closed_at"] = connection.moment(now)
    names = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE desk_ticket SET {names}", tuple(columns.values()))


def test_a_finding_opens_a_ticket_with_its_evidence(connection: Connection) -> None:
    expected = Expected(NOW + 20 * DAY, NOW + 15 * DAY, NOW + 30 * DAY)
    assert apply(connection, finding(expected=expected)) == {"opened": 1}
    (ticket,) = connection.execute("SELECT state, severity, cause, key, expected_at FROM desk_ticket")
    assert tuple(ticket[:3]) == ("new", 3, "storage.space")
    assert len(ticket[3]) <= 60
    assert connection.time(ticket[4]) == expected.at
    (line,) = connection.execute("SELECT rule, subject, active, evidence, expected_low FROM desk_ticketline")
    assert (line[0], line[1], bool(line[2])) == ("full", "/", True)
    evidence = json.loads(line[3]) if isinstance(line[3], str) else line[3]
    assert evidence == [
        {"role": "value", "signal": "system.filesystem.utilization", "statistic": 1, "subject": "/", "value": 0.97}
    ]
    assert connection.time(line[4]) == expected.low
    assert kinds(connection) == ["opened"]


def test_one_ticket_for_one_cause_with_subjects_as_lines(connection: Connection) -> None:
    apply(
        connection, finding(subject="/"), finding(subject="/home"), finding("filling", "/home"), finding("battery", "")
    )
    apply(connection, finding(subject="/srv"), finding(endpoint=2))
    assert rows(connection, "endpoint_id, cause") == [(1, "storage.space"), (1, "battery.worn"), (2, "storage.space")]
    assert len(rows(connection, "id", "desk_ticketline")) == 6
    assert kinds(connection).count("line") == 1  # only /srv came to a ticket that was there already


def test_the_database_refuses_a_second_open_ticket(connection: Connection) -> None:
    apply(connection, finding())
    with pytest.raises(StorageError):
        connection.execute(
            "INSERT INTO desk_ticket (endpoint_id, cause, key, state, severity, opened_at, updated_at, touched, "
            "dismissal_reason, verdict, reopened) SELECT endpoint_id, cause, key, 'planned', severity, opened_at, "
            "updated_at, touched, dismissal_reason, verdict, reopened FROM desk_ticket"
        )


def test_rules_on_trial_open_nothing(connection: Connection) -> None:
    assert apply(connection, finding("trial"), finding("unknown")) == {}
    assert rows(connection) == []


def test_the_gravest_line_and_the_nearest_date_lead(connection: Connection) -> None:
    later, sooner = Expected(NOW + 30 * DAY, NOW, NOW), Expected(NOW + 5 * DAY, NOW, NOW)
    apply(connection, finding("filling", "/", severity=Severity.WATCH, expected=later))
    apply(connection, finding("filling", "/home", severity=Severity.URGENT, expected=sooner))
    ((severity, at),) = connection.execute("SELECT severity, expected_at FROM desk_ticket")
    assert (severity, connection.time(at)) == (4, sooner.at)
    assert "worsened" in kinds(connection)


def test_it_closes_itself_when_all_is_well_and_nobody_touched_it(connection: Connection) -> None:
    apply(connection, finding(subject="/"), finding(subject="/home"))
    assert apply(connection, finding(change=Change.CLEARED, subject="/")) == {}
    assert rows(connection) == ["new"]
    assert apply(connection, finding(change=Change.CLEARED, subject="/home"), now=NOW + 60) == {"closed_itself": 1}
    assert rows(connection) == ["resolved"]
    assert kinds(connection) == ["opened", "cleared", "cleared", "closed_itself"]


def test_a_ticket_that_somebody_took_on_does_not_close_itself(connection: Connection) -> None:
    apply(connection, finding())
    human(connection, state="planned")
    assert apply(connection, finding(change=Change.CLEARED)) == {}
    assert rows(connection) == ["planned"]
    assert kinds(connection) == ["opened", "cleared"]


def test_a_recurrence_within_two_weeks_reopens(connection: Connection) -> None:
    apply(connection, finding())
    apply(connection, finding(change=Change.CLEARED))
    assert apply(connection, finding(), now=NOW + 13 * DAY) == {"reopened": 1}
    assert rows(connection, "state, reopened") == [("new", 1)]
    assert rows(connection, "active", "desk_ticketline") == [True]


def test_a_recurrence_after_that_is_a_new_ticket(connection: Connection) -> None:
    apply(connection, finding())
    apply(connection, finding(change=Change.CLEARED))
    assert apply(connection, finding(), now=NOW + 15 * DAY) == {"opened": 1}
    assert rows(connection) == ["resolved", "new"]


def test_resolved_but_still_true_a_day_later_comes_back(connection: Connection) -> None:
    apply(connection, finding())
    human(connection, state="resolved")
    assert apply(connection, finding(change=Change.CONTINUED), now=NOW + 0.5 * DAY) == {}
    assert apply(connection, finding(change=Change.CONTINUED), now=NOW + 1.5 * DAY) == {"reopened": 1}


def test_a_dismissal_holds_until_it_gets_graver(connection: Connection) -> None:
    apply(connection, finding(severity=Severity.WATCH))
    human(connection, state="dismissed", dismissed_severity=2)
    assert apply(connection, finding(severity=Severity.WATCH), now=NOW + 5 * DAY) == {}
    assert apply(connection, finding(change=Change.CONTINUED, severity=Severity.WATCH), now=NOW + 40 * DAY) == {}
    assert apply(connection, finding(severity=Severity.URGENT), now=NOW + 6 * DAY) == {"reopened": 1}


def test_a_snoozed_ticket_wakes_only_when_it_worsens(connection: Connection) -> None:
    apply(connection, finding(severity=Severity.WATCH))
    human(connection, state="snoozed", snoozed_until=connection.moment(NOW + 30 * DAY))
    apply(connection, finding(change=Change.CONTINUED, severity=Severity.WATCH), now=NOW + DAY)
    assert rows(connection) == ["snoozed"]
    apply(connection, finding(change=Change.CONTINUED, severity=Severity.URGENT), now=NOW + 2 * DAY)
    assert rows(connection, "state, snoozed_until") == [("new", None)]
    assert kinds(connection) == ["opened", "worsened", "woke"]


def test_evidence_of_the_opening_stays_beside_that_of_now(connection: Connection) -> None:
    apply(connection, finding())
    now = (Evidence("value", SPACE, 1, "/", 0.99),)
    apply(connection, finding(change=Change.CONTINUED, evidence=now))
    ((opening, latest),) = connection.execute("SELECT evidence, evidence_now FROM desk_ticketline")
    assert "0.97" in str(opening)
    assert "0.99" in str(latest)


def test_a_date_that_moves_a_week_is_told_once(connection: Connection) -> None:
    def at(days: float) -> Expected:
        return Expected(NOW + days * DAY, NOW + (days - 3) * DAY, NOW + (days + 3) * DAY)

    apply(connection, finding(expected=at(30)))
    apply(connection, finding(change=Change.CONTINUED, expected=at(28)))
    assert kinds(connection) == ["opened"]
    apply(connection, finding(change=Change.CONTINUED, expected=at(15)))
    assert kinds(connection) == ["opened", "moved"]


def test_a_finding_that_goes_on_without_a_ticket_opens_one(connection: Connection) -> None:
    """As when a rule leaves its trial while its condition has long been true."""
    assert apply(connection, finding(change=Change.CONTINUED)) == {"opened": 1}


def test_a_finding_that_clears_without_a_ticket_does_nothing(connection: Connection) -> None:
    assert apply(connection, finding(change=Change.CLEARED)) == {}
    assert rows(connection) == []


def test_what_is_milder_than_the_rule_wants_opens_no_ticket(connection: Connection) -> None:
    RULES["risk"] = tickets.TicketRule("disk-failing", tickets=True, ticket_from=Severity.SOON)
    mild = finding("risk", "sda", severity=Severity.WATCH)
    assert apply(connection, mild) == {}
    assert rows(connection) == []
    # Worse, it opens one; milder again, its line ends and the ticket nobody touched closes itself.
    worse = finding("risk", "sda", severity=Severity.SOON, change=Change.CONTINUED, at=NOW + DAY)
    assert apply(connection, worse, now=NOW + DAY) == {"opened": 1}
    again = finding("risk", "sda", severity=Severity.WATCH, change=Change.CONTINUED, at=NOW + 2 * DAY)
    assert apply(connection, again, now=NOW + 2 * DAY) == {"closed_itself": 1}
    assert rows(connection) == ["resolved"]


def test_a_tip_opens_no_ticket(connection: Connection) -> None:
    assert apply(connection, finding("full", severity=Severity.TIP)) == {}
    assert rows(connection) == []
