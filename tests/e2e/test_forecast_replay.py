"""Thirty days of a volume that fills, worked out by hand, come in by the write path: the ticket names the right day."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from keuring_collector import rulepack
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import STORED, WritePath
from keuring_collector.store.connection import connect
from tests.collector.reports import report
from tests.faults.scenario import new_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring.report.v1 import report_pb2

SERIES = Path(__file__).parents[1] / "fixtures" / "filling_volume" / "series.csv"
ZONE = ZoneInfo("Europe/Amsterdam")
SIZE = 238 * 2**30
# The bounds that the README beside the series works out.
FIRST_DAY, LAST_DAY = datetime(2026, 6, 12, tzinfo=UTC), datetime(2026, 6, 17, 23, tzinfo=UTC)
OPENS, CLOSES = 8, 17  # hours in which the machine is on


def replayed() -> Iterator[tuple[datetime, report_pb2.Report]]:
    """Hour-long windows of each working day, growing from the day before's value to the day's own."""
    with SERIES.open(encoding="utf-8") as file:
        days = [(datetime.fromisoformat(row["day"]), float(row["used_percent"])) for row in csv.DictReader(file)]
    before, sequence = days[0][1] - 1.3, 0
    for day, used in days:
        for hour in range(OPENS + 1, CLOSES + 1):
            share = before + (used - before) * (hour - OPENS) / (CLOSES - OPENS)
            sequence += 1
            end = day.replace(hour=hour, tzinfo=ZONE)
            yield (
                end,
                report(
                    sequence,
                    end.timestamp(),
                    {
                        ("system.filesystem.utilization", "last", "C:"): share / 100,
                        ("keuring.filesystem.available", "last", "C:"): SIZE * (1 - share / 100),
                        ("system.filesystem.limit", "last", "C:"): float(SIZE),
                    },
                    duration=3600.0,
                    facts={("keuring.filesystem.type", "C:"): "ntfs", ("os.type", ""): "windows"},
                ),
            )
        before = used


class Line(NamedTuple):
    """A ticket's line as the desk sees it."""

    subject: str
    opened_at: datetime
    expected_at: datetime
    expected_low: datetime
    expected_high: datetime
    evidence: list[dict[str, Any]]


def lines(url: str, endpoint: int) -> list[Line]:
    connection = connect(url)
    try:
        rows = connection.execute(
            "SELECT l.subject, t.opened_at, l.expected_at, l.expected_low, l.expected_high, l.evidence_now "
            "FROM desk_ticketline l JOIN desk_ticket t ON t.id = l.ticket_id "
            "WHERE t.endpoint_id = ? AND t.state = 'new'",
            (endpoint,),
        )

        def moment(value: Any) -> datetime:
            return datetime.fromtimestamp(connection.time(value) or 0.0, UTC)

        found = []
        for subject, opened, at, low, high, evidence in rows:
            told = json.loads(evidence) if isinstance(evidence, str) else evidence
            found.append(Line(subject, moment(opened), moment(at), moment(low), moment(high), told))
        return found
    finally:
        connection.close()


def test_a_dated_ticket_names_the_day_that_was_worked_out_by_hand(migrated_url: str) -> None:
    connection = connect(migrated_url)
    endpoint = new_endpoint(connection)
    connection.close()
    path = WritePath(migrated_url, rulepack.load())
    for end, message in replayed():
        received = (end + timedelta(seconds=5)).timestamp()
        (answer,) = path.write([Received(endpoint, message, received, received)])
        assert answer.disposition == STORED
        assert not answer.problems
    path.close()

    (line,) = lines(migrated_url, endpoint)
    assert line.subject == "C:"
    assert datetime(2026, 5, 18, tzinfo=UTC) <= line.opened_at <= datetime(2026, 5, 22, tzinfo=UTC)
    assert FIRST_DAY <= line.expected_at <= LAST_DAY
    assert line.expected_low < line.expected_at < line.expected_high
    assert FIRST_DAY - timedelta(days=5) <= line.expected_low
    assert line.expected_high <= LAST_DAY + timedelta(days=5)
    evidence = {item["role"]: item for item in line.evidence}
    assert evidence["value"]["signal"] == "system.filesystem.utilization"
    assert evidence["value"]["value"] == pytest.approx(0.903, abs=0.012)
    assert evidence["limit"]["value"] == pytest.approx(0.98)
    assert 0.0055 <= evidence["slope"]["value"] <= 0.0073


def test_half_the_series_is_too_little_for_a_date(migrated_url: str) -> None:
    connection = connect(migrated_url)
    endpoint = new_endpoint(connection)
    connection.close()
    path = WritePath(migrated_url, rulepack.load())
    for end, message in replayed():
        if end < datetime(2026, 5, 16, tzinfo=UTC):
            received = (end + timedelta(seconds=5)).timestamp()
            path.write([Received(endpoint, message, received, received)])
    path.close()
    assert lines(migrated_url, endpoint) == []
