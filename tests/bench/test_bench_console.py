"""The console's benchmark on a small desk: the fill is what it says, and every page answers."""

from __future__ import annotations

import time

from tests.bench import console
from tests.bench.console_fill import Size, fill


def test_a_small_desk_is_filled_and_each_page_is_measured(migrated_url: str) -> None:
    size = Size(200)
    with console.opened(migrated_url):
        from keuring_collector.desk.models import Ticket, TicketHistory, TicketLine

        fill(migrated_url, size, time.time())
        tickets = Ticket.objects.all()
        assert tickets.count() == 2000
        opened = tickets.filter(state__in=Ticket.OPEN)
        assert set(opened.values_list("closed_at", flat=True)) == {None}
        assert opened.count() == 50
        assert not tickets.exclude(state__in=Ticket.OPEN).filter(closed_at=None).exists()
        assert TicketLine.objects.filter(ticket__in=opened, active=True).values("ticket").distinct().count() == 50
        assert TicketHistory.objects.filter(kind="opened").count() == 2000

        asked = console.pages(size)
        costs = console.measure(migrated_url, size, asked=1)
    assert list(costs) == list(asked)
    for page, cost in costs.items():
        assert cost.cpu[0] > 0, page
        assert 3 <= max(cost.queries) < 40, page
        assert 1000 < max(cost.size) < 60_000, page
