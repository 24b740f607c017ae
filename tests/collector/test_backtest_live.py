"""A backtest of a rule gives the very tickets that live judging gave: from the journal, and from compacted history."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from keuring_collector import config, rulepack
from keuring_collector.demo.fleet import Fleet
from keuring_collector.rulepack.backtest import work
from keuring_collector.rulepack.backtest.language import only_tips
from keuring_collector.store import open_store
from keuring_collector.store.evidence import named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.rulepack import RulePack
    from keuring_collector.rulepack.backtest.replay import Played

pytestmark = pytest.mark.long

NOW = datetime(2026, 6, 17, 14, 3, tzinfo=UTC).timestamp()
DAYS = 45


def pack_of_single_causes(directory: Path) -> RulePack:
    """The shipped rules, each with a cause of its own: a backtest is of one rule, a ticket of all rules of a cause."""
    source = rulepack.shipped()
    for path in source.rglob("*"):
        target = directory / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.suffix in (".yaml", ".md"):
            target.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            if not path.name.endswith(".test.yaml"):
                text = re.sub(r"(?m)^cause: .*$", f"cause: {path.stem.replace('_', '-')}"[:56], text)
            target.write_text(text, encoding="utf-8")
    return rulepack.load(directory)


def moment(time: float | None) -> str | None:
    """To the microsecond, as tables hold times."""
    return None if time is None else datetime.fromtimestamp(time, UTC).isoformat()


def line(each: Any, evidence: Any, evidence_now: Any, expected: Sequence[Any]) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "subject": each.subject,
        "severity": each.severity,
        "active": each.active,
        "expected": list(expected),
        "evidence": evidence,
        "evidence_now": evidence_now,
    }


def live(cause: str) -> str:
    """The tickets of a cause in the database, as text."""
    from keuring_collector.desk.models import Ticket

    def said(time: datetime | None) -> str | None:
        return None if time is None else time.astimezone(UTC).isoformat()

    found = []
    for ticket in Ticket.objects.filter(cause=cause).order_by("endpoint_id", "opened_at").prefetch_related("lines"):
        lines = []
        for each in ticket.lines.all():
            expected = [said(getattr(each, f"expected_{name}")) for name in ("at", "low", "high")]
            row = line(each, each.evidence, each.evidence_now, expected)
            times = (said(each.since), said(each.judged_at), said(each.cleared_at))
            lines.append({**row, "since": times[0], "judged_at": times[1], "cleared_at": times[2]})
        found.append(
            {
                "endpoint": ticket.endpoint_id,
                "severity": ticket.severity,
                "opened_at": said(ticket.opened_at),
                "closed_at": said(ticket.closed_at),
                "reopened": ticket.reopened,
                "expected": [said(getattr(ticket, f"expected_{name}")) for name in ("at", "low", "high")],
                "lines": sorted(lines, key=lambda row: (row["rule"], row["subject"])),
                "story": [[said(h.at), h.kind, h.detail] for h in ticket.history.order_by("id")],
            }
        )
    return json.dumps(found, indent=1)


def replayed(played: Played, number: int = 0) -> str:
    """The same of a backtest."""
    found = []
    for ticket in sorted(played.tickets[number], key=lambda each: (each.endpoint, each.opened_at)):
        lines = []
        for each in ticket.lines.values():
            expected = [moment(time) for time in each.expected or (None, None, None)]
            evidence, now = ([named(item) for item in part] for part in (each.evidence, each.evidence_now))
            row = line(each, evidence, now, expected)
            times = (moment(each.since), moment(each.judged_at), moment(each.cleared_at))
            lines.append({**row, "since": times[0], "judged_at": times[1], "cleared_at": times[2]})
        found.append(
            {
                "endpoint": ticket.endpoint,
                "severity": ticket.severity,
                "opened_at": moment(ticket.opened_at),
                "closed_at": moment(ticket.closed_at),
                "reopened": ticket.reopened,
                "expected": [moment(time) for time in ticket.expected or (None, None, None)],
                "lines": sorted(lines, key=lambda row: (row["rule"], row["subject"])),
                "story": [[moment(m.at), m.kind, dict(m.detail)] for m in ticket.story],
            }
        )
    return json.dumps(found, indent=1)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_backtest_gives_the_tickets_of_live_judging(django_url: str, tmp_path: Path) -> None:
    from keuring_collector.demo import build

    pack = pack_of_single_causes(tmp_path / "rules")
    settings = config.load(tmp_path, {"database": django_url}, {})
    fleet = Fleet(NOW, machines_count=30, days=DAYS)
    built = build.build(settings, pack, fleet)
    judged = [rule for rule in pack.rules.values() if rule.maturity.opens_tickets and not only_tips(rule)]
    expected = {rule.name: live(rule.cause) for rule in judged}
    assert sum(text != "[]" for text in expected.values()) >= 8  # there is something to compare

    def compare(jobs: int = 1) -> None:
        task = work.Task(django_url, tuple(judged), 0.0, float("inf"), settings.freshness)
        played = work.play(task, built.endpoints, jobs)
        for number, rule in enumerate(judged):
            assert replayed(played, number) == expected[rule.name], rule.name

    compare()  # all in the journal
    store = open_store(django_url)
    store.compact(NOW - 20 * 86400, journal_days=2)
    compare()  # part of it in history
    assert store.compact(NOW, journal_days=2).finished
    store.close()
    compare()  # nearly all of it
