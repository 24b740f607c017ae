"""The hot tables: every key begins with the endpoint, so that one machine's data lies together and can be sharded.

Times are seconds since 1970 (UTC), days are days since 1970. Created by Django's migrations, used by this package
alone.
"""

from __future__ import annotations

from typing import Final

# {blob}: bytes; {clustered}: keep rows in key order where the database can.
TABLES: Final = """
CREATE TABLE endpoint_head (
    endpoint_id bigint PRIMARY KEY,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    position bigint NOT NULL,
    received_at double precision NOT NULL,
    end_at double precision NOT NULL,
    skew double precision NOT NULL,
    boot_id text NOT NULL,
    layout bigint NOT NULL,
    past_epochs text NOT NULL,
    compacted_day bigint NOT NULL
);
CREATE TABLE layout (
    endpoint_id bigint NOT NULL,
    layout bigint NOT NULL,
    keys text NOT NULL,
    PRIMARY KEY (endpoint_id, layout)
);
CREATE TABLE journal (
    endpoint_id bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    position bigint NOT NULL,
    received_at double precision NOT NULL,
    start_at double precision NOT NULL,
    end_at double precision NOT NULL,
    boot_id text NOT NULL,
    layout bigint NOT NULL,
    samples {blob} NOT NULL,
    PRIMARY KEY (endpoint_id, epoch, sequence)
);
CREATE TABLE snapshot (
    endpoint_id bigint PRIMARY KEY,
    position bigint NOT NULL,
    state {blob} NOT NULL
);
CREATE TABLE history (
    endpoint_id bigint NOT NULL,
    signal_id integer NOT NULL,
    subject text NOT NULL,
    day integer NOT NULL,
    windows integer NOT NULL,
    block {blob} NOT NULL,
    PRIMARY KEY (endpoint_id, signal_id, subject, day)
) {clustered};
CREATE TABLE daily (
    endpoint_id bigint NOT NULL,
    signal_id integer NOT NULL,
    subject text NOT NULL,
    statistic integer NOT NULL,
    day integer NOT NULL,
    windows integer NOT NULL,
    last double precision NOT NULL,
    minimum double precision NOT NULL,
    mean double precision NOT NULL,
    maximum double precision NOT NULL,
    total double precision NOT NULL,
    PRIMARY KEY (endpoint_id, signal_id, subject, statistic, day)
) {clustered};
CREATE TABLE fact (
    endpoint_id bigint NOT NULL,
    signal_id integer NOT NULL,
    subject text NOT NULL,
    observed_at double precision NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (endpoint_id, signal_id, subject)
);
CREATE TABLE fact_change (
    endpoint_id bigint NOT NULL,
    position bigint NOT NULL,
    signal_id integer NOT NULL,
    subject text NOT NULL,
    observed_at double precision NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (endpoint_id, position, signal_id, subject)
);
CREATE TABLE event (
    endpoint_id bigint NOT NULL,
    position bigint NOT NULL,
    ordinal integer NOT NULL,
    signal_id integer NOT NULL,
    subject text NOT NULL,
    observed_at double precision NOT NULL,
    count bigint NOT NULL,
    attributes text NOT NULL,
    PRIMARY KEY (endpoint_id, position, ordinal)
);
CREATE INDEX event_time ON event (endpoint_id, observed_at);
CREATE TABLE unmeasured (
    endpoint_id bigint NOT NULL,
    signal_id integer NOT NULL,
    subject text NOT NULL,
    since double precision NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (endpoint_id, signal_id, subject)
);
CREATE TABLE quarantine (
    endpoint_id bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    received_at double precision NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    report {blob} NOT NULL,
    PRIMARY KEY (endpoint_id, epoch, sequence)
);
"""

# What is usual in the fleet: the only hot tables that no endpoint is the key of; small, read whole, written once a day.
# ``facts`` and ``peers`` are JSON: which facts make machines peers, and their values. ``baseline_made`` says which
# questions were answered for a day, also when no group was large enough.
BASELINES: Final = """
CREATE TABLE baseline (
    signal_id integer NOT NULL,
    statistic integer NOT NULL,
    aggregate integer NOT NULL,
    days integer NOT NULL,
    facts text NOT NULL,
    peers text NOT NULL,
    valid_from integer NOT NULL,
    median double precision NOT NULL,
    spread double precision NOT NULL,
    machines integer NOT NULL,
    PRIMARY KEY (signal_id, statistic, aggregate, days, facts, peers, valid_from)
) {clustered};
CREATE TABLE baseline_made (
    valid_from integer NOT NULL,
    signal_id integer NOT NULL,
    statistic integer NOT NULL,
    aggregate integer NOT NULL,
    days integer NOT NULL,
    facts text NOT NULL,
    made_at double precision NOT NULL,
    PRIMARY KEY (valid_from, signal_id, statistic, aggregate, days, facts)
) {clustered};
"""

# Versions that machines with the same system (``source``) were updated to, and the first day of that; made anew each
# day, small, and of no machine.
RELEASES: Final = """
CREATE TABLE program_release (
    source text NOT NULL,
    program text NOT NULL,
    version text NOT NULL,
    day integer NOT NULL,
    machines integer NOT NULL,
    made_at double precision NOT NULL,
    PRIMARY KEY (source, program, version)
) {clustered};
"""

# What colleagues are told at their machines: one row a machine. ``titles`` and ``bodies`` are JSON, by language;
# ``expires_at`` 0: never; ``state``: see store.notices.
NOTICES: Final = """
CREATE TABLE notice (
    endpoint_id bigint NOT NULL,
    notice_id text NOT NULL,
    kind integer NOT NULL,
    titles text NOT NULL,
    bodies text NOT NULL,
    link text NOT NULL,
    expires_at double precision NOT NULL,
    state integer NOT NULL,
    changed_at double precision NOT NULL,
    PRIMARY KEY (endpoint_id, notice_id)
) {clustered};
CREATE INDEX notice_waiting ON notice (state, expires_at);
"""

DIALECTS: Final = {
    "sqlite": {"blob": "blob", "clustered": "WITHOUT ROWID"},
    "postgresql": {"blob": "bytea", "clustered": ""},
}


def statements(vendor: str, tables: str = TABLES) -> list[str]:
    """The statements that make some of the tables above on ``vendor`` ("sqlite" or "postgresql")."""
    return [part.strip() for part in tables.format(**DIALECTS[vendor]).split(";") if part.strip()]


def names(tables: str = TABLES) -> list[str]:
    """The names of the tables."""
    return [line.split()[2] for line in tables.splitlines() if line.startswith("CREATE TABLE")]
