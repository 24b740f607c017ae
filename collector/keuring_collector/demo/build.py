"""Puts the simulated fleet into a collector: its people, its machines, and ninety days of reports by the write path.

Receive times are injected, so what a real collector would have seen over ninety days comes in within a minute; from
there on nothing is special about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction

from keuring_collector.demo import names
from keuring_collector.demo.errors import DemoError
from keuring_collector.fleet.models import Colleague, Department, Endpoint, MachineOwner
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import STORED, WritePath
from keuring_collector.store import releases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keuring_collector.config import Settings
    from keuring_collector.demo.fleet import Delivery, Fleet
    from keuring_collector.demo.staff import Desk
    from keuring_collector.rulepack import RulePack

LARGEST_BATCH: Final = 1024
RELEASES_SECONDS: Final = 7 * 86400.0  # the job does so each night
FEWEST: Final = 600  # hours go together until there are that many reports


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: the database's number of each simulated machine, and how many reports were stored."""

    endpoints: tuple[int, ...]
    reports: int


def build(
    settings: Settings,
    pack: RulePack,
    fleet: Fleet,
    desk: Desk | None = None,
    advance: Callable[[int], None] | None = None,
) -> Built:
    """Builds ``fleet`` into the database of ``settings``, which must have no ingest process now.

    Django must be set up. ``desk`` works on the tickets on the mornings that pass; ``advance`` is told how many
    reports were stored. What is old enough to be compacted is left to the collector's own job. Raises DemoError when
    the collector refuses a report, which would be a fault of ours.
    """
    endpoints = populate(fleet)
    path = WritePath(settings.database_url, pack, settings.freshness)
    stored, seen = 0, 0.0
    try:
        for batch in gathered(fleet.batches()):
            began = batch[0].received
            if desk is not None:
                desk.work_until(began)
            if began >= seen + RELEASES_SECONDS:
                releases.make(path.connection, began)
                seen = began
            for start in range(0, len(batch), LARGEST_BATCH):
                stored += _store(path, endpoints, batch[start : start + LARGEST_BATCH])
            path.tend(idle=False)
            if advance is not None:
                advance(len(batch))
    finally:
        path.close()
    return Built(endpoints, stored)


def populate(fleet: Fleet) -> tuple[int, ...]:
    """Creates departments, colleagues and endpoints; returns the database's number of each machine, in order."""
    since = datetime.fromtimestamp(fleet.now - 200 * 86400, UTC)
    with transaction.atomic():
        departments = [
            Department.objects.get_or_create(name=each.name, defaults={"place": each.place})[0]
            for each in names.DEPARTMENTS
        ]
        people = Colleague.objects.bulk_create(
            Colleague(name=each.name, mail=each.mail, department=departments[each.department], language=each.language)
            for each in fleet.colleagues
        )
        endpoints = Endpoint.objects.bulk_create(
            Endpoint(
                uuid=machine.uuid,
                host_name=machine.host_name,
                simulated=True,
                colleague=people[machine.index],
                department=people[machine.index].department,
                enrolled_at=since,
            )
            for machine in fleet.machines
        )
        MachineOwner.objects.bulk_create(
            MachineOwner(host_name=machine.host_name, colleague=people[machine.index]) for machine in fleet.machines
        )
    return tuple(endpoint.pk for endpoint in endpoints)


def gathered(batches: Iterator[list[Delivery]]) -> Iterator[list[Delivery]]:
    """The same deliveries, with quiet hours put together."""
    waiting: list[Delivery] = []
    for batch in batches:
        if waiting and len(waiting) + len(batch) > FEWEST:
            yield waiting
            waiting = []
        waiting = waiting + batch
    if waiting:
        yield waiting


def _store(path: WritePath, endpoints: Sequence[int], deliveries: Sequence[Delivery]) -> int:
    received = [Received(endpoints[each.machine], each.report, each.received, each.sent) for each in deliveries]
    for answer, delivery in zip(path.write(received), deliveries, strict=True):
        if answer.disposition != STORED or answer.problems:
            raise DemoError(
                f"report {answer.sequence} of simulated machine {delivery.machine} was not taken as it is: "
                f"{[problem.detail for problem in answer.problems]}; please report this as a fault of ours"
            )
    return len(received)
