"""The rows of long tables as HTML, put together here and not by a template, as those of a queue are (ticket_rows)."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from keuring_collector.console import drawing
from keuring_collector.console.marks import mark, outcome, simulated
from keuring_collector.desk.scoreboard import FEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django.utils.safestring import SafeString

    from keuring_collector.console import stories
    from keuring_collector.console.similar import Similar
    from keuring_collector.console.views import scoreboard
    from keuring_collector.console.views.department import Machine
    from keuring_collector.console.views.inspections import Standing
    from keuring_collector.console.views.problems import Aside
    from keuring_collector.console.views.waiting import Row, RuleRow
    from keuring_collector.desk.models import Inspection, Notice, Staff
    from keuring_collector.fleet.models import Endpoint


def _spans(*texts: str | None) -> str:
    return "".join(f"<span>{escape(text)}</span>" for text in texts if text is not None)


def _by(person: Staff | None) -> str:
    return (person.first_name or person.username if person else "") or "–"


def _parts_of(endpoint: Endpoint) -> tuple[str | None, str | None]:
    """Whose machine it is, and of which department."""
    colleague, department = endpoint.colleague, endpoint.department
    return colleague.name if colleague else None, department.name if department else None


def aside(rows: Iterable[Aside], now: datetime) -> SafeString:
    """Reports that were put aside."""
    machine, unknown, report, size = drawing.machine_addresses(), gettext("unknown"), gettext("Report"), gettext("Size")

    def told(row: Aside) -> str:
        whose, detail = unknown, row.detail if len(row.detail) <= 300 else Truncator(row.detail).chars(300)
        if row.endpoint:
            plate = drawing.plate(row.endpoint.host_name)
            whose = f'<a class="plated" href="{machine(row.endpoint.uuid)}">{plate}</a> {simulated(row.endpoint)}'
        detail = detail and f'<div class="mono soft">{escape(detail)}</div>'
        return (
            f'<tr><th scope="row">{whose}</th><td>{drawing.day(row.at, now)}</td><td><b>{escape(row.reason)}</b>'
            f"{detail}</td>"
            f'<td class="number" data-name="{report}">{row.sequence}</td>'
            f'<td class="number" data-name="{size}">{filesizeformat(row.size)}</td></tr>'
        )

    return drawing.joined(map(told, rows))


def waiting(rows: Iterable[Row], now: datetime) -> SafeString:
    """Findings that wait."""
    machine, undated = drawing.machine_addresses(), f'<span class="soft">{gettext("no date")}</span>'

    def told(row: Row) -> str:
        found = row.waiting
        endpoint, quiet, expected = found.endpoint, found.quiet, found.expected_at
        why = quiet and f'<div class="sub">{_spans(quiet.why, _by(quiet.made_by))}</div>'
        return (
            f'<tr class="ticket s{found.severity}"><td class="sev">{mark(found.severity)}</td>'
            f'<td class="what"><a href="{machine(endpoint.uuid)}">{row.title}</a>'
            f'<div class="sub">{_spans(*_parts_of(endpoint), row.cause)}{simulated(endpoint)}</div></td>'
            f"<td>{escape(row.why)}{why or ''}</td>"
            f'<td class="due">{drawing.near(expected, now) if expected else undated}</td>'
            f'<td class="age">{drawing.age(found.waiting_since, now)}</td></tr>'
        )

    return drawing.joined(map(told, rows))


def notices(rows: Iterable[Notice], now: datetime) -> SafeString:
    """What others asked of the reader."""
    ticket = drawing.addresses("ticket", 0)

    def told(row: Notice) -> str:
        text = row.text if len(row.text) <= 400 else Truncator(row.text).chars(400)
        by = (row.by.first_name or row.by.username) if row.by else ""
        return (
            f'<li><span class="soft small">{drawing.ago(row.at, now)}</span>'
            f'<div><a href="{ticket(row.ticket_id)}"><b>{escape(by)}</b> {escape(row.get_kind_display())}</a> '
            f"{drawing.plate(row.ticket.endpoint.host_name)}"
            f"{text and f'<blockquote>{escape(text)}</blockquote>'}</div></li>"
        )

    return drawing.joined(map(told, rows))


def rules(rows: Iterable[RuleRow], now: datetime) -> SafeString:
    """Rules, and what they would open."""
    address, findings, machines = drawing.addresses("rule", "sample"), gettext("Findings"), gettext("Machines")
    tickets, opens, reports = gettext("New tickets"), gettext("opens tickets"), gettext("only reports")

    def told(row: RuleRow) -> str:
        would, decided, name = row.would, row.decided, escape(row.rule.name)
        count: tuple[Any, Any, Any] = (would.findings, would.machines, would.tickets) if would else ("", "", "")
        by = decided and f'<div class="sub">{_spans(_by(decided.by))}<span>{drawing.ago(decided.at, now)}</span></div>'
        return (
            f'<tr class="ticket"><td class="pick"><input type="checkbox" name="rule" value="{escape(row.rule.id)}" '
            f'aria-label="{name}"></td><td class="sev">{mark(row.severity)}</td>'
            f'<td class="what"><a href="{address(name)}">{row.title}</a>'
            f'<div class="sub"><span>{name}</span></div></td>'
            f'<td class="number" data-name="{findings}">{count[0] or "–"}</td>'
            f'<td class="number" data-name="{machines}">{count[1] or "–"}</td>'
            f'<td class="number" data-name="{tickets}"><b>{count[2] or "–"}</b></td>'
            f"<td>{opens if row.opens else reports}{by or ''}</td></tr>"
        )

    return drawing.joined(map(told, rows))


def standings(rows: Iterable[Standing]) -> SafeString:
    """How many machines of each department have which stamp."""
    everything, never = gettext("All machines"), gettext("No report yet")

    def number(count: int, name: str, html: str) -> str:
        return f'<td class="number{"" if count else " none"}" data-name="{escape(name)}">{html}</td>'

    def told(row: Standing) -> str:
        name, about, whole = everything, "?", ' class="whole"'
        if row.department:
            name = f'<a href="{row.address}#reports">{escape(row.department.name)}</a>'
            about, whole = f"{row.address}&amp;", ""
        counts = (
            number(count, text, f'<a href="{about}outcome={value}#reports">{count}</a>')
            for value, text, count in row.counts
        )
        return (
            f'<tr{whole}><th scope="row">{name}</th>{"".join(counts)}{number(row.never, never, str(row.never))}</tr>\n'
        )

    return drawing.joined(map(told, rows))


def reports(rows: Iterable[Inspection], now: datetime) -> SafeString:
    """APK reports."""
    address = drawing.addresses("inspection", "sample")

    def told(row: Inspection) -> str:
        endpoint, number, where = row.endpoint, escape(row.number), address(row.number)
        colleague = endpoint.colleague
        return (
            f'<tr><th scope="row"><a class="plated" href="{where}">{drawing.plate(endpoint.host_name)}</a> '
            f"{simulated(endpoint)}</th><td>{escape(colleague.name) if colleague else ''}</td>"
            f"<td>{outcome(row.outcome, row.get_outcome_display())}</td>"
            f'<td><a class="nowrap" href="{where}">{number}</a> '
            f'<span class="soft">{drawing.day(row.issued_at, now)}</span></td>'
            f"<td>{drawing.day(row.valid_until, now) if row.valid_until else '–'}</td></tr>\n"
        )

    return drawing.joined(map(told, rows))


def due(endpoints: Iterable[Any], now: datetime) -> SafeString:
    """Machines that are due for inspection, each from the day that it ``comes``; the first of all days: never yet."""
    machine, never, begins = drawing.machine_addresses(), gettext("never inspected yet"), gettext("from %(day)s")

    def when(comes: date) -> str:
        return never if comes == date.min else begins % {"day": drawing.day(comes, now)}

    return drawing.joined(
        f'<li><div><a class="plated" href="{machine(each.uuid)}">{drawing.plate(each.host_name)}</a>'
        f'<div class="sub">{_spans(*_parts_of(each))}<span class="nowrap">{when(each.comes)}</span></div></div></li>'
        for each in endpoints
    )


def machines(rows: Iterable[Machine]) -> SafeString:
    """Machines of a department."""
    machine, queue, tickets = drawing.machine_addresses(), reverse("queue"), gettext("Open tickets")

    def told(row: Machine) -> str:
        endpoint, contact = row.endpoint, row.contact
        opened = (
            f'<a class="chip" href="{queue}?q={quote(endpoint.host_name)}">{mark(row.worst)}'
            f"<b>{row.open_tickets}</b></a>"
        )
        return (
            f'<tr><th scope="row"><a class="plated" href="{machine(endpoint.uuid)}">'
            f"{drawing.plate(endpoint.host_name)}</a> {simulated(endpoint)}</th>"
            f"<td>{escape(endpoint.colleague.name) if endpoint.colleague else ''}</td>"
            f'<td><span class="contact {contact.level}">{escape(str(contact.text))}</span></td>'
            f'<td class="number" data-name="{tickets}">{opened if row.open_tickets else ""}</td></tr>'
        )

    return drawing.joined(map(told, rows))


def _item(row: stories.Row, sub: str, address: Callable[[object], str], more: str = "") -> str:
    return (
        f'<li>{mark(row.ticket.severity)}<div><a href="{address(row.ticket.pk)}">{row.title}</a>'
        f'<div class="sub">{sub}</div>{more}</div></li>'
    )


def others(rows: Iterable[stories.Row], now: datetime, *, named: bool = False) -> SafeString:
    """Tickets beside something else, as items of a list; ``named``: with the colleague."""
    address = drawing.addresses("ticket", 0)

    def told(row: stories.Row) -> str:
        ticket = row.ticket
        colleague = ticket.endpoint.colleague if named else None
        sub = _spans(ticket.get_state_display(), colleague.name if colleague else None)
        return _item(row, f"{sub}<span>{drawing.ago(ticket.opened_at, now)}</span>", address)

    return drawing.joined(map(told, rows))


def similar(rows: Iterable[Similar]) -> SafeString:
    """Tickets of other machines that are alike, the same way."""
    address, same, helped = drawing.addresses("ticket", 0), gettext("same rule"), gettext("Helped:")

    def told(row: Similar) -> str:
        ticket, text = row.row.ticket, row.helped if len(row.helped) <= 160 else Truncator(row.helped).chars(160)
        verdict = ticket.get_verdict_display() if ticket.verdict else None
        sub = _spans(ticket.get_state_display(), verdict, same if row.same_rule else None, row.model or None)
        return _item(row.row, sub, address, text and f'<p class="small">{helped} {escape(text)}</p>')

    return drawing.joined(map(told, rows))


def scores(rows: Iterable[scoreboard.Row], *, mono: bool) -> SafeString:
    """Scores of rules, models or departments; ``mono``: their names in type of one width."""
    names = [gettext(each) for each in ("Tickets", "Lead time", "Missed", "Per 100 a month", "Time to verdict")]
    right, early, kind = gettext("Right"), gettext("too early to tell"), ' class="mono"' if mono else ""

    def told(row: scoreboard.Row) -> str:
        score, name, of = row.score, escape(row.name), row.score.precision.of if row.score.precision else 0
        name = f'<a href="{row.address}"{kind}>{name}</a>' if row.address else name
        sub = row.sub and f'<span class="sub">{escape(row.sub)}</span>'
        if row.precision:
            sure = f'<b>{row.precision}</b> <span class="soft nowrap">{row.interval}</span>'
            judged = ngettext("of %(n)s judged", "of %(n)s judged", of) % {"n": of}
        else:
            sure = f'<span class="soft">{early}</span>'
            judged = gettext("%(n)s of %(few)s judged") % {"n": of, "few": FEW}
        missed = gettext("%(n)s of %(all)s") % {"n": score.missed, "all": score.incidents} if score.incidents else "–"
        cells = [
            f'<td class="number" data-name="{name}">{value}</td>'
            for name, value in zip(
                names, (score.tickets, row.lead, missed, row.per_hundred, row.to_verdict), strict=True
            )
        ]
        return (
            f'<tr><th scope="row">{name}{sub}</th>{cells[0]}'
            f'<td data-name="{right}">{sure} <span class="soft small">{judged}</span></td>'
            f"{''.join(cells[1:])}<td>{row.trend}</td></tr>"
        )

    return drawing.joined(map(told, rows))
