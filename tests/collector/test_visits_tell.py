"""What a visit tells and promises: announcements and tips on a round, and to come back on a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.collector.test_visits import (
    SQLITE,
    hour,
    in_english,
    proposed,
    report,
    sources,
    stop_of,
    stops,
    today,
)

if TYPE_CHECKING:
    import pytest

    from keuring_collector.service.models import Stop
    from tests.collector.console_fixtures import Site

__all__ = ["in_english"]  # the fixture


@SQLITE
def test_to_come_back_on_a_day_is_a_promise_that_a_visit_keeps(site: Site) -> None:
    from keuring_collector.service.models import Promise, Stop
    from keuring_collector.service.visiting import outcomes

    cas, began = site.staff("cas", role="visitor"), site.now
    site.machine()
    found = proposed(site, hour(site))
    stop = stop_of(found, "Sanne de Vries")
    day = today(site) + timedelta(days=7)

    def states() -> list[tuple[date, str]]:
        return list(Promise.objects.order_by("pk").values_list("due_on", "state"))

    def later(days: int) -> Stop:
        """The next stop at her, some days from the first."""
        site.now = began + timedelta(days=days)
        walk = type(found).objects.create(
            department=found.department, day=today(site), starts_at=site.now, minutes=30, visitor=cas
        )
        return Stop.objects.create(round=walk, colleague=stop.colleague, endpoint=stop.endpoint, minutes=5)

    report(site, stop, cas, outcome="back", back_on=day)
    outcomes.take_back(stop.pk, actor=cas, now=site.now)
    assert states() == []
    report(site, stop, cas, outcome="back", back_on=day - timedelta(days=1))
    report(site, stop, cas, outcome="back", back_on=day)  # noted better
    report(site, stop, cas, outcome="back", back_on=day, note="Again, for the note.")
    assert states() == [(day - timedelta(days=1), "withdrawn"), (day, "open")]
    promise = Promise.objects.get(state="open")
    assert (promise.stop, promise.department, promise.endpoint) == (stop, found.department, stop.endpoint)
    assert "Sanne" not in promise.text
    report(site, later(3), cas, outcome="away")  # before the day, and she was not there: it stands
    assert states()[1:] == [(day, "open")]
    again = later(7)
    report(site, again, cas, outcome="back", back_on=day + timedelta(days=2))  # we came, as we said
    assert states()[1:] == [(day, "kept"), (day + timedelta(days=2), "open")]
    outcomes.take_back(again.pk, actor=cas, now=site.now)
    assert states()[1:] == [(day, "open")]
    report(site, later(9), cas)
    assert states()[1:] == [(day, "broken")]  # helped, but two days late


def test_a_round_brings_what_is_announced_and_a_tip_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings
    from django.utils import translation

    from keuring_collector.service.models import TipOffer
    from keuring_collector.service.visiting import candidates
    from keuring_collector.service.visiting.outcomes import Tip
    from tests.collector.announcing_kit import announce
    from tests.collector.test_tips import UPTIME, chance

    translation.activate("en")
    lead, finance = site.staff("lea", role="team_lead"), site.department()
    machine = site.machine("LT-1", colleague=site.colleague("Anna Aa"))
    site.machine("LT-2", colleague=site.colleague("Bob Bee"))
    site.machine("LT-3", colleague=site.colleague("Else Where", department=site.department("Sales")))
    audience = {"departments": [finance.pk]}
    made = announce(site, lead)
    type(made).objects.filter(pk=made.pk).update(audience=audience)
    site.measure(machine, UPTIME, [3600.0] * 3, step=3600, compacted=False)
    tip, second = (chance(site, machine, name, days=days) for name, days in (("uptime_long", 40), ("wifi_weak", 20)))
    found = proposed(site, hour(site))
    assert stops(found) == [
        ("Anna Aa", True, ["announcement", "tip"]),
        ("Bob Bee", True, ["announcement"]),
    ]
    stop = stop_of(found, "Anna Aa")
    items = {item.kind: item for item in stop.items.all()}
    assert items["announcement"].text == "Nieuwe kantoorpakketten"
    assert (items["tip"].chance, items["tip"].text) == (tip, "Een herstart helpt")
    assert report(site, stop, lead, tips=(Tip(tip.pk, "told"),)) == {"conflicts": []}
    offer = TipOffer.objects.get()
    assert (offer.rule, offer.way, offer.by, offer.reached_on) == (tip.rule, "visit", lead, offer.offered_on)
    late = report(site, stop, lead, tips=(Tip(tip.pk, "told"),))
    assert "nagging" in late["conflicts"][0]

    def wanted(days: int) -> list[tuple[str, list[str]]]:
        rows = candidates.candidates(finance, today(site) + timedelta(days=days), sources(site))
        return [(each.name, [item.kind for item in each.items]) for each in rows]

    # She was told of both; the next tip is free after a week, unless a ticket tells of it already.
    assert wanted(1) == [("Bob Bee", ["announcement"])]
    assert wanted(8) == [("Bob Bee", ["announcement"]), ("Anna Aa", ["tip"])]
    with monkeypatch.context() as off:
        off.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"tips": False}))
        assert wanted(8) == [("Bob Bee", ["announcement"])]  # no tip at all, though one is counted
    ticket = site.ticket(machine, severity=1, cause="wifi", days=None)
    ticket.lines.update(rule=second.rule)
    assert wanted(8) == [("Bob Bee", ["announcement"]), ("Anna Aa", ["tip"])]
    assert [item.ticket for each in candidates.candidates(finance, today(site) + timedelta(days=8), sources(site))
            for item in each.items if item.kind == "tip"] == [ticket.pk]  # fmt: skip
    assert wanted(11)[0][0] == "Anna Aa"  # its day has passed: nothing more to tell of it
