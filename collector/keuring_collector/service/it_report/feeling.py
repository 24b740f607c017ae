"""How colleagues feel and what they say, as the page about moods tells it: of groups of five and more, of months that
are over, and never so that a smaller group can be worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keuring_collector.desk import wording
from keuring_collector.fleet.models import Department
from keuring_collector.service.it_report.parts import Part, Table
from keuring_collector.service.mood import showing

if TYPE_CHECKING:
    from keuring_collector.service.it_report.around import Around
    from keuring_collector.service.mood.showing import Month, Mood

MONTHS: Final = 3
EACH_SAID: Final = 3  # of a department, whichever


def feeling(around: Around) -> Part:
    """The last months that were over at the end, by department, and what was said in the newest."""
    months = showing.months(around.span[1], most=MONTHS)
    notes = [
        _("From 1 (very bad) to 5 (very good). Fewer than five answers are not told, nor what they could be worked out "
          "from; a month is told when it is over.")
    ]  # fmt: skip
    told = [month for month in months if month.total is not None]
    if not told:
        return Part([_("Too few colleagues answered to tell of anybody.")], notes=notes)
    newest = told[-1]
    assert newest.total is not None  # noqa: S101 - asked for above
    lead = ngettext(
        "In %(month)s %(n)s colleague answered: %(mean)s on average.",
        "In %(month)s %(n)s colleagues answered: %(mean)s on average.",
        newest.total.answers,
    ) % {"month": _month(newest), "n": newest.total.answers, "mean": wording.number(newest.total.mean, 1)}
    names = dict(Department.objects.order_by("name").values_list("pk", "name"))
    rows = [[_("everybody"), *(_told(month.total) for month in months)]]
    for pk, name in names.items():
        if any(pk in month.departments for month in months):
            rows.append([name, *(_told(month.departments.get(pk)) for month in months)])
    columns = [_("department"), *(_month(month) for month in months)]
    tables = [Table(_("Mood by department"), columns, rows, numbers=list(range(1, len(columns))))]
    lines = showing.lines(newest)
    said = [[names[pk], text] for pk in sorted(lines, key=lambda pk: names[pk]) for text in lines[pk][:EACH_SAID]]
    if said:
        notes.append(_("Of what colleagues say at most three lines of a department stand here."))
        tables.append(Table(_("What colleagues say"), [_("department"), _("in their words")], said))
    return Part([lead], tables, notes)


def _told(mood: Mood | None) -> str:
    return f"{wording.number(mood.mean, 1)} ({mood.answers})" if mood else "–"


def _month(month: Month) -> str:
    return date_format(month.first, "F Y")
