"""When the simulated machines are on: office hours, holidays, absences, starts and updates, and the windows in between.

Local times are those of the desk's time zone; everything that leaves this module is seconds since 1970, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

Span = tuple[float, float]
HOUR: Final = 3600.0
DAY: Final = 86400.0
FINE: Final = 300.0
COARSE: Final = 3600.0
FINE_WORKDAYS: Final = 1  # whole working days before today that are told in short windows


@dataclass(frozen=True, slots=True)
class Habits:
    """How a machine is used. ``away`` and ``offline`` are spans of days, counted back from today (from, to)."""

    arrives: float  # local hour
    leaves: float
    free_weekday: int  # 0 is Monday; -1: works all five
    always_on: bool
    sleeps: bool  # at night it sleeps and wakes up the same; otherwise it is shut down
    away: tuple[int, int] = (0, 0)  # switched off
    offline: tuple[int, int] = (0, 0)  # on, but out of reach of the collector
    leave: tuple[tuple[int, int], ...] = ()  # further spans switched off
    updates_after: float = HOUR  # of a stretch of being on


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the simulation: local midnights, and which of them are worked on."""

    now: float
    midnights: NDArray[np.float64]  # one per day, the last is today's
    workday: NDArray[np.bool_]
    weekday: NDArray[np.int64]
    fine_from: float

    @property
    def start(self) -> float:
        """Where history begins."""
        return float(self.midnights[0])


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """The windows of one machine, in order; all arrays have one entry per window."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    received: NDArray[np.float64]
    session: NDArray[np.int64]  # counts the stretches without a break
    boot: NDArray[np.int64]  # counts the starts of the system
    boot_time: NDArray[np.float64]
    patched: NDArray[np.float64]  # when updates were installed last
    opens_session: NDArray[np.bool_]
    opens_boot: NDArray[np.bool_]
    active_hours: NDArray[np.float64]  # hours on, since the start of history, at the window's end

    def __len__(self) -> int:
        return len(self.start)

    @property
    def hours(self) -> NDArray[np.float64]:
        """Length of each window."""
        return (self.end - self.start) / HOUR


def _easter(year: int) -> date:
    """Easter Sunday (the Gregorian computus)."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def holidays(year: int) -> frozenset[date]:
    """Days on which Dutch offices are shut."""
    easter = _easter(year)
    moving = {easter + timedelta(days=days) for days in (1, 39, 50)}
    return frozenset({date(year, 1, 1), date(year, 4, 27), date(year, 12, 25), date(year, 12, 26)} | moving)


def calendar(now: float, days: int, zone: ZoneInfo) -> Calendar:
    """The ``days`` days before today, and today, in ``zone``."""
    today = datetime.fromtimestamp(now, zone).date()
    dates = [today - timedelta(days=back) for back in range(days, -1, -1)]
    free = holidays(today.year) | holidays(dates[0].year)
    workday = np.array([day.weekday() < 5 and day not in free for day in dates])
    midnights = np.array(
        [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp() for day in dates]
    )
    past = np.flatnonzero(workday[:-1])
    fine = past[-FINE_WORKDAYS:] if len(past) else np.array([0])
    return Calendar(now, midnights, workday, np.array([day.weekday() for day in dates]), float(midnights[fine[0]]))


def windows(habits: Habits, days: Calendar, no_start: Span, no_updates: Span, random: np.random.Generator) -> Windows:
    """All windows of a machine with these habits.

    It is not restarted within ``no_start`` nor updated within ``no_updates`` (seconds since 1970, from and to).
    """
    begins, ends = _sessions(habits, days, random)
    boots, boot_times, patched = _starts(habits, begins, ends, no_start, no_updates, random)
    starts, session = _cut(begins, ends, days.fine_from)
    last = np.append(session[1:] != session[:-1], True)
    end = np.where(last, ends[session], np.append(starts[1:], 0.0))
    opens = np.insert(last[:-1], 0, True)
    boot = boots[session]
    return Windows(
        start=starts,
        end=end,
        received=_receive(habits, days, starts, end, random),
        session=session,
        boot=boot,
        boot_time=boot_times[session],
        # Before the moment of the installation, what was installed last is that of the session before.
        patched=np.where(patched[session] <= end, patched[session], patched[np.maximum(session - 1, 0)]),
        opens_session=opens,
        opens_boot=opens & np.insert(boot[1:] != boot[:-1], 0, True),
        active_hours=np.cumsum(end - starts) / HOUR,
    )


def with_leave(habits: Habits, random: np.random.Generator) -> Habits:
    """The habits of a year: the weeks of leave that people take, and sometimes a long illness."""
    spans = []
    for earliest, latest, length in ((300, 345, 21), (170, 230, 12), (90, 150, 7)):
        back = int(random.integers(earliest, latest))
        spans.append((back, back - int(random.integers(4, length))))
    if random.random() < 0.04:
        back = int(random.integers(80, 280))
        spans.append((back, back - int(random.integers(25, 60))))
    # The first window of a stretch is an hour long, and tells what was true before updates were installed.
    return replace(habits, leave=tuple(spans), updates_after=1.5 * HOUR)


def before(windows: Windows, moment: float) -> Windows:
    """The windows that ended before ``moment`` (seconds since 1970)."""
    kept = windows.end <= moment
    return Windows(**{field.name: getattr(windows, field.name)[kept] for field in fields(Windows)})


def _within(moment: float, span: Span) -> bool:
    return span[0] <= moment < span[1]


def _sessions(
    habits: Habits, days: Calendar, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Begin and end of each stretch that the machine was on, on whole fine windows."""
    count = len(days.midnights)
    back = np.arange(count - 1, -1, -1)
    there = ~((back <= habits.away[0]) & (back > habits.away[1]))
    for first, last in habits.leave:
        there &= ~((back <= first) & (back > last))
    limit = np.floor(days.now / FINE) * FINE
    if habits.always_on:
        # Off for ten minutes at each restart, early on Sundays.
        breaks = [days.start]
        breaks += [float(m) + 3 * HOUR for m, w in zip(days.midnights, days.weekday, strict=True) if w == 6]
        begins = np.array(breaks)
        ends = np.append(begins[1:] - 600.0, limit)
    else:
        works = days.workday & there & (days.weekday != habits.free_weekday) & (random.random(count) > 0.03)
        begins = days.midnights[works] + (habits.arrives + random.normal(0, 0.3, int(works.sum()))) * HOUR
        ends = days.midnights[works] + (habits.leaves + random.normal(0, 0.6, int(works.sum()))) * HOUR
    begins, ends = np.ceil(begins / FINE) * FINE, np.minimum(np.floor(ends / FINE) * FINE, limit)
    real = ends - begins >= FINE
    return begins[real], ends[real]


def _starts(
    habits: Habits,
    begins: NDArray[np.float64],
    ends: NDArray[np.float64],
    no_start: Span,
    no_updates: Span,
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """For each session: the number of the start it runs on, when that was, and when updates came last."""
    count = len(begins)
    # Updates come about weekly. A machine that is always on gets them before its restart; one that sleeps at night
    # waits a day or two with it, and starts afresh when it was off for long.
    installs = ends - 5 * HOUR if habits.always_on else begins + habits.updates_after
    patches = np.zeros(count, dtype=bool)
    since = float(begins[0]) - 3 * DAY if count else 0.0
    patched = np.full(count, since)
    for index in range(count):
        at = float(installs[index])
        if at - since > 6.5 * DAY and begins[index] < at < ends[index] and not _within(begins[index], no_updates):
            since = at
            patches[index] = True
        patched[index] = since
    boots = np.zeros(count, dtype=np.int64)
    boot_times = np.zeros(count)
    number, booted, waits = 0, float(begins[0]) - 60.0 if count else 0.0, False
    for index in range(count):
        restarts = habits.always_on or not habits.sleeps or (waits and random.random() < 0.75)
        restarts = restarts or (index > 0 and begins[index] - ends[index - 1] > 4.5 * DAY)
        if index and restarts and not _within(begins[index], no_start):
            number, booted, waits = number + 1, float(begins[index]) - 60.0, False
        boots[index], boot_times[index] = number, booted
        waits = waits or bool(patches[index])
    return boots, boot_times, patched


def _cut(
    begins: NDArray[np.float64], ends: NDArray[np.float64], fine_from: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cuts sessions into windows on the clock's hours, or five minutes from ``fine_from`` on."""
    starts, sessions = [], []
    for index, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        coarse_until = min(end, max(begin, fine_from))
        first = (begin // COARSE + 1) * COARSE
        cuts = (
            np.concatenate([[begin], np.arange(first, coarse_until, COARSE)]) if coarse_until > begin else np.empty(0)
        )
        fine = np.arange(coarse_until, end, FINE)
        starts.append(np.concatenate([cuts, fine]))
        sessions.append(np.full(len(cuts) + len(fine), index, dtype=np.int64))
    if not starts:
        return np.empty(0), np.empty(0, dtype=np.int64)
    return np.concatenate(starts), np.concatenate(sessions)


def _receive(
    habits: Habits,
    days: Calendar,
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """When each window reached the collector: some seconds after its end, and never before the one before it."""
    delay = np.where(ends - starts <= FINE, random.uniform(1, 2, len(ends)), random.uniform(2, 90, len(ends)))
    received = ends + delay
    first, last = habits.offline
    if first > last:
        out_from, back_at = (float(days.midnights[-1 - min(n, len(days.midnights) - 1)]) for n in (first, last))
        within = (starts >= out_from) & (starts < back_at)
        later = np.flatnonzero(starts >= back_at)
        if within.any() and len(later):
            received[within] = ends[later[0]]
    received = np.maximum.accumulate(received)
    return np.minimum(received, np.maximum(days.now, ends))
