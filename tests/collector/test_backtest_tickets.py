"""The ticket machine of a backtest and that of the write path make the same of any findings."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keuring_collector.engine.model import Change, Evidence, Expected, Finding, Severity
from keuring_collector.rulepack.backtest.tickets import Ticket, tickets
from keuring_collector.store.connection import connect
from keuring_collector.store.tickets import TicketRule, apply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.store.connection import Connection

DAY = 86400.0
START = 20_000 * DAY
CAUSE = "volume-space"
LEAST = Severity.WATCH


@pytest.fixture(scope="module")
def database(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path = tmp_path_factory.mktemp("tickets") / "keuring.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    connection = connect(f"sqlite:///{path}")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(
        "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) "
        "VALUES (1, ?, 'LT', 'active', ?, ?)",
        (uuid.UUID(int=1).hex, False, connection.moment(START)),
    )
    yield connection
    connection.close()


@st.composite
def stories(draw: st.DrawFn) -> list[Finding]:
    """Findings of two rules about two subjects, as the engine tells them: opened, then continued, then cleared."""
    found: list[Finding] = []
    standing: set[tuple[str, str]] = set()
    at = START
    for _ in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([0.0, 300.0, DAY, 3 * DAY, 15 * DAY]))
        key = (draw(st.sampled_from(["a", "b"])), draw(st.sampled_from(["/", "/home"])))
        if any(each.at == at and (each.rule, each.subject) == key for each in found):
            continue
        changes = [Change.CONTINUED, Change.CLEARED] if key in standing else [Change.OPENED]
        change = draw(st.sampled_from(changes))
        (standing.discard if change is Change.CLEARED else standing.add)(key)
        date = draw(st.sampled_from([None, 10.0, 12.0, 40.0]))
        expected = None if date is None or change is Change.CLEARED else Expected(at + date * DAY, at, at + 90 * DAY)
        severity = draw(st.sampled_from(list(Severity)))
        evidence = (Evidence("value", 90, 1, key[1], float(len(found))),)
        found.append(Finding(change, key[0], 1, key[1], at, at - 600, severity, expected, evidence))
    return found


def kept(connection: Connection, findings: list[Finding], received: dict[float, float]) -> str:
    """What the write path makes of it."""
    for table in ("desk_tickethistory", "desk_ticketline", "desk_ticket"):
        connection.execute(f"DELETE FROM {table}")
    rules = {name: TicketRule(CAUSE, tickets=True, ticket_from=LEAST) for name in ("a", "b")}
    apply(connection, findings, rules, 0.0, {(1, at): came for at, came in received.items()})
    time = connection.time
    made = []
    for row in connection.execute(
        "SELECT id, severity, opened_at, closed_at, reopened, expected_at, expected_low, expected_high "
        "FROM desk_ticket ORDER BY id"
    ):
        lines = connection.execute(
            "SELECT rule, subject, severity, active, since, judged_at, cleared_at, expected_at, evidence, evidence_now "
            "FROM desk_ticketline WHERE ticket_id = ? ORDER BY rule, subject",
            (row[0],),
        )
        story = connection.execute(
            "SELECT at, kind, detail FROM desk_tickethistory WHERE ticket_id = ? ORDER BY id", (row[0],)
        )
        made.append(
            {
                "ticket": [row[1], time(row[2]), time(row[3]), row[4], *map(time, row[5:8])],
                "lines": [
                    [*line[:3], bool(line[3]), *map(time, line[4:8]), value(line[8]), value(line[9])] for line in lines
                ],
                "story": [[time(at), kind, json.loads(detail)] for at, kind, detail in story],
            }
        )
    return json.dumps(made, indent=1)


def value(evidence: str) -> float:
    return float(json.loads(evidence)[0]["value"])


def replayed(made: list[Ticket]) -> str:
    """The same of the pure one."""

    def lines(ticket: Ticket) -> list[list[Any]]:
        return [
            [
                line.rule, line.subject, line.severity, line.active, line.since, line.judged_at, line.cleared_at,
                line.expected.at if line.expected else None, line.evidence[0].value, line.evidence_now[0].value,
            ]
            for line in sorted(ticket.lines.values(), key=lambda line: (line.rule, line.subject))
        ]  # fmt: skip

    return json.dumps(
        [
            {
                "ticket": [
                    ticket.severity, ticket.opened_at, ticket.closed_at, ticket.reopened,
                    *(ticket.expected or (None, None, None)),
                ],
                "lines": lines(ticket),
                "story": [[moment.at, moment.kind, dict(moment.detail)] for moment in ticket.story],
            }
            for ticket in made
        ],
        indent=1,
    )  # fmt: skip


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(stories())
def test_both_make_the_same_tickets(database: Connection, findings: list[Finding]) -> None:
    received = {finding.at: finding.at + 5 for finding in findings}
    assert replayed(tickets(findings, CAUSE, received, LEAST)) == kept(database, findings, received)


def finding(at: float, change: Change, severity: Severity = Severity.SOON) -> Finding:
    return Finding(change, "a", 1, "/", START + at, START + at - 600, severity)


def test_a_recurrence_within_two_weeks_is_the_same_ticket() -> None:
    story = [finding(0, Change.OPENED), finding(DAY, Change.CLEARED), finding(10 * DAY, Change.OPENED)]
    (made,) = tickets(story, CAUSE, {})
    assert (made.reopened, made.closed_at) == (1, None)
    later = [*story[:2], finding(20 * DAY, Change.OPENED)]
    assert [each.reopened for each in tickets(later, CAUSE, {})] == [0, 0]


def test_a_tip_opens_none_and_a_finding_that_became_one_ends_its_line() -> None:
    assert tickets([finding(0, Change.OPENED, Severity.TIP)], CAUSE, {}) == []
    (made,) = tickets([finding(0, Change.OPENED), finding(DAY, Change.CONTINUED, Severity.TIP)], CAUSE, {})
    assert made.closed_at == START + DAY
