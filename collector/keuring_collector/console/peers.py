"""A signal of one machine beside the same signal of the other machines of its model, from daily points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from keuring_collector.console import readings
from keuring_collector.console.charts import Point
from keuring_collector.desk import scope
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from keuring_collector.console.readings import Track
    from keuring_collector.desk.models import Staff

DAY: Final = readings.DAY
FEWEST: Final = 5  # machines; a smaller group would tell about one of them
MOST: Final = 200  # machines looked at; a fair sample of a larger model


@dataclass(frozen=True, slots=True)
class Peers:
    """How a model's other machines did: by the day the median, with the middle half of them as shade."""

    model: str
    machines: int
    points: list[Point]


def of_model(staff: Staff, model: str) -> list[int]:
    """The machines of a model that somebody may see, in an order that is fair to take a part of."""
    return _of_model(staff.department_ids, model) if model else []


@prepared
def _of_model(departments: Any, model: Any) -> QuerySet[Endpoint, int]:
    alike = scope.endpoints_of(departments).filter(state=Endpoint.State.ACTIVE, model=model)
    # Identities were drawn at random at enrolment, so the first of them are a fair sample.
    return alike.order_by("uuid").values_list("pk", flat=True)[: MOST + 1]


def beside(track: Track, staff: Staff, model: str, start: float, end: float) -> Peers | None:
    """The other machines of ``model`` over [start, end]; None when fewer than five of them measured it."""
    others = [pk for pk in of_model(staff, model) if pk != track.endpoint][:MOST]
    if len(others) < FEWEST:
        return None
    days = int(start // DAY), int(end // DAY)
    by_day: dict[int, list[float]] = {}
    for day, value in readings.store().days_of(others, track.signal.id, track.subject, track.line, days):
        by_day.setdefault(day, []).append(value)
    points = []
    for day, values in sorted(by_day.items()):
        if len(values) >= FEWEST and start <= day * DAY + DAY / 2 <= end:
            low, middle, high = (float(value) for value in np.percentile(values, (25, 50, 75)))
            points.append(Point(day * DAY + DAY / 2, middle, low, high))
    most = max((len(values) for values in by_day.values()), default=0)
    return Peers(model, most, points) if points else None
