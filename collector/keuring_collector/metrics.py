"""What the collector tells Prometheus about its own work.

Every process of the collector counts here; prometheus-client's multiprocess mode adds the processes up, so that a
scrape of one place sees all and counts nothing twice. What can be read from the database (tickets, endpoints) is
not counted here but looked up at each scrape, by exporter.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# Where the processes of one collector leave what they count; prometheus-client expects it to be there.
if _shared := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(_shared).mkdir(mode=0o700, parents=True, exist_ok=True)

REPORTS: Final = Counter(
    "keuring_ingest_reports", "Reports received, by what became of them.", ["disposition"]
)  # stored, duplicate, quarantined, out_of_order
PROBLEMS: Final = Counter(
    "keuring_ingest_problems", "Values, facts and events left out of reports, by reason.", ["reason"]
)
REJECTED: Final = Counter(
    "keuring_ingest_rejected", "Calls refused before anything was read, by reason.", ["reason"]
)  # revoked, no_identity, tls_version, overload, storage
REPORT_BYTES: Final = Counter("keuring_ingest_report_bytes", "Bytes of reports stored.")
STREAMS: Final = Gauge("keuring_ingest_streams", "Report streams open now.", multiprocess_mode="livesum")
BATCH: Final = Histogram(
    "keuring_write_batch_reports", "Reports in one transaction.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
)
STAGE: Final = Histogram(
    "keuring_write_stage_seconds",
    "Time that a batch spent in a stage of the write path.",
    ["stage"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)  # decode, load, judge, commit
DELAY: Final = Counter(
    "keuring_ingest_reports_by_delay",
    "Reports stored, by the time between the end of the window and its arrival: 15m, 1h, 1d or older.",
    ["delay"],
)
ENROLMENTS: Final = Counter(
    "keuring_enrolments", "Enrolment calls by outcome.", ["outcome"]
)  # ok, unknown_token, expired_token, used_token, bad_request, rate_limited; by machine certificate more, see below
RENEWALS: Final = Counter("keuring_certificate_renewals", "Certificate renewals by outcome.", ["outcome"])
RECOVERIES: Final = Counter(
    "keuring_certificate_recoveries",
    "Attempts to get a new certificate for an expired one, by outcome.",
    ["outcome"],
)  # ok, rate_limited, storage; refused: challenge, unproven, chain, too_old, revoked, superseded, bad_request
EVALUATIONS: Final = Counter("keuring_rule_evaluations", "Conditions judged, over all rules and endpoints.")
FINDINGS: Final = Counter("keuring_rule_findings", "Findings by rule and what they did.", ["rule", "change"])
RULES: Final = Gauge("keuring_rules", "Rules in force, by maturity.", ["maturity"], multiprocess_mode="mostrecent")
RULES_BROKEN: Final = Gauge(
    "keuring_rules_broken",
    "1 while the rule files on disk are broken and the last good pack is in force.",
    multiprocess_mode="mostrecent",
)
TICKETS: Final = Counter(
    "keuring_ticket_changes", "Tickets by what the write path did to them.", ["change"]
)  # opened, reopened, closed_itself
AGENT_MEMORY: Final = Gauge(
    "keuring_agent_memory_bytes",
    "Memory that agents report to use themselves: median, p95 and max over the agents heard of lately.",
    ["statistic"],
    multiprocess_mode="mostrecent",
)
AGENT_CPU: Final = Counter("keuring_agent_cpu_seconds", "Processor time that agents report to have used themselves.")
AGENT_SPOOLED: Final = Gauge(
    "keuring_agent_spooled_reports",
    "Reports that agents hold back: median, p95 and max over the agents heard of lately.",
    ["statistic"],
    multiprocess_mode="mostrecent",
)
AGENT_SENSOR_FAILURES: Final = Counter("keuring_agent_sensor_failures", "Sensor failures that agents report.")
AGENT_FLUSH_FAILURES: Final = Counter("keuring_agent_flush_failures", "Failed sendings that agents report.")
JOBS: Final = Counter("keuring_job_runs", "Runs of background jobs by outcome.", ["name", "outcome"])
JOB_SECONDS: Final = Histogram("keuring_job_seconds", "Time that background jobs took.", ["name"])

# A series that begins at 1 is no increase to Prometheus: what is known to happen is said from the start, with 0.
_KNOWN: Final[tuple[tuple[Counter | Gauge | Histogram, tuple[str, ...]], ...]] = (
    (REPORTS, ("stored", "duplicate", "quarantined", "out_of_order")),
    (PROBLEMS, ("unknown_signal", "not_finite", "gap")),
    (REJECTED, ("revoked", "expired", "no_identity", "tls_version", "overload", "storage")),
    (STAGE, ("decode", "load", "judge", "commit")),
    (DELAY, ("15m", "1h", "1d", "older")),
    (
        ENROLMENTS,
        (
            *("ok", "unknown_token", "expired_token", "used_token", "bad_request", "rate_limited", "storage"),
            *("challenge", "chain", "key", "unproven", "revoked", "too_soon", "tls_version"),  # by machine certificate
        ),
    ),
    (RENEWALS, ("ok", "bad_request", "revoked", "storage")),
    (
        RECOVERIES,
        (
            *("ok", "challenge", "chain", "unproven", "too_old", "revoked", "superseded", "bad_request"),
            *("tls_version", "rate_limited", "storage"),
        ),
    ),
    (TICKETS, ("opened", "reopened", "closed_itself")),
)
for _metric, _values in _KNOWN:
    for _value in _values:
        _metric.labels(_value)
