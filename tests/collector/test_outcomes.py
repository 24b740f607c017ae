"""What became of tickets on which nobody acted, as the machine's own history and imported incidents tell."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.collector.console_fixtures import DAY, USED

if TYPE_CHECKING:
    from datetime import datetime

    from tests.collector.console_fixtures import Site


def judge(at: datetime) -> int:
    from keuring_collector import rulepack
    from keuring_collector.console import readings
    from keuring_collector.desk import outcomes

    return outcomes.judge(readings.store(), rulepack.load(None), at, bool)


def test_the_problem_came_did_not_come_or_is_not_known_yet(site: Site) -> None:
    from keuring_collector.desk.models import TicketOutcome

    full, well, young, touched, silent = (site.machine(f"LT-{number}") for number in range(5))
    filling = [0.80 + 0.01 * day for day in range(20)]
    for endpoint in (full, touched):
        site.measure(endpoint, USED, filling, subject="C:", step=DAY)
    site.measure(well, USED, [0.5] * 230, subject="C:", step=DAY)
    site.measure(young, USED, [0.8] * 20, subject="C:", step=DAY)
    came = site.ticket(full, age=12)
    nothing = site.ticket(well, age=200, state="resolved", closed_at=site.now - timedelta(days=150))
    open_yet = site.ticket(young, age=12)
    site.ticket(touched, age=12, touched=True)
    unheard = site.ticket(silent, age=200)
    assert judge(site.now) == 2
    found = {each.ticket_id: each for each in TicketOutcome.objects.all()}
    assert {pk: each.result for pk, each in found.items()} == {
        came.pk: "came", nothing.pk: "nothing", open_yet.pk: "undecided", unheard.pk: "undecided",
    }  # fmt: skip
    assert found[came.pk].kind == "crossing"
    crossed = found[came.pk].came_at
    assert crossed is not None
    assert timedelta(0) < site.now - crossed < timedelta(days=4)
    assert judge(site.now + timedelta(hours=1)) == 0  # what is not known is looked at again after a day
    assert TicketOutcome.objects.get(ticket=open_yet).looked_at == site.now
    judge(site.now + timedelta(days=2))
    assert TicketOutcome.objects.get(ticket=open_yet).looked_at == site.now + timedelta(days=2)


def test_an_incident_tells_too_and_counts_on_the_scoreboard(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.desk import scores
    from keuring_collector.desk.models import Incident, TicketOutcome
    from keuring_collector.fleet.models import Endpoint

    machine = site.machine()
    site.measure(machine, USED, [0.8] * 20, subject="C:", step=DAY)
    site.ticket(machine, age=12)
    at = site.now - timedelta(days=4)
    Incident.objects.create(endpoint=machine, cause="volume-space", at=at, imported_at=site.now)
    assert judge(site.now) == 1
    outcome = TicketOutcome.objects.get()
    assert (outcome.result, outcome.kind, outcome.came_at) == ("came", "incident", at)
    counted = scores.count(Endpoint.objects.all(), site.now)
    score = scores.by_rule(counted, [rulepack.load(None).by_name["volume_filling"]])
    (told,) = score.values()
    assert told.precision is not None
    assert (told.precision.share, told.precision.of, told.verdicts) == (1.0, 1, 0)
    assert (told.lead, told.missed, told.incidents) == (8 * DAY, 0, 1)


def test_a_rule_whose_problem_history_cannot_show_is_never_called_wrong(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.desk.models import TicketOutcome

    rule = rulepack.load(None).by_name["firewall_off"]
    site.ticket(site.machine(), age=200, rule=rule.id, cause=rule.cause, subject="")
    assert judge(site.now) == 0
    assert TicketOutcome.objects.get().result == "undecided"
