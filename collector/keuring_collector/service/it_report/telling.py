"""What was announced in the period, and whether the desk kept what it promised."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Q
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from keuring_collector.desk import wording
from keuring_collector.service.announcing import audience, letters, timing
from keuring_collector.service.it_report.parts import Part, Table
from keuring_collector.service.models import Announcement, Promise, Said

if TYPE_CHECKING:
    from keuring_collector.service.it_report.around import Around

MOST: Final = 30
State = Promise.State


def telling(around: Around) -> Part:
    """Announcements that were published or whose day fell in the period, and promises that fell due in it."""
    since, until = around.span
    last = around.ends - timedelta(days=1)
    day = Q(when=Said.When.DATE, starts_on__range=(around.starts, last)) | Q(
        when=Said.When.PERIOD, starts_on__lte=last, ends_on__gte=around.starts
    )
    published = Q(published_at__gte=since, published_at__lt=until)
    found = list(
        Announcement.objects.filter(day | published, published_at__lt=until)
        .exclude(state=Announcement.State.DRAFT)
        .order_by("published_at", "pk")
    )
    new = sum(1 for each in found if each.published_at and each.published_at >= since)
    lead = [ngettext("%(n)s announcement was made.", "%(n)s announcements were made.", new) % {"n": new}]
    tables, notes = [], []
    if found:
        columns = [_("announcement"), _("when"), _("for whom"), _("state")]
        tables.append(Table(_("Announcements"), columns, [_row(each, around) for each in found[:MOST]]))
    if counts := _promises(around):
        kept, due = counts[State.KEPT], counts[State.KEPT] + counts[State.BROKEN] + counts[State.OPEN]
        lead.append(
            _("Promises that fell due: %(due)s, kept: %(kept)s.") % {"due": due, "kept": kept}
            if due
            else _("No promise fell due.")
        )
        columns = [_("promises"), _("number")]
        rows = [
            [_("kept"), str(kept)],
            [_("not kept"), str(counts[State.BROKEN])],
            [_("nobody said"), str(counts[State.OPEN])],
            [_("withdrawn before"), str(counts[State.WITHDRAWN])],
        ]
        if due:
            rows.append([_("share kept"), f"{wording.number(100 * kept / due)} %"])
        tables.append(Table(_("Promises"), columns, rows, numbers=[1]))
        notes.append(_("What nobody said anything about counts as not kept."))
    else:
        lead.append(_("No promise fell due."))
    return Part(lead, tables, notes)


def _row(each: Announcement, around: Around) -> list[str]:
    title = each.text("title", letters.language_of(each, (get_language() or "nl")[:2]))
    meant = "; ".join(audience.in_words(audience.kept(each.audience)))
    return [title, timing.in_words(each, around.now), meant, str(each.get_state_display())]


def _promises(around: Around) -> dict[str, int]:
    """{state: how many promises fell due in the period}; nothing when none did."""
    rows = Promise.objects.filter(due_on__gte=around.starts, due_on__lt=around.ends).order_by()
    states = list(rows.values_list("state", flat=True))
    return {state: states.count(state) for state in State.values} if states else {}
