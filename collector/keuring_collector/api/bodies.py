"""What programs send with an action on a ticket: each body's fields are the arguments of the action's function."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from keuring_collector.desk.acting import LONGEST_TEXT
from keuring_collector.desk.models import Staff

Identity = Annotated[int, Field(ge=1, le=2**63 - 1)]
Verdict = Literal["right", "early", "wrong", "known"]
NO_NUL = r"^[^\x00]*$"


class Body(Schema):
    """What an action is told."""

    def arguments(self) -> dict[str, Any]:
        """The arguments of the action's function."""
        return self.model_dump()


class Seen(Body):
    """``seen``: the ticket's stamp as it was read; without it the action is done whatever happened meanwhile."""

    seen: str | None = Field(None, max_length=200)


class Assign(Seen):
    """Who gets the ticket: the name that they sign in with."""

    to: str = Field(min_length=1, max_length=150, pattern=NO_NUL)

    def arguments(self) -> dict[str, Any]:
        """The person instead of the name; None, which is refused, for a name that nobody at the desk has."""
        return {**super().arguments(), "to": Staff.objects.filter(username=self.to, is_active=True).first()}


class Plan(Seen):
    """The day on which the work is to be done."""

    day: date


class Snooze(Seen):
    """The day on which the ticket comes back."""

    until: date


class Line(Seen):
    """The ``id`` of a finding of the ticket."""

    line: Identity


class SnoozeLine(Line):
    """The finding, and the day on which it comes back."""

    until: date


class Resolve(Seen):
    """The verdict, and what helped."""

    verdict: Verdict
    text: str = Field("", max_length=LONGEST_TEXT, pattern=NO_NUL)


class Dismiss(Seen):
    """The verdict, and why nothing was done."""

    verdict: Verdict
    reason: str = Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL)


class Judge(Seen):
    """The verdict that counts from now on."""

    verdict: Verdict


class Note(Body):
    """What is to be remembered."""

    text: str = Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL)


class Message(Body):
    """What the colleague of the machine is to read; it is mailed after a minute."""

    subject: str = Field(min_length=1, max_length=150, pattern=NO_NUL)
    text: str = Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL)


class Merge(Seen):
    """The open ticket of the same machine that takes this one in."""

    into: Identity


class Link(Body):
    """The number of a ticket in the ITSM, and perhaps its address."""

    number: str = Field(min_length=1, max_length=60, pattern=NO_NUL)
    url: str = Field("", max_length=500, pattern=NO_NUL)


class Unlink(Body):
    """The ``id`` of a link of the ticket."""

    link: Identity


class RemoveFile(Body):
    """The ``id`` of a file of the ticket."""

    file: Identity

    def arguments(self) -> dict[str, Any]:
        """As the function calls it."""
        return {"attachment": self.file}
