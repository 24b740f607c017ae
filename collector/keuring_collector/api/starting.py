"""Starting in a fleet rule by rule: which rules open tickets."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest  # noqa: TC002 - ninja asks for it
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing
from keuring_collector.console import pack
from keuring_collector.desk import starting

router = Router(tags=["rules"])


class Switched(Schema):
    """Rules by name, and whether they open tickets or only report."""

    rules: list[Annotated[str, Field(max_length=60, pattern=NO_NUL)]] = Field(min_length=1, max_length=500)
    opens: bool


class Count(Schema):
    """How many changed."""

    changed: int


@router.post("/starting/rules", auth=auth.RULES, response={200: Count, **ERRORS}, operation_id="switch_rules")
def switch(request: HttpRequest, body: Switched) -> Count:
    """Lets rules open tickets, or only report."""
    known: dict[str, Any] = {rule.name: key for key, rule in pack.current().pack.rules.items()}
    if unknown := [name for name in body.rules if name not in known]:
        raise ProblemError(422, f"There is no rule '{unknown[0]}'.", "body.rules", "GET /api/rules lists them.")
    chosen = [str(known[name]) for name in body.rules]
    now, actor = timezone.now(), auth.staff_of(request)
    return Count(changed=starting.switch(chosen, opens=body.opens, actor=actor, now=now))


@router.post("/starting/finish", auth=auth.RULES, response={204: None, **ERRORS}, operation_id="finish_starting")
def finish(request: HttpRequest) -> Nothing:
    """Ends starting rule by rule: every rule opens tickets, also those of a later pack."""
    starting.finish(actor=auth.staff_of(request))
    return NOTHING
