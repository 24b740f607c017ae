"""A desk of three years for the console's benchmark, written straight into the tables, most of it by the database.

A hundred thousand machines with a million tickets: one in forty open, a few of those planned, asleep, or together in
fleet tickets; lines, history, reports, facts and the audit beside them, and signals of the first machines. Everything
follows from the number of a row, so that both databases hold the same.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import psycopg

from keuring.signals import catalogue
from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Kind
from keuring_collector import rulepack
from keuring_collector.store import compaction, facts, journal
from keuring_collector.store.block import DAY
from keuring_collector.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKETS_A_MACHINE: Final = 10
OPEN_IN: Final = 40  # one in so many
YEARS: Final = 3
DEPARTMENTS: Final = 40
STAFF: Final = 30
CLOSED_FLEETS: Final = 40
OPEN_FLEETS: Final = 8
SLOTS: Final = 200  # rules are drawn from so many, the frequent ones more often
MEASURED: Final = 40  # machines with signals
DAYS: Final = 90  # of daily points
PROGRAMS_A_MACHINE: Final = 6
WINDOWS: Final = 288  # in the journal, of five minutes
LAST, MEAN, MAX = 1, 3, 4
_PRIME: Final = 2_147_483_647
_FACTORS: Final = (48271, 69621, 16807, 39373, 742938285, 950706376, 1226874159, 62089911, 1343714438, 630360016)


@dataclass(frozen=True)
class Size:
    """How large the desk is."""

    machines: int

    @property
    def tickets(self) -> int:
        return self.machines * TICKETS_A_MACHINE

    @property
    def closed(self) -> int:
        """The tickets up to this number are closed."""
        return self.tickets - self.tickets // OPEN_IN

    @property
    def measured(self) -> int:
        return min(MEASURED, 1 + self.machines // 50)


class Dialect:
    """The few expressions that the databases write differently. Moments are seconds since 1970."""

    def __init__(self, vendor: str) -> None:
        self.is_sqlite = vendor == "sqlite"

    def at(self, seconds: str) -> str:
        return (
            f"strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch')" if self.is_sqlite else f"to_timestamp({seconds})"
        )

    def day(self, seconds: str) -> str:
        return f"date({seconds}, 'unixepoch')" if self.is_sqlite else f"to_timestamp({seconds})::date"

    def json(self, text: str) -> str:
        return text if self.is_sqlite else f"CAST({text} AS jsonb)"

    def uuid(self, number: str) -> str:
        return f"printf('%032x', {number})" if self.is_sqlite else f"lpad(to_hex({number}), 32, '0')::uuid"

    @staticmethod
    def draw(which: int, most: int, number: str = "i") -> str:
        """A number below ``most`` that looks drawn by chance; ``which``: another draw for the same row."""
        return f"({number} * {_FACTORS[which]} % {_PRIME} % {most})"


def numbers(count: int) -> str:
    """A table ``n`` of the numbers 1 to ``count``, for the beginning of a statement."""
    return f"WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "


def fill(url: str, size: Size, now: float) -> float:
    """Fills a migrated database; Django works on it already. Returns the seconds that it took."""
    begun = time.perf_counter()
    people(size, now)
    connection: Any
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        # What is lost in a power cut is made again.
        connection.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-524288; PRAGMA temp_store=MEMORY")
        connection.execute("BEGIN")
    else:
        connection = psycopg.connect(url, autocommit=True)
        connection.execute("SET session_replication_role = replica")  # no look-up of each reference
        connection.execute("SET work_mem = '256MB'")
    dialect = Dialect("sqlite" if url.startswith("sqlite:///") else "postgresql")
    for statement in statements(dialect, size, now):
        connection.execute(statement)
    if dialect.is_sqlite:
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    measure(url, size, now)
    if not dialect.is_sqlite:  # as autovacuum would have done
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("VACUUM ANALYZE")
    return time.perf_counter() - begun


def drawn_rules() -> list[tuple[str, str, int, str, str]]:
    """(rule, cause, severity, subject, evidence) of each slot: rules of the shipped pack that are about a gauge."""
    found = []
    for rule in rulepack.load().rules.values():
        condition = rule.condition
        about: Any = condition.forecast or condition.threshold or condition.trend
        signal = BY_NAME.get(about.signal) if about is not None and about.signal else None
        if signal is None or signal.kind is not Kind.GAUGE or not rule.maturity.opens_tickets:
            continue
        subject = "C:" if "filesystem" in signal.name else ""
        base = {"signal": signal.name, "statistic": LAST, "subject": subject}
        value, limit = (0.88, 0.98) if signal.unit == "1" else (42.0, 60.0)
        evidence = [{**base, "role": role, "value": told} for role, told in (("value", value), ("limit", limit))]
        found.append((str(rule.id), rule.cause, int(rule.severity.grade), subject, json.dumps(evidence)))
    found.sort()
    # The n-th rule comes as often as it would by Zipf.
    weights = np.cumsum(1 / np.arange(1, len(found) + 1))
    places = np.searchsorted(weights / weights[-1], (np.arange(SLOTS) + 0.5) / SLOTS)
    return [found[place] for place in places]


def people(size: Size, now: float) -> None:
    """Departments, the desk, its fleet tickets and what it decided, by Django."""
    from datetime import UTC, datetime, timedelta

    from keuring_collector.desk.models import AuditHead, DeskState, FleetHistory, FleetTicket, SavedFilter, Staff
    from keuring_collector.fleet.models import Department

    moment = datetime.fromtimestamp(now, UTC)
    Department.objects.bulk_create(
        Department(id=number, name=f"Department {number:02}", place=f"Floor {number % 9}")
        for number in range(1, DEPARTMENTS + 1)
    )
    Staff.objects.bulk_create(
        Staff(id=number, username=f"colleague{number}", first_name=f"Colleague {number}", password="!",
              role="administrator" if number == 1 else "desk", language="nl", limited=number == STAFF)
        for number in range(1, STAFF + 1)
    )  # fmt: skip
    Staff.objects.get(pk=STAFF).departments.set([1, 2, 3])
    SavedFilter.objects.bulk_create(
        SavedFilter(staff_id=1, name=f"View {number}", query=f"department={number}") for number in range(1, 4)
    )
    DeskState.objects.create(rule_by_rule=False, intake_days=7, budget=50, time_zone="Europe/Amsterdam")
    AuditHead.objects.create(sequence=size.tickets // 2)
    common = [{"signal": "keuring.hardware.model", "subject": "", "value": "Model 3", "machines": 90, "of": 100,
               "others": 40, "others_of": 9000}]  # fmt: skip
    causes = sorted({cause for _rule, cause, *_ in drawn_rules()})
    fleets = FleetTicket.objects.bulk_create(
        FleetTicket(
            id=number, cause=causes[number % len(causes)], by_hand=True, opened_at=moment - timedelta(days=9),
            updated_at=moment, closed_at=moment if number <= CLOSED_FLEETS else None, common=common,
        )
        for number in range(1, CLOSED_FLEETS + OPEN_FLEETS + 1)
    )  # fmt: skip
    FleetHistory.objects.bulk_create(
        FleetHistory(ticket=fleet, at=fleet.opened_at, kind=kind, detail={"machines": 40})
        for fleet in fleets
        for kind in ("opened", "joined", "joined")
    )


def statements(of: Dialect, size: Size, now: float) -> Iterator[str]:
    """What the database does by itself, in order."""
    at, draw, now_ = of.at, of.draw, f"{now:.0f}"
    # Sessions of PostgreSQL forget it; SQLite's file would keep a table that is not temporary.
    yield "CREATE TEMPORARY TABLE slot (slot integer, rule text, cause text, severity integer, subject text, told text)"
    for slot, (rule, cause, severity, subject, told) in enumerate(drawn_rules()):
        yield f"INSERT INTO slot VALUES ({slot}, '{rule}', '{cause}', {severity}, '{subject}', '{told}')"
    colleagues = max(1, size.machines * 8 // 10)
    yield (
        "INSERT INTO fleet_colleague (id, name, mail, department_id, place, language) "
        f"{numbers(colleagues)} SELECT i, 'Colleague ' || i, 'c' || i || '@example.org', "
        f"1 + {draw(0, DEPARTMENTS)}, '', CASE WHEN i % 5 = 0 THEN 'en' ELSE 'nl' END FROM n"
    )
    yield (
        "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at, colleague_id, department_id) "
        f"{numbers(size.machines)} SELECT i, {of.uuid('i')}, 'LT-' || {draw(1, 900)} || '-' || i, "
        f"CASE WHEN i % 33 = 32 THEN 'revoked' ELSE 'active' END, {_yes('i % 1000 = 999')}, "
        f"{at(f'{now_} - 86400 * (20 + {draw(2, 1000)})')}, CASE WHEN i <= {colleagues} THEN i END, "
        f"1 + {draw(0, DEPARTMENTS)} FROM n"
    )
    yield from tickets(of, size, now_)
    yield from beside(of, size, now_)
    yield from known(of, size, now)
    yield from programs(of, size, now)
    for signal, (column, _most) in facts.COLUMNS.items():  # as the write path does it, which this goes round
        told = f"SELECT value FROM fact WHERE endpoint_id = fleet_endpoint.id AND signal_id = {signal}"
        yield f"UPDATE fleet_endpoint SET {column} = replace(({told}), '\"', '')"


def tickets(of: Dialect, size: Size, now: str) -> Iterator[str]:
    """The tickets with their lines and history; the newest are open, but for what was closed in between."""
    at, day, draw = of.at, of.day, of.draw
    is_open, span = f"i > {size.closed}", YEARS * 365 * 86400 / size.tickets
    opened = f"{now} - {span:.6f} * ({size.tickets} - i) - {draw(1, 86400)}"
    closed = f"{opened} + 3600 + {draw(3, 20 * 86400)}"
    expected = f"CASE WHEN {is_open} THEN {now} ELSE {opened} END + 86400.0 * ({draw(4, 125)} - 4)"
    dated = f"{draw(5, 10)} < 6"
    asleep, planned = f"{draw(2, 100)} < 10", f"{draw(2, 100)} BETWEEN 10 AND 29"
    fleet = f"CASE WHEN {is_open} AND {draw(6, 50)} = 0 THEN {CLOSED_FLEETS + 1} + {draw(7, OPEN_FLEETS)} END"
    yield (
        "INSERT INTO desk_ticket (id, endpoint_id, cause, key, state, severity, opened_at, updated_at, closed_at, "
        "expected_at, expected_low, expected_high, owner_id, touched, planned_for, snoozed_until, asleep_by_lines, "
        "parent_id, dismissal_reason, verdict, reopened) "
        f"{numbers(size.tickets)} SELECT i, 1 + i * 48271 % {size.machines}, slot.cause, 'bench-' || i, "
        f"CASE WHEN {is_open} THEN CASE WHEN {asleep} THEN 'snoozed' WHEN {planned} THEN 'planned' ELSE 'new' END "
        f"WHEN {draw(2, 100)} < 80 THEN 'resolved' WHEN {draw(2, 100)} < 98 THEN 'dismissed' ELSE 'merged' END, "
        f"slot.severity, {at(opened)}, {at(opened)}, CASE WHEN NOT {is_open} THEN {at(closed)} END, "
        + "".join(f"CASE WHEN {dated} THEN {at(f'{expected} + 86400 * {days}')} END, " for days in (0, -4, 6))
        + f"CASE WHEN NOT {is_open} OR NOT {draw(3, 10)} < 7 THEN 1 + {draw(7, STAFF)} END, "
        f"{_yes(f'{draw(3, 10)} > 6')}, "
        f"CASE WHEN {is_open} AND {planned} THEN {day(f'{now} + 86400 * ({draw(8, 20)} - 2)')} END, "
        f"CASE WHEN {is_open} AND {asleep} THEN {at(f'{now} + 86400 * (1 + {draw(8, 20)})')} END, {_yes('1 = 0')}, "
        f"{fleet}, '', CASE WHEN {is_open} THEN '' WHEN {draw(9, 10)} < 5 THEN 'right' WHEN {draw(9, 10)} = 5 "
        f"THEN 'early' WHEN {draw(9, 10)} = 6 THEN 'wrong' WHEN {draw(9, 10)} = 7 THEN 'known' ELSE '' END, 0 "
        f"FROM n JOIN slot ON slot.slot = {draw(0, SLOTS)}"
    )
    of_ticket = f"desk_ticket t JOIN slot ON slot.slot = {draw(0, SLOTS, 't.id')}"
    for more, where in (("''", "1 = 1"), ("' (2)'", "t.id % 7 = 0")):
        yield (
            "INSERT INTO desk_ticketline (ticket_id, rule, subject, severity, active, since, judged_at, cleared_at, "
            "expected_at, expected_low, expected_high, evidence, evidence_now) "
            f"SELECT t.id, slot.rule, slot.subject || {more}, t.severity, {_yes('t.closed_at IS NULL')}, "
            "t.opened_at, t.updated_at, t.closed_at, t.expected_at, t.expected_low, t.expected_high, "
            f"{of.json('slot.told')}, {of.json('slot.told')} FROM {of_ticket} WHERE {where}"
        )
    helped = of.json("""'{"verdict": "right", "text": "Cleaned up and told the colleague"}'""")
    lately = at(f"{now} - {draw(3, 5 * 86400, 't.id')}")
    for kind, moment, detail, where in (
        ("'opened'", "t.opened_at", of.json("'{}'"), "1 = 1"),
        ("'taken'", "t.updated_at", of.json("'{}'"), "t.closed_at IS NOT NULL AND t.id % 3 = 0"),
        ("t.state", "t.closed_at", helped, "t.closed_at IS NOT NULL AND t.id % 5 < 2"),
        ("'closed_itself'", "t.closed_at", of.json("'{}'"), "t.closed_at IS NOT NULL AND t.id % 5 >= 2"),
        ("'worsened'", lately, of.json("""'{"to": 3}'"""), "t.closed_at IS NULL AND t.id % 10 = 0"),
        ("'woke'", lately, of.json("'{}'"), "t.closed_at IS NULL AND t.id % 30 = 1"),
    ):
        yield (
            f"INSERT INTO desk_tickethistory (ticket_id, at, actor_id, kind, detail) SELECT t.id, {moment}, "
            f"CASE WHEN {kind} IN ('taken', 'resolved', 'dismissed') THEN 1 + t.id % {STAFF} END, {kind}, {detail} "
            f"FROM desk_ticket t WHERE {where}"
        )


def beside(of: Dialect, size: Size, now: str) -> Iterator[str]:
    """Notices, reports, what waits, and the audit."""
    at, day, draw = of.at, of.day, of.draw
    yield (
        "INSERT INTO desk_notice (staff_id, ticket_id, kind, by_id, at, text) "
        f"{numbers(20)} SELECT 1, {size.tickets} - i, 'assigned', 2, {at(f'{now} - i')}, '' FROM n"
    )
    item = {"item": "disk", "outcome": "pass"}
    told = {"label": "Disk", "faults": [], "unmeasured": [], "measured": [{"what": "Space left", "value": "40 %"}] * 3}
    content = {"form": "1", "items": [{**item, "nl": told, "en": told}] * 4, "previous": {}}
    for current, share in (("i % 20 <> 7", "i % 20 <> 7"), ("1 = 0", "i % 2 = 0")):
        age = f"86400.0 * {draw(2, 335)}" if current != "1 = 0" else f"86400.0 * (365 + {draw(2, 335)})"
        yield (
            "INSERT INTO desk_inspection (endpoint_id, issued_at, outcome, valid_until, next_due, current, content, "
            f"digest) {numbers(size.machines)} SELECT i, {at(f'{now} - {age}')}, CASE WHEN {draw(3, 20)} < 14 "
            f"THEN 'pass' WHEN {draw(3, 20)} < 18 THEN 'advice' WHEN {draw(3, 20)} < 19 THEN 'fail' "
            f"ELSE 'unmeasurable' END, {day(f'{now} - {age} + 365 * 86400')}, {day(f'{now} - {age} + 335 * 86400')}, "
            f"{_yes(current)}, {of.json(_text(content))}, '' FROM n WHERE {share}"
        )
    yield (
        "INSERT INTO desk_waiting (endpoint_id, cause, rule, subject, severity, why, waiting_since, since, judged_at, "
        f"evidence) {numbers(max(10, size.machines // 30))} SELECT 1 + i * 48271 % {size.machines}, slot.cause, "
        f"slot.rule, slot.subject, slot.severity, CASE WHEN i % 2 = 0 THEN 'budget' ELSE 'rule' END, {at(now)}, "
        f"{at(now)}, {at(now)}, {of.json('slot.told')} FROM n JOIN slot ON slot.slot = {draw(0, SLOTS)}"
    )
    yield (
        "INSERT INTO desk_auditentry (sequence, at, actor, action, subject, detail, digest) "
        f"{numbers(size.tickets // 2)} SELECT i, {at(f'{now} - 60.0 * ({size.tickets // 2} - i)')}, "
        f"'colleague' || (1 + {draw(7, STAFF)}), CASE WHEN i % 10 = 0 THEN 'signed.in' WHEN i % 997 = 0 THEN "
        f"'staff.role' ELSE 'machine.viewed' END, 'machine/' || CAST({of.uuid(f'(1 + {draw(1, size.machines)})')} "
        f"AS text), '{{}}', '' FROM n"
    )


def _yes(expression: str) -> str:
    return f"({expression})"


def _text(value: Any) -> str:
    return "'" + json.dumps(value).replace("'", "''") + "'"


def known(of: Dialect, size: Size, now: float) -> Iterator[str]:
    """What each machine said of itself, and when it was last heard of."""
    received = f"{now:.0f} - CASE WHEN i % 12 = 0 THEN 86400.0 * {of.draw(4, 40)} ELSE 60.0 + i % 3000 END"
    yield (
        "INSERT INTO endpoint_head (endpoint_id, epoch, sequence, position, received_at, end_at, skew, boot_id, "
        f"layout, past_epochs, compacted_day) {numbers(size.machines)} SELECT i, 1, {WINDOWS}, {WINDOWS}, {received}, "
        f"{received}, 0, 'boot', 1, '{{}}', {int(now // DAY) - 1} FROM n"
    )
    facts_ = {
        catalogue.KEURING_HARDWARE_MODEL.id: f"'\"Model ' || {of.draw(2, 60)} || '\"'",
        catalogue.KEURING_HARDWARE_VENDOR.id: "'\"Maker\"'",
        catalogue.KEURING_CPU_MODEL.id: f"'\"Processor ' || {of.draw(3, 30)} || '\"'",
        catalogue.OS_NAME.id: "'\"Windows\"'",
        catalogue.OS_VERSION.id: f"'\"10.0.' || {of.draw(5, 9)} || '\"'",
        catalogue.KEURING_AGENT_VERSION.id: f"'\"0.' || {of.draw(6, 4)} || '.0\"'",
    }
    others = [s.id for s in BY_NAME.values() if s.kind is Kind.FACT and s.id not in facts_][:10]
    for signal, value in {**facts_, **dict.fromkeys(others, "'\"yes\"'")}.items():
        yield (
            "INSERT INTO fact (endpoint_id, signal_id, subject, observed_at, value) "
            f"{numbers(size.machines)} SELECT i, {signal}, '', {now - DAY:.0f}, {value} FROM n"
        )


def programs(of: Dialect, size: Size, now: float) -> Iterator[str]:
    """The programs of each machine with their versions, and those that crashed or hung; and reports put aside."""
    for program in range(1, PROGRAMS_A_MACHINE + 1):
        yield (
            "INSERT INTO fact (endpoint_id, signal_id, subject, observed_at, value) "
            f"{numbers(size.machines)} SELECT i, {catalogue.KEURING_SOFTWARE_VERSION.id}, "
            f"'Program ' || ({program} + 8 * {of.draw(program, 5)}), {now - DAY:.0f}, "
            f"'\"1.' || {of.draw(program + 1, 7)} || '\"' FROM n"
        )
    for ordinal, signal in enumerate((catalogue.KEURING_APPLICATION_CRASH, catalogue.KEURING_APPLICATION_HANG)):
        yield (
            "INSERT INTO event (endpoint_id, position, ordinal, signal_id, subject, observed_at, count, attributes) "
            f"{numbers(size.machines)} SELECT i, {WINDOWS}, {ordinal}, {signal.id}, 'Program ' || (1 + i % 40), "
            f"{now:.0f} - 86400.0 * {of.draw(ordinal + 2, 80)}, 1 + i % 3, "
            f"'{{\"version\": \"1.' || (i % 7) || '\"}}' FROM n WHERE {of.draw(ordinal, 10)} < 2"
        )
    yield (
        "INSERT INTO quarantine (endpoint_id, epoch, sequence, received_at, reason, detail, report) "
        f"{numbers(min(size.machines, 300))} SELECT i, 1, 1, {now:.0f} - 3600.0 * i, 'window', 'it ends before it "
        f"begins', {'zeroblob(200)' if of.is_sqlite else 'CAST(repeat(chr(48), 200) AS bytea)'} FROM n"
    )


def measure(url: str, size: Size, now: float) -> None:
    """Daily points and the windows of the last day, of the first machines: all that the drawn rules are about."""
    connection = connect(url)
    about = sorted(
        {(BY_NAME[item["signal"]].id, item["subject"]) for row in drawn_rules() for item in json.loads(row[4])}
    )
    memory = (catalogue.SYSTEM_MEMORY_LIMIT.id, "")
    keys = [(signal, statistic, subject) for signal, subject in {*about, memory} for statistic in (LAST, MEAN, MAX)]
    random, today = np.random.default_rng(7), int(now // DAY)
    for endpoint in range(1, size.measured + 1):
        course = 0.5 + np.cumsum(random.normal(0.002, 0.01, (len(keys), DAYS)), axis=1)
        points = [
            (endpoint, signal, subject, statistic, today - DAYS + day, WINDOWS, *(value,) * 4, value * WINDOWS)
            for (signal, statistic, subject), values in zip(keys, np.round(course, 4).tolist(), strict=True)
            for day, value in enumerate(values)
        ]
        ends = now - 60 - 300.0 * np.arange(WINDOWS)[::-1]
        windows = random.uniform(0.6, 0.8, (WINDOWS, len(keys))).astype("<f4")
        entries = [
            journal.Entry(endpoint, 1, at + 1, at + 1, ends[at], ends[at] - 300, ends[at], "boot", 1,
                          windows[at].tobytes())
            for at in range(WINDOWS)
        ]  # fmt: skip
        with connection.transaction():
            journal.put_layouts(connection, [(endpoint, 1, keys)])
            compaction._put(connection, [], points)
            journal.append(connection, entries)
            facts.put_unmeasured(
                connection, [(endpoint, catalogue.HW_TEMPERATURE.id, "", now, "there is no such sensor")]
            )
    connection.close()
