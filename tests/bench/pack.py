"""How right the shipped rules are on a simulated year: tickets on healthy machines, and lead times on sick ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring_collector.demo.plan import OUTCOMES, Outcome
from tests.bench.figure import Figure
from tests.rules import year

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.rules.year import Found, Played, Simulation, Ticket

MACHINES: Final = 1000
PROCESSES: Final = 2
DAY: Final = 86400.0
MONTHS: Final = 12


def run() -> Iterator[Figure]:
    """Tickets on a healthy fleet, the share found of a sick one, and the lead of each problem."""
    simulation = year.Simulation("healthy", MACHINES)
    yield from _healthy(simulation, year.play(simulation, PROCESSES))
    simulation = year.Simulation("sick", MACHINES)
    yield from _sick(simulation, year.play(simulation, PROCESSES))


def _healthy(simulation: Simulation, played: Played) -> Iterator[Figure]:
    rules = year.pack().rules.values()
    stable = sum(rule.maturity.value == "stable" for rule in rules)
    opening = sum(rule.maturity.opens_tickets for rule in rules)
    planted = sum(bool(machine.planted) for machine in year.simulate(simulation).machines)
    what = (
        f"{MACHINES} healthy machines ({planted} of them look ill in a way that is none), {simulation.days} days, "
        f"{played.windows} windows; CPU {played.cpu:.0f} s in {PROCESSES} processes"
    )
    opened = year.tickets(played.told, frozenset({"stable"}))
    yield Figure("pack_healthy_stable_tickets", len(opened), "tickets", how=f"{stable} stable rules; {what}")
    opened = year.tickets(played.told, frozenset({"stable", "test"}))
    rate = len(opened) / (MACHINES / 100 * MONTHS)
    how = f"{opening} rules that open tickets: {_by_rule(opened)}; {what}"
    yield Figure("pack_healthy_tickets_per_100_machine_months", round(rate, 4), "tickets", how=how)


def _by_rule(tickets: Iterable[Ticket]) -> str:
    counted = Counter(ticket.rule for ticket in tickets)
    return ", ".join(f"{rule} {count}" for rule, count in counted.most_common()) or "none of them opened one"


def _sick(simulation: Simulation, played: Played) -> Iterator[Figure]:
    results = year.found(simulation, played.told)
    well = {machine.index for machine in year.simulate(simulation).machines if not machine.planted}
    beside = [t for t in year.tickets(played.told, frozenset({"stable", "test"})) if t.machine in well]
    by_problem: dict[str, list[Found]] = defaultdict(list)
    for each in results:
        by_problem[each.item.problem.value].append(each)
    share = sum(each.rule is not None for each in results) / len(results)
    how = (
        f"{len(results)} machines with one of {len(by_problem)} problems, {len(well)} with none "
        f"({len(beside)} tickets there), {simulation.days} days, {played.windows} windows; CPU {played.cpu:.0f} s in "
        f"{PROCESSES} processes"
    )
    yield Figure("pack_sick_found_share", round(share, 4), "1", how=how)
    dated = [each for each in results if each.rule and each.item.since < each.item.hinders < float("inf")]
    in_time = sum(each.lead > 0 for each in dated) / len(dated)
    how = f"{len(dated)} found that hinder some time after they begin; in-sample: the pack was mended by this fleet"
    yield Figure("pack_sick_found_before_it_hinders_share", round(in_time, 4), "1", how=how)
    for problem, found in sorted(by_problem.items()):
        yield from _lead(problem, found)


def _lead(problem: str, found: list[Found]) -> Iterator[Figure]:
    """The days from the first ticket (or tip) until it hindered: negative where it hindered before."""
    seen = [each for each in found if each.rule is not None]
    rules = Counter(each.rule for each in seen)
    how = f"found {len(seen)} of {len(found)}; " + ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
    leads = np.array([each.lead for each in seen]) / DAY
    if not len(leads) or not np.isfinite(leads).all():
        kind = "a tip" if OUTCOMES[found[0].item.problem] is Outcome.TIP else "does not hinder within the year"
        yield Figure(f"pack_found_{problem}", round(len(seen) / len(found), 4), "1", how=f"{how}; {kind}")
        return
    spread = f"from {leads.min():.1f} to {leads.max():.1f} days"
    hinders = "hinders from its first moment; " if all(e.item.hinders <= e.item.since for e in found) else ""
    yield Figure(f"pack_lead_days_{problem}", round(float(np.median(leads)), 2), "d", how=f"{hinders}{how}; {spread}")
