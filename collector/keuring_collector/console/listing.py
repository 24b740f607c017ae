"""The queue: which open tickets, in which groups and order. The address holds every choice, so it can be shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db import models
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from keuring_collector.console import stories
from keuring_collector.console.sought import Sought
from keuring_collector.desk import scope
from keuring_collector.desk.counting import MOST, Count, bounded, lately
from keuring_collector.desk.models import FleetTicket, Staff, Ticket, TicketLine
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.http import QueryDict
    from django.utils.functional import _StrPromise

PAGE: Final = 50
State, Severity = Ticket.State, Ticket.Severity
STATES: Final[Mapping[str, tuple[_StrPromise, tuple[str, ...]]]] = {
    "open": (_("Open"), Ticket.OPEN),
    "new": (_("New"), (State.NEW,)),
    "planned": (_("Planned"), (State.PLANNED,)),
    "snoozed": (_("Snoozed"), (State.SNOOZED,)),
    "closed": (_("Closed"), (State.RESOLVED, State.DISMISSED, State.MERGED)),
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
NOW, WEEK, MONTH, LATER, UNDATED, PLANNED, SNOOZED, CLOSED = range(8)
GROUPS: Final[Sequence[_StrPromise]] = (
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


def boundaries(now: datetime) -> tuple[datetime, datetime, datetime]:
    """The start of today, of next week (Monday) and of next month, in the desk's time zone."""
    today = timezone.localtime(now).date()
    monday = today + timedelta(days=7 - today.weekday())
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)

    def midnight(day: Any) -> datetime:
        return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)

    return midnight(today), midnight(monday), midnight(max(month, monday))


def open_causes(staff: Staff, *, many: bool) -> list[str]:
    """The causes of open tickets that they may see; where tickets are ``many``, as they were within the last minute."""
    ids, found = staff.department_ids, scope.tickets(staff).filter(state__in=Ticket.OPEN, closed_at=None)
    return lately(
        ("causes", ids),
        lambda: list(found.order_by("cause").values_list("cause", flat=True).distinct()),
        lambda _causes: many,
    )


def tickets(choices: Choices, staff: Staff, now: datetime, *, walked: bool = False) -> QuerySet[Any]:
    """All tickets that fit the choices but for their severity, each with its ``group``, which its type cannot tell.

    ``walked``: there are so many that a page of them is soon met by walking through all tickets in their order. SQLite
    would read all of a department or a cause and put them in order.
    """
    # That a ticket is closed says its state; ``closed_at`` says it again for the indexes, of which SQLite would take
    # the wrong one were the closed asked for by their states.
    found = scope.tickets(staff).filter(closed_at__isnull=choices.state != "closed")
    if choices.state == "closed":
        found = found.exclude(state__in=Ticket.OPEN)
    elif choices.state != "open" or not (choices.department or choices.sort == "machine"):
        found = found.filter(state__in=STATES[choices.state][1])
    else:
        # PostgreSQL takes "open" and "not closed" for two things and expects few rows of both; SQLite expects so of the
        # first. By machine they would read and sort all that are open, where names or departments lead to a few.
        found = found.exclude(state=State.RESTING)
    found = _of_part(found, choices, walked=walked)
    if choices.owner == "me":
        found = found.filter(owner=staff)
    elif choices.owner == "nobody":
        found = found.filter(owner=None)
    elif choices.owner:
        found = found.filter(owner_id=int(choices.owner))
    if choices.simulated:
        found = found.filter(endpoint__simulated=choices.simulated == "only")
    if choices.rule:
        found = found.filter(id__in=TicketLine.objects.filter(rule=choices.rule, active=True).values("ticket"))
    if not (choices.together or choices.q or choices.owner or choices.rule) and choices.state in ("open", "new"):
        found = found.exclude(parent__in=FleetTicket.objects.filter(closed_at=None).values("pk"))
    if choices.q:
        found = found.filter(Sought(choices.q).tickets(only_open=choices.state != "closed"))
    grouped: QuerySet[Any] = _grouped(found, choices, now)
    return grouped


def _of_part(found: Any, choices: Choices, *, walked: bool) -> Any:
    """Tickets of the chosen department and cause."""
    if choices.department:
        there = Endpoint.objects.filter(department_id=int(choices.department))
        by_each = Exists(there.filter(pk=OuterRef("endpoint_id")))
        found = found.filter(by_each if walked else Q(endpoint__in=there.values("pk")))
    if choices.cause and walked:
        return found.alias(of_cause=Coalesce("cause", Value(""))).filter(of_cause=choices.cause)
    return found.filter(cause=choices.cause) if choices.cause else found


def _grouped(found: Any, choices: Choices, now: datetime) -> Any:
    if choices.state == "closed":
        return found.annotate(group=Value(CLOSED, output_field=IntegerField()))
    cases = (When(condition, then=Value(group)) for group, condition in _groups(now).items())
    return found.annotate(group=Case(*cases, output_field=IntegerField()))


def _groups(now: datetime) -> dict[int, Q]:
    """What puts an open ticket in each group, in their order."""
    today, week, month = boundaries(now)
    new, dateless = Q(state=State.NEW), Q(expected_at=None)
    return {
        NOW: new & (Q(expected_at__lt=today) | dateless & Q(severity=Severity.URGENT)),
        WEEK: new & Q(expected_at__gte=today, expected_at__lt=week),
        MONTH: new & Q(expected_at__gte=week, expected_at__lt=month),
        LATER: new & Q(expected_at__gte=month),
        UNDATED: new & dateless & ~Q(severity=Severity.URGENT),
        PLANNED: Q(state=State.PLANNED),
        SNOOZED: Q(state=State.SNOOZED),
    }


def _ordered(found: QuerySet[Any], choices: Choices) -> QuerySet[Any]:
    sort, by_date = choices.sort, F("expected_at").asc(nulls_last=True)
    if sort == "severity":
        return found.order_by("-severity", by_date, "id")
    if sort == "machine":
        return found.order_by("endpoint__host_name", "-severity", by_date, "id")
    if sort == "newest":
        return found.order_by("-opened_at", "-id")
    if choices.state == "closed":
        return found.order_by("-closed_at", "-id")
    return found.order_by(
        "group", F("planned_for").asc(nulls_last=True), F("snoozed_until").asc(nulls_last=True), "-severity", by_date,
        "id",
    )  # fmt: skip


def whole(choices: Choices, staff: Staff, now: datetime) -> QuerySet[Any]:
    """All tickets of a choice, in its order, with what a row needs."""
    found = tickets(choices, staff, now)
    if choices.severity:
        found = found.filter(severity__in=choices.severity)
    ordered = _ordered(found, choices).select_related("endpoint__colleague", "endpoint__department", "owner")
    return ordered.prefetch_related("lines")


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
    found = tickets(choices, staff, now)
    whose, plain = staff.pk if choices.owner == "me" else None, replace(choices, sort="", page=1)
    about = ("listed", staff.department_ids, whose, plain, boundaries(now)[0], exactly)
    by_severity, by_group, all_placed = lately(
        about, lambda: _counted(found, choices, exactly=exactly), lambda told: sum(told[1].values()) > MOST
    )
    total = sum(by_group.values())
    is_counted = not any(isinstance(count, Count) and count.is_more for count in by_group.values())
    pages = max(1, -(-total // PAGE)) if is_counted else MOST // PAGE
    number = min(choices.page, pages) if is_counted else choices.page
    before = (number - 1) * PAGE
    if all_placed is not None:
        placed = all_placed[before : before + PAGE + 1]
    else:
        if choices.state == "closed" and choices.sort == "when" and not choices.q and total > MOST:
            found = tickets(choices, staff, now, walked=True)
        if choices.severity:
            found = found.filter(severity__in=choices.severity)
        if choices.sort == "machine" and total > MOST and before < max(MOST, total // 4):
            found = _of_first_names(found, before + PAGE)
        # Which they are is found in the index alone; only what is shown of those is read from the table.
        parts = _parts(choices, now, by_severity, by_group) if total > MOST else [(Q(), total)]
        placed = _placed(found, choices, parts, before)
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


def _of_first_names(found: QuerySet[Any], most: int) -> QuerySet[Any]:
    """More than ``most`` tickets of a long list, on the first machines by name: SQLite would put all of it in order."""
    holding = Endpoint.objects.filter(Exists(found.filter(endpoint=OuterRef("pk")))).order_by("host_name")
    return found.filter(endpoint__host_name__in=holding.values("host_name")[: most + 1])


def _parts(
    choices: Choices, now: datetime, by_severity: Mapping[int, int], by_group: Mapping[int, int]
) -> list[tuple[Q, int]]:
    """A long list in parts that follow each other, each with its count: one is put in order without the others."""
    if choices.state in ("open", "new") and choices.sort == "when":
        return [(condition, by_group.get(group, 0)) for group, condition in _groups(now).items()]
    if choices.state != "closed" and choices.sort == "severity":
        gravest_first = sorted(choices.severity or Severity.values, reverse=True)
        return [(Q(severity=severity), by_severity.get(severity, 0)) for severity in gravest_first]
    return [(Q(), sum(by_group.values()))]


def _placed(
    found: QuerySet[Any], choices: Choices, parts: Iterable[tuple[Q, int]], before: int
) -> list[tuple[int, int]]:
    """The tickets of a page and the one after it, with their groups; ``before``: how many stand on earlier pages.

    Counts may be a minute old. So a part counts as passed only when pages before this one hold all of it.
    """
    placed: list[tuple[int, int]] = []
    for condition, count in parts:
        if before and count <= before:
            before -= count
            continue
        rows = _ordered(found.filter(condition), choices).values_list("pk", "group")
        placed += rows[before : before + PAGE + 1 - len(placed)]
        before = 0
        if len(placed) > PAGE:
            break
    return placed


def _counted(
    found: QuerySet[Any], choices: Choices, *, exactly: bool
) -> tuple[Mapping[int, int], Mapping[int, int], list[tuple[int, int]] | None]:
    """What ``_counts`` tells; and where few are expected and there are few, all of them, placed: with one query."""
    if choices.is_narrow and choices.state != "closed":
        rows = list(_ordered(found, choices).values_list("severity", "group", "pk")[: MOST + 1])
        if len(rows) <= MOST:
            placed = [(pk, group) for severity, group, pk in rows if severity in (choices.severity or Severity.values)]
            return Counter(row[0] for row in rows), Counter(group for _pk, group in placed), placed
    return *_counts(found, choices, exactly=exactly), None


def _counts(found: QuerySet[Any], choices: Choices, *, exactly: bool) -> tuple[dict[int, int], dict[int, int]]:
    """How many tickets there are of each severity, whatever was chosen of those, and in each group of the chosen."""
    by_severity: dict[int, int] = {}
    by_group: dict[int, int] = {}
    wanted = choices.severity or tuple(Severity.values)
    if choices.state == "closed" and not exactly:
        closed = found.filter(state__in=STATES["closed"][1])
        shown = bounded(closed.filter(severity__in=choices.severity) if choices.severity else closed)
        if shown.is_more or (choices.severity and bounded(closed).is_more):
            return {}, {CLOSED: shown}
    for row in found.order_by().values("severity", "group").annotate(count=models.Count("id")):
        severity, count = row["severity"], row["count"]
        by_severity[severity] = by_severity.get(severity, 0) + count
        if severity in wanted:
            by_group[row["group"]] = by_group.get(row["group"], 0) + count
    return by_severity, by_group
