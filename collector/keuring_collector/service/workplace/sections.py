"""The sections of My workplace, in their order: a name, a title, the template that shows it, and what it shows.

A new section is a line in ``SECTIONS``. One that has nothing to say may give None and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from keuring.signals.catalogue import KEURING_HARDWARE_MODEL, OS_NAME, OS_VERSION
from keuring_collector.desk import texts, wording
from keuring_collector.desk.inspection.words import WORDS
from keuring_collector.desk.models import AuditEntry, Inspection, Staff, Ticket
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.announcing import current, letters, timing
from keuring_collector.service.models import Objection
from keuring_collector.service.mood import keeping
from keuring_collector.service.tips import offering, rules
from keuring_collector.service.tips.standing import open_tips
from keuring_collector.service.workplace import objecting
from keuring_collector.service.workplace.export import subjects

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from django.utils.functional import _StrPromise

    from keuring_collector.rulepack import RulePack
    from keuring_collector.service.models import Announcement
    from keuring_collector.service.tips.standing import OpenTip
    from keuring_collector.service.workplace.whose import Whose
    from keuring_collector.store import Store

MOST: Final = 50
# Entries of the audit that are somebody's look at or work on a colleague's things, not the colleague's own doing.
_LOOKS: Final = ("machine.viewed", "windows.viewed", "report.issued", "report.mailed")


@dataclass(frozen=True, slots=True)
class Here:
    """Whose page it is, and what its sections read."""

    whose: Whose
    store: Store
    pack: RulePack
    language: str
    now: datetime


class Section(NamedTuple):
    """One section. ``name`` is its place in the page's address."""

    name: str
    title: str | _StrPromise
    template: str
    make: Callable[[Here], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as its colleague knows it."""

    endpoint: Endpoint
    model: str
    system: str
    heard: date | None
    objection: Objection | None


def machines(here: Here) -> dict[str, Any]:
    """My machines: what they are, and when they were last heard of."""
    heads = here.store.heads(here.whose.machine_ids)
    found = []
    for endpoint in here.whose.machines:
        facts = {fact.signal: str(fact.value) for fact in here.store.facts(endpoint.pk) if not fact.subject}
        system = f"{facts.get(OS_NAME.id, '')} {facts.get(OS_VERSION.id, '')}".strip()
        head = heads.get(endpoint.pk)
        heard = wording.local_day(datetime.fromtimestamp(head.received_at, UTC)) if head else None
        found.append(
            Machine(endpoint, facts.get(KEURING_HARDWARE_MODEL.id, ""), system, heard, objecting.standing(endpoint))
        )
    return {"machines": found}


@dataclass(frozen=True, slots=True)
class Told:
    """A ticket in plain words: what it is about, how far it is, and what the desk advises its colleague."""

    title: str
    state: str
    say: str
    is_open: bool
    opened_at: datetime


def tickets(here: Here) -> dict[str, Any]:
    """My tickets, those that are open first. Notes of the desk are in the export, not here."""
    found = (
        Ticket.objects.filter(endpoint__in=here.whose.machine_ids)
        .exclude(state=Ticket.State.MERGED)
        .select_related("endpoint__colleague")
        .prefetch_related("lines")
        .order_by("-opened_at")
    )
    told = [_ticket(ticket, here) for ticket in found[:MOST]]
    return {"tickets": sorted(told, key=lambda each: not each.is_open)}


def _ticket(ticket: Ticket, here: Here) -> Told:
    line = texts.headline(ticket, list(ticket.lines.all()))
    moment = texts.moment_of_reading(ticket, here.now)
    rule = here.pack.rules.get(line.rule) if line else None
    title = texts.title(line, rule, here.language, moment) if line else str(ticket)
    is_open = ticket.state in Ticket.OPEN
    say = texts.say(line, rule, here.language, moment) if line and is_open else ""
    return Told(title, _state(ticket, here.now), say, is_open, ticket.opened_at)


def _state(ticket: Ticket, now: datetime) -> str:
    match ticket.state:
        case Ticket.State.PLANNED if ticket.planned_for:
            return _("We come to you about it on %(day)s.") % {"day": wording.day(ticket.planned_for, now)}
        case Ticket.State.SNOOZED if ticket.snoozed_until:
            return _("It can wait. We look again on %(day)s.") % {"day": wording.day(ticket.snoozed_until, now)}
        case Ticket.State.RESTING:
            return _("It rests: you objected. Nobody works on it until you have our answer.")
        case Ticket.State.RESOLVED if ticket.closed_at:
            return _("Solved on %(day)s.") % {"day": wording.day(ticket.closed_at, now)}
        case Ticket.State.DISMISSED if ticket.closed_at:
            return _("We looked at it on %(day)s: nothing needs to be done.") % {
                "day": wording.day(ticket.closed_at, now)
            }
        case _:
            return _("We know of it, and will tell you what we do.")


@dataclass(frozen=True, slots=True)
class Announced:
    """What is coming for a colleague's machine; ``means`` and ``must`` are Markdown."""

    language: str
    title: str
    when: str
    means: str
    must: str
    machines: list[str]  # that it concerns; empty: all of theirs


def announcements(here: Here) -> dict[str, Any]:
    """What is announced for my machines, the nearest first."""
    names = {each.pk: each.host_name for each in here.whose.machines.filter(state=Endpoint.State.ACTIVE)}
    coming = current.for_machines(names, here.store, wording.local_day(here.now))
    concerned: dict[int, list[str]] = {}
    for endpoint, name in names.items():
        for each in coming.get(endpoint, ()):
            concerned.setdefault(each.pk, []).append(name)
    found = {each.pk: each for endpoint in names for each in coming.get(endpoint, ())}
    ordered = sorted(found.values(), key=current.nearness(wording.local_day(here.now)))
    return {"announcements": [_announced(each, concerned[each.pk], len(names), here) for each in ordered]}


def _announced(each: Announcement, concerned: list[str], count: int, here: Here) -> Announced:
    spoken = letters.language_of(each, here.language)
    means, must = each.text("means", spoken), each.text("must", spoken)
    when = wording.capitalised(timing.in_words(each, here.now))
    return Announced(spoken, each.text("title", spoken), when, means, must, concerned if len(concerned) < count else [])


def tips(here: Here) -> dict[str, Any] | None:
    """Tips that hold on my machines, what was offered and what was not yet; each once, however many machines."""
    found: dict[str, OpenTip] = {}
    for endpoint in here.whose.machines.filter(state=Endpoint.State.ACTIVE):
        if objecting.standing(endpoint) is None:
            for each in open_tips(endpoint, here.pack, here.language, here.now):
                if each.offer is not None or rules.is_offered(each.rule):
                    found.setdefault(each.rule.id, each)
    if not found:
        return None
    shown = sorted(found.values(), key=lambda tip: (tip.offer is None, tip.chance.since, tip.rule.name))
    colleague = here.whose.colleague
    return {"tips": [(tip, offering.link_of(settings.KEURING, tip.rule.article, colleague)) for tip in shown]}


def mood(here: Here) -> dict[str, Any] | None:
    """How I feel about my workplace: once a month, kept with my department alone."""
    department = here.whose.department
    if department is None:
        return None
    return {"department": department, "answered": keeping.has_answered(here.whose.person, here.now)}


def reports(here: Here) -> dict[str, Any]:
    """My APK reports: the one in force of each machine, and those before it."""
    found = Inspection.objects.filter(endpoint__in=here.whose.machine_ids).select_related("endpoint")
    words = WORDS[here.language]["stamp"]
    return {"reports": [(each, words[each.outcome]) for each in found.order_by("-issued_at")[:MOST]]}  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked, on a day: finer would tell when they work."""

    day: date
    who: str
    role: str
    what: str
    times: int


def looks(here: Here) -> dict[str, Any]:
    """Who looked at my machines, day by day, with name and role, as the audit has it."""
    entries = AuditEntry.objects.filter(subject__in=subjects(here.whose), action__in=_LOOKS).exclude(actor="")
    counted: dict[tuple[date, str, str], int] = {}
    for each in entries.order_by("-sequence")[:2000]:
        key = (wording.local_day(each.at), each.actor, each.action)
        counted[key] = counted.get(key, 0) + 1
    people = {
        person.get_username(): person for person in Staff.objects.filter(username__in={key[1] for key in counted})
    }
    found = []
    for (day, actor, action), times in list(counted.items())[:MOST]:
        person = people.get(actor)
        name, role = (person.shown_name, str(person.get_role_display())) if person else (actor, "")
        found.append(Look(day, name, role, _look(action), times))
    return {"looks": found, "kept": settings.KEURING.audit_retention_days}


def _look(action: str) -> str:
    return {
        "machine.viewed": pgettext("look", "your machine"),
        "windows.viewed": pgettext("look", "measurements of five minutes, for an open ticket"),
        "report.issued": pgettext("look", "made an APK report"),
        "report.mailed": pgettext("look", "mailed your APK report"),
    }[action]


def rights(here: Here) -> dict[str, Any]:
    """What I may do: have it rest, take it along, object."""
    objections = Objection.objects.filter(endpoint__in=here.whose.machine_ids).select_related("endpoint")
    may = [endpoint for endpoint in here.whose.machines if objecting.standing(endpoint) is None]
    return {"objections": list(objections.order_by("-made_at")), "may_object": may}


SECTIONS: Final = (
    Section("machines", gettext_lazy("My machines"), "console/parts/workplace_machines.html", machines),
    Section("tickets", gettext_lazy("What we see coming"), "console/parts/workplace_tickets.html", tickets),
    Section(
        "announcements", gettext_lazy("Announced for you"), "console/parts/workplace_announcements.html", announcements
    ),
    Section("tips", gettext_lazy("Tips for you"), "console/parts/workplace_tips.html", tips),
    Section("mood", gettext_lazy("How I feel about my workplace"), "console/parts/workplace_mood.html", mood),
    Section("reports", gettext_lazy("My APK reports"), "console/parts/workplace_reports.html", reports),
    Section("looks", gettext_lazy("Who looked"), "console/parts/workplace_looks.html", looks),
    Section("rights", gettext_lazy("Pause, take along, object"), "console/parts/workplace_rights.html", rights),
)
