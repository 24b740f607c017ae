"""The console's benchmark on a small desk: the fill is what it says, and every page answers."""

from __future__ import annotations

import time

from tests.bench import console
from tests.bench.console_fill import Size, fill

# The frame and the session take five. What is not named here takes at most twenty.
MOST_QUERIES = {
    "queue": 18, "ticket": 27, "machine": 15, "machines": 12, "departments": 10, "models": 10, "software": 10,
    "scoreboard": 10, "search": 24, "department": 22, "tips": 22,
}  # fmt: skip


def _opened_by_staff() -> list[str]:
    """The places in the rail and at its foot."""
    from django.urls import reverse

    from keuring_collector.console.places import EVERY

    return [reverse(place.name) for place in EVERY]


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
        assert {address.split("?")[0] for addresses in asked.values() for address in addresses} >= set(
            _opened_by_staff()
        )
        costs = console.measure(migrated_url, size, asked=1)
    assert costs.pop(console.BARE).cpu[0] > 0
    assert list(costs) == list(asked)
    asked_most = {page: max(cost.queries) for page, cost in costs.items()}
    assert {page: count for page, count in asked_most.items() if not 3 <= count <= MOST_QUERIES.get(page, 20)} == {}
    for page, cost in costs.items():
        assert cost.cpu[0] > 0, page
        assert (200 if page == "suggest" else 1000) < max(cost.size) < 60_000, page
