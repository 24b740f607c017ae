"""The real application holds to its own OpenAPI description, whatever is sent: schemathesis asks every operation.

``KEURING_API_EXAMPLES`` sets how often each is asked, each way: twelve times in the tests, which takes some hundred
seconds of a processor; `make soak` and `make fuzz` ask more.
"""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.conf import settings
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.collector.announcing_kit import announce
from tests.collector.console_fixtures import MODEL, USED
from tests.collector.test_api import Program
from tests.collector.test_backtests import done
from tests.collector.test_console_ills import crash
from tests.collector.test_help_pages import png
from tests.collector.test_visits import visited

if TYPE_CHECKING:
    from schemathesis import Case

    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

pytestmark = [
    pytest.mark.long,
    pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True),
    pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning"),
]
NUMBERED = ("rounds", "stops", "backtests", "it-reports")
# What is asked of those that are really there: by a part of the address.
NAMED = {"/signals/": {"subject": "C:"}, "/models/one": {"name": "Notitie 14"}, "/software/one": {"name": "Kassa"}}
EXAMPLES = int(os.environ.get("KEURING_API_EXAMPLES", "12"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _ask(operation: Any, mode: Any, program: Program, real: dict[str, Any], asked: dict[str, set[int]]) -> None:
    """Asks one operation many times; ``asked`` keeps the statuses it gave."""
    codes = asked.setdefault(str(operation.label), set())
    # Compressed answers are what the console's middleware makes; here it is about what is in them.
    headers = {"Authorization": f"Bearer {program.text}", "Accept-Encoding": "identity"}

    @seed(5)
    @hypothesis(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    # What is really there comes first, and oftener: each operation is to do its work, and not only to refuse.
    @given(case=operation.as_strategy(generation_mode=mode), is_real=st.sampled_from((True, True, False)))
    def ask(case: Case[Any], *, is_real: bool) -> None:
        if is_real and case.path_parameters:
            known = {**real, "name": "volume_filling"} if "/rules/" in case.path else real
            for part in NUMBERED:
                known = {**known, "number": real[part]} if f"/{part}/" in case.path else known
            if "/pictures" in case.path:
                known = {**known, "slug": real["own"]}
            case.path_parameters.update({key: known[key] for key in case.path_parameters})
        if is_real:
            for part, told in NAMED.items():
                case.query = {**(case.query or {}), **told} if part in case.path else case.query
            if case.path.endswith("/outgoing/try"):
                case.body = {"channel": "Iedereen"}
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        codes.add(response.status_code)

    ask()


@cache
def described() -> Any:
    """The description as schemathesis reads it, once for both ways to ask: what it makes of each part stays with it."""
    from keuring_collector import wsgi

    return schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi.application)


def _others(site: Site, machine: Endpoint) -> dict[str, Any]:
    """One of each other thing that an address names."""
    from keuring_collector.console import readings
    from keuring_collector.desk import gathering, quiet
    from keuring_collector.service.models import GrowthStep, PlannedChange, VisitException
    from keuring_collector.service.workplace import objecting, whose
    from tests.collector.test_tips import chance

    lead, aside = site.staff("lea", role="team_lead"), site.machine("LT-ASIDE")
    span: dict[str, Any] = {"starts_at": site.now, "ends_at": site.now + timedelta(days=2)}
    silence = quiet.make(kind="silence", reason="x", actor=lead, now=site.now, host_name="LT-*", **span)
    some = [site.ticket(site.machine(f"LT-{number}")).pk for number in range(2)]
    plan = PlannedChange.objects.create(title="New docks", made_by=lead, changed_at=site.now)
    step = GrowthStep.objects.create(
        staff=lead, skill="windows", goal=2, how="", made_by=lead, made_at=site.now, changed_at=site.now
    )
    return {
        "objection": objecting.make(whose.of_machine(aside), aside, "", site.now).pk,
        "quiet_time": silence.pk,
        "fleet": gathering.gather_by_hand(readings.store(), some, actor=lead, now=site.now).pk,
        "report": site.inspection(machine).number,
        "tip": chance(site, machine, "uptime_long", days=40).pk,
        "change": plan.pk,
        "step": step.pk,
        "key": "visit",
        "backtests": done(site).pk,
        "it-reports": site.it_report().number,
        "holiday": VisitException.objects.create(day=site.today + timedelta(days=9), reason="x").pk,
        **_picture(site),
    }


def _picture(site: Site) -> dict[str, Any]:
    """An article of the desk's own with a picture that it shows, so that nobody takes it away."""
    from keuring_collector.service import knowledge, pictures

    content = knowledge.Content({"en": ("Docks", "Pull it."), "nl": ("", "")}, published=True)
    article = knowledge.save(None, content, actor=None, now=site.now)
    kept = pictures.add(article, png(), {"en": "A dock"}, actor=None, now=site.now)
    return {"own": article.slug, "picture": kept.name}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_holds_to_the_description(
    site: Site, monkeypatch: pytest.MonkeyPatch, mode: GenerationMode
) -> None:
    from keuring_collector.api import auth

    for limit in (auth.REQUESTS, auth.WRONG):
        monkeypatch.setattr(limit, "most", 10**9)
    changed = {"chat_channels": ("Iedereen=nl mmosts://chat.example.org/secret",)}
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update=changed))
    program = Program(site, site.staff(role="administrator"))
    machine = site.machine()
    site.fact(machine, MODEL, "Notitie 14")
    crash(site, machine, "Kassa", "2.0")
    site.measure(machine, USED, [0.5, 0.6] * 8, subject="C:")
    announced = announce(site, site.staff("lead"))  # of the same number as the ticket, and so is its promise
    assert (announced.pk, announced.promises.get().pk) == (1, 1)
    number = site.ticket(machine).pk
    visit = visited(site)
    real: dict[str, Any] = {
        **_others(site, machine),
        "number": number,
        "identity": str(machine.uuid),
        "name": "system.filesystem.utilization",
        "slug": "volume-space",
        "login": program.token.owner.username,
        "rounds": visit["round"][0],
        "stops": visit["stop"][0],
        "hour": visit["round_propose"][0],
        "department": site.department().pk,
    }
    schema = described()
    asked: dict[str, set[int]] = {}

    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        _ask(found.ok(), mode, program, real, asked)
    assert len(asked) >= 15
    if mode is GenerationMode.POSITIVE:
        # Each was not only refused: with what is really there it answers.
        refused = [label for label, codes in asked.items() if not codes & {200, 204, 409, 422}]
        assert refused == ["POST /api/skills/of/{login}/confirm"]  # for team leads, which administrators are not
        assert sum(200 in codes for codes in asked.values()) >= 10
