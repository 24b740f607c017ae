"""What the pages tell of the whole fleet, as desk.kept counts it: for small desks just now, else some minutes ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keuring_collector.console import pack, readings
from keuring_collector.desk import kept
from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.counts import Sources
from keuring_collector.desk.scope import Reach
from keuring_collector.service.skills.gaps import report

if TYPE_CHECKING:
    from datetime import datetime

    from keuring_collector.desk.kept import Answer
    from keuring_collector.desk.models import Staff
    from keuring_collector.desk.scope import Seer
    from keuring_collector.service.skills.gaps import Gap


def ask(question: str, staff: Seer, now: datetime, about: str = "", parts: tuple[str, ...] = ()) -> Answer:
    """The answer to one of kept.QUESTIONS about what ``staff`` may see; ``parts``: see kept.ask."""
    sources = Sources(readings.store(), tuple(pack.current().pack.rules.values()))
    return kept.ask(question, sources, staff, now, about, parts)


def models(staff: Staff, now: datetime) -> list[str]:
    """The models of the machines that ``staff`` may see, by name."""
    told: dict[str, Any] = ask("machines", staff, now).content
    return sorted(told["model"])


def programs(now: datetime) -> Answer:
    """The names of all programs; at most counts.MOST_PROGRAMS."""
    return lately("programs", lambda: ask("programs", Reach(), now), lambda told: len(told.content) > MOST)


def gaps(staff: Staff, now: datetime) -> tuple[list[Gap], datetime | None]:
    """Which skills are short, of the work that ``staff`` may see; and when that was counted."""
    answer = ask("skills", staff, now)
    return report(staff, pack.current().pack, now, answer.content), answer.counted_at
