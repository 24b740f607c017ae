"""Queries whose SQL is written once answer what Django would, whatever their values."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError, connection
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


POSTGRESQL = pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)


@POSTGRESQL
def test_postgresql_keeps_what_it_planned_whatever_the_values(site: Site) -> None:
    from keuring_collector.desk.models import Ticket

    pk = site.ticket().pk
    for number in (pk, 0, pk, pk + 1):
        assert list(Ticket.objects.filter(pk=number).values_list("pk")) == [(pk,)] * (number == pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parameter_types::text[], generic_plans + custom_plans FROM pg_prepared_statements"
            """ WHERE statement LIKE 'SELECT "desk_ticket"."id" AS "pk" FROM%'"""
        )
        ((types, asked),) = cursor.fetchall()
    assert len(types) == 1  # the number is no part of the statement
    assert asked == 2


@POSTGRESQL
def test_times_are_read_from_postgresql_as_they_were_written(site: Site) -> None:
    from keuring_collector.desk.models import Ticket

    ticket = site.ticket()
    odd = [
        datetime(1890, 2, 28, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, 0, 7, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
    for moment in odd:
        Ticket.objects.filter(pk=ticket.pk).update(opened_at=moment)
        ticket.refresh_from_db()
        assert (ticket.opened_at, ticket.opened_at.tzinfo) == (moment, UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT timestamptz '2026-07-01 12:00:00.5+05:30', NULL::timestamptz")
        assert cursor.fetchall() == [(datetime(2026, 7, 1, 6, 30, 0, 500_000, tzinfo=UTC), None)]
    for unknown in ("infinity", "0044-03-15 BC"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT timestamptz '{unknown}'")
            with pytest.raises(DataError, match="timestamp too"):
                cursor.fetchall()
