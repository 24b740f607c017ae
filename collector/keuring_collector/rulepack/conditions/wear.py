"""`wear` of a forecast: by a battery's cycles and the known curves of others."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from pydantic import Field

from keuring.signals.model import Kind
from keuring_collector.engine import compiled
from keuring_collector.engine.wear import CURVES
from keuring_collector.rulepack import curves
from keuring_collector.rulepack.conditions.base import Part, find_signal
from keuring_collector.rulepack.problems import Fault, nearest

if TYPE_CHECKING:
    from keuring.signals.model import Signal
    from keuring_collector.rulepack.problems import Loc


class Wear(Part):
    """A battery's end by its cycles: as known batteries that are like it went, else by a line that bends."""

    cycles: str = Field(description="A gauge of the same subject: full charges so far.")
    curves: str = Field(description="Which library of known curves.")


def by_cycles(condition: Wear, plain: compiled.Forecast, signal: Signal, loc: Loc) -> compiled.ByCycles:
    """The forecast ``plain`` of ``signal`` with wear. Raises Fault."""
    cycles = find_signal(condition.cycles, (*loc, "cycles"), Kind.GAUGE)
    if cycles.subject != signal.subject:
        raise Fault((*loc, "cycles"), f"'{cycles.name}' is not of the same subject as '{signal.name}'")
    if condition.curves not in curves.LIBRARIES:
        what = f"no library of curves '{condition.curves}'"
        raise Fault((*loc, "curves"), what, nearest(condition.curves, curves.LIBRARIES))
    library = curves.library(condition.curves)
    if plain.sign > 0 or library.reaching(plain.limit) < CURVES:
        deepest = f"write falls_to, of {100 * library.deepest:.0f} % or more"
        raise Fault(loc, "no known curve goes to this limit, so wear would know nothing", deepest)
    same = {field.name: getattr(plain, field.name) for field in fields(compiled.Forecast)}
    return compiled.ByCycles(**same, cycles=cycles.id, cycles_statistic=cycles.statistics[0], curves=library)
