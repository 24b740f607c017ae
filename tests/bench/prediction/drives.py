"""Hard drives: how many failures the shipped table disk_failure_risk sees coming, and at the price of which tickets.

Judged are all drives seen from 2015-07-01 on. A drive is flagged at the first moment from then at which the rule holds,
also when it held already. Recall is of the drives that failed: flagged a day (a week) before the end, or more. Flagged
is the share of those that did not. The rule is taken as it is shipped, its levels of points too: nothing is learned
here. The peer is the usual advice, two of five counters (5, 187, 188, 197, 198) above nought, over the same drives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector import rulepack
from keuring_collector.engine.model import Severity
from tests.bench.figure import Figure
from tests.bench.prediction import drive_records, points
from tests.bench.prediction.drive_records import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.engine.compiled import CompiledRule
    from tests.bench.prediction.drive_records import Bools, Floats, Records, Times

RULE = "disk_failure_risk"
JUDGED_FROM = int(np.datetime64("2015-07-01", "s").astype(np.int64))
PEER = "two of five SMART counters"
YEAR = 365.25 * DAY


class Judged(NamedTuple):
    """When each drive was first flagged (infinite: never), of the drives that were judged. Times in seconds."""

    records: Records
    since: int
    seen: Bools
    at: Floats

    def recall(self, ahead: float) -> float:
        """Percent of failed drives flagged ``ahead`` seconds before the end or earlier."""
        failed = self.seen & self.records.failed
        return 100 * float(np.mean(self.at[failed] <= self.records.end[failed] - ahead))

    def flagged(self) -> float:
        """Percent of the drives that did not fail."""
        healthy = self.seen & ~self.records.failed
        return 100 * float(np.mean(np.isfinite(self.at[healthy])))

    def median_lead(self) -> float:
        """Days between flag and failure, of the failed drives that were flagged."""
        hit = self.seen & self.records.failed & np.isfinite(self.at)
        return float(np.median(self.records.end[hit] - self.at[hit])) / DAY

    def right(self, days: float) -> tuple[int, int, int]:
        """How many that were flagged failed within ``days``, of how many that is known, and how many were flagged.

        Not known: drives that were taken out of service, or the end of the records, within those days.
        """
        flagged = self.seen & np.isfinite(self.at)
        lag = self.records.end[flagged] - self.at[flagged]
        room = self.at[flagged] <= self.records.end[self.seen].max() - days * DAY
        right = room & self.records.failed[flagged] & (lag <= days * DAY)
        return int(right.sum()), int((right | (room & (lag >= days * DAY))).sum()), int(flagged.sum())

    def healthy_years(self) -> float:
        """Years that the drives which did not fail were judged, together."""
        healthy = self.seen & ~self.records.failed
        return float(np.sum(self.records.end[healthy] - np.maximum(self.records.begin[healthy], self.since))) / YEAR


def levels(rule: CompiledRule) -> dict[Severity, float]:
    """From how many points on each grade is: above these limits."""
    return {rule.severity: rule.terms[0].limit} | {severity: limit for limit, severity in rule.worse}


def judge(records: Records, at: points.Moments, hold: Bools, since: int) -> Judged:
    """From where the rule holds, among the moments from ``since`` on."""
    first = np.full(len(records), np.inf)
    np.minimum.at(first, at.drive[hold], at.time[hold])
    return Judged(records, since, records.end >= since, first)


def two_of_five(records: Records, at: points.Moments) -> Times:
    """How many of the five counters stand above nought."""
    total = np.zeros(len(at.row), np.int64)
    for signal in drive_records.SIGNALS.values():
        total += records.levels[signal][at.row] > 0
    return total


def figures(data: Path) -> Iterator[Figure]:
    """All that is measured on drives; nothing when the set is not there."""
    records = drive_records.load(data)
    if records is None:
        return
    at = points.moments(records, JUDGED_FROM)
    rule = next(rule for rule in rulepack.load().compiled.rules if rule.name == RULE)
    total = points.of_risk(rule, records, at)
    grades = {
        severity: judge(records, at, total > limit, JUDGED_FROM) for severity, limit in sorted(levels(rule).items())
    }
    peer = judge(records, at, two_of_five(records, at) >= 2, JUDGED_FROM)
    yield from _recalls(grades[Severity.SOON], "0.75pct", _how(rule, Severity.SOON), peer)
    yield from _recalls(grades[Severity.WATCH], "2pct", _how(rule, Severity.WATCH), None)
    yield from _prices(grades, rule, peer)


def _how(rule: CompiledRule, severity: Severity) -> str:
    return f"{RULE} as shipped, from {int(np.ceil(levels(rule)[severity]))} points on ({severity.name.lower()})"


def _recalls(judged: Judged, level: str, how: str, peer: Judged | None) -> Iterator[Figure]:
    failed = int((judged.seen & judged.records.failed).sum())
    how = f"{how}; {failed} failed drives of {int(judged.seen.sum())}; flagged {judged.flagged():.3f} % of the healthy"
    for name, ahead in (("1d", DAY), ("7d", 7 * DAY)):
        yield _figure(f"drives_recall_{name}_at_{level}", judged.recall(ahead), "%", how, peer and peer.recall(ahead))


def _figure(name: str, value: float, unit: str, how: str, peer: float | None = None) -> Figure:
    if peer is None:
        return Figure(name, round(value, 3), unit, how=how)
    return Figure(name, round(value, 3), unit, PEER, round(peer, 3), round(value / peer, 3), how)


def _prices(grades: dict[Severity, Judged], rule: CompiledRule, peer: Judged) -> Iterator[Figure]:
    ticket, now, watch = grades[Severity.SOON], grades[Severity.URGENT], grades[Severity.WATCH]
    how = _how(rule, Severity.SOON)
    yield _figure("drives_flagged_pct_at_ticket", ticket.flagged(), "%", how, peer.flagged())
    yield _figure("drives_flagged_pct_at_watch", watch.flagged(), "%", _how(rule, Severity.WATCH))
    yield _figure("drives_flagged_pct_at_replace_now", now.flagged(), "%", _how(rule, Severity.URGENT))
    yield _figure("drives_median_lead_days", ticket.median_lead(), "d", how, peer.median_lead())
    for name, judged, other in (("ticket", ticket, peer), ("replace_now", now, None)):
        for days in (30, 90):
            right, known, flagged = judged.right(days)
            usual = other.right(days) if other else None
            yield _figure(
                f"drives_{name}_precision_{days}d",
                100 * right / known if known else 0.0,
                "%",
                f"{right} of {known} that were followed up for {days} days or failed in them; {flagged} flagged in all",
                usual and 100 * usual[0] / usual[1],
            )
    yield _figure("drives_replace_now_recall_1d", now.recall(DAY), "%", _how(rule, Severity.URGENT))
    wrong = ticket.flagged() / 100 * int((ticket.seen & ~ticket.records.failed).sum())
    peers = peer.flagged() / 100 * int((peer.seen & ~peer.records.failed).sum())
    years = ticket.healthy_years()
    how = f"{round(wrong)} tickets in {years:.0f} years of drives that did not fail"
    yield _figure("drives_false_tickets_per_100_years", 100 * wrong / years, "", how, 100 * peers / years)
