"""Tips that reached colleagues in the period, and whether they helped; of fewer than five nothing is told."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from keuring_collector.desk import wording
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.it_report.around import FEWEST
from keuring_collector.service.it_report.parts import Part, Table
from keuring_collector.service.models import TipOffer
from keuring_collector.service.tips import rules

if TYPE_CHECKING:
    from keuring_collector.service.it_report.around import Around

Outcome = TipOffer.Outcome


def helping(around: Around) -> Part:
    """How many tips were offered, and of those decided in the period how many went away, by tip."""
    offers = TipOffer.objects.filter(
        endpoint__state=Endpoint.State.ACTIVE, endpoint__simulated=around.is_simulated
    ).exclude(outcome=Outcome.MISSED)
    offered: defaultdict[str, int] = defaultdict(int)
    decided: defaultdict[str, int] = defaultdict(int)
    gone: defaultdict[str, int] = defaultdict(int)
    period = (around.starts, around.ends)
    for rule in offers.filter(offered_on__gte=period[0], offered_on__lt=period[1]).values_list("rule", flat=True):
        offered[rule] += 1
    known = offers.filter(
        decided_on__gte=period[0], decided_on__lt=period[1], outcome__in=(Outcome.GONE, Outcome.STAYED)
    )
    for rule, outcome in known.values_list("rule", "outcome"):
        decided[rule] += 1
        gone[rule] += outcome == Outcome.GONE
    count, over, helped = sum(offered.values()), sum(decided.values()), sum(gone.values())
    notes = [
        _("Helped: what the tip is about went away within four weeks. Numbers under five are not told.")
    ]  # fmt: skip
    if count < FEWEST and over < FEWEST:
        return Part([_("Fewer than five tips were offered.")], notes=notes)
    lead = []
    if count >= FEWEST:
        lead.append(ngettext("%(n)s tip was offered.", "%(n)s tips were offered.", count) % {"n": count})
    if over >= FEWEST:
        lead.append(
            _("Of %(n)s of which we know what became of them, %(helped)s helped.") % {"n": over, "helped": _few(helped)}
        )
    language = (get_language() or "nl")[:2]
    told = sorted({*offered, *decided} & set(around.pack.rules), key=lambda each: (-offered[each], each))
    rows = [
        [
            rules.headline(around.pack.rules[each], around.pack, language),
            _few(offered[each]),
            f"{wording.number(100 * gone[each] / decided[each])} %" if decided[each] >= FEWEST else "–",
        ]
        for each in told
        if offered[each] >= FEWEST or decided[each] >= FEWEST
    ]
    columns = [_("tip"), _("offered"), _("helped")]
    return Part(lead, [Table(_("Tips"), columns, rows, numbers=[1, 2])] if rows else [], notes)


def _few(count: int) -> str:
    return "< 5" if 0 < count < FEWEST else wording.number(count)
