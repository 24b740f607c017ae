"""What is counted over all machines that somebody may see; desk.kept keeps the answers.

Each answer is made of what JSON holds. Groups that a department, which may be none, is the key of are lists of rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Case, CharField, Count, Value, When
from django.utils import timezone

from keuring.signals import catalogue
from keuring_collector.desk import illness, scope, scores
from keuring_collector.desk.inspection import issuing
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.scope import Seer
    from keuring_collector.rulepack import Rule
    from keuring_collector.store import Store

CRASH, HANG = catalogue.KEURING_APPLICATION_CRASH.id, catalogue.KEURING_APPLICATION_HANG.id
# The value of each is a version, and its subject the program.
PROGRAMS: Final = (catalogue.KEURING_SOFTWARE_VERSION.id, catalogue.KEURING_SOFTWARE_INVENTORY.id)
MOST_PROGRAMS: Final = 20_000
DUE_AHEAD: Final = timedelta(days=31)
SKILL_DAYS: Final = 183  # of tickets that say which skills are asked
VISITS_AHEAD: Final = timedelta(days=30)  # inspections that come up so soon are visits to plan for


@dataclass(frozen=True, slots=True)
class Sources:
    """What answers are made from, beside the desk's own tables."""

    store: Store
    rules: Collection[Rule]


def machines(_sources: Sources, seer: Seer, _about: str, _now: datetime) -> dict[str, Any]:
    """How many machines there are of each model and with each version of the agent; those that tell it."""
    active = _active(seer).order_by()
    return {
        name: dict(active.exclude(**{name: ""}).values_list(name).annotate(n=Count("id")))
        for name in ("model", "agent_version")
    }


def models(_sources: Sources, seer: Seer, _about: str, now: datetime) -> dict[str, Any]:
    """Of each model: its machines, those with a ticket lately, and for each cause those that had it and open ones."""
    model_of: dict[int, str] = dict(_active(seer).order_by().values_list("pk", "model"))
    opened: dict[str, Counter[str]] = defaultdict(Counter)
    for cause, endpoint in (
        scope.tickets(seer).filter(state__in=Ticket.OPEN).order_by().values_list("cause", "endpoint")
    ):
        if endpoint in model_of:
            opened[model_of[endpoint]][cause] += 1
    hit: dict[str, Counter[str]] = defaultdict(Counter)
    ill, causes, ever = Counter[str](), Counter[str](), set[int]()
    for cause, endpoints in illness.by_cause(seer, now).items():
        found = [endpoint for endpoint in endpoints if endpoint in model_of]
        causes[cause] = len(found)
        ever.update(found)
        for endpoint in found:
            hit[model_of[endpoint]][cause] += 1
    ill.update(model_of[endpoint] for endpoint in ever)
    return {
        "machines": len(model_of),
        "ill": len(ever),
        "causes": causes,
        "models": {
            name: {
                "machines": count,
                "ill": ill[name],
                "causes": {cause: [number, opened[name][cause]] for cause, number in hit[name].items()},
            }
            for name, count in Counter(model_of.values()).items()
            if name
        },
    }


def software(sources: Sources, seer: Seer, _about: str, now: datetime) -> dict[str, Any]:
    """Of each program that crashed or hung lately: how often, and on how many machines."""
    seen = set(_active(seer).values_list("pk", flat=True))
    counts: dict[str, list[int]] = {}
    hit: dict[str, set[int]] = defaultdict(set)
    for endpoint, signal, name, _version, count in _troubles(sources, seen, now):
        counts.setdefault(name, [0, 0])[signal == HANG] += count
        hit[name].add(endpoint)
    return {
        "machines": len(seen),
        "programs": {name: [len(hit[name]), *numbers] for name, numbers in counts.items() if name},
    }


def programs(sources: Sources, _seer: Seer, _about: str, _now: datetime) -> list[str]:
    """The names of all programs, at most MOST_PROGRAMS. Alone they tell nothing of a machine, so all may see them."""
    return sources.store.subjects(PROGRAMS, "", MOST_PROGRAMS)


def program(sources: Sources, seer: Seer, name: str, now: datetime) -> dict[str, Any]:
    """Of each version of a program: machines, crashes, hangs, machines on which it happened, of its own and not, and
    open tickets.
    """
    seen = set(_active(seer).values_list("pk", flat=True))
    told = sources.store.fact_about(PROGRAMS, name)
    versions = illness.groups({(endpoint, name): value for endpoint, value in told.items()}, seen)
    happened = [row for row in _troubles(sources, seen, now) if row[2] == name]
    about = scope.tickets(seer).filter(state__in=Ticket.OPEN, lines__subject=name, lines__active=True).distinct()
    tickets = Counter(about.order_by().values_list("endpoint", flat=True))
    having, ill = set[int]().union(*versions.values()), {row[0] for row in happened}
    found: dict[str, dict[str, int]] = {}
    for version in sorted({*versions, *(row[3] for row in happened)}):
        own, on = [row for row in happened if row[3] == version], versions.get(version, set())
        found[version] = {
            "machines": len(on),
            "crashes": sum(row[4] for row in own if row[1] == CRASH),
            "hangs": sum(row[4] for row in own if row[1] == HANG),
            "hit": len({row[0] for row in own}),
            "ill": len(ill & on),
            "tickets": sum(tickets[endpoint] for endpoint in on),
        }
    return {"machines": len(having), "hit": len(ill), "ill": len(ill & having), "versions": found}


def scoreboard(sources: Sources, seer: Seer, _about: str, now: datetime) -> dict[str, Any]:
    """The scores of rules, models and departments over the last twelve months."""
    counted = scores.count(scope.endpoints(seer), now)
    return {
        "since": counted.since.isoformat(),
        "months": list(counted.months),
        "simulated": counted.simulated,
        "incidents": len(counted.incidents),
        "rule": [[key, asdict(score)] for key, score in scores.by_rule(counted, sources.rules).items()],
        "model": [[key, asdict(score)] for key, score in scores.by_model(counted).items()],
        "department": [[key, asdict(score)] for key, score in scores.by_department(counted).items()],
    }


def departments(_sources: Sources, seer: Seer, _about: str, _now: datetime) -> dict[str, Any]:
    """Of each department: (simulated, machines), (severity, open tickets), and colleagues."""
    opened = scope.tickets(seer).filter(state__in=Ticket.OPEN, closed_at=None).order_by()
    grouped = {
        "machines": _active(seer).order_by().values_list("department", "simulated"),
        "tickets": opened.values_list("endpoint__department", "severity"),
        "colleagues": scope.colleagues(seer).order_by().values_list("department"),
    }
    return {name: [list(row) for row in found.annotate(n=Count("id"))] for name, found in grouped.items()}


def skills(sources: Sources, seer: Seer, _about: str, now: datetime) -> dict[str, Any]:
    """What asks for skills: of each skill the tickets of the last months whose rules ask it, of each cause its tickets;
    and visits ahead: tickets that are planned and inspections that come up.
    """
    mine = scope.tickets(seer).exclude(state=Ticket.State.RESTING)  # which not everybody may see
    seen = mine.filter(opened_at__gte=now - timedelta(days=SKILL_DAYS)).order_by()
    by_skill: dict[str, list[str]] = defaultdict(list)
    for rule in sources.rules:
        by_skill[rule.skill].append(str(rule.id))
    asked: dict[str, int] = {}
    if by_skill:
        which = Case(
            *(When(rule__in=rules, then=Value(skill)) for skill, rules in sorted(by_skill.items())),
            default=Value(""), output_field=CharField(),
        )  # fmt: skip
        lines = TicketLine.objects.filter(ticket__in=seen).order_by().annotate(asks=which).values_list("asks")
        asked = dict(lines.annotate(n=Count("ticket_id", distinct=True)))
        asked.pop("", None)
    until = timezone.localtime(now).date() + VISITS_AHEAD
    coming = scope.inspections(seer).filter(current=True, next_due__lte=until)
    return {
        "skills": asked,
        "causes": dict(seen.values_list("cause").annotate(n=Count("pk"))),
        "planned": mine.filter(state=Ticket.State.PLANNED, closed_at=None).count(),
        "inspections": coming.count(),
    }


def inspections(_sources: Sources, seer: Seer, _about: str, now: datetime) -> dict[str, Any]:
    """Of each department its machines, and its newest reports by outcome; and how many machines are due."""
    active = _active(seer)
    current = scope.inspections(seer).filter(current=True, endpoint__state=Endpoint.State.ACTIVE).order_by()
    return {
        "machines": [list(row) for row in active.order_by().values_list("department").annotate(n=Count("id"))],
        "outcomes": [
            list(row) for row in current.values_list("endpoint__department", "outcome").annotate(n=Count("id"))
        ],
        "due": issuing.due(now + DUE_AHEAD).filter(pk__in=active).order_by().count(),
    }


def _active(seer: Seer) -> QuerySet[Endpoint]:
    return scope.endpoints(seer).filter(state=Endpoint.State.ACTIVE)


def _troubles(sources: Sources, seen: set[int], now: datetime) -> list[tuple[int, int, str, str, int]]:
    since = (now - illness.LATELY).timestamp()
    return [row for row in sources.store.event_counts((CRASH, HANG), since) if row[0] in seen]
