"""The page of one department: what is there, what is not said of few people, and who sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import USED, words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_a_department_tells_what_is_open_its_apk_score_quiet_times_and_places(site: Site) -> None:
    from keuring_collector.desk import quiet
    from keuring_collector.service.models import Round, Stop

    finance, law = site.department("Finance"), site.department("Law")
    machines = [
        site.machine(f"LT-{n}", colleague=site.colleague(f"Collega {n}", department=finance, place=f"kamer {n % 2}"))
        for n in range(11)
    ]
    site.machine("LT-LAW", colleague=site.colleague("Jan Jansen", department=law, place="toren"))
    site.ticket(machines[3], severity=4)
    site.ticket(machines[4])
    for machine in machines[5:]:
        closed = site.now - timedelta(days=1)
        site.ticket(machine, age=3, state="resolved", verdict="right", closed_at=closed, touched=True)
    site.measure(machines[0], USED, [0.5] * 4, subject="C:")
    site.inspection(machines[0])
    noor = site.staff()
    for department, reason in ((finance, "Alle laptops nieuw"), (law, "Verhuizing")):
        quiet.make(
            kind="maintenance", reason=reason, actor=noor, now=site.now, starts_at=site.now - timedelta(hours=1),
            ends_at=site.now + timedelta(hours=4), department=department,
        )  # fmt: skip
    browser = site.client(noor)
    assert f'<a href="/departments/{finance.pk}/">Finance</a>' in browser.get("/departments/").content.decode()
    response = browser.get(f"/departments/{finance.pk}/")
    page = words(response)
    assert "Finance 2nd floor 11 machines Colleagues: 11 never visited yet Visiting hours and places" in page
    visits = browser.get(f"/visits/departments/{finance.pk}/").content.decode()
    assert f'href="/departments/{finance.pk}/"' in visits
    assert f'href="/visits/departments/{finance.pk}/"' in response.content.decode()
    walk = Round.objects.create(department=finance, day=site.today - timedelta(days=2), starts_at=site.now, minutes=30)
    Stop.objects.create(round=walk, minutes=5, outcome="helped", colleague=machines[0].colleague)
    assert "last visited" in words(browser.get(f"/departments/{finance.pk}/"))
    assert "urgent 1 soon 1 watch 0" in page
    assert page.index("LT-3 will be full") < page.index("LT-4 will be full")
    assert "LT-10" in page
    assert "not measurable 1 No report yet 10 Due this month 11" in page
    assert "too early to tell 6 of 10 judged" in page
    assert "maintenance Finance Alle laptops nieuw in force until" in page
    assert "kamer 0 6 kamer 1 5" in page
    for theirs in ("LT-LAW", "Jan Jansen", "Verhuizing", "toren"):
        assert theirs not in page
    dutch = words(site.client(site.staff("saar", language="nl")).get(f"/departments/{finance.pk}/"))
    assert "11 machines Collega's: 11" in dutch
    assert "Nog geen rapport 10 Deze maand aan de beurt 11" in dutch


def test_of_few_people_nothing_is_counted(site: Site) -> None:
    department = site.department("Directie")
    for number in range(4):
        person = site.colleague(f"Collega {number}", department=department, place="hoek")
        site.ticket(site.machine(f"LT-{number}", colleague=person), verdict="wrong", state="resolved")
    page = words(site.client(site.staff()).get(f"/departments/{department.pk}/"))
    assert "Colleagues: < 5" in page
    assert "Places Place Colleagues hoek < 5" in page
    assert "no figures are shown: they would be about people" in page
    assert "judged" not in page
    empty = site.department("Nieuw")
    assert "Here come the machines of this department" in words(
        site.client(site.staff("two")).get(f"/departments/{empty.pk}/")
    )


def test_another_department_is_not_seen(site: Site) -> None:
    finance, law = site.department("Finance"), site.department("Law")
    cas = site.client(site.staff("cas", role="viewer", departments=[law]))
    assert cas.get(f"/departments/{law.pk}/").status_code == 200
    refused = cas.get(f"/departments/{finance.pk}/")
    assert refused.status_code == 404
    assert "There is no such department, or you do not see it" in words(refused)
