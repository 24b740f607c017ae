"""A year of a simulated fleet: on healthy machines rules are silent, and what is planted is found in time.

A small fleet here; `make bench NAME=pack` and the test marked soak play a thousand machines of each.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from keuring_collector.demo.plan import TIPS, Problem
from keuring_collector.demo.year import SICK as PLAN
from keuring_collector.engine.model import Change, Severity
from keuring_collector.rulepack.language import Maturity
from tests.rules import year

if TYPE_CHECKING:
    from tests.rules.year import Found, Played, Simulation

pytestmark = pytest.mark.long

HEALTHY = year.Simulation("healthy", 120)
SICK = year.Simulation("sick", 220)
PLAIN = 12  # healthy machines with nothing at all planted
OPENING = frozenset({"test", "stable"})
# They hinder from their first moment, so that nothing can be found before; it must be found within so many days.
LATEST = {
    Problem.READ_ONLY: 4,
    Problem.MEMORY_UNCORRECTED: 4,
    Problem.OVERHEATING: 7,
    Problem.MEMORY_PRESSURE: 7,
    Problem.PROCESSOR_SHORT: 7,
    Problem.DISK_WAITED_FOR: 7,
    Problem.OUT_OF_MEMORY: 30,
    Problem.CLOCK_OFF: 7,
    Problem.START_SLOW: 30,
    Problem.SUPPORT_ENDED: 4,
    Problem.MEMORY_MISSING: 5,
    # It is told from one that rests only while the machine is busy for half an hour, which hours seldom are as a whole.
    Problem.FAN_STOPPED: 3,
}

# What else is rightly said of a machine that nobody restarts for months: what was installed waits for that restart.
FOLLOWS = frozenset(
    {("security_updates_pending", Problem.UP_FOR_LONG.value), ("restart_pending", Problem.UP_FOR_LONG.value)}
)


@cache
def small(simulation: Simulation) -> tuple[list[int], Played]:
    """One machine for each thing that is planted, and some with nothing; none that is on day and night."""
    first: dict[str, int] = {}
    plain: list[int] = []
    for machine in year.simulate(simulation).machines:
        if machine.habits.always_on:
            continue
        if machine.planted:
            first.setdefault(machine.planted[0].problem.value, machine.index)
        elif simulation is HEALTHY and len(plain) < PLAIN:
            plain.append(machine.index)
    chosen = sorted([*first.values(), *plain])
    return chosen, year.play(simulation, machines=chosen)


def explained(simulation: Simulation, played: Played) -> Counter[tuple[str, str]]:
    """The tickets on healthy machines, by rule and what is planted there."""
    machines = year.simulate(simulation).machines
    return Counter(
        (ticket.rule, machines[ticket.machine].planted[0].problem.value if machines[ticket.machine].planted else "")
        for ticket in year.tickets(played.told, OPENING)
        if machines[ticket.machine].healthy
    )


def wrong(found: Found) -> str:
    """What is wrong with how a problem was found; empty: nothing."""
    days = found.lead / 86400
    name = f"{found.item.problem} on {found.machine.host_name} ({found.item.subject!r})"
    if found.rule is None:
        return f"{name} was not found"
    late = LATEST.get(found.item.problem, 0)
    return "" if days > -late else f"{name} was found by {found.rule} {days:.1f} days before it hindered"


def test_no_rule_opens_a_ticket_on_a_healthy_machine() -> None:
    chosen, played = small(HEALTHY)
    assert played.windows > 1500 * len(chosen)
    assert explained(HEALTHY, played) == Counter()


def test_every_planted_problem_is_found_before_it_hinders() -> None:
    chosen, played = small(SICK)
    results = [each for each in year.found(SICK, played.told) if each.machine.index in chosen]
    assert len(results) == len(PLAN.needs) == len(chosen)
    assert [text for each in results if (text := wrong(each))] == []


def test_every_stable_rule_spoke_on_the_sick_fleet() -> None:
    _, played = small(SICK)
    spoke = {told.rule for told in played.told if year.opens(told)}
    stable = {rule.id: rule.name for rule in year.pack().rules.values() if rule.maturity is Maturity.STABLE}
    # The organisation tells when a warranty ends, no machine does: tests/collector/test_warranties.py.
    stable = {rule: name for rule, name in stable.items() if name != "warranty_ends"}
    assert len(stable) >= 15
    assert {name for rule, name in stable.items() if rule not in spoke} == set()


def test_tips_open_no_ticket() -> None:
    _, played = small(SICK)
    machines = year.simulate(SICK).machines
    tips = {machine.index for machine in machines if machine.planted and machine.planted[0].problem in TIPS}
    opened = [ticket for ticket in year.tickets(played.told, OPENING) if ticket.machine in tips]
    # Nobody restarts it for a month, so its security updates wait too, and that is worth a ticket.
    assert {ticket.rule for ticket in opened} <= {"security_updates_pending"}


def test_tickets_are_one_per_machine_and_cause_and_recur_within_two_weeks() -> None:
    rules = {rule.name: rule.id for rule in year.pack().rules.values()}
    day = 86400.0

    def told(at: float, rule: str, change: Change, severity: Severity = Severity.URGENT) -> year.Told:
        return year.Told(1, at * day, rules[rule], "sda", change, severity)

    def opened(*findings: year.Told) -> list[float]:
        return [ticket.opened / day for ticket in year.tickets(findings, OPENING)]

    both = [told(1, "disk_io_errors", Change.OPENED), told(2, "disk_reports_failing", Change.OPENED)]
    assert opened(*both) == [1]
    ends = [told(3, "disk_io_errors", Change.CLEARED), told(4, "disk_reports_failing", Change.CLEARED)]
    assert opened(*both, *ends, told(17, "disk_io_errors", Change.OPENED)) == [1]
    assert opened(*both, *ends, told(19, "disk_io_errors", Change.OPENED)) == [1, 19]
    assert opened(told(1, "nvme_media_errors", Change.OPENED, Severity.WATCH)) == []
    graver = told(5, "nvme_media_errors", Change.CONTINUED, Severity.SOON)
    assert opened(told(1, "nvme_media_errors", Change.OPENED, Severity.WATCH), graver) == [5]
    assert opened(told(1, "uptime_long", Change.OPENED, Severity.TIP)) == []
    experimental = next(rule.name for rule in year.pack().rules.values() if rule.maturity is Maturity.EXPERIMENTAL)
    assert opened(told(1, experimental, Change.OPENED)) == []


@pytest.mark.soak
@pytest.mark.parametrize("plan", ["healthy", "sick"])
def test_a_thousand_machines(plan: str) -> None:
    simulation = year.Simulation(plan, 1000)
    played = year.play(simulation, processes=2)
    assert set(explained(simulation, played)) <= FOLLOWS
    results = year.found(simulation, played.told)
    late = [text for each in results if (text := wrong(each))]
    assert [wrong(each) for each in results if each.rule is None] == []
    # A few are found late by chance, as a fan on a machine that is seldom busy.
    assert len(late) <= 0.02 * len(results), late
