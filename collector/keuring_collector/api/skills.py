"""Skills: the catalogue, what is short, who could help with a ticket, and a growth plan for whom it is for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Router, Schema

from keuring_collector.api import auth
from keuring_collector.api.schemas import ERRORS, Texts
from keuring_collector.console import fleet_counts, pack
from keuring_collector.desk import scope
from keuring_collector.service.models import Level, SkillNeed
from keuring_collector.service.skills import catalogue, growth, needs, profiles, routing

if TYPE_CHECKING:
    from keuring_collector.service.skills.catalogue import Known
    from keuring_collector.service.skills.routing import Helper as Found

router = Router(tags=["skills"])
Kind = Literal["technical", "communicative"]
State = Literal["missing", "single", "tight", "enough", "idle"]
OnHand = Literal["little", "enough", "much"]
StepState = Literal["open", "done", "dropped"]
LEVELS: Final[dict[Level, Any]] = {Level.LEARNING: "learning", Level.ALONE: "alone", Level.TEACHES: "teaches"}


class Skill(Schema):
    """A skill of the catalogue."""

    slug: str
    kind: Kind
    name: Texts
    about: Texts


class Gap(Schema):
    """One skill: what asks it, and how many people of the desk can do it or are learning it."""

    slug: str
    tickets: int
    visits: int
    can: int
    learning: int
    state: State


class CauseAsks(Schema):
    """What a cause asks: by its rules, and what is set for it beside that."""

    cause: str
    rules: list[str]
    by_rules: list[str]
    set: list[str]


class VisitAsks(Schema):
    """What a visit asks that is about this."""

    about: str
    skills: list[str]


class SkillsAsked(Schema):
    """What everything asks, skills by their slug."""

    causes: list[CauseAsks]
    visits: list[VisitAsks]


class Helper(Schema):
    """Somebody who could help. ``on_hand`` is a word."""

    name: str
    shown_name: str
    can: list[str]
    learning: list[str]
    confirmed: bool
    on_hand: OnHand


class Helpers(Schema):
    """Who could help with a ticket, by name; ``partly``: can do a part of it or is learning it."""

    needs: list[str]
    fitting: list[Helper]
    partly: list[Helper]
    nobody: list[str]


class Step(Schema):
    """One step of a growth plan."""

    skill: str
    goal: Literal["learning", "alone", "teaches"]
    how: str
    until: date | None
    state: StepState


@router.get("/skills", auth=auth.ACT_READ, response={200: list[Skill], **ERRORS}, operation_id="list_skills")
def skills(request: HttpRequest) -> list[Skill]:
    """The catalogue: what ships, and the desk's own."""
    del request
    return [_skill(each) for each in catalogue.everything(pack.current().pack).values()]


def _skill(known: Known) -> Skill:
    (nl, en), (about_nl, about_en) = known.names, known.abouts
    return Skill(
        slug=known.slug, kind=cast("Kind", known.kind), name=Texts(nl=nl or en, en=en or nl),
        about=Texts(nl=about_nl or about_en, en=about_en or about_nl),
    )  # fmt: skip


@router.get("/skills/short", auth=auth.ACT_READ, response={200: list[Gap], **ERRORS}, operation_id="list_skill_gaps")
def short(request: HttpRequest) -> list[Gap]:
    """Skills in demand over six months against skills present, what is short first; without names."""
    return [
        Gap(
            slug=gap.skill.slug, tickets=gap.tickets, visits=gap.visits, can=len(gap.can),
            learning=len(gap.learning), state=cast("State", gap.state),
        )
        for gap in fleet_counts.gaps(auth.staff_of(request), timezone.now())[0]
    ]  # fmt: skip


@router.get(
    "/tickets/{number}/helpers", auth=auth.ACT_READ, response={200: Helpers, **ERRORS}, operation_id="get_helpers"
)
def helpers(request: HttpRequest, number: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Helpers:
    """Who could help with a ticket: a suggestion, in the order of names."""
    found = scope.tickets(auth.staff_of(request)).select_related("endpoint").prefetch_related("lines")
    ticket = found.filter(pk=number).first()
    if ticket is None:
        raise Http404(_("There is no such ticket, or it belongs to a department that you do not see."))
    told = routing.suggest([ticket], pack.current().pack, timezone.now())
    return Helpers(
        needs=_slugs(told.needs),
        fitting=[_helper(each) for each in told.fitting],
        partly=[_helper(each) for each in told.partly],
        nobody=_slugs(told.nobody),
    )


def _slugs(found: tuple[Known, ...]) -> list[str]:
    return [each.slug for each in found]


def _helper(found: Found) -> Helper:
    return Helper(
        name=found.person.get_username(), shown_name=found.person.shown_name, can=_slugs(found.can),
        learning=_slugs(found.learning), confirmed=found.confirmed, on_hand=cast("OnHand", found.load.word),
    )  # fmt: skip


@router.get("/growth/{login}", auth=auth.ACT_READ, response={200: list[Step], **ERRORS}, operation_id="get_growth_plan")
def plan(request: HttpRequest, login: str) -> list[Step]:
    """The growth plan of somebody at the desk; for whom it is of and their team lead. For others it is not there."""
    viewer = auth.staff_of(request)
    person = next((each for each in profiles.team() if each.get_username() == login), None)
    if person is None or not growth.may_see(viewer, person):
        raise Http404(_("There is no such growth plan, or it is not for you."))
    return [
        Step(
            skill=each.skill,
            goal=LEVELS[Level(each.goal)],
            how=each.how,
            until=each.until,
            state=cast("StepState", each.state),
        )
        for each in growth.plan(viewer, person)
    ]


@router.get(
    "/skills/asked", auth=auth.ACT_READ, response={200: SkillsAsked, **ERRORS}, operation_id="list_skills_asked"
)
def asked(request: HttpRequest) -> SkillsAsked:  # noqa: ARG001 - ninja's
    """Which skills each cause and each visit ask."""
    rules = pack.current().pack
    asking, by_cause = needs.Needs(rules), dict[str, list[str]]()
    for rule in rules.rules.values():
        by_cause.setdefault(rule.cause, []).append(rule.name)
    causes = [
        CauseAsks(
            cause=cause, rules=sorted(by_cause.get(cause, ())), by_rules=sorted(asking.by_rules(cause)),
            set=list(asking.set_for(SkillNeed.Kind.CAUSE, cause)),
        )
        for cause in asking.causes
    ]  # fmt: skip
    return SkillsAsked(
        causes=causes, visits=[VisitAsks(about=each, skills=list(asking.of_visit(each))) for each in needs.VISITS]
    )
