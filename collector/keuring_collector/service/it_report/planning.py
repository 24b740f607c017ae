"""What the IT department plans: written down by people, told on the same page as what Keuring saw."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from keuring_collector.desk import audit, wording
from keuring_collector.service.it_report.parts import Part, Table
from keuring_collector.service.models import PlannedChange

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.it_report.around import Around

LONGEST_TITLE: Final = 120
LONGEST_ABOUT: Final = 2000
State = PlannedChange.State


class PlanError(Exception):
    """A planned change that was not taken; ``field`` says where, ``message`` what and how to mend it."""

    def __init__(self, field: str, message: str | _StrPromise) -> None:
        super().__init__(str(message))
        self.field = field
        self.message = message


def planned(around: Around) -> Part:
    """What is planned, the nearest day first, and what was done in the period."""
    since, until = around.span
    coming = list(PlannedChange.objects.filter(state=State.PLANNED))
    done = list(PlannedChange.objects.filter(state=State.DONE, changed_at__gte=since, changed_at__lt=until))
    if not coming and not done:
        return Part([_("IT has written down no change yet.")])
    lead = [ngettext("%(n)s change is planned.", "%(n)s changes are planned.", len(coming)) % {"n": len(coming)}]
    rows = [[each.title, _when(each), str(each.get_state_display()), each.about or "–"] for each in (*coming, *done)]
    return Part(lead, [Table(_("What IT plans"), [_("change"), _("when"), _("state"), _("about")], rows)])


def _when(change: PlannedChange) -> str:
    return wording.full_day(change.when) if change.when else _("not known yet")


def write(values: dict[str, Any], *, actor: Staff, now: datetime) -> PlannedChange:
    """Writes down a change: its title, about what, and when (a day as text; empty: not known yet). PlanError."""
    title, about, when = (str(values.get(name) or "").strip() for name in ("title", "about", "when"))
    if not title or len(title) > LONGEST_TITLE:
        raise PlanError("title", gettext_lazy("Say in at most 120 characters what will change."))
    if len(about) > LONGEST_ABOUT:
        raise PlanError("about", gettext_lazy("That is longer than 2,000 characters. Write the most important."))
    try:
        day = date.fromisoformat(when) if when else None
    except ValueError:
        raise PlanError("when", gettext_lazy("Fill in a day, or leave it empty when it is not known yet.")) from None
    made = PlannedChange.objects.create(title=title, about=about, when=day, made_by=actor, changed_at=now)
    audit.record_now(actor, "change.planned", f"change/{made.pk}", {"title": title, "when": when})
    return made


def settle(change: PlannedChange, state: str, *, actor: Staff, now: datetime) -> None:
    """Says what became of a change. Raises PlanError for a state that there is not."""
    if state not in State.values:
        raise PlanError("state", gettext_lazy("Choose planned, done or not going ahead."))
    PlannedChange.objects.filter(pk=change.pk).update(state=state, changed_at=now)
    audit.record_now(actor, "change.settled", f"change/{change.pk}", {"to": state})
