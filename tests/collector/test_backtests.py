"""Backtests that the console asks for: taken by one collector, giving signs of life, given up, kept; both databases."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from tests.collector.console_fixtures import MODEL, USED

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from keuring_collector.desk.models import Backtest, Staff
    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

MINUTE = timedelta(minutes=1)


def fuller(site: Site, name: str, **fields: Any) -> Endpoint:
    """A machine with a volume that was nearly full for its last ten measurements, of thirty days."""
    machine = site.machine(name, **fields)
    site.measure(machine, USED, [0.5] * 110 + [0.95] * 10, subject="C:")
    return machine


def asked(site: Site, staff: Staff, **fields: Any) -> Backtest:
    from keuring_collector.desk import backtests
    from keuring_collector.desk.models import Backtest
    from keuring_collector.rulepack import drafts

    departments = fields.pop("departments", ())
    text = drafts.text("volume_my_rule").replace("hold: 30m", "hold: 0")  # measurements are hours apart
    usual = {"rule": "volume_my_rule", "text": text, "compare": True, "asked_at": site.now}
    return backtests.ask(Backtest(asked_by=staff, everything=not departments, **{**usual, **fields}), departments)


def work(site: Site, row: Backtest, worker: str = "one") -> str:
    """Does it, in this process."""
    from keuring_collector.desk import backtests

    assert backtests.take(worker, site.now) == row.pk
    state = backtests.work(row.pk, worker, settings.KEURING, None, lambda: site.now)
    row.refresh_from_db()
    assert row.state == state
    return row.state


def done(site: Site) -> Backtest:
    """One with an answer; the site has a machine."""
    row = asked(site, site.staff("tries-rules"))
    assert work(site, row) == "done"
    return row


def test_the_answer_is_that_of_the_engine_over_the_chosen_machines(site: Site) -> None:
    noor = site.staff()
    ours = fuller(site, "LT-1", department=site.department("Finance"))
    site.fact(ours, MODEL, "Notitie 14")
    fuller(site, "LT-2", department=site.department("Finance"))
    fuller(site, "LT-3", colleague=None)
    row = asked(site, noor)
    assert work(site, row) == "done"
    assert (row.machines, row.machines_done, row.error, row.leased_until) == (3, 3, "", None)
    answer = json.loads(row.answer)
    assert [each["machine"] for each in answer["rules"][0]["list"]] == ["LT-1", "LT-2", "LT-3"]
    assert answer["rules"][0]["list"][0]["identity"] == str(ours.uuid)
    assert answer["comparison"] is None
    finance = asked(site, noor, departments=[site.department("Finance")])
    assert work(site, finance) == "done"
    assert [each["name"] for each in json.loads(finance.answer)["rules"][0]["departments"]] == ["Finance"]
    model = asked(site, noor, model="Notitie 14")
    assert work(site, model) == "done"
    assert [each["machine"] for each in json.loads(model.answer)["rules"][0]["list"]] == ["LT-1"]
    past = asked(site, noor, until=site.today - timedelta(days=10), since=date(2020, 1, 1))
    assert work(site, past) == "done"
    assert json.loads(past.answer)["rules"][0]["tickets"]["opened"] == 0


def test_the_version_in_force_comes_first_and_what_the_change_does_after_it(site: Site) -> None:
    fuller(site, "LT-1")
    noor = site.staff()
    before = asked(site, noor).text
    row = asked(site, noor, before=before, text=before.replace("90 %", "97 %"), asked_at=site.now - MINUTE)
    assert work(site, row) == "done"
    answer = json.loads(row.answer)
    assert [(rule["saved"], rule["tickets"]["opened"]) for rule in answer["rules"]] == [(True, 1), (False, 0)]
    assert answer["comparison"]["only_first"] == 1
    alone = asked(
        site, noor, before=before, text=before.replace("90 %", "97 %"), compare=False, asked_at=site.now - MINUTE
    )
    assert work(site, alone) == "done"
    assert len(json.loads(alone.answer)["rules"]) == 1


def test_of_several_collectors_one_takes_it_and_the_oldest_first(site: Site) -> None:
    from keuring_collector.desk import backtests

    noor = site.staff()
    second, first = asked(site, noor), asked(site, noor, asked_at=site.now - MINUTE)
    taken = [backtests.take(f"collector-{number}", site.now) for number in range(3)]
    assert taken == [first.pk, second.pk, None]


def test_what_was_stopped_ends_at_the_next_step(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.desk import backtests

    for number in range(3):
        fuller(site, f"LT-{number}")
    monkeypatch.setattr(backtests, "AT_ONCE", 1)
    row = asked(site, site.staff())
    assert backtests.take("one", site.now) == row.pk
    seen: list[int] = []

    def clock() -> datetime:
        row.refresh_from_db()
        seen.append(row.machines_done)
        if row.machines_done == 1:
            assert backtests.cancel(row.pk, site.now)
        return site.now

    assert backtests.work(row.pk, "one", settings.KEURING, None, clock) == "cancelled"
    row.refresh_from_db()
    assert (row.machines_done, row.answer, row.ended_at) == (1, "", site.now)
    assert max(seen) == 1
    assert not backtests.cancel(row.pk, site.now)


def test_what_takes_too_long_or_cannot_be_says_why(site: Site) -> None:
    from keuring_collector.desk import backtests

    noor = site.staff()
    nobody = asked(site, noor)
    assert work(site, nobody) == "failed"
    assert nobody.error == backtests.NOBODY
    fuller(site, "LT-1")
    broken = asked(site, noor, text="id: 7")
    assert work(site, broken) == "failed"
    assert "'name' is missing" in broken.error
    slow = asked(site, noor)
    assert backtests.take("one", site.now) == slow.pk
    times = iter([site.now, site.now, site.now + backtests.LONGEST * 2, site.now])
    assert backtests.work(slow.pk, "one", settings.KEURING, None, lambda: next(times)) == "failed"
    slow.refresh_from_db()
    assert slow.error == backtests.TOO_LONG


def test_one_whose_collector_died_is_done_by_another_and_given_up_after_that(site: Site) -> None:
    from keuring_collector.desk import backtests

    row = asked(site, site.staff())
    assert backtests.take("one", site.now) == row.pk
    assert backtests.take("two", site.now + MINUTE) is None
    late = site.now + backtests.LEASE
    assert backtests.take("two", late) == row.pk
    # The first one was only slow: it finds that the row is another's.
    fuller(site, "LT-1")
    assert backtests.work(row.pk, "one", settings.KEURING, None, lambda: late) == "running"
    backtests.give_back(row.pk, "one", late, died=True)
    row.refresh_from_db()
    assert (row.leased_by, row.leased_until) == ("two", late + backtests.LEASE)
    backtests.give_back(row.pk, "two", late, died=False)  # it ends, for a new version: no fault of the rule
    assert backtests.take("three", late) == row.pk
    backtests.give_back(row.pk, "three", late, died=True)
    assert backtests.take("four", late) is None
    row.refresh_from_db()
    assert (row.state, row.error) == ("failed", backtests.DIED)


def test_answers_are_kept_two_weeks_and_saved_rules_as_long_as_the_audit(site: Site) -> None:
    from keuring_collector.desk import backtests
    from keuring_collector.desk.models import Backtest

    noor = site.staff()
    old = site.now - backtests.KEPT - MINUTE
    for fields in ({"ended_at": old}, {"ended_at": site.now}, {"ended_at": old, "saved_at": old}, {}):
        asked(site, noor, **fields)
    assert backtests.expire(site.now, 365) == 1
    assert Backtest.objects.count() == 3
    assert backtests.expire(site.now, 10) == 1


def test_a_limited_person_sees_those_of_their_departments_alone(site: Site) -> None:
    from keuring_collector.desk import scope

    noor = site.staff()
    finance, law = site.department("Finance"), site.department("Law")
    everything, both, ours = (asked(site, noor, departments=chosen) for chosen in ((), (finance, law), (finance,)))
    limited = site.staff("cas", departments=[finance])
    assert set(scope.backtests(limited)) == {ours}
    assert set(scope.backtests(site.staff("sara", departments=[finance, law]))) == {ours, both}
    assert set(scope.backtests(noor)) == {everything, both, ours}
