"""What a backtest is asked: which rules, over which machines, in which time, and what is known of how it went."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.backtest.errors import BacktestError
from keuring_collector.rulepack.pack import read_rule
from keuring_collector.rulepack.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_collector.engine.compiled import Calendar
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.pack import RulePack

DAY: Final = 86400.0
HORIZON: Final = 180 * DAY  # a ticket that comes longer before the problem came too early
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version of a rule: ``file`` is where it stands; not ``saved``: it is no rule of the pack in force."""

    rule: Rule
    file: Path
    saved: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """An endpoint as people know it; ``facts`` are its own facts as they are now, by name.

    ``identity`` is its UUID, empty when nobody asks for it.
    """

    endpoint: int
    name: str
    department: str = ""
    facts: Mapping[str, str | float | bool] = field(default_factory=dict)
    identity: str = ""

    @property
    def model(self) -> str:
        """The model, empty when it is not known."""
        return str(self.facts.get("keuring.hardware.model", ""))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a machine.

    ``kind``: "crossing" (the series passed the limit), "urgent" (another rule of the cause found it urgent),
    "self_test" (a disk says that it fails), "io_errors", "replaced" (the part that a serial number names), "incident".
    An empty subject is the whole machine.
    """

    endpoint: int
    kind: str
    at: float
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One backtest. Times are seconds since 1970; 0 and infinity: all there is. ``freshness`` as in the settings."""

    candidates: tuple[Candidate, ...]  # one, or two to compare
    machines: Sequence[Machine]
    since: float = 0.0
    until: float = float("inf")
    freshness: float = 3600.0
    horizon: float = HORIZON
    incidents: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)  # by cause
    place: Calendar | None = None  # when business hours are; None: the usual ones


def candidate(pack: RulePack, name: str) -> Candidate:
    """The rule of ``pack`` with that name or id, or the one in the file of that name.

    Raises RulePackError for a file that is wrong, BacktestError for a name that is none.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        if not path.is_file():
            raise BacktestError(f"{path}: there is no such file; name a rule of the pack, or a file that holds one")
        saved = path.resolve() in {each.resolve() for each in pack.files.values()}
        return Candidate(read_rule(path), path, saved)
    rule = pack.by_name.get(name) or pack.rules.get(name)
    if rule is None:
        raise BacktestError(
            f"no rule is called {name!r}; {nearest(name, pack.by_name) or 'see `rules lint`'}; a rule that is not "
            "saved yet is named by its file, which ends in .yaml"
        )
    return Candidate(rule, pack.files[rule.id], saved=True)


def moment(text: str, now: float, option: str, *, end: bool = False) -> float:
    """A time as people write it: "2026-08-01" (its begin, or its ``end``; UTC), or "90d" (that long ago).

    Raises BacktestError.
    """
    if _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text) + timedelta(days=int(end))
        except ValueError as error:
            raise BacktestError(f"{option} {text}: {error}; write a date such as 2026-08-01") from error
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    try:
        return now - quantity.duration(text)
    except ValueError as error:
        raise BacktestError(
            f"{option} {text}: neither a date nor a length of time; write it as in '2026-08-01' or '90d'"
        ) from error


def length(text: str, option: str) -> float:
    """A length of time in seconds. Raises BacktestError."""
    try:
        return quantity.duration(text)
    except ValueError as error:
        raise BacktestError(f"{option} {text}: {error}") from error
