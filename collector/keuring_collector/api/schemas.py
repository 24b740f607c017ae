"""Pieces that several answers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from ninja import Schema
from ninja.responses import Status

from keuring_collector.api.problems import Problem

if TYPE_CHECKING:
    from keuring_collector.fleet.models import Endpoint

# What any operation may answer beside what it is for.
ERRORS: Final = dict.fromkeys((400, 401, 403, 404, 422, 429, 503), Problem)
# What an operation answers that has nothing to tell but that it is done.
Nothing: TypeAlias = Status[None]
NOTHING: Final = Status(204, None)


class Texts(Schema):
    """The same in both languages."""

    nl: str
    en: str


class DepartmentRef(Schema):
    """A department, in short."""

    id: int
    name: str


class MachineRef(Schema):
    """A machine, in short."""

    id: UUID
    name: str
    colleague: str
    department: DepartmentRef | None
    simulated: bool


def machine_ref(endpoint: Endpoint) -> MachineRef:
    """A machine, in short; its colleague and department must be fetched already."""
    department = endpoint.department
    return MachineRef(
        id=endpoint.uuid,
        name=endpoint.host_name,
        colleague=endpoint.colleague.name if endpoint.colleague else "",
        department=DepartmentRef(id=department.pk, name=department.name) if department else None,
        simulated=endpoint.simulated,
    )
