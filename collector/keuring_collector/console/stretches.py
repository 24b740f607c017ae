"""The stretch of time that a signal is looked at: a period up to now, or days chosen in the address; earlier, later,
closer and wider from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.utils import timezone

from keuring_collector.console.numbers import number

if TYPE_CHECKING:
    from django.http import QueryDict

DAY: Final = 86400
PERIODS: Final = (1, 7, 30, 90)
FINE_DAYS: Final = 7  # up to so many days windows may be seen, where they may be seen at all
LONGEST_DAYS: Final = 1100
USUAL_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days by the desk's calendar, first and last included; ``start`` and ``end`` in seconds since 1970."""

    first: date
    last: date
    start: float
    end: float
    subject: str
    period: int = 0  # days up to now; 0: chosen days
    wrong: bool = False  # the address named days that cannot be shown

    @property
    def days(self) -> int:
        """How many days it holds."""
        return self.period or (self.last - self.first).days + 1

    def _address(self, first: date, last: date) -> str:
        pairs = {"from": first.isoformat(), "to": last.isoformat()}
        return "?" + urlencode({**pairs, "subject": self.subject} if self.subject else pairs)

    def period_address(self, days: int) -> str:
        """The address of a period up to now."""
        return "?" + urlencode({"days": days, "subject": self.subject} if self.subject else {"days": days})

    @property
    def earlier(self) -> str:
        """Half a stretch back."""
        by = timedelta(days=max(1, self.days // 2))
        return self._address(self.first - by, self.last - by)

    def later(self, today: date) -> str:
        """Half a stretch on, no further than today; empty when it ends there."""
        by = min(timedelta(days=max(1, self.days // 2)), today - self.last)
        return self._address(self.first + by, self.last + by) if by else ""

    def closer(self, fewest: int) -> str:
        """The middle half of it, of at least ``fewest`` days; empty when it is no longer than that."""
        length = max(fewest, self.days // 2)
        if length >= self.days:
            return ""
        first = self.first + timedelta(days=(self.days - length) // 2)
        return self._address(first, first + timedelta(days=length - 1))

    def wider(self, today: date) -> str:
        """Twice as long, around the same middle."""
        length = min(self.days * 2, LONGEST_DAYS)
        last = min(today, self.last + timedelta(days=(length - self.days) // 2))
        return self._address(last - timedelta(days=length - 1), last) if length > self.days else ""


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC).timestamp()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read(query: QueryDict, now: datetime, *, fine: bool) -> Stretch:
    """What an address asks for; ``fine``: whether periods that show windows may be seen."""
    today = timezone.localtime(now).date()
    subject = query.get("subject", "")
    asked = query.get("from", ""), query.get("to", "")
    wrong = False
    if any(asked):
        first, last = _day(asked[0]), _day(asked[1]) if asked[1] else today
        if first and last and first <= min(last, today) and (today - first).days < 100 * 365:
            last = min(last, today)
            first = max(first, last - timedelta(days=LONGEST_DAYS - 1))
            end = min(_midnight(last + timedelta(days=1)), now.timestamp())
            return Stretch(first, last, _midnight(first), end, subject)
        wrong = True
    days = number(query.get("days", "")) or USUAL_DAYS
    days = days if days in PERIODS else USUAL_DAYS
    if days <= FINE_DAYS and not fine:
        days = USUAL_DAYS
    end = now.timestamp()
    return Stretch(today - timedelta(days=days - 1), today, end - days * DAY, end, subject, days, wrong)
