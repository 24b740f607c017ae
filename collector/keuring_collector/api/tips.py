"""Tips: what they came to, and those of one machine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema

from keuring_collector.api import auth
from keuring_collector.api.bodies import Identity  # noqa: TC001 - ninja asks for it
from keuring_collector.api.problems import Problem
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing, Texts
from keuring_collector.console import pack
from keuring_collector.desk import scope
from keuring_collector.service.models import TipChance
from keuring_collector.service.tips import figures, offering, rules
from keuring_collector.service.tips.figures import LEAST
from keuring_collector.service.tips.standing import open_tips

if TYPE_CHECKING:
    from keuring_collector.rulepack import Rule, RulePack

router = Router(tags=["tips"])


class Tip(Schema):
    """A tip of the pack, over the last year. Numbers from one to four are null: they would tell about somebody."""

    name: str
    title: Texts
    offered_to_colleagues: bool
    machines: int | None
    offered: int | None
    put_aside: int | None
    went_away: int | None
    stayed: int | None
    went_away_share: float | None


class MachineTip(Schema):
    """A tip that holds on a machine and was not put aside. ``may_be_told_from`` null: it need not be told again."""

    id: int
    rule: str
    subject: str
    title: Texts
    say: Texts
    article: str
    since: date
    offered_on: date | None
    may_be_told_from: date | None


def _told(count: int) -> int | None:
    return None if 0 < count < LEAST else count


def _titles(pack_in_force: RulePack, rule: Rule) -> Texts:
    return Texts(nl=rules.headline(rule, pack_in_force, "nl"), en=rules.headline(rule, pack_in_force, "en"))


@router.get("/tips", auth=auth.READ, response={200: list[Tip], **ERRORS}, operation_id="list_tips")
def tips(request: HttpRequest) -> list[Tip]:
    """Every tip, of the machines that the token's owner may see."""
    in_force = pack.current().pack
    return [
        Tip(
            name=each.rule.name, title=_titles(in_force, each.rule),
            offered_to_colleagues=rules.is_offered(each.rule), machines=_told(each.machines),
            offered=_told(each.offered), put_aside=_told(each.aside), went_away=_told(each.gone),
            stayed=_told(each.stayed), went_away_share=each.share,
        )
        for each in figures.per_tip(auth.staff_of(request), in_force, timezone.now())
    ]  # fmt: skip


class Become(Schema):
    """What became of a tip: it was told in person, or it is not for its colleague."""

    do: Literal["told", "aside"]


@router.post(
    "/machines/{identity}/tips/{tip}", auth=auth.ACT, response={204: None, **ERRORS, 409: Problem},
    operation_id="note_tip_of_machine",
)  # fmt: skip
def note(request: HttpRequest, identity: UUID, tip: Identity, body: Become) -> Nothing:
    """Notes that a tip was told, or ends it for the machine's colleague."""
    staff, now = auth.staff_of(request), timezone.now()
    chance = TipChance.objects.filter(pk=tip, endpoint__in=scope.endpoints(staff).filter(uuid=identity))
    found = chance.select_related("endpoint__colleague").first()
    if found is None:
        raise Http404(_("There is no such tip."))
    if body.do == "told":
        offering.tell(staff, found, pack.current().pack, now)
    else:
        offering.put_aside(staff, found, now)
    return NOTHING


@router.get(
    "/machines/{identity}/tips", auth=auth.READ, response={200: list[MachineTip], **ERRORS},
    operation_id="list_tips_of_machine",
)  # fmt: skip
def of_machine(request: HttpRequest, identity: UUID) -> list[MachineTip]:
    """The open tips of a machine, what stands longest first."""
    found = scope.endpoints(auth.staff_of(request)).select_related("colleague", "department")
    endpoint = scope.machine(found, identity)
    now, in_force = timezone.now(), pack.current().pack
    return [
        MachineTip(
            id=each.chance.pk, rule=each.rule.name, subject=each.chance.subject, title=_titles(in_force, each.rule),
            say=Texts(**{code: rules.said(each.chance, each.rule, code, now) for code in ("nl", "en")}),
            article=each.rule.article, since=each.chance.since,
            offered_on=each.offer.offered_on if each.offer else None, may_be_told_from=each.free_from,
        )
        for each in open_tips(endpoint, in_force, "en", now)
    ]  # fmt: skip
