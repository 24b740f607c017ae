"""The queue: which open tickets, in which groups and order. The address holds every choice, so it can be shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from keuring_collector.console import fitting, stories
from keuring_collector.console.fitting import Part
from keuring_collector.desk import scope
from keuring_collector.desk.counting import MOST, Count, bounded, lately
from keuring_collector.desk.models import Staff, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

PAGE: Final = 50
Severity = Ticket.Severity
STATES: Final[Mapping[str, _StrPromise]] = {
    "open": _("Open"),
    "new": _("New"),
    "planned": _("Planned"),
    "snoozed": _("Snoozed"),
    "closed": _("Closed"),
}
SORTS: Final[Mapping[str, _StrPromise]] = {
    "when": _("by when"),
    "severity": _("by severity"),
    "machine": _("by machine"),
    "newest": _("newest first"),
}
SIMULATED: Final[Mapping[str, _StrPromise]] = {
    "": _("Real and simulated"),
    "hide": _("Only real machines"),
    "only": _("Only simulated machines"),
}
GROUPS: Final[Sequence[_StrPromise]] = (  # as they are numbered in ``fitting``
    pgettext_lazy("group", "Now"),
    pgettext_lazy("group", "This week"),
    pgettext_lazy("group", "This month"),
    pgettext_lazy("group", "Later"),
    pgettext_lazy("group", "No date"),
    pgettext_lazy("group", "Planned"),
    pgettext_lazy("group", "Snoozed"),
    pgettext_lazy("group", "Closed"),
)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader chose to see; the defaults are all open tickets by when they are expected."""

    state: str = "open"
    severity: tuple[int, ...] = ()
    department: str = ""
    cause: str = ""
    owner: str = ""  # "me", "nobody" or a number
    simulated: str = ""
    rule: str = ""
    q: str = ""
    together: str = ""  # "apart": tickets that are part of a fleet ticket are shown as well
    sort: str = "when"
    page: int = 1

    def address(self, **changes: Any) -> str:
        """The query string of these choices with some changed; changing anything but the page starts at page one."""
        chosen = replace(self, **{"page": 1, **changes})
        plain = Choices()
        pairs = [(name, str(value)) for name in _FIELDS if (value := getattr(chosen, name)) != getattr(plain, name)]
        pairs += [("severity", str(value)) for value in chosen.severity]
        return "?" + urlencode(pairs)

    @property
    def is_narrow(self) -> bool:
        """Whether few are expected: the tickets of one department, one person or one rule, or those that fit a text."""
        return bool(self.department or self.rule or self.q or self.owner not in ("", "nobody"))

    @property
    def is_plain(self) -> bool:
        """Whether nothing was filtered."""
        return replace(self, sort="when", page=1) == Choices()


_FIELDS: Final = ("state", "department", "cause", "owner", "simulated", "rule", "q", "together", "sort", "page")


def read(query: QueryDict) -> Choices:
    """The choices in an address; what cannot be is left out, so an old link still works."""
    graded = {int(text) for text in query.getlist("severity") if text in {str(value) for value in Severity.values}}
    page = query.get("page", "1")
    owner = query.get("owner", "")
    department = query.get("department", "")
    return Choices(
        state=_one_of(query.get("state", ""), STATES, "open"),
        severity=tuple(sorted(graded, reverse=True)),
        department=department if _is_number(department) else "",
        cause=query.get("cause", "")[:60],
        owner=owner if owner in ("me", "nobody") or _is_number(owner) else "",
        simulated=_one_of(query.get("simulated", ""), SIMULATED, ""),
        rule=query.get("rule", "")[:36],
        q=query.get("q", "").strip()[:100],
        together=_one_of(query.get("together", ""), {"apart": ""}, ""),
        sort=_one_of(query.get("sort", ""), SORTS, "when"),
        page=int(page) if _is_number(page) and int(page) > 0 else 1,
    )


def opened(query: QueryDict) -> int | None:
    """The ticket that stands open beside the list, if the address names one; it has no say in which are listed."""
    number = query.get("ticket", "")
    return int(number) if _is_number(number) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _one_of(text: str, known: Mapping[str, Any], default: str) -> str:
    return text if text in known else default


def open_causes(staff: Staff, *, many: bool) -> list[str]:
    """The causes of open tickets that they may see; where tickets are ``many``, as they were within the last minute."""
    ids, found = staff.department_ids, scope.tickets(staff).filter(state__in=Ticket.OPEN, closed_at=None)
    return lately(
        ("causes", ids),
        lambda: list(found.order_by("cause").values_list("cause", flat=True).distinct()),
        lambda _causes: many,
    )


def whole(choices: Choices, staff: Staff, now: datetime) -> QuerySet[Any]:
    """All tickets of a choice, in its order, with what a row needs."""
    found = fitting.tickets(choices, fitting.values(choices, staff, now))
    shown = fitting.ordered(fitting.narrowed(found, choices), choices)
    return shown.select_related("endpoint__colleague", "endpoint__department", "owner").prefetch_related("lines")


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets of one page that belong together; ``count`` is over all pages. An empty title: not grouped."""

    title: str
    count: int
    tickets: list[Ticket]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the queue and the numbers around it; of closed tickets those stop at a thousand."""

    choices: Choices
    groups: list[Group]
    count: int
    pages: int
    more: bool  # whether there is a page after this one
    by_severity: Mapping[int, int] = field(default_factory=dict)

    @property
    def pages_told(self) -> str:
        """How many pages there are, as far as they were counted."""
        return f"{self.pages}+" if isinstance(self.count, Count) and self.count.is_more else str(self.pages)

    @property
    def tickets(self) -> list[Ticket]:
        """The tickets of this page, in order."""
        return [ticket for group in self.groups for ticket in group.tickets]


def page(choices: Choices, staff: Staff, now: datetime, *, exactly: bool = False, most: int = PAGE) -> Listing:
    """The page of the queue that the choices ask for; ``exactly``: closed tickets are all counted, however many.
    ``most``: tickets that whoever asks will show of the page; no others are read.
    """
    given = fitting.values(choices, staff, now)
    whose, plain = staff.pk if choices.owner == "me" else None, replace(choices, sort="", page=1)
    about = ("listed", staff.department_ids, whose, plain, given.today, exactly)
    by_severity, by_group, all_placed = lately(
        about, lambda: _counted(choices, given, exactly=exactly), lambda told: sum(told[1].values()) > MOST
    )
    total = sum(by_group.values())
    is_counted = not any(isinstance(count, Count) and count.is_more for count in by_group.values())
    pages = max(1, -(-total // PAGE)) if is_counted else MOST // PAGE
    number = min(choices.page, pages) if is_counted else choices.page
    before = (number - 1) * PAGE
    if all_placed is not None:
        placed = all_placed[before : before + PAGE + 1]
    else:
        # Which they are is found in the index alone; only what is shown of those is read from the table.
        parts = _parts(choices, before, by_severity, by_group) if total > MOST else [(Part(0, 0), total)]
        placed = _placed(choices, given, parts, before)
    more, placed = len(placed) > PAGE, placed[: min(most, PAGE)]
    read = stories.read(pk for pk, _group in placed)
    shown = [(read[pk], group) for pk, group in placed if pk in read]
    groups: list[Group] = []
    if choices.sort != "when":
        groups = [Group("", total, [ticket for ticket, _group in shown])] if shown else []
    else:
        for group, title in enumerate(GROUPS):
            members = [ticket for ticket, place in shown if place == group]
            if members:
                groups.append(Group(str(title), max(by_group.get(group, 0), len(members)), members))
    return Listing(
        replace(choices, page=number), groups, total if is_counted else Count(total), pages, more, by_severity
    )


def _parts(
    choices: Choices, before: int, by_severity: Mapping[int, int], by_group: Mapping[int, int]
) -> list[tuple[Part, int]]:
    """A long list in parts that follow each other, each with its count: one is put in order without the others."""
    if choices.state in ("open", "new") and choices.sort == "when":
        return [(Part(0, 0, group=group), by_group.get(group, 0)) for group in range(fitting.CLOSED)]
    if choices.state != "closed" and choices.sort == "severity":
        gravest_first = sorted(choices.severity or Severity.values, reverse=True)
        return [(Part(0, 0, severity=severity), by_severity.get(severity, 0)) for severity in gravest_first]
    total = sum(by_group.values())
    walked = choices.state == "closed" and choices.sort == "when" and not choices.q
    by_names = choices.sort == "machine" and before < max(MOST, total // 4)
    return [(Part(0, 0, walked=walked, names=before + PAGE if by_names else 0), total)]


def _placed(
    choices: Choices, given: fitting.Values, parts: Iterable[tuple[Part, int]], before: int
) -> list[tuple[int, int]]:
    """The tickets of a page and the one after it, with their groups; ``before``: how many stand on earlier pages.

    Counts may be a minute old. So a part counts as passed only when pages before this one hold all of it.
    """
    placed: list[tuple[int, int]] = []
    for part, count in parts:
        if before and count <= before:
            before -= count
            continue
        rows = fitting.placed(choices, given, replace(part, before=before, count=PAGE + 1 - len(placed)))
        placed += [(pk, group) for _severity, group, pk in rows]
        before = 0
        if len(placed) > PAGE:
            break
    return placed


def _counted(
    choices: Choices, given: fitting.Values, *, exactly: bool
) -> tuple[Mapping[int, int], Mapping[int, int], list[tuple[int, int]] | None]:
    """What ``_counts`` tells; and where few are expected and there are few, all of them, placed: with one query."""
    if choices.is_narrow and choices.state != "closed":
        rows = fitting.placed(replace(choices, severity=()), given, Part(0, MOST + 1))
        if len(rows) <= MOST:
            wanted = choices.severity or Severity.values
            placed = [(pk, group) for severity, group, pk in rows if severity in wanted]
            return Counter(row[0] for row in rows), Counter(group for _pk, group in placed), placed
    return *_counts(fitting.tickets(choices, given), choices, exactly=exactly), None


def _counts(found: QuerySet[Any], choices: Choices, *, exactly: bool) -> tuple[dict[int, int], dict[int, int]]:
    """How many tickets there are of each severity, whatever was chosen of those, and in each group of the chosen."""
    by_severity: dict[int, int] = {}
    by_group: dict[int, int] = {}
    wanted = choices.severity or tuple(Severity.values)
    if choices.state == "closed" and not exactly:
        closed = found.filter(state__in=fitting.STATES["closed"])
        shown = bounded(fitting.narrowed(closed, choices))
        if shown.is_more or (choices.severity and bounded(closed).is_more):
            return {}, {fitting.CLOSED: shown}
    for row in found.order_by().values("severity", "group").annotate(count=models.Count("id")):
        severity, count = row["severity"], row["count"]
        by_severity[severity] = by_severity.get(severity, 0) + count
        if severity in wanted:
            by_group[row["group"]] = by_group.get(row["group"], 0) + count
    return by_severity, by_group
