"""What became of a stop: noted once however often a phone sends it, with what it means for tickets and mood.

Nothing that was written is lost: where somebody else was quicker, theirs stays, and what comes in is added as a note
and told as a conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from keuring_collector.desk import actions, scope, undoing
from keuring_collector.desk.acting import (
    UNDO_FOR,
    ChangedMeanwhile,
    NotPossible,
    NotUnderstood,
    checked_day,
    checked_text,
)
from keuring_collector.desk.models import Ticket, Undo
from keuring_collector.service.models import Deed, MoodCount, Round, Stop
from keuring_collector.service.mood import keeping
from keuring_collector.service.tips import offering
from keuring_collector.service.visiting import returning

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import date, datetime

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack

Outcome = Stop.Outcome
PLAN: Final = "plan"
TOLD: Final = "told"
ASIDE: Final = "aside"


@dataclass(frozen=True, slots=True)
class Work:
    """What is done about one ticket: a verdict with which it is resolved, ``plan`` with a day, or nothing.

    ``seen``: the ticket's stamp as it was read; None: whatever happened meanwhile.
    """

    ticket: int
    do: str = ""
    day: date | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Tip:
    """What is done about one tip, by the number of its chance: ``told`` in person, or ``aside``."""

    chance: int
    do: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the visitor tells of a stop. ``seen``: its version as it was read; None: whatever happened meanwhile."""

    outcome: str
    note: str = ""
    back_on: date | None = None
    mood: int | None = None
    line: str = ""
    work: tuple[Work, ...] = ()
    seen: int | None = None
    tips: tuple[Tip, ...] = ()


def once(key: uuid.UUID, actor: Staff, now: datetime, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``do`` answers, or answered when the same key came before; all of it or nothing."""
    try:
        with transaction.atomic():
            deed = Deed.objects.create(key=key, actor=actor, at=now)
            answer = deed.answer = do()
            deed.save(update_fields=["answer"])
            return answer
    except IntegrityError:
        before = Deed.objects.filter(key=key).first()
        if before is None:
            raise
        if before.actor_id != actor.pk:
            raise NotPossible(
                _("This was sent under a key that somebody else used; send it under a new one.")
            ) from None
        return {**before.answer, "again": True}


def report(stop_id: int, told: Told, *, actor: Staff, now: datetime, key: uuid.UUID, pack: RulePack) -> dict[str, Any]:
    """Notes what became of a stop; ``key`` names this telling. Answers {"conflicts": [text]}.

    Raises NotUnderstood, after which the same key may come again; or Stop.DoesNotExist.
    """
    return once(key, actor, now, lambda: {"conflicts": _report(stop_id, told, actor, now, key, pack)})


def _report(stop_id: int, told: Told, actor: Staff, now: datetime, key: uuid.UUID, pack: RulePack) -> list[str]:
    if told.outcome not in Outcome.values:
        raise NotUnderstood("outcome", _("Say what became of it: helped, not there, or come back later."))
    note = checked_text("note", told.note)
    back_on = checked_day("back_on", told.back_on, now, first=0) if told.outcome == Outcome.BACK else None
    stop = Stop.objects.select_for_update(of=("self",)).select_related("round__department").get(pk=stop_id)
    conflicts = []
    taken = told.seen is not None and told.seen != stop.version
    if taken:
        by = stop.done_by.shown_name if stop.done_by else _("somebody")
        conflicts.append(
            _("%(who)s has noted “%(outcome)s” here already. That stays; yours was added as a note.")
            % {"who": by, "outcome": stop.get_outcome_display() or _("nothing yet")}
        )
        mine = " ".join(part for part in (f"{Outcome(told.outcome).label}.", note) if part)
        stop.note = f"{stop.note}\n{actor.shown_name}: {mine}".strip()
    else:
        stop.outcome, stop.note, stop.back_on, stop.step = told.outcome, note, back_on, key
        stop.done_at, stop.done_by = now, actor
    stop.removed, stop.version = False, stop.version + 1
    stop.save()
    if stop.round.state == Round.State.PROPOSED:
        Round.objects.filter(pk=stop.round_id).update(state=Round.State.STARTED, visitor=actor, touched=True)
    conflicts += _work(stop, told, note, back_on, actor, now, key)
    conflicts += _tips(stop, told, actor, now, pack)
    if not taken:
        returning.settle(stop, actor=actor, now=now)
    if told.mood is not None:
        keeping.keep(stop.round.department, told.mood, told.line, MoodCount.Source.VISIT, now)
    return [str(each) for each in conflicts]


def _work(
    stop: Stop, told: Told, note: str, back_on: date | None, actor: Staff, now: datetime, key: uuid.UUID
) -> list[str]:
    """Does what is to be done about each ticket of the stop, and leaves a note on the others; tells of conflicts."""
    about = set(stop.items.filter(ticket__isnull=False).values_list("ticket", flat=True))
    wanted = {each.ticket: each for each in told.work if each.do}
    if strange := set(wanted) - about:
        raise NotUnderstood("work", _("Ticket %(n)s does not belong to this stop.") % {"n": min(strange)})
    said = " ".join(part for part in (_("Visited: %(what)s.") % {"what": Outcome(told.outcome).label}, note) if part)
    conflicts = []
    for pk, state in scope.tickets(actor).filter(pk__in=about).order_by("pk").values_list("pk", "state"):
        work = wanted.get(pk)
        if work is None and state not in Ticket.OPEN:
            continue  # it was over before; the note stands with the stop
        if work is None and back_on is not None:
            work = Work(pk, PLAN, back_on)
        try:
            if work is not None:
                with transaction.atomic():
                    _do(work, note, actor, now, key)
        except (ChangedMeanwhile, NotPossible) as error:
            conflicts.append(_("Ticket %(n)s: %(why)s") % {"n": pk, "why": error.message})
            wish = _("Wanted: resolve") if work and work.do != PLAN else _("Wanted: plan")
            actions.note(pk, actor=actor, now=now, text=f"{said} {wish}.")
            continue
        if work is None or work.do == PLAN:
            actions.note(pk, actor=actor, now=now, text=said)
    return conflicts


def _tips(stop: Stop, told: Told, actor: Staff, now: datetime, pack: RulePack) -> list[str]:
    """Notes that a tip was told or is not for them, as the machine's page does; tells of conflicts."""
    about = {
        item.chance_id: item.chance
        for item in stop.items.filter(chance__isnull=False).select_related("chance__endpoint__colleague")
    }
    conflicts = []
    for each in told.tips:
        chance = about.get(each.chance)
        if chance is None:
            raise NotUnderstood("tips", _("Tip %(n)s does not belong to this stop.") % {"n": each.chance})
        try:
            if each.do == ASIDE:
                offering.put_aside(actor, chance, now)
            elif each.do == TOLD:
                offering.tell(actor, chance, pack, now)
            else:
                raise NotUnderstood("tips", _("Say of a tip that it was told, or that it is not for them."))
        except NotPossible as error:
            conflicts.append(str(error.message))
    return conflicts


def _do(work: Work, note: str, actor: Staff, now: datetime, key: uuid.UUID) -> None:
    if work.do == PLAN:
        actions.plan(work.ticket, actor=actor, now=now, day=work.day, seen=work.seen, step=key)
    elif work.do in Ticket.Verdict.values:
        actions.resolve(work.ticket, actor=actor, now=now, verdict=work.do, text=note, seen=work.seen, step=key)
    else:
        raise NotUnderstood("work", _("Choose a verdict with which the ticket is resolved, or plan it."))


def take_back(stop_id: int, *, actor: Staff, now: datetime) -> None:
    """Takes back what one noted, within a minute, with what it did to tickets and promises. Notes, moods and
    what was said of tips stay.

    Raises NotPossible when it is too late, or when somebody changed it since.
    """
    with transaction.atomic():
        stop = Stop.objects.select_for_update(of=("self",)).get(pk=stop_id)
        late = stop.done_at is None or now - stop.done_at > UNDO_FOR
        if stop.step is None or stop.done_by_id != actor.pk or late:
            raise NotPossible(_("It is too late to undo this: that can be done for a minute."))
        if Undo.objects.filter(step=stop.step, actor=actor).exists():
            undoing.undo(stop.step, actor=actor, now=now)
        returning.take_back(stop)
        stop.outcome, stop.note, stop.back_on, stop.step = "", "", None, None
        stop.done_at = stop.done_by = None
        stop.version += 1
        stop.save()
