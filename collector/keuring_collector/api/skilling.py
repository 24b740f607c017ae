"""What is changed about skills: the catalogue, what causes and visits ask, what people say, and growth plans."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import Problem
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing, Texts
from keuring_collector.api.skills import LEVELS, Kind, StepState
from keuring_collector.api.skills import router as skills  # what it reads lies at the same addresses
from keuring_collector.console import pack
from keuring_collector.service.models import SkillNeed
from keuring_collector.service.skills import catalogue, growth, needs, profiles

if TYPE_CHECKING:
    from keuring_collector.desk.models import Staff

REFUSED = {**ERRORS, 409: Problem}
Slug = Annotated[str, Field(max_length=60, pattern=NO_NUL)]
Word = Literal["learning", "alone", "teaches"]
_LEVELS = {word: level for level, word in LEVELS.items()}


class NewSkill(Schema):
    """A skill of the desk's own; with ``slug`` one that is there is worded anew."""

    kind: Kind
    name: Texts
    about: Texts = Texts(nl="", en="")
    slug: Slug = ""


class Asks(Schema):
    """What a cause or a visit asks: skills by their slug; none: what the rules say."""

    kind: Literal["cause", "visit"]
    value: Slug
    skills: list[Slug] = Field(max_length=50)


class Says(Schema):
    """What the token's owner can do; a skill with null is taken away."""

    levels: dict[Slug, Word | None] = Field(max_length=500)


class Confirm(Schema):
    """A skill of somebody, as they say it."""

    skill: Slug


class NewStep(Schema):
    """A step of a growth plan."""

    skill: Slug
    goal: Word
    how: Annotated[str, Field(max_length=1000, pattern=NO_NUL)] = ""
    until: date | None = None


class Turn(Schema):
    """What became of a step."""

    state: StepState


class StepMade(Schema):
    """What was made."""

    id: int


@skills.post("/skills", auth=auth.STAFF, response={204: None, **REFUSED}, operation_id="put_skill")
def put(request: HttpRequest, body: NewSkill) -> Nothing:
    """Adds a skill to the catalogue, or words one anew."""
    names, abouts = (body.name.nl, body.name.en), (body.about.nl, body.about.en)
    catalogue.put(auth.staff_of(request), body.kind, names, abouts, body.slug)
    return NOTHING


@skills.post("/skills/asked", auth=auth.STAFF, response={204: None, **REFUSED}, operation_id="set_skills_asked")
def ask(request: HttpRequest, body: Asks) -> Nothing:
    """Sets what a cause or a visit asks."""
    kind = SkillNeed.Kind.CAUSE if body.kind == "cause" else SkillNeed.Kind.VISIT
    needs.put(auth.staff_of(request), kind, body.value, body.skills, pack.current().pack)
    return NOTHING


@skills.post("/skills/said", auth=auth.ACT, response={204: None, **REFUSED}, operation_id="say_skills")
def say(request: HttpRequest, body: Says) -> Nothing:
    """Writes down what the token's owner can do."""
    levels = {slug: int(_LEVELS[word]) if word else 0 for slug, word in body.levels.items()}
    profiles.say(auth.staff_of(request), levels, pack.current().pack, timezone.now())
    return NOTHING


def _person(login: str) -> Staff:
    found = next((each for each in profiles.team() if each.get_username() == login), None)
    if found is None:
        raise Http404("Nobody of that name works on tickets.")
    return found


@skills.post(
    "/skills/of/{login}/confirm", auth=auth.TEAM, response={204: None, **REFUSED}, operation_id="confirm_skill"
)
def confirm(request: HttpRequest, login: str, body: Confirm) -> Nothing:
    """Agrees, as a team lead, with what somebody says."""
    profiles.confirm(auth.staff_of(request), _person(login), body.skill, timezone.now())
    return NOTHING


def _planned(request: HttpRequest, login: str) -> Staff:
    found = _person(login)
    if not growth.may_see(auth.staff_of(request), found):
        raise Http404("There is no such growth plan, or it is not for you.")
    return found


@skills.post("/growth/{login}", auth=auth.ACT, response={200: StepMade, **REFUSED}, operation_id="add_growth_step")
def add(request: HttpRequest, login: str, body: NewStep) -> StepMade:
    """Adds a step; for whom the plan is of and their team lead."""
    made = growth.add(
        auth.staff_of(request), _planned(request, login), skill=body.skill, goal=int(_LEVELS[body.goal]), how=body.how,
        until=body.until, pack=pack.current().pack, now=timezone.now(),
    )  # fmt: skip
    return StepMade(id=made.pk)


@skills.post("/growth/{login}/{step}", auth=auth.ACT, response={204: None, **REFUSED}, operation_id="turn_growth_step")
def turn(request: HttpRequest, login: str, step: Identity, body: Turn) -> Nothing:
    """Says what became of a step."""
    growth.turn(auth.staff_of(request), _planned(request, login), step, body.state, timezone.now())
    return NOTHING
