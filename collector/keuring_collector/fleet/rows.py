"""Models that pages read by the hundred, made of a row without the detour through ``__init__``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models.base import ModelState

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self


class FromRow(models.Model):
    """For models without an ``__init__`` of their own, and without receivers of ``pre_init`` and ``post_init``.

    Django looks at each field of the model, also at those that were not read, and sends two signals for each object.
    """

    class Meta:
        abstract: ClassVar = True

    @classmethod
    def from_db(  # type: ignore[override]  # the stubs know what a later Django hands over besides
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        """A model of one row; as in Django's own, fields that were not read are asked for when they are needed."""
        made = cls.__new__(cls)
        state = ModelState()
        state.adding, state.db = False, db
        made.__dict__ = row = dict(zip(field_names, values, strict=True))
        row["_state"] = state
        return made
