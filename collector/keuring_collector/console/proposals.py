"""Proposals of a better threshold as the scoreboard and a rule's page show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from keuring_collector.console import pack
from keuring_collector.desk import proposals, searching, texts, wording
from keuring_collector.desk.roles import Right
from keuring_collector.desk.scoreboard import FEW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.utils.safestring import SafeString

    from keuring_collector.desk.models import Backtest, Staff
    from keuring_collector.desk.scoreboard import Score
    from keuring_collector.rulepack import Rule


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of what a proposal compares: as the rule is, and as it would be."""

    name: str
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found for a rule, in words; no ``figures`` when nothing better was."""

    row: Backtest
    title: SafeString | str
    address: str
    changes: list[Mapping[str, str]]
    figures: list[Figure]

    @property
    def outcome(self) -> str:
        """What came of the search."""
        return str(self.row.found["outcome"])

    @property
    def tried(self) -> int:
        """How many versions were tried."""
        return int(self.row.found["tried"])

    @property
    def judged(self) -> int:
        """Of how many of the rule's tickets history tells whether they were right."""
        right = self.row.found["now"]["right"]
        return int(right["of"]) if right else 0


def better(staff: Staff) -> list[Proposal]:
    """The proposals that somebody may see."""
    found = [_told(row) for row in proposals.found(staff, pack.current().pack)]
    return [each for each in found if each.outcome == searching.BETTER]


def of_rule(staff: Staff, rule: Rule, score: Score | None) -> dict[str, Any]:
    """What the rule's own page says of a better threshold."""
    share = score.precision if score else None
    found = proposals.found(staff, pack.current().pack, [rule.name])
    return {
        "proposal": _told(found[0]) if found else None,
        "going_on": proposals.going_on(staff, rule.name),
        "early": score is None or score.is_early,
        "judged": share.of if share else 0,
        "few": FEW,
        "may_ask": staff.may(Right.RULES),
    }


def _told(row: Backtest) -> Proposal:
    language = (get_language() or "nl")[:2]
    rule = pack.current().pack.by_name[row.rule]
    title = texts.example(texts.in_language(rule.title, language), language)
    figures = list(_figures(row.found["now"], row.found["then"])) if "then" in row.found else []
    return Proposal(row, title, reverse("rule", args=[row.rule]), row.found.get("changes", []), figures)


def _figures(now: dict[str, Any], then: dict[str, Any]) -> Iterator[Figure]:
    yield Figure(_("Share right"), _right(now), _right(then))
    yield Figure(_("Tickets"), wording.number(now["tickets"]), wording.number(then["tickets"]))
    for name, results in (
        (_("of which right"), ("hit",)),
        (_("too early"), ("early",)),
        (_("wrong, or nothing came"), ("wrong", "nothing")),
        (_("not known"), ("acted", "undecided")),
    ):
        counts = [sum(side["results"].get(result, 0) for result in results) for side in (now, then)]
        if any(counts):
            yield Figure(name, *map(wording.number, counts))
    yield Figure(_("Missed"), wording.number(now["missed"]), wording.number(then["missed"]))
    yield Figure(_("Lead time"), _lead(now), _lead(then))


def _right(side: dict[str, Any]) -> str:
    right = side["right"]
    if right is None:
        return "–"
    return _("%(share)s (%(low)s–%(high)s %%) of %(of)s judged") % {
        "share": wording.amount(right["share"], "1"), "low": wording.number(100 * right["low"]),
        "high": wording.number(100 * right["high"]), "of": right["of"],
    }  # fmt: skip


def _lead(side: dict[str, Any]) -> str:
    return "–" if side["lead_days"] is None else wording.duration(86400 * side["lead_days"])
