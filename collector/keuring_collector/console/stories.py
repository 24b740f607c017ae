"""Tickets as the pages show them: the title with its number plate, why, how sure, and the chart behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Prefetch
from django.utils.html import format_html

from keuring_collector.console import charts, drawing, figures, readings
from keuring_collector.console.lookups import few
from keuring_collector.desk import causes, scope, texts
from keuring_collector.desk.measures import measure_of
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.desk.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from django.db.models import QuerySet
    from django.utils.safestring import SafeString

    from keuring_collector.console.pack import PackState
    from keuring_collector.rulepack import Rule

DAY: Final = readings.DAY
MOST: Final = 50  # tickets of one machine that are looked at
MOST_OF_FLEET: Final = 200
_TOLD: Final = (
    "cause", "state", "severity", "opened_at", "closed_at", "expected_at", "expected_low", "expected_high",
    "planned_for", "snoozed_until", "verdict", "reopened", "endpoint__host_name", "endpoint__simulated",
    "endpoint__colleague__name", "endpoint__department__name", "owner__first_name", "owner__username",
    "endpoint__uuid", "updated_at",  # what the API tells besides
)  # fmt: skip
_TOLD_OF_LINES: Final = (
    "ticket", "rule", "subject", "severity", "active", "expected_at", "evidence", "evidence_now",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket in a list."""

    ticket: Ticket
    title: SafeString
    others: int  # findings beside the one in the title
    cause: str
    bar: SafeString
    skill: str  # that the rule asks, by its slug; empty when the rule is gone


def listed(found: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Tickets with all that ``row`` and its page tell of one, and nothing else."""
    return _told(found).prefetch_related(Prefetch("lines", TicketLine.objects.only(*_TOLD_OF_LINES)))


def _told(found: QuerySet[Ticket]) -> QuerySet[Ticket]:
    return found.select_related("endpoint__colleague", "endpoint__department", "owner").only(*_TOLD)


def read(numbers: Iterable[int]) -> dict[int, Ticket]:
    """The tickets of these numbers, with all that ``listed`` tells."""
    wanted = list(numbers)
    found = {ticket.pk: ticket for ticket in _numbered(few(wanted))} if wanted else {}
    fill(found.values())
    return found


def fill(tickets: Collection[Ticket]) -> None:
    """Reads the findings of these tickets at once."""
    for ticket in tickets:
        ticket.findings = []
    found = {ticket.pk: ticket for ticket in tickets}
    for line in _lines_of(few(found)) if found else ():
        found[line.ticket_id].findings.append(line)


@prepared
def of_machine(endpoint: Any) -> QuerySet[Ticket]:
    """The newest tickets of a machine, with all that ``listed`` tells but their findings (see ``fill``)."""
    return _told(Ticket.objects.filter(endpoint=endpoint)).order_by("-opened_at")[:MOST]


@prepared
def of_fleet(departments: Any, answers: Any, fleet: Any) -> QuerySet[Ticket]:
    """The tickets of a fleet ticket as ``of_machine`` has those of a machine, within scope (see ``scope.reach``)."""
    return _told(scope.tickets_of(departments, answers).filter(parent=fleet))[:MOST_OF_FLEET]


@prepared
def _numbered(numbers: Any) -> QuerySet[Ticket]:
    return _told(Ticket.objects.filter(pk__among=numbers))


@prepared
def _lines_of(numbers: Any) -> QuerySet[TicketLine]:
    return TicketLine.objects.filter(ticket__pk__among=numbers).only(*_TOLD_OF_LINES)


def row(ticket: Ticket, state: PackState, language: str, now: datetime, *, horizon: float = 120.0) -> Row:
    """A ticket for a list; its lines, endpoint and colleague must be fetched already (see ``listed``)."""
    lines = _lines(ticket)
    line = texts.headline(ticket, lines)
    rule = state.rule(line.rule) if line else None
    title = (
        texts.title_html(
            line,
            rule,
            language,
            texts.moment_of_reading(ticket, now),
            drawing.plate(ticket.endpoint.host_name),
        )
        if line
        else format_html("{} {}", causes.cause_label(ticket.cause), drawing.plate(ticket.endpoint.host_name))
    )
    active = sum(1 for other in lines if other.active)
    return Row(
        ticket,
        title,
        max(0, active - 1),
        causes.cause_label(ticket.cause),
        charts.interval_bar(
            now.timestamp(), _seconds(ticket.expected_low), _seconds(ticket.expected_at),
            _seconds(ticket.expected_high), horizon,
        ),
        rule.skill if rule else "",
    )  # fmt: skip


def _lines(ticket: Ticket) -> list[TicketLine]:
    lines = list(ticket.findings)
    for line in lines:
        line.ticket = ticket  # so that no line asks the database for what is here
    return lines


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a ticket, told."""

    line: TicketLine
    rule: Rule | None
    title: SafeString
    why: str
    certainty: str
    proofs: list[texts.Proof]
    chart: figures.Figure | None


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket, told: the headline first."""

    ticket: Ticket
    findings: list[Finding]
    looked_closely: bool  # signals finer than a day are shown

    @property
    def first(self) -> Finding | None:
        """The finding that gives the ticket its title."""
        return self.findings[0] if self.findings else None


def story(ticket: Ticket, state: PackState, language: str, now: datetime) -> Story:
    """Everything the left half of the ticket page tells."""
    lines = _lines(ticket)
    head = texts.headline(ticket, lines)
    lines.sort(key=lambda line: (line is not head, not line.active, -line.severity))
    moment = texts.moment_of_reading(ticket, now)
    findings = [_finding(line, state, language, now, moment) for line in lines]
    close = any(finding.chart is not None and not finding.chart.by_day for finding in findings)
    return Story(ticket, findings, close)


def _finding(line: TicketLine, state: PackState, language: str, now: datetime, moment: datetime) -> Finding:
    rule = state.rule(line.rule)
    measure = measure_of(rule)
    return Finding(
        line,
        rule,
        texts.title_html(line, rule, language, moment, drawing.plate(line.ticket.endpoint.host_name)),
        texts.why(line, measure, language, moment),
        texts.certainty(line, language, moment),
        texts.proofs(line, measure, language, moment, _signs(rule, language)),
        figures.of_line(line, measure, now),
    )


def _signs(rule: Rule | None, language: str) -> list[str]:
    """The signs of a risk, in words."""
    risk = None if rule is None else rule.condition.risk
    return [] if risk is None else [texts.in_language(sign.why, language) for sign in risk.points]
