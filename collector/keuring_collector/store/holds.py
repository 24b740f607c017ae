"""What keeps findings from opening tickets now: the intake period, rules that only report, quiet times, the budget.

Loaded now and then, never per report. ``Holds`` is data: the same question always gets the same answer, but for the
room in the budget, which shrinks as tickets are opened. Without a row of ``desk_deskstate`` nothing is held.
"""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from keuring.signals.catalogue import KEURING_HARDWARE_MODEL
from keuring_collector.engine.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keuring_collector.store.connection import Connection

DAY: Final = 86400.0
LATE: Final = 14 * DAY  # a report may come in so long after the quiet time in which it was measured
AHEAD: Final = 8 * DAY
_OPEN: Final = "state IN ('new', 'planned', 'snoozed')"


class Hold(NamedTuple):
    """Why a finding waits: a value of ``Waiting.Why``, and the quiet time that says so, if one does."""

    why: str
    quiet: int | None = None


@dataclass(frozen=True, slots=True)
class QuietTime:
    """One quiet time: on which machines (None: all), for which cause (empty: all), in which stretches of time."""

    id: int
    kind: str
    endpoints: frozenset[int] | None
    cause: str
    stretches: tuple[tuple[float, float], ...]

    def covers(self, endpoint: int, cause: str, times: Iterable[float]) -> bool:
        """Whether a finding falls into it at one of ``times``."""
        if self.cause not in ("", cause) or (self.endpoints is not None and endpoint not in self.endpoints):
            return False
        return any(start <= time < end for time in times for start, end in self.stretches)


@dataclass(slots=True)
class Holds:
    """All that holds findings back; ``room`` is how many more tickets may be opened, None for any number."""

    intake_until: float | None = None  # infinite while no machine has enrolled
    switches: dict[str, bool] = field(default_factory=dict)
    by_default: bool = True  # whether a rule opens tickets that nobody decided about
    quiets: tuple[QuietTime, ...] = ()
    room: int | None = None

    def opens(self, rule: str) -> bool:
        """Whether the desk lets a rule open tickets."""
        return self.switches.get(rule, self.by_default)

    def line(self, endpoint: int, rule: str, cause: str, measured: float, now: float) -> Hold | None:
        """What keeps a finding from being told at all, for what it is and when it was measured and came in."""
        if self.intake_until is not None and now < self.intake_until:
            return Hold("intake")
        if not self.opens(rule):
            return Hold("rule")
        for quiet in self.quiets:
            if quiet.covers(endpoint, cause, (measured, now)):
                return Hold(quiet.kind, quiet.id)
        return None

    def ticket(self, severity: Severity) -> Hold | None:
        """What keeps a ticket of that severity from being opened beside those that are open."""
        if self.room is None or self.room > 0 or severity >= Severity.URGENT:
            return None
        return Hold("budget")

    def opened(self) -> None:
        """A ticket was opened: there is room for one less."""
        if self.room is not None:
            self.room -= 1


def load(connection: Connection, now: float, *, waiting: bool = True) -> Holds | None:
    """What holds findings back at ``now``; None: nothing, and nothing will before it is asked again.

    ``waiting``: what waits for room already comes first, so that there is none for what comes in.
    """
    rows = connection.execute("SELECT rule_by_rule, intake_days, budget, time_zone FROM desk_deskstate WHERE id = 1")
    if not rows:
        return None
    rule_by_rule, intake_days, budget, time_zone = rows[0]
    switches = {rule: bool(opens) for rule, opens in connection.execute("SELECT rule, opens FROM desk_ruleswitch")}
    return Holds(
        _intake(connection, intake_days) if rule_by_rule else None,
        switches,
        not rule_by_rule,
        tuple(_quiets(connection, now, time_zone)),
        _room(connection, budget, waiting=waiting),
    )


def _intake(connection: Connection, days: float) -> float | None:
    if not days:
        return None
    first = connection.time(connection.execute("SELECT min(enrolled_at) FROM fleet_endpoint")[0][0])
    return float("inf") if first is None else first + days * DAY


def allowed(machines: int, budget: float) -> int:
    """How many tickets may be open on so many machines; a small desk has the budget of a hundred machines."""
    return int(max(machines, 100) * budget / 100)


def _room(connection: Connection, budget: float, *, waiting: bool) -> int | None:
    if not budget:
        return None
    machines: int = connection.execute("SELECT count(*) FROM fleet_endpoint WHERE state = 'active'")[0][0]
    opened: int = connection.execute(f"SELECT count(*) FROM desk_ticket WHERE {_OPEN}")[0][0]
    room = max(0, allowed(machines, budget) - opened)
    if waiting and room and connection.execute("SELECT 1 FROM desk_waiting WHERE why = 'budget' LIMIT 1"):
        return 0
    return room


def _quiets(connection: Connection, now: float, time_zone: str) -> Iterator[QuietTime]:
    rows = connection.execute(
        "SELECT id, kind, department_id, model, host_name, endpoint_id, cause, starts_at, ends_at, weekday, "
        "from_minute, minutes FROM desk_quiet WHERE ends_at > ? AND starts_at < ? ORDER BY id",
        (connection.moment(now - LATE), connection.moment(now + AHEAD)),
    )
    for identity, kind, department, model, host, endpoint, cause, starts, ends, *weekly in rows:
        start, end = connection.time(starts) or 0.0, connection.time(ends) or 0.0
        yield QuietTime(
            identity,
            kind,
            _machines(connection, department, model, host, endpoint),
            cause,
            tuple(stretches(start, end, weekly, now, time_zone)),
        )


def stretches(
    start: float, end: float, weekly: list[int | None], now: float, time_zone: str
) -> Iterator[tuple[float, float]]:
    """The stretches of a quiet time around ``now``: one, or one a week on the desk's clock."""
    weekday, from_minute, minutes = weekly
    if weekday is None or from_minute is None or minutes is None:
        yield start, end
        return
    zone = ZoneInfo(time_zone)
    day = datetime.fromtimestamp(now - LATE, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp(now + AHEAD, UTC).astimezone(zone).date()
    while day <= last:
        if day.weekday() == weekday:
            clock = datetime(day.year, day.month, day.day, from_minute // 60, from_minute % 60, tzinfo=zone)
            begins = max(start, clock.timestamp())
            # On the wall: a night of maintenance ends at the same hour when the clocks change.
            ends = min(end, (clock + timedelta(minutes=minutes)).timestamp())
            if begins < ends:
                yield begins, ends
        day += timedelta(days=1)


def _machines(
    connection: Connection, department: int | None, model: str, host: str, endpoint: int | None
) -> frozenset[int] | None:
    """The machines that a quiet time is about; None for all."""
    if not (department or model or host or endpoint):
        return None
    conditions: list[str] = []
    values: list[Any] = []
    if endpoint:
        conditions.append("id = ?")
        values.append(endpoint)
    if department:
        conditions.append("department_id = ?")
        values.append(department)
    if model:
        conditions.append("id IN (SELECT endpoint_id FROM fact WHERE signal_id = ? AND subject = '' AND value = ?)")
        values += [KEURING_HARDWARE_MODEL.id, json.dumps(model)]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(f"SELECT id, host_name FROM fleet_endpoint{where}", values)
    wanted = host.casefold()
    return frozenset(pk for pk, name in rows if not wanted or fnmatch.fnmatchcase(name.casefold(), wanted))
