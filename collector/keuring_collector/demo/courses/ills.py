"""Courses that change what a machine measured: what only longer histories have, on top of what every machine does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.demo.courses import ill_disks, ill_machines, seasons
from keuring_collector.demo.courses.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Problem
    from keuring_collector.demo.sheet import Sheet

COURSES: Final[Mapping[Problem, Callable[[Site], None]]] = {**ill_disks.COURSES, **ill_machines.COURSES}


def play(machine: Machine, sheet: Sheet, random: np.random.Generator, *, seasons: bool) -> None:
    """Changes the columns of a machine by what is planted in it, and by the time of year with ``seasons``."""
    if seasons:
        of_a_year(machine, sheet, random)
    for item in machine.planted:
        course = COURSES.get(item.problem)
        if course is not None:
            course(Site(machine, item, sheet, random))


of_a_year = seasons.play
