"""What is ill in common: per model of machine, and per version of a program, beside the rest of the fleet."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, cast

from django.http import HttpRequest  # noqa: TC002 - ninja reads it
from ninja import Query, Router, Schema

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL
from keuring_collector.api.schemas import ERRORS
from keuring_collector.console.views import ills

if TYPE_CHECKING:
    from keuring_collector.desk.illness import Comparison as Compared

router = Router(tags=["in common"])
Name = Annotated[str, Query(min_length=1, max_length=256, pattern=NO_NUL)]


Verdict = Literal["more", "less", "unclear", "few"]


class Comparison(Schema):
    """How many machines have something, and how many of all others; shares from 0 to 1 with their 95 % interval.
    ``few``: too few of them to say.
    """

    count: int
    of: int
    share: float
    low: float
    high: float
    others_count: int
    others_of: int
    others_share: float
    verdict: Verdict


class ModelRow(Schema):
    """A model: ``ill``: its machines with a ticket lately; ``causes``: those that they have more often than others."""

    name: str
    machines: int
    ill: Comparison
    causes: list[str]


class Models(Schema):
    """The models with five machines and more, at most two hundred; ``small``: how many models have fewer;
    ``counted_at`` null: just now.
    """

    counted_at: datetime | None
    models: list[ModelRow]
    small: int
    left_out: int


class IllCause(Schema):
    """A cause within a model: its open tickets, and its machines that have it beside all other machines."""

    cause: str
    open_tickets: int
    machines: Comparison


class Model(Schema):
    """One model. ``too_few``: of so few machines nothing can be said."""

    counted_at: datetime | None
    name: str
    machines: int
    others: int
    too_few: bool
    causes: list[IllCause]


class Program(Schema):
    """A program that crashed or hung in the last ninety days, and on how many machines."""

    name: str
    machines_hit: int
    crashes: int
    hangs: int


class Programs(Schema):
    """The programs that crashed or hung, at most two hundred; ``machines``: how many there are in all."""

    counted_at: datetime | None
    machines: int
    programs: list[Program]
    left_out: int


class ProgramVersion(Schema):
    """A version of a program; ``ill``: its machines on which it crashed or hung beside those of the other versions."""

    version: str
    machines: int
    machines_hit: int
    crashes: int
    hangs: int
    tickets: int
    ill: Comparison | None


class Software(Schema):
    """One program with its versions."""

    counted_at: datetime | None
    name: str
    machines: int
    machines_hit: int
    versions: list[ProgramVersion]


def _compared(found: Compared) -> Comparison:
    low, high = found.ours.interval
    return Comparison(
        count=found.ours.count, of=found.ours.of, share=found.ours.value, low=low, high=high,
        others_count=found.others.count, others_of=found.others.of, others_share=found.others.value,
        verdict=cast("Verdict", found.verdict),
    )  # fmt: skip


@router.get("/models", auth=auth.READ, response={200: Models, **ERRORS}, operation_id="list_models")
def models(request: HttpRequest) -> Models:
    """The models, those that stand out first."""
    told = ills.of_models(auth.staff_of(request))
    rows = [
        ModelRow(name=row.name, machines=row.machines, ill=_compared(row.ill), causes=row.causes)
        for row in told["rows"]
    ]
    return Models(counted_at=told["counted_at"], models=rows, small=told["small"], left_out=told["left_out"])


@router.get("/models/one", auth=auth.READ, response={200: Model, **ERRORS}, operation_id="get_model")
def model(request: HttpRequest, name: Name) -> Model:
    """One model, with what its machines have, by cause."""
    told = ills.of_model(auth.staff_of(request), name)
    causes = [
        IllCause(cause=row.cause, open_tickets=row.open_tickets, machines=_compared(row.comparison))
        for row in told["rows"]
    ]
    same = {each: told[each] for each in ("counted_at", "name", "machines", "others", "too_few")}
    return Model(**same, causes=causes)


@router.get("/software", auth=auth.READ, response={200: Programs, **ERRORS}, operation_id="list_programs")
def programs(request: HttpRequest) -> Programs:
    """The programs that crashed or hung, those of most machines first."""
    told = ills.of_software(auth.staff_of(request))
    rows = [Program(name=row.name, machines_hit=row.hit, crashes=row.crashes, hangs=row.hangs) for row in told["rows"]]
    return Programs(counted_at=told["counted_at"], machines=told["everybody"], programs=rows, left_out=told["left_out"])


@router.get("/software/one", auth=auth.READ, response={200: Software, **ERRORS}, operation_id="get_program")
def program(request: HttpRequest, name: Name) -> Software:
    """One program, version by version."""
    told = ills.of_program(auth.staff_of(request), name)
    versions = [
        ProgramVersion(
            version=row.name, machines=row.machines, machines_hit=row.hit, crashes=row.crashes, hangs=row.hangs,
            tickets=row.tickets, ill=_compared(row.comparison) if row.comparison else None,
        )
        for row in told["rows"]
    ]  # fmt: skip
    return Software(
        counted_at=told["counted_at"], name=name, machines=told["machines"], machines_hit=told["hit"], versions=versions
    )
