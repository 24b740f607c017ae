"""Making many tables in one step of a migration: Django renders its picture of the models once, not once per table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations import CreateModel
    from django.db.migrations.state import ProjectState


class Together(Operation):
    """Several CreateModel, in an order in which each refers to those before it.

    Each alone would make Django render again every model that is related to the new one, and all that are related to
    those: with some seventy tables that all know a colleague, most of the time that ``init`` took.
    """

    def __init__(self, *parts: CreateModel) -> None:
        self.parts = parts

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Adds the models; whoever asks for them next renders them all."""
        state.__dict__.pop("apps", None)
        for part in self.parts:
            part.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Makes the tables."""
        for part in self.parts:
            part.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Takes the tables away, the last made first."""
        for part in reversed(self.parts):
            part.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """What the step does, for people."""
        return "Create models " + ", ".join(part.name for part in self.parts)
