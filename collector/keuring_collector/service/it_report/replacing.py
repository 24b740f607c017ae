"""What will need replacing, and when: by quarter, with the range that the forecasts give, and what it costs.

Counted are findings with a ticket and those that still wait for one, the day on which a maker ends its support, and
that on which a warranty ends: then somebody decides whether to extend it, go on without or replace.
In which quarter a finding falls is its expected day; at least: the whole of its interval lies in the quarter; at most:
some of it does. What has no date is so already, and counts in the quarter that runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from keuring.signals.catalogue import KEURING_OS_SUPPORT_END, KEURING_WARRANTY_END
from keuring_collector.desk import wording
from keuring_collector.desk.models import Ticket, TicketLine, Waiting
from keuring_collector.service.it_report.parts import Part, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.utils.functional import _StrPromise

    from keuring_collector.service.it_report.around import Around

QUARTERS: Final = 5  # the one that runs and a year after it
KINDS: Final[Mapping[str, str]] = {
    "battery-wear": "battery",
    "disk-failing": "drive",
    "disk-endurance": "drive",
    "os-support": "system",
    "replacement": "machine",
    "warranty": "warranty",
}
NAMES: Final[Mapping[str, _StrPromise]] = {
    "battery": gettext_lazy("battery"),
    "drive": gettext_lazy("drive"),
    "system": gettext_lazy("operating system"),
    "machine": gettext_lazy("whole machine"),
    "warranty": gettext_lazy("end of warranty"),
}


class Finding(NamedTuple):
    """One thing that is to be replaced: days, of which all are equal where the day is certain."""

    kind: str
    low: date
    expected: date
    high: date


@dataclass
class Quarter:
    """Of one kind in one quarter: how many are expected, at least and at most."""

    least: int = 0
    expected: int = 0
    most: int = 0


@dataclass
class Budget:
    """{kind: quarters} and the first day of each quarter."""

    firsts: list[date]
    kinds: dict[str, list[Quarter]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Counts a finding; what is later than the last quarter falls out."""
        low, expected, high = (self._place(day) for day in (finding.low, finding.expected, finding.high))
        if low >= QUARTERS:
            return
        row = self.kinds.setdefault(finding.kind, [Quarter() for _first in self.firsts])
        for place in range(low, min(high, QUARTERS - 1) + 1):
            row[place].most += 1
        if expected < QUARTERS:
            row[expected].expected += 1
        if low == high:
            row[low].least += 1

    def _place(self, day: date) -> int:
        """Which quarter a day is in; the first also for what is over, the number of quarters for what is beyond."""
        first = self.firsts[0]
        return min(max(0, (day.year - first.year) * 4 + (day.month - 1) // 3 - (first.month - 1) // 3), QUARTERS)


def quarters(day: date) -> list[date]:
    """The first day of the quarter of ``day`` and of those after it."""
    number = day.year * 4 + (day.month - 1) // 3
    return [date(each // 4, each % 4 * 3 + 1, 1) for each in range(number, number + QUARTERS)]


def budget(around: Around) -> Budget:
    """What will need replacing from the end of the period on."""
    found = Budget(quarters(around.ends))
    for finding in _findings(around):
        found.add(finding)
    return found


def _findings(around: Around) -> Iterator[Finding]:
    """One for each part: several rules may speak of the same one."""
    seen: dict[tuple[int, str, str], Finding] = {}
    for endpoint, cause, subject, *days in (*_told(around), *_ending(around)):
        kind = KINDS[cause]
        expected, low, high = (wording.local_day(day) if day else None for day in days)
        at = expected or around.ends
        finding = Finding(kind, min(low or at, at), at, max(high or at, at))
        known = seen.get((endpoint, kind, subject))
        if known is None or finding.expected < known.expected:
            seen[endpoint, kind, subject] = finding
    yield from seen.values()


Row = tuple[int, str, str, datetime | None, datetime | None, datetime | None]


def _told(around: Around) -> Iterator[Row]:
    days = ("subject", "expected_at", "expected_low", "expected_high")
    lines = TicketLine.objects.filter(
        active=True, ticket__in=around.tickets.filter(state__in=Ticket.OPEN, cause__in=KINDS)
    )
    yield from lines.order_by("pk").values_list("ticket__endpoint", "ticket__cause", *days)
    waiting = Waiting.objects.filter(cause__in=KINDS).order_by("pk").values_list("endpoint", "cause", *days)
    yield from (row for row in waiting if row[0] in around.machines)


def _ending(around: Around) -> Iterator[Row]:
    for (endpoint, _subject), value in around.store.facts_of(KEURING_OS_SUPPORT_END.id).items():
        if endpoint in around.machines and isinstance(value, int | float) and value > 0:
            yield endpoint, "os-support", "", datetime.fromtimestamp(value, UTC), None, None
    for (endpoint, _subject), value in around.store.facts_of(KEURING_WARRANTY_END.id).items():
        # One that is over asks no decision any more.
        if endpoint in around.machines and isinstance(value, int | float) and value >= around.span[1].timestamp():
            yield endpoint, "warranty", "", datetime.fromtimestamp(value, UTC), None, None


def replacing(around: Around) -> Part:
    """The budget by quarter: counts, and money where the organisation gave a price."""
    found = budget(around)
    if not found.kinds:
        return Part([_("Nothing that Keuring can forecast will need replacing within a year.")])
    names = [f"{first.year} Q{(first.month - 1) // 3 + 1}" for first in found.firsts]
    rows = {kind: found.kinds[kind] for kind in NAMES if kind in found.kinds}
    tables = [
        Table(
            _("How many, expected (at least – at most)"), [_("what"), *names],
            [[str(NAMES[kind]), *(_range(each, 1, wording.number) for each in row)] for kind, row in rows.items()],
            numbers=list(range(1, QUARTERS + 1)),
        )
    ]  # fmt: skip
    priced = {kind: row for kind, row in rows.items() if kind in around.prices}
    if priced:
        tables.append(_money(around, priced, names))
    lead = [
        _("Expected this quarter: %(told)s.")
        % {"told": ", ".join(f"{row[0].expected} × {NAMES[kind]}" for kind, row in rows.items())}
    ]
    notes = [_("The range is that of the forecasts, in which eight out of ten come true. "
               "What is so already counts in the first quarter.")]  # fmt: skip
    without = [str(NAMES[kind]) for kind in rows if kind not in around.prices]
    if without:
        notes.append(
            _("Without a price, and so only counted: %(kinds)s. The setting replacement_prices gives them.")
            % {"kinds": ", ".join(without)}
        )
    return Part(lead, tables, notes)


def _range(each: Quarter, price: float, tell: Callable[[float], str]) -> str:
    low, middle, high = (count * price for count in (each.least, each.expected, each.most))
    return tell(middle) if low == high else f"{tell(middle)} ({tell(low)} – {tell(high)})"


def _money(around: Around, priced: dict[str, list[Quarter]], names: list[str]) -> Table:
    def euro(value: float) -> str:
        return f"€ {wording.number(value)}"

    body = [
        [str(NAMES[kind]), *(_range(each, around.prices[kind], euro) for each in row)] for kind, row in priced.items()
    ]
    sums = []
    for place in range(QUARTERS):
        low, middle, high = (
            sum(getattr(row[place], name) * around.prices[kind] for kind, row in priced.items())
            for name in ("least", "expected", "most")
        )
        sums.append(euro(middle) if low == high else f"{euro(middle)} ({euro(low)} – {euro(high)})")
    return Table(
        _("What it costs"), [_("what"), *names], [*body, [_("together"), *sums]],
        numbers=list(range(1, QUARTERS + 1)),
    )  # fmt: skip
