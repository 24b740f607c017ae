"""Proposals of a better threshold: looked for by a job in a real replay, shown beside their backtest, never applied."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from tests.collector.console_fixtures import USED, words
from tests.collector.packs import SPACE_RULE, write_pack
from tests.collector.test_backtests import work
from tests.collector.test_console_backtest import held

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from keuring_collector.desk.models import Backtest
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def folder(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack with one rule: a volume above 90 %."""
    directory = write_pack(tmp_path / "rules", hold="0")
    changed = settings.KEURING.model_copy(update={"rules_directory": directory})
    monkeypatch.setattr(settings, "KEURING", changed)
    return directory


def machine(site: Site, most: float, verdict: str, department: str = "Finance") -> None:
    """A machine whose volume rose to ``most`` for two days and a half, and the ticket that somebody judged."""
    from keuring_collector.fleet.models import Endpoint

    found = site.machine(f"LT-{Endpoint.objects.count()}", department=site.department(department))
    site.measure(found, USED, [0.5] * 20 + [most] * 10, subject="C:", compacted=False)
    if verdict:
        site.ticket(
            found, rule=SPACE_RULE, cause="test-space", age=2, days=None, state="resolved", verdict=verdict,
            closed_at=site.now - timedelta(days=1), touched=True,
        )  # fmt: skip


def ask(site: Site) -> list[str]:
    """What the weekly job does."""
    from keuring_collector import rulepack
    from keuring_collector.desk import proposals

    pack = rulepack.load(settings.KEURING.rules_directory)
    return proposals.ask_where_wanted(pack, site.now)


def searched(site: Site) -> Backtest:
    """The search that waits, done."""
    from keuring_collector.desk.models import Backtest

    row = Backtest.objects.get(search=True, state="waiting")
    assert work(site, row) == "done"
    return row


def browser(site: Site, **fields: str) -> Client:
    return site.client(site.staff("noor", first_name="Noor", **fields))


def test_the_job_finds_a_better_threshold_and_a_person_takes_it_further(site: Site, folder: Path) -> None:
    from keuring_collector.desk.models import AuditEntry, Backtest

    file = folder / "storage" / "test_space.yaml"
    before = file.read_text(encoding="utf-8")
    for _ in range(6):
        machine(site, 0.99, "right")
        machine(site, 0.93, "wrong")
    assert ask(site) == ["test_space"]
    assert ask(site) == []  # it is being looked for
    noor = browser(site)
    assert "Versions around this rule are being tried" in words(noor.get("/rules/test_space/"))
    row = searched(site)
    assert row.found["outcome"] == "better"
    # 92.5 % changes nothing; 95 % ends the wrong ones, and is the simplest that does.
    assert row.found["changes"] == [{"field": "threshold.above", "before": "90 %", "after": "95 %"}]
    assert (row.found["now"]["tickets"], row.found["then"]["tickets"]) == (12, 6)
    assert row.text == before.replace("90 %", "95 %")
    assert file.read_text(encoding="utf-8") == before  # nothing is applied by itself
    told = "threshold.above 90 % → 95 %"
    board = words(noor.get("/scoreboard/"))
    assert "A better threshold for 1 rule" in board
    assert f"{told} What both would have done on history as it is proposed" in board
    assert "Share right 50 % (25–75 %) of 12 judged 100 % (61–100 %) of 6 judged" in board
    page = words(noor.get("/rules/test_space/"))
    assert told in page
    assert "on the same history that it is shown on" in page
    assert f'href="/backtests/new/?from={row.pk}"' in noor.get("/rules/test_space/").content.decode()
    assert "6 tickets by both, 6 by A alone, 0 by B alone" in words(noor.get(f"/backtests/{row.pk}/"))
    form = held(noor.get(f"/backtests/new/?from={row.pk}"))
    assert form["text"] == row.text
    noor.post("/backtests/new/", {**form, "text": form["text"].replace("maturity: test", "maturity: experimental")})
    tried = Backtest.objects.get(search=False)
    assert work(site, tried) == "done"
    assert "Saved" in words(noor.post(f"/backtests/{tried.pk}/save/", follow=True))
    assert "above: 95 %" in file.read_text(encoding="utf-8")
    assert "A better threshold for" not in words(noor.get("/scoreboard/"))  # it was found for what is no longer there
    assert AuditEntry.objects.filter(action="rule.saved").count() == 1


def test_few_verdicts_are_too_early_and_nothing_better_is_said_too(site: Site, folder: Path) -> None:
    noor = browser(site)
    for _ in range(5):
        machine(site, 0.99, "wrong")
    assert ask(site) == []
    page = noor.get("/rules/test_space/")
    assert "Too early to tell: 5 of 10 tickets judged" in words(page)
    assert 'action="/rules/test_space/better/"' not in page.content.decode()
    for _ in range(5):
        machine(site, 0.99, "right")
    assert noor.post("/rules/test_space/better/").status_code == 302
    row = searched(site)
    assert row.asked_by is not None
    assert (row.found["outcome"], row.text) == ("none", row.before)
    assert "None is clearly better without losing tickets that were right" in words(noor.get("/rules/test_space/"))
    assert "No better threshold was found" in words(noor.get(f"/backtests/{row.pk}/"))


def test_history_that_no_longer_shows_the_tickets_says_so(site: Site, folder: Path) -> None:
    noor = browser(site)
    for _ in range(10):
        machine(site, 0.6, "early")
    assert ask(site) == ["test_space"]
    row = searched(site)
    assert row.found["outcome"] == "early"
    assert "0 of 10 are judged" in words(noor.get("/rules/test_space/"))


def test_an_incident_that_no_ticket_announced_asks_for_a_lower_threshold(site: Site, folder: Path) -> None:
    from keuring_collector.desk.models import Backtest, Incident
    from keuring_collector.fleet.models import Endpoint

    for _ in range(10):
        machine(site, 0.99, "right")
    for _ in range(3):
        machine(site, 0.89, "")
        last = Endpoint.objects.latest("pk")
        Incident.objects.create(
            endpoint=last, cause="test-space", at=site.now - timedelta(hours=6), imported_at=site.now
        )
    assert ask(site) == ["test_space"]
    row = searched(site)
    assert row.found["changes"][0]["after"] == "87.5 %"
    assert (row.found["now"]["missed"], row.found["then"]["missed"]) == (3, 0)
    # The same question from the form: with incidents, and without.
    noor = browser(site)
    form = held(noor.get("/backtests/new/?rule=test_space"))
    assert "3 of your machines are known" in words(noor.get("/backtests/new/?rule=test_space"))
    for extra, said in (
        ({"incidents": "on"}, "missed: a problem without a ticket before it 3"),
        ({}, "without imported"),
    ):
        answer = noor.post("/backtests/new/", {**form, **extra}, follow=True)
        made = answer.redirect_chain[-1][0]
        assert work(site, Backtest.objects.get(pk=int(made.split("/")[2]))) == "done"
        assert said in words(noor.get(made))


def test_who_sees_some_departments_sees_what_was_found_on_those_alone(site: Site, folder: Path) -> None:
    for _ in range(6):
        machine(site, 0.99, "right")
        machine(site, 0.93, "wrong")
    ask(site)
    searched(site)
    law = site.department("Law")
    cas = site.client(site.staff("cas", role="specialist", departments=[law]))
    assert "A better threshold for" not in words(cas.get("/scoreboard/"))
    assert "95 %" not in words(cas.get("/rules/test_space/"))
    desk = browser(site, role="desk")
    assert "threshold.above 90 % → 95 %" in words(desk.get("/rules/test_space/"))
    assert "?from=" not in desk.get("/rules/test_space/").content.decode()
    assert desk.post("/rules/test_space/better/").status_code == 403
    dutch = words(site.client(site.staff("saar", language="nl")).get("/scoreboard/"))
    assert "Een betere grens voor 1 regel" in dutch
