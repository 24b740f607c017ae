"""What tips came to, in numbers: per tip how often it was offered, put aside, and went away afterwards.

Numbers of groups: under five nothing is told of them (``few``), and a share only of five or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from keuring_collector.desk import scope
from keuring_collector.desk.prepared import prepared
from keuring_collector.service.models import ArticleHelp, TipChance, TipOffer
from keuring_collector.service.tips import rules
from keuring_collector.service.tips.chances import FRESH, holding

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import Rule, RulePack

LEAST: Final = 5
DAYS: Final = 365
Outcome = TipOffer.Outcome


@dataclass(frozen=True, slots=True)
class Figures:
    """One tip. ``machines``: where it holds now; the others over the last year, of what reached a machine or person.

    ``read_yes`` and ``read_no``: what readers said of its article.
    """

    rule: Rule
    machines: int
    offered: int = 0
    aside: int = 0
    gone: int = 0
    stayed: int = 0
    read_yes: int = 0
    read_no: int = 0

    @property
    def decided(self) -> int:
        """Of how many it is known whether it went away."""
        return self.gone + self.stayed

    @property
    def share(self) -> float | None:
        """The share that went away within four weeks; None under five."""
        return self.gone / self.decided if self.decided >= LEAST else None

    @property
    def is_read(self) -> bool:
        """Whether enough readers said of its article whether it helped."""
        return self.read_yes + self.read_no >= LEAST

    @property
    def aside_share(self) -> float | None:
        """The share that was put aside; None under five."""
        return self.aside / self.offered if self.offered >= LEAST else None


@dataclass(frozen=True, slots=True)
class Month:
    """One month of all tips together."""

    first: date
    offered: int
    aside: int
    gone: int


def _counts() -> dict[str, Count]:
    return {
        "offered": Count("pk"),
        "aside": Count("pk", filter=Q(outcome=Outcome.ASIDE)),
        "gone": Count("pk", filter=Q(outcome=Outcome.GONE)),
        "stayed": Count("pk", filter=Q(outcome=Outcome.STAYED)),
    }


def per_tip(viewer: Staff, pack: RulePack, now: datetime) -> list[Figures]:
    """Each tip of the pack, within what ``viewer`` may see: where it holds most first."""
    today, departments = timezone.localtime(now).date(), viewer.department_ids
    machines = dict(_holding(departments, today - FRESH))
    counted = {row.pop("rule"): row for row in _offered(departments, today - timedelta(days=DAYS))}
    known = rules.tips(pack)
    helped = {each.slug: each for each in _helped({each.article for each in known.values()})}
    found = []
    for pk, rule in known.items():
        article = helped.get(rule.article)
        found.append(
            Figures(
                rule, machines.get(pk, 0), **counted.get(pk, {}),
                read_yes=article.yes if article else 0, read_no=article.no if article else 0,
            )
        )  # fmt: skip
    return sorted(found, key=lambda each: (-each.machines, each.rule.name))


@prepared
def _holding(departments: Any, since: Any) -> QuerySet[TipChance, tuple[str, int]]:
    found = (
        scope.about_machines(TipChance.objects.filter(holding(since)), scope.Reach(departments))
        .order_by()
        .values("rule")
    )
    return found.annotate(n=Count("endpoint", distinct=True)).values_list("rule", "n")


@prepared
def _offered(departments: Any, since: Any) -> QuerySet[TipOffer, Any]:
    found = scope.about_machines(TipOffer.objects.filter(offered_on__gt=since), scope.Reach(departments)).exclude(
        outcome=Outcome.MISSED
    )
    return found.order_by().values("rule").annotate(**_counts())


@prepared
def _helped(articles: Any) -> QuerySet[ArticleHelp]:
    return ArticleHelp.objects.filter(slug__in=articles)


def per_month(viewer: Staff, now: datetime) -> list[Month]:
    """The months of the last year in which a tip was offered, the newest first."""
    rows = _monthly(viewer.department_ids, timezone.localtime(now).date() - timedelta(days=DAYS))
    found = [Month(row["first"], row["offered"], row["aside"], row["gone"]) for row in rows]
    return sorted(found, key=lambda each: each.first, reverse=True)


@prepared
def _monthly(departments: Any, since: Any) -> QuerySet[TipOffer, Any]:
    found = scope.about_machines(TipOffer.objects.filter(offered_on__gt=since), scope.Reach(departments)).exclude(
        outcome=Outcome.MISSED
    )
    return found.order_by().annotate(first=TruncMonth("offered_on")).values("first").annotate(**_counts())
