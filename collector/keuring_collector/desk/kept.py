"""Questions over the whole fleet, whose answers are kept where counting takes long.

With few machines and tickets everything is counted when somebody asks. With many an answer is made once and kept in a
row; a job counts it anew every few minutes for as long as somebody asks. Pages say when a kept answer was counted.
Answers are made of what one somebody may see: everything, or a set of departments.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import structlog

from keuring_collector.desk import counts, scope
from keuring_collector.desk.counting import bounded
from keuring_collector.desk.models import Kept
from keuring_collector.desk.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet

    from keuring_collector.desk.counts import Sources
    from keuring_collector.desk.scope import Seer

log = structlog.get_logger(__name__)
ALL: Final = "all"
AGAIN: Final = timedelta(minutes=5)
REST: Final = 50  # between two countings, times what one took, so that they never are more than a few per cent of work
OLDEST: Final = timedelta(hours=2)  # then the page counts: the jobs seem to stand still
ASKED_FOR: Final = timedelta(days=1)  # an answer that nobody asked for that long is forgotten
NOTED: Final = timedelta(hours=1)
QUESTIONS: Final[Mapping[str, Callable[[Sources, Seer, str, datetime], Any]]] = {
    "models": counts.models,
    "software": counts.software,
    "program": counts.program,
    "programs": counts.programs,
    "scoreboard": counts.scoreboard,
    "departments": counts.departments,
    "inspections": counts.inspections,
    "machines": counts.machines,
    "skills": counts.skills,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was counted, and when; None: just now."""

    content: Any
    counted_at: datetime | None = None


def ask(
    question: str, sources: Sources, seer: Seer, now: datetime, about: str = "", parts: tuple[str, ...] = ()
) -> Answer:  # fmt: skip
    """The answer to one of QUESTIONS about what ``seer`` may see; ``parts``: that which is needed of a long one."""
    for pk, made_at, asked_at, *content in _reading(parts)(question, about, _departments(seer)):
        if made_at > now - OLDEST:
            if asked_at < now - NOTED:
                Kept.objects.filter(pk=pk).update(asked_at=now)
            return Answer(dict(zip(parts, content, strict=True)) if parts else content[0], made_at)
    begun = time.perf_counter()
    content = QUESTIONS[question](sources, seer, about, now)
    if bounded(scope.endpoints(seer)).is_more or bounded(scope.tickets(seer)).is_more:
        _keep(question, about, _departments(seer), content, time.perf_counter() - begun, now)
    return Answer(content)


@cache
def _reading(parts: tuple[str, ...]) -> Prepared[Any]:
    """The question that reads a kept answer, or only these parts of it."""
    told = [f"content__{part}" for part in parts] or ["content"]

    def read(question: Any, about: Any, departments: Any) -> QuerySet[Kept, Any]:
        kept = Kept.objects.filter(question=question, about=about, departments=departments)
        return kept.values_list("pk", "made_at", "asked_at", *told)

    return Prepared(read)


def refresh(sources: Sources, now: datetime, stop: Callable[[], bool]) -> int:
    """Counts anew what is due, the oldest first, and forgets what nobody asks for; returns how many were counted."""
    Kept.objects.filter(asked_at__lt=now - ASKED_FOR).delete()
    count = 0
    waiting = Kept.objects.filter(made_at__lte=now - AGAIN).order_by("made_at")
    for kept in list(waiting.only("question", "about", "departments", "seconds", "made_at")):
        if stop():
            break
        if now - kept.made_at < timedelta(seconds=REST * kept.seconds) or kept.question not in QUESTIONS:
            continue
        begun = time.perf_counter()
        content = QUESTIONS[kept.question](sources, _seer(kept.departments), kept.about, now)
        _keep(kept.question, kept.about, kept.departments, content, time.perf_counter() - begun, now, asked=False)
        count += 1
    return count


def _keep(
    question: str, about: str, departments: str, content: Any, seconds: float, now: datetime, *, asked: bool = True
) -> None:
    told = {"content": content, "seconds": seconds, "made_at": now}
    Kept.objects.update_or_create(
        question=question, about=about, departments=departments,
        defaults=told | ({"asked_at": now} if asked else {}), create_defaults=told | {"asked_at": now},
    )  # fmt: skip
    log.debug("counted", question=question, about=about, seconds=round(seconds, 2))


def _departments(seer: Seer) -> str:
    ids = seer.department_ids
    return ALL if ids is None else ",".join(str(pk) for pk in sorted(ids))


def _seer(departments: str) -> scope.Reach:
    return scope.Reach(None if departments == ALL else frozenset(int(pk) for pk in departments.split(",") if pk))
