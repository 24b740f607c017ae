"""Objections of colleagues, and their answers.

From the moment of the objection no finding of the machine becomes a ticket and the machine is not inspected, so nobody
is sent to its colleague: the judging rests until the privacy officer has weighed it (GDPR, articles 18 and 21), and so
do the tickets that are open. Upheld, it goes on resting; refused, it ends, and the answer says why.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from keuring_collector.desk import audit, wording
from keuring_collector.desk.models import Outgoing, Quiet, Ticket
from keuring_collector.desk.quiet import LONGEST
from keuring_collector.service.models import Objection
from keuring_collector.service.workplace import resting

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.service.workplace.whose import Whose

LONGEST_TEXT: Final = 2000
State = Objection.State


class ObjectionError(Exception):
    """An objection or an answer that was not taken; the message says why."""

    def __init__(self, message: str | _StrPromise) -> None:
        super().__init__(str(message))


def term(day: date) -> date:
    """A month later (article 12(3)); the last day of the month where that day is not in it."""
    year, month = divmod(day.year * 12 + day.month, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def make(whose: Whose, endpoint: Endpoint, reason: str, now: datetime) -> Objection:
    """Writes an objection down, and lets the judging of the machine rest. Raises ObjectionError."""
    reason = reason.strip()
    if len(reason) > LONGEST_TEXT:
        raise ObjectionError(gettext_lazy("That is longer than 2,000 characters. Write the most important."))
    with transaction.atomic():
        if standing(endpoint) is not None:
            raise ObjectionError(gettext_lazy("There is an objection for this machine already."))
        quiet = _rest(endpoint, now)
        made = Objection.objects.create(
            endpoint=endpoint, colleague=whose.colleague or endpoint.colleague, made_at=now,
            answer_by=term(timezone.localtime(now).date()), reason=reason, quiet=quiet,
        )  # fmt: skip
        resting.rest(endpoint, now)
        audit.record_now(None, "objection.made", audit.machine(endpoint), {"objection": made.pk})
    return made


def standing(endpoint: Endpoint) -> Objection | None:
    """The objection that keeps a machine from being judged, if there is one."""
    found = endpoint.objections.filter(state__in=(State.OPEN, State.UPHELD)).order_by("-made_at")
    return found.first()


def answer(objection: Objection, *, uphold: bool, text: str, actor: Staff, now: datetime) -> None:
    """Answers an objection, for good, and mails the colleague where one is known. Raises ObjectionError."""
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise ObjectionError(
            gettext_lazy("Write to the colleague what was decided and why, in at most 2,000 characters.")
        )
    state = State.UPHELD if uphold else State.REFUSED
    with transaction.atomic():
        changed = Objection.objects.filter(pk=objection.pk, state=State.OPEN).update(
            state=state, answer=text, answered_at=now, answered_by=actor
        )
        if not changed:
            raise ObjectionError(gettext_lazy("Somebody answered this objection already."))
        if uphold:
            count = resting.close(objection.endpoint, _upheld(), actor, now)
        else:
            count = resting.go_on(objection.endpoint, actor, now)
            Quiet.objects.filter(pk=objection.quiet_id or 0, ends_at__gt=now).update(ends_at=now, ended_by=actor)
        audit.record_now(
            actor, "objection.answered", audit.machine(objection.endpoint), {"objection": objection.pk, "to": state}
        )
        _mail(objection, state, text, count, now)


def keep_resting(now: datetime) -> int:
    """Renews the rest of machines whose objection stands, before it would end by itself; how many.

    A ticket that was opened before the objection was known to whoever wrote it comes to rest here.
    """
    standing_ones = Objection.objects.filter(state__in=(State.OPEN, State.UPHELD))
    for each in standing_ones.filter(endpoint__tickets__state__in=Ticket.OPEN).select_related("endpoint").distinct():
        if each.state == State.OPEN:
            resting.rest(each.endpoint, now)
        else:
            resting.close(each.endpoint, _upheld(), None, now)
    ending = Quiet.objects.filter(pk__in=standing_ones.values("quiet"), ends_at__lt=now + LONGEST / 2)
    return int(ending.update(ends_at=now + LONGEST))


def _upheld() -> str:
    return _("The objection of the colleague was upheld.")


def _rest(endpoint: Endpoint, now: datetime) -> Quiet:
    return Quiet.objects.create(
        kind=Quiet.Kind.OBJECTION, reason=_("Objection of the colleague; the privacy officer knows more."),
        endpoint=endpoint, starts_at=now, ends_at=now + LONGEST, made_at=now, made_by=None,
    )  # fmt: skip


def _mail(objection: Objection, state: str, text: str, count: int, now: datetime) -> None:
    colleague = objection.colleague
    if colleague is None:
        return
    with override(colleague.language):
        subject = _("The answer to your objection of %(day)s") % {"day": wording.day(objection.made_at, now)}
        body = "\n\n".join((
            _("Hello %(name)s,") % {"name": colleague.name.split(maxsplit=1)[0]},
            _("Your objection about %(machine)s is %(state)s.")
            % {"machine": objection.endpoint.host_name, "state": State(state).label},
            text,
            *([_of_tickets(state, count)] if count else []),
        ))  # fmt: skip
    Outgoing.objects.create(step=None, ticket=None, ready_at=now, to=colleague.mail, subject=subject[:200], body=body)


def _of_tickets(state: str, count: int) -> str:
    if state == State.UPHELD:
        return ngettext(
            "The ticket about it that rested is closed.", "The %(n)d tickets about it that rested are closed.", count
        ) % {"n": count}
    return ngettext(
        "The ticket about it that rested goes on.", "The %(n)d tickets about it that rested go on.", count
    ) % {"n": count}
