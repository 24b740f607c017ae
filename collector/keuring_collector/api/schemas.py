"""Pieces that several answers share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from ninja import Schema
from ninja.operation import Operation
from ninja.responses import Status

from keuring_collector.api.problems import Problem

if TYPE_CHECKING:
    from keuring_collector.fleet.models import Endpoint


def _share_answers() -> None:
    """Lets ninja make one model of each kind of answer, not one for each operation and status.

    They were 1,121, nearly all of them alike for ``Problem``, where 76 do: a third of what it takes to load the API.
    """
    make = Operation._create_response_model  # noqa: SLF001 - ninja has no other place to say it

    @cache
    def made(answer: Any) -> Any:
        return make(None, answer)  # type: ignore[arg-type]  # it looks at nothing of the operation

    def shared(_operation: Operation, answer: Any) -> Any:
        return made(answer)

    Operation._create_response_model = shared  # type: ignore[method-assign,assignment]  # noqa: SLF001


_share_answers()
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
