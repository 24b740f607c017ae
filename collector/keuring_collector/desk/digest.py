"""The daily digest: what is new, urgent or due, mailed to desk staff in their own language, once a day each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import structlog
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from keuring_collector.desk import texts, wording
from keuring_collector.desk.models import Job, Staff, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from keuring_collector.desk.texts import RuleTexts

log = structlog.get_logger(__name__)

DUE_DAYS: Final = 7
MOST_LINES: Final = 40  # of a section; a longer mail is not read

# Both languages are written, not translated word for word.
WORDS: Final = {
    "nl": {
        "subject": "Keuring: {urgent} dringend, {due} deze week, {new} nieuw",
        "hello": "Goedemorgen {name},",
        "urgent": "Dringend",
        "due": "Deze week",
        "new": "Nieuw sinds gisteren",
        "more": "en nog {count}",
        "queue": "De hele lijst",
        "why": "Je krijgt deze mail elke ochtend waarop er iets te doen is, omdat je bij de servicedesk werkt.",
    },
    "en": {
        "subject": "Keuring: {urgent} urgent, {due} due this week, {new} new",
        "hello": "Good morning {name},",
        "urgent": "Urgent",
        "due": "Due this week",
        "new": "New since yesterday",
        "more": "and {count} more",
        "queue": "The whole queue",
        "why": "You get this mail on each morning with something to do, because you work at the service desk.",
    },
}


class DigestError(Exception):
    """The digest could not be sent to everybody; those who got it do not get it again."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its tickets: (title, address) pairs, and how many more there are."""

    heading: str
    tickets: Sequence[tuple[str, str]]
    more: str


def next_digest(now: dt.datetime, hour: int, time_zone: str) -> dt.datetime:
    """The next moment at which the clock on the desk's wall shows ``hour``, after ``now``."""
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    for days in (0, 1):
        day = local.date() + dt.timedelta(days=days)
        moment = dt.datetime.combine(day, dt.time(hour), zone).astimezone(dt.UTC)
        if moment > now:
            break
    return moment


def send(
    now: dt.datetime,
    following: dt.datetime,
    rule_of: Callable[[str], RuleTexts | None],
    console: str,
    language: str,
) -> int:
    """Mails everybody at the desk who has not had today's digest; returns how many mails went out.

    ``following`` is when the next digest is due, ``console`` the console's address with its slash at the end,
    ``language`` that of staff who chose none. Raises DigestError when a mail was refused; call again later.
    """
    chosen = _choose(now)
    sent, refused = 0, []
    if any(chosen.values()):
        for person in Staff.objects.filter(is_active=True).exclude(email="").order_by("id"):
            seen = _seen(chosen, person)
            if not any(seen.values()) or not _claim(person, now, following):
                continue
            try:
                _mail(person, seen, now, rule_of, console, language)
            except OSError as error:  # of which smtplib's errors are a kind
                Job.objects.filter(name=_row(person)).update(due_at=now, last_error=str(error))
                refused.append(f"{person.email}: {error}")
            else:
                sent += 1
    if refused:
        raise DigestError("; ".join(refused))
    return sent


def _choose(now: dt.datetime) -> dict[str, list[Ticket]]:
    """The tickets of each section; none is in two."""
    chosen: dict[str, list[Ticket]] = {"urgent": [], "due": [], "new": []}
    soon = now + dt.timedelta(days=DUE_DAYS)
    tickets = (
        Ticket.objects.filter(state__in=[Ticket.State.NEW, Ticket.State.PLANNED])
        .select_related("endpoint", "endpoint__colleague")
        .prefetch_related("lines")
        .order_by("-severity", "expected_at", "id")
    )
    for ticket in tickets:
        planned = ticket.planned_for is not None and ticket.planned_for <= wording.local_day(soon)
        if ticket.severity >= Ticket.Severity.URGENT:
            chosen["urgent"].append(ticket)
        elif planned or (ticket.expected_at is not None and ticket.expected_at <= soon):
            chosen["due"].append(ticket)
        elif ticket.state == Ticket.State.NEW and ticket.opened_at > now - dt.timedelta(days=1):
            chosen["new"].append(ticket)
    return chosen


def _seen(chosen: dict[str, list[Ticket]], person: Staff) -> dict[str, list[Ticket]]:
    """What of it somebody may see (see scope.py)."""
    ids = person.department_ids
    if ids is None:
        return chosen
    return {
        name: [ticket for ticket in tickets if ticket.endpoint.department_id in ids] for name, tickets in chosen.items()
    }


def _row(person: Staff) -> str:
    return f"digest:{person.pk}"


def _claim(person: Staff, now: dt.datetime, following: dt.datetime) -> bool:
    """Takes the right to mail this person today. Taken before sending: a crash may cost a mail, never send two."""
    Job.objects.get_or_create(name=_row(person), defaults={"due_at": now})
    claimed = Job.objects.filter(name=_row(person), due_at__lte=now).update(
        due_at=following, last_ok_at=now, last_error=""
    )
    return claimed == 1


def _mail(
    person: Staff,
    chosen: dict[str, list[Ticket]],
    now: dt.datetime,
    rule_of: Callable[[str], RuleTexts | None],
    console: str,
    fallback: str,
) -> None:
    language = person.language or fallback
    words = WORDS[language]
    sections = [
        _section(words[name], words["more"], _titles(tickets, now, rule_of, console, language))
        for name, tickets in chosen.items()
        if tickets
    ]
    content = {
        "language": language,
        "hello": words["hello"].format(name=person.first_name or person.get_username()),
        "sections": sections,
        "queue": words["queue"],
        "console": console,
        "why": words["why"],
    }
    counts = {name: len(tickets) for name, tickets in chosen.items()}
    message = EmailMultiAlternatives(
        words["subject"].format(**counts), render_to_string("desk/digest.txt", content), None, [person.email]
    )
    message.attach_alternative(render_to_string("desk/digest.html", content), "text/html")
    message.send()


def _section(heading: str, more: str, titles: list[tuple[str, str]]) -> Section:
    left = len(titles) - MOST_LINES
    return Section(heading, titles[:MOST_LINES], more.format(count=left) if left > 0 else "")


def _titles(
    tickets: Iterable[Ticket],
    now: dt.datetime,
    rule_of: Callable[[str], RuleTexts | None],
    console: str,
    language: str,
) -> list[tuple[str, str]]:
    titles = []
    for ticket in tickets:
        line = texts.headline(ticket, list(ticket.lines.all()))
        title = texts.title(line, rule_of(line.rule), language, now) if line else str(ticket)
        titles.append((title, f"{console}tickets/{ticket.pk}/"))
    return titles
