"""What can be done to a ticket from its page: which form fields each action reads, and what it says when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.console.typed import number, read_day
from keuring_collector.desk import actions, files, links, merging, notices, scope
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.service.models import MoodCount
from keuring_collector.service.mood import keeping

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from django.http import HttpRequest
    from django.utils.functional import _StrPromise


MOODS: Final = (
    (1, _("very bad")), (2, _("bad")), (3, _("so-so")), (4, _("good")),
    (5, _("very good")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """An action as it was asked for: by whom, when, on which ticket as it was seen, with which form."""

    request: HttpRequest
    ticket: int
    actor: Staff
    now: datetime
    seen: str | None
    step: uuid.UUID

    def text(self, name: str) -> str:
        """A field of the form; empty when it is missing."""
        return self.request.POST.get(name, "")

    def number(self, name: str) -> int | None:
        """A field that names a row; None when it is none."""
        return number(self.text(name))

    @property
    def who(self) -> dict[str, Any]:
        """What every action takes."""
        return {"actor": self.actor, "now": self.now}

    @property
    def guarded(self) -> dict[str, Any]:
        """What every action takes that is refused when the ticket moved on, and that can be undone."""
        return {**self.who, "seen": self.seen, "step": self.step}


@dataclass(frozen=True, slots=True)
class Deed:
    """One action; ``undoable`` says whether it can be taken back for a minute.

    ``beware``: what whoever did it should know besides; empty when nothing.
    """

    do: Callable[[Call], object]
    done: _StrPromise
    undoable: bool = True
    beware: Callable[[Call], str] = lambda _call: ""


def somebody(number: int | None) -> Staff | None:
    """The member of staff that a form names."""
    return None if number is None else Staff.objects.filter(pk=number, is_active=True).first()


def _upload(call: Call) -> files.Upload | None:
    found = call.request.FILES.get("file")
    if found is None or isinstance(found, list):
        return None
    # One byte more than may be kept is enough to know that it is too large.
    return files.Upload(found.name or "", found.read(files.LARGEST + 1))


def _resolve(call: Call) -> None:
    """Resolves, and counts how the colleague felt when that was asked. The mood cannot be undone: it is nobody's."""
    with transaction.atomic():
        done = actions.resolve(call.ticket, verdict=call.text("verdict"), text=call.text("text"), **call.guarded)
        department, mood = done.endpoint.department, call.text("mood")
        if mood and department is not None:
            keeping.keep(
                department, call.number("mood") or 0, call.text("mood_line"), MoodCount.Source.TICKET, call.now
            )


def _not_told(call: Call) -> str:
    ticket = Ticket.objects.get(pk=call.ticket)
    return notices.not_told(call.text("text"), lambda person: scope.sees(person, ticket))


DEEDS: Final[Mapping[str, Deed]] = {
    "take": Deed(lambda c: actions.take(c.ticket, **c.guarded), _("This ticket is yours now.")),
    "assign": Deed(
        lambda c: actions.assign(c.ticket, to=somebody(c.number("to")), **c.guarded), _("Given. They have been told.")
    ),
    "release": Deed(lambda c: actions.release(c.ticket, **c.guarded), _("This ticket is nobody's now.")),
    "plan": Deed(lambda c: actions.plan(c.ticket, day=read_day(c.text("day")), **c.guarded), _("Planned.")),
    "snooze": Deed(
        lambda c: actions.snooze(c.ticket, until=read_day(c.text("until")), **c.guarded),
        _("Snoozed. It comes back on that day, or sooner if it becomes more urgent."),
    ),
    "snooze-line": Deed(
        lambda c: actions.snooze_line(
            c.ticket, line=c.number("line") or 0, until=read_day(c.text("until")), **c.guarded
        ),
        _("This finding is snoozed; the others go on."),
    ),
    "wake-line": Deed(
        lambda c: actions.wake_line(c.ticket, line=c.number("line") or 0, **c.guarded), _("This finding counts again.")
    ),
    "resolve": Deed(
        _resolve,
        _("Resolved. Thank you: your verdict makes the rules better."),
    ),
    "dismiss": Deed(
        lambda c: actions.dismiss(c.ticket, verdict=c.text("verdict"), reason=c.text("reason"), **c.guarded),
        _("Dismissed. It comes back only if it becomes more urgent."),
    ),
    "judge": Deed(
        lambda c: actions.judge(c.ticket, verdict=c.text("verdict"), **c.guarded),
        _("Judged. The scoreboard counts with it from now on."),
    ),
    "note": Deed(
        lambda c: actions.note(c.ticket, text=c.text("text"), step=c.step, **c.who),
        _("Note added."),
        undoable=False,
        beware=_not_told,
    ),
    "merge": Deed(
        lambda c: merging.merge(c.ticket, into=c.number("into"), seen=c.seen, **c.who),
        _("Merged. What this ticket found goes on in the other."),
        undoable=False,
    ),
    "attach": Deed(lambda c: files.attach(c.ticket, upload=_upload(c), **c.who), _("File added."), undoable=False),
    "remove-file": Deed(
        lambda c: files.remove(c.ticket, attachment=c.number("file") or 0, **c.who), _("File removed."), undoable=False
    ),
    "link": Deed(
        lambda c: links.link(c.ticket, number=c.text("number"), url=c.text("url"), **c.who),
        _("Linked."),
        undoable=False,
    ),
    "unlink": Deed(
        lambda c: links.unlink(c.ticket, link=c.number("link") or 0, **c.who), _("Link removed."), undoable=False
    ),
}
