"""Queries whose SQL is written once answer what Django would, whatever their values."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from keuring_collector.desk.models import Ticket
    from tests.collector.console_fixtures import Site


def test_a_list_of_any_length_is_found_and_the_sql_is_written_once_a_shape(site: Site) -> None:
    from keuring_collector.desk.models import Ticket
    from keuring_collector.desk.prepared import LONGEST, prepared

    written = []

    @prepared
    def numbered(numbers: Any) -> QuerySet[Ticket]:
        written.append(len(numbers))
        found = Ticket.objects.filter(pk__in=numbers).select_related("endpoint__colleague")
        return found.only("cause", "endpoint__host_name", "endpoint__colleague__name").order_by("-pk")

    made = [site.ticket(site.machine(f"LT-{number}")).pk for number in range(9)]
    for length in (0, 1, 2, 3, 4, 5, 8, 9, 5, 3):
        wanted = made[:length]
        assert [ticket.pk for ticket in numbered(wanted)] == wanted[::-1]
    assert written == [0, 1, 2, 4, 8, 16]
    far = [*made, *range(10**6, 10**6 + LONGEST)]
    assert len(numbered(far)) == 9
    assert written[-1] == len(far)
    with CaptureQueriesContext(connection) as asked:
        (ticket,) = numbered({made[4]})
        assert ticket.endpoint.colleague is not None
        assert (ticket.endpoint.host_name, ticket.endpoint.colleague.name) == ("LT-4", "Sanne de Vries")
    assert len(asked) == 1
    assert "severity" in ticket.get_deferred_fields()


def test_values_of_every_kind_reach_the_database_as_django_would_say_them(site: Site) -> None:
    from keuring_collector.desk.models import Ticket
    from keuring_collector.desk.prepared import prepared

    @prepared
    def found(identity: Any, since: Any, day: Any, state: Any, department: Any, quiet: bool) -> QuerySet[Ticket, int]:
        asked = Ticket.objects.filter(
            endpoint__uuid=identity, opened_at__gte=since, planned_for__gt=day, state=state
        ).exclude(cause="o'clock")
        asked = asked if department is None else asked.filter(endpoint__department=department)
        asked = asked.none() if quiet else asked
        return asked.values_list("pk", flat=True)

    machine = site.machine()
    ticket = site.ticket(machine, state="planned", planned_for=site.today, age=1 / 24)
    day, moment, department = site.today, site.now - timedelta(hours=1), machine.department_id
    assert found(machine.uuid, moment, day - timedelta(days=1), "planned", None, False) == [ticket.pk]
    assert found(machine.uuid, moment, day - timedelta(days=1), "planned", department, False) == [ticket.pk]
    assert found(machine.uuid, moment, day, "planned", None, False) == []
    assert found(machine.uuid, site.now, day - timedelta(days=1), "planned", None, False) == []
    assert found(machine.uuid, moment, day - timedelta(days=1), "new'; --", None, False) == []
    assert found(site.machine("LT-9").uuid, moment, day - timedelta(days=1), "planned", None, False) == []
    assert found(machine.uuid, moment, day - timedelta(days=1), "planned", None, True) == []


def test_another_thread_asks_over_a_connection_of_its_own(site: Site) -> None:
    from keuring_collector.desk.models import Ticket
    from keuring_collector.desk.prepared import prepared

    @prepared
    def numbered(number: Any) -> QuerySet[Ticket, Any]:
        return Ticket.objects.filter(pk=number).values_list("pk", "opened_at")

    pk = site.ticket().pk
    here, there = numbered(pk), list[object]()

    def elsewhere() -> None:
        there.extend(numbered(pk))
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert there == here
    assert here == list(Ticket.objects.values_list("pk", "opened_at"))
