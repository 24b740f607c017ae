"""What is told of moods: by department and month, of five answers and more, never so that a smaller group can be
worked out.

Three things see to that. A month is told once it is over, so that nobody watches it change by one answer. What is too
small is left out for everybody alike, whoever asks. And when all that is left out counts fewer than five together, the
smallest of the others is left out with it, so that the total gives nothing away.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Sum

from keuring_collector.service.models import MoodCount, MoodLine
from keuring_collector.service.mood.keeping import month_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

FEWEST: Final = 5
MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Mood:
    """The mood of a group in a month: how many answered, and their mean from 1 to 5."""

    answers: int
    mean: float


@dataclass(frozen=True, slots=True)
class Month:
    """What may be told of a month. ``total`` None: it would tell of a group that is too small."""

    first: date
    departments: Mapping[int, Mood]
    total: Mood | None


def shown(counts: Mapping[int, int]) -> set[int]:
    """Of which groups may be told, given how many answered in each."""
    told = {group for group, count in counts.items() if count >= FEWEST}
    hidden = sum(count for group, count in counts.items() if group not in told)
    for group in sorted(told, key=lambda each: (counts[each], each)):
        if hidden == 0 or hidden >= FEWEST:
            break
        told.discard(group)
        hidden += counts[group]
    return told


def months(now: datetime, *, most: int = MONTHS) -> list[Month]:
    """The last months that are over and in which somebody answered, the oldest first."""
    answers: dict[date, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    rows = MoodCount.objects.filter(month__lt=month_of(now), count__gt=0)
    for month, department, value, count in rows.values_list("month", "department", "value", "count"):
        pair = answers[month][department]
        pair[0] += count
        pair[1] += count * value
    return [_month(first, answers[first]) for first in sorted(answers)[-most:]]


def _month(first: date, groups: Mapping[int, list[int]]) -> Month:
    told = shown({group: count for group, (count, _sum) in groups.items()})
    count, total = (sum(pair[index] for pair in groups.values()) for index in (0, 1))
    return Month(
        first,
        {group: Mood(groups[group][0], groups[group][1] / groups[group][0]) for group in sorted(told)},
        # Of everybody; what is left out counts five or more by now, or all of it is left out.
        Mood(count, total / count) if count >= FEWEST else None,
    )


def lines(month: Month, departments: Collection[int] | None = None) -> dict[int, list[str]]:
    """What was said, by department: only of those that the month tells of, in no order that means anything."""
    allowed = set(month.departments) if departments is None else set(month.departments) & set(departments)
    found: dict[int, list[str]] = defaultdict(list)
    rows = MoodLine.objects.filter(month=month.first, department__in=allowed).values_list("department", "text")
    for department, text in rows:
        found[department].append(text)
    return dict(found)


def running(now: datetime) -> int:
    """How many answered this month so far, in all; of how they feel nothing is told before it is over."""
    return MoodCount.objects.filter(month=month_of(now)).aggregate(all=Sum("count"))["all"] or 0
