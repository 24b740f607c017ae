"""Which of Django's tables hold something about a machine or its colleague, and their rows as plain values.

Found by following the tables' own references, so that a table that is added later is exported without anybody thinking
of it. What is left out says why.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db.models import ForeignKey, Q, QuerySet

from keuring_collector.desk.models import Staff
from keuring_collector.fleet.models import Colleague, Department, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import Field, Model

    from keuring_collector.service.workplace.whose import Whose

APPS: Final = ("fleet", "desk", "service")
DEEPEST: Final = 3  # references from a table to the machine
# {table: why it is not about anybody, although a reference leads to a machine}
LEFT_OUT: Final[Mapping[str, str]] = {
    "service_article": "an article made from a ticket was stripped of anything about a machine or a colleague",
    "service_articleversion": "the same",
    "service_articlelink": "the same",
    "service_articlepicture": "the same",
    "service_entrylink": "a link that is still to be used opens the page; it is gone within two hours",
}
# {table: fields that are somebody else's or a secret}
WITHOUT: Final[Mapping[str, frozenset[str]]] = {
    "desk_outgoing": frozenset({"to"}),  # the mail address of somebody at the desk
    "fleet_certificate": frozenset({"request_hash", "token"}),
}


def about() -> dict[type[Model], list[str]]:
    """{table: the ways from a row of it to a machine or a colleague}, of all tables that have one."""
    found = {}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if name(model) in LEFT_OUT:
                continue
            if ways := [] if model is Staff else list(_ways(model, DEEPEST, (model,))):
                found[model] = ways
    return found


def name(model: type[Model]) -> str:
    """What a table is called in the database."""
    return model._meta.db_table  # noqa: SLF001 - Django's public way to what a model is


def _fields(model: type[Model]) -> list[Any]:
    return list(model._meta.concrete_fields)  # noqa: SLF001


def _ways(model: type[Model], depth: int, passed: tuple[type[Model], ...]) -> Iterator[str]:
    if model in (Endpoint, Colleague):
        yield "pk"
        return
    if depth == 0:
        return
    for field in _fields(model):
        target = field.related_model
        if isinstance(field, ForeignKey) and isinstance(target, type) and target not in (*passed, Staff, Department):
            for way in _ways(target, depth - 1, (*passed, target)):
                yield field.name if way == "pk" else f"{field.name}__{way}"


def rows(model: type[Model], whose: Whose) -> list[dict[str, Any]]:
    """The rows of a table that are about somebody or their machines."""
    condition = Q(pk__in=())
    for way in about()[model]:
        if _end(model, way) is Endpoint:
            condition |= Q(**{f"{way}__in": whose.machine_ids})
        elif whose.colleague is not None:
            condition |= Q(**{way: whose.colleague.pk})
    found: QuerySet[Any] = QuerySet(model).filter(condition).distinct().order_by("pk")
    without = WITHOUT.get(name(model), frozenset())
    fields = [field for field in _fields(model) if field.name not in without]
    return [{field.name: _told(field, each) for field in fields} for each in found]


def _end(model: type[Model], way: str) -> type[Model]:
    """The table that a way leads to."""
    if way == "pk":
        return model
    for each in way.split("__"):
        model = next(field.related_model for field in _fields(model) if field.name == each)
    return model


def _told(field: Field[Any, Any], row: Model) -> Any:
    """A value as JSON has it; of somebody at the desk the name and the role, as the audit tells it too."""
    if field.related_model is Staff:
        person = getattr(row, field.name)
        return f"{person.shown_name} ({person.get_role_display()})" if person else None
    return plain(getattr(row, field.attname))


def plain(value: Any) -> Any:
    """A value of a database as JSON has it; bytes as base64."""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview | bytearray):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, uuid.UUID):
        return str(value)
    return value
