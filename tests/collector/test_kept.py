"""What is counted over a large fleet is kept, says how old it is, and is counted anew by a job."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

PAGES = (
    "/models/", "/models/one/?name=Notitie", "/software/", "/software/one/?name=Tekst", "/scoreboard/",
    "/scoreboard/?by=model", "/scoreboard/?by=department", "/departments/", "/inspections/", "/machines/",
    "/skills/short/",
)  # fmt: skip


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are many, so that a test need not make a thousand."""
    from keuring_collector.desk import counting

    monkeypatch.setattr(counting, "MOST", 2)


def _fleet(site: Site) -> None:
    from keuring.signals import catalogue

    for number in range(6):
        machine = site.machine(f"LT-{number}", department=site.department("Zorg" if number % 2 else "Bouw"))
        site.fact(machine, catalogue.KEURING_HARDWARE_MODEL.id, "Notitie")
        site.fact(machine, catalogue.KEURING_SOFTWARE_VERSION.id, f"1.{number % 2}", subject="Tekst")
        site.ticket(machine)


def _refresh(site: Site, later: timedelta) -> int:
    from keuring_collector import rulepack
    from keuring_collector.console import readings
    from keuring_collector.desk import kept
    from keuring_collector.desk.counts import Sources

    sources = Sources(readings.store(), tuple(rulepack.load(None).rules.values()))
    return kept.refresh(sources, site.now + later, lambda: False)


def test_a_small_desk_counts_each_time(site: Site) -> None:
    from keuring_collector.desk.models import Kept

    _fleet(site)
    browser = site.client(site.staff(language="en"))
    before = words(browser.get("/models/"))
    site.ticket(site.machine("LT-9", department=site.department("Zorg")))
    assert "Counted" not in before
    for page in PAGES:
        assert browser.get(page).status_code == 200, page
    assert not Kept.objects.exists()


@pytest.mark.usefixtures("many")
def test_a_large_one_keeps_what_it_counted_until_the_job_counts_anew(site: Site) -> None:
    from keuring_collector.desk.models import Kept

    _fleet(site)
    browser = site.client(site.staff(language="en"))
    first = {page: words(browser.get(page)) for page in PAGES}  # the one who asks first waits
    again = {page: words(browser.get(page)) for page in PAGES}
    assert "Counted" not in first["/models/"]
    for page in PAGES:
        assert ("Counted just now" in again[page]) == (page != "/machines/"), page
        assert _without_age(again[page]) == _without_age(first[page]), page
    assert set(Kept.objects.values_list("departments", flat=True)) == {"all"}

    site.ticket(site.machine("LT-10", department=site.department("Nieuw")))
    assert "Nieuw" in words(browser.get("/departments/"))  # as itself, still without numbers
    assert "7" not in _numbers(site, "departments")
    assert _refresh(site, timedelta(minutes=1)) == 0
    assert _refresh(site, timedelta(minutes=6)) == Kept.objects.count() > 5
    assert sum(row[2] for row in _content("departments")["machines"]) == 7


def _without_age(text: str) -> list[str]:
    return re.sub(r"Counted just now *; this is done anew every few minutes\.", "", text).split()


def _content(question: str) -> dict[str, list[list[int]]]:
    from keuring_collector.desk.models import Kept

    content: dict[str, list[list[int]]] = Kept.objects.get(question=question).content
    return content


def _numbers(site: Site, question: str) -> str:
    return json.dumps([row[2] for row in _content(question)["machines"]])


@pytest.mark.usefixtures("many")
def test_each_sees_what_is_counted_of_their_own_departments(site: Site) -> None:
    from keuring_collector.desk.models import Kept

    _fleet(site)
    limited = site.staff(name="limited", language="en", role="desk", departments=[site.department("Zorg")])
    for _time in range(2):
        page = words(site.client(limited).get("/departments/"))
        assert "Zorg" in page
        assert "Bouw" not in page
    assert _content("departments")["machines"] == [[_content("departments")["machines"][0][0], False, 3]]
    assert Kept.objects.get(question="departments").departments != "all"


@pytest.mark.usefixtures("many")
def test_what_nobody_asks_for_is_forgotten_and_what_is_old_is_counted_by_the_page(site: Site) -> None:
    from keuring_collector.desk.models import Kept

    _fleet(site)
    browser = site.client(site.staff(language="en"))
    browser.get("/departments/")
    Kept.objects.update(made_at=site.now - timedelta(hours=3))
    assert "Counted" not in words(browser.get("/departments/"))
    assert Kept.objects.get().made_at > site.now - timedelta(minutes=5)
    Kept.objects.update(asked_at=site.now - timedelta(days=2))
    assert _refresh(site, timedelta()) == 0
    assert not Kept.objects.exists()


@pytest.mark.usefixtures("many", "contexts")
def test_what_a_process_told_lately_is_told_to_nobody_who_sees_less(site: Site) -> None:
    from keuring_collector.console import readings

    for number, cause in enumerate(("volume-space", "disk-failing", "battery-wear", "volume-space")):
        site.ticket(site.machine(f"LT-{number}", department=site.department("Bouw")), cause=cause)
    site.ticket(site.machine("LT-9", department=site.department("Zorg")), cause="memory")
    everything = site.staff(language="en")
    limited = site.staff(name="limited", language="en", role="desk", departments=[site.department("Zorg")])
    assert readings.store().causes(resting=False) == [
        "battery-wear", "disk-failing", "memory", "volume-space",
    ]  # fmt: skip
    for _time in range(2):
        causes = {
            name: {cause for cause, _label in site.client(who).get("/announcements/new/").context["causes"]}
            for name, who in (("all", everything), ("some", limited))
        }
        assert causes == {"all": {"battery-wear", "disk-failing", "memory", "volume-space"}, "some": {"memory"}}
        counts = {
            name: sum(rule["open"] for rule in site.client(who).get("/rules/").context["rules"])
            for name, who in (("all", everything), ("some", limited))
        }
        assert counts == {"all": 5, "some": 1}
