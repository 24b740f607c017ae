"""One signal over any stretch of time, beside its model; what changed on a machine, and its programs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import CPU, DAY, MEAN, MODEL, USED, words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.usefixtures("contexts")
SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
SIGNAL = "signals/system.filesystem.utilization/"
MEMORY, AGENT = 20, 902  # ids of the catalogue


@SQLITE
def test_a_stretch_is_chosen_by_days_and_walked_through(site: Site) -> None:
    machine = site.machine()
    site.measure(machine, USED, [0.5 + n / 1000 for n in range(240)], subject="C:")
    browser, today = site.client(site.staff()), site.today
    address = f"/machines/{machine.uuid}/{SIGNAL}"

    def shown(**days: str) -> tuple[dict[str, str], int]:
        response = browser.get(address, {"subject": "C:", **days})
        assert response.status_code == 200
        context = response.context
        links = {"earlier": context["stretch"].earlier, "later": context["later"], "closer": context["nearer"]}
        return {**links, "wider": context["wider"], "words": words(response)}, len(context["rows"])

    first, last = today - timedelta(days=39), today - timedelta(days=20)
    links, count = shown(**{"from": str(first), "to": str(last)})
    assert count == 20
    ten = timedelta(days=10)
    assert f"from={first - ten}&to={last - ten}&subject=C" in links["earlier"]
    assert f"from={first + ten}&to={last + ten}" in links["later"]
    assert f"from={first + timedelta(days=5)}&to={last - timedelta(days=5)}" in links["closer"]
    assert f"from={first - ten}&to={last + ten}" in links["wider"]
    assert shown(days="30")[0]["later"] == ""
    assert shown(**{"from": str(today - timedelta(days=6)), "to": str(today)})[0]["closer"] == ""  # by the day
    for wrong in ({"from": "x"}, {"from": str(last), "to": str(first)}, {"from": str(today + ten)}):
        assert "Those days cannot be shown" in shown(**wrong)[0]["words"]
    assert "Nothing was measured" in shown(**{"from": "2019-01-01", "to": "2019-02-01"})[0]["words"]


@SQLITE
def test_a_chosen_stretch_is_no_way_round_the_privacy_of_windows(site: Site) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    machine = site.machine()
    site.measure(machine, USED, [0.5, 0.52] * 60, subject="C:", step=3600)
    site.measure(machine, CPU, [0.2, 0.3] * 60, statistic=MEAN, step=3600)
    browser, today = site.client(site.staff()), site.today
    days = {"from": str(today - timedelta(days=2)), "to": str(today)}
    disk = f"/machines/{machine.uuid}/{SIGNAL}"
    processor = f"/machines/{machine.uuid}/signals/system.cpu.utilization/"
    assert browser.get(disk, {"subject": "C:", **days}).context["by_day"]
    site.ticket(machine)
    assert not browser.get(disk, {"subject": "C:", **days}).context["by_day"]
    assert browser.get(processor, days).context["by_day"]
    long = {"from": str(today - timedelta(days=9)), "to": str(today)}
    assert browser.get(disk, {"subject": "C:", **long}).context["by_day"]
    audit.flush()
    looks = list(AuditEntry.objects.filter(action="windows.viewed").values_list("detail", flat=True))
    assert len(looks) == 1
    assert f'"first":"{days["from"]}"' in looks[0]


def test_a_signal_stands_beside_five_or_more_machines_of_its_model(site: Site) -> None:
    machine = site.machine()
    site.fact(machine, MODEL, "Notitie 14")
    site.measure(machine, USED, [0.9] * 40, subject="C:")
    browser = site.client(site.staff())
    address = f"/machines/{machine.uuid}/{SIGNAL}?subject=C:"
    for number in range(4):
        other = site.machine(f"LT-{number}")
        site.fact(other, MODEL, "Notitie 14")
        site.measure(other, USED, [0.1 + number / 10] * 40, subject="C:")
    assert "fewer than five other machines of model Notitie 14" in words(browser.get(address))
    elsewhere = site.machine("LT-4", colleague=site.colleague("Jan", department=site.department("Sales")))
    site.fact(elsewhere, MODEL, "Notitie 14")
    site.measure(elsewhere, USED, [0.5] * 40, subject="C:")
    response = browser.get(address)
    assert "5 other machines of model Notitie 14" in words(response)
    alike = response.context["alike"]
    assert [round(value, 2) for value in (alike.points[0].low, alike.points[0].value, alike.points[0].high)] == [
        0.2, 0.3, 0.4,
    ]  # fmt: skip
    assert "90 % · model 30 %" in words(response)
    assert 'class="others"' in response.content.decode()
    limited = site.client(site.staff("cas", role="desk", departments=[site.department()]))
    assert limited.get(address).context["alike"] is None  # the fifth is not theirs to see


@SQLITE
def test_a_machine_tells_what_changed_and_its_programs(site: Site) -> None:
    from keuring_collector.store import facts, open_store

    machine = site.machine()
    start = (site.now.timestamp() // DAY - 40) * DAY  # so that 10 and 10.2 are one day, at any hour of this test
    store = open_store(site.url)
    told = [
        (0, 288, "", "Notitie 14"),
        (0, 541, "Schrijver", "7.1"),
        (0, 541, "Rekenaar", "2.0"),
        (10, 541, "Schrijver", "7.2"),
        (10.2, 541, "Schrijver", "7.3"),
        (20, 541, "Rekenaar", None),
        (30, 541, "Tekenaar", "1.0"),
    ]
    with store.connection.transaction():
        for position, (days, signal, subject, value) in enumerate(told):
            facts.put_facts(store.connection, [(machine.pk, position, signal, subject, start + days * DAY, value)])
    store.close()
    response = site.client(site.staff()).get(f"/machines/{machine.uuid}/")
    changes = [(each.subject, each.before, each.after) for each in response.context["changes"]]
    assert changes == [
        ("Tekenaar", "not there", "1.0"),
        ("Rekenaar", "2.0", "gone"),
        ("Schrijver", "7.1", "7.3"),  # by the day
    ]
    assert [(each.name, each.version) for each in response.context["programs"]] == [
        ("Schrijver", "7.3"), ("Tekenaar", "1.0"),
    ]  # fmt: skip
    assert "2 programs" in words(response)
    assert "/software/one/?name=Schrijver" in response.content.decode()


@SQLITE
def test_areas_that_are_not_seen_first_are_drawn_when_they_are_opened(site: Site) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    machine = site.machine()
    for number in range(11):
        site.measure(machine, USED, [0.5, 0.6] * 20, subject=f"{number}:")
    for signal in (CPU, MEMORY, AGENT):
        site.measure(machine, signal, [0.25, 0.5] * 20, statistic=MEAN)
    browser, address = site.client(site.staff()), f"/machines/{machine.uuid}/"

    def shown() -> tuple[int, dict[str, str]]:
        html = browser.get(address + "?days=90").content.decode()
        folded = re.findall(r'<details class="fold" data-charts="([^"]+)"><summary>([^<]+) <span', html)
        return html.count('class="chart small"'), {title: unescape(at) for at, title in folded}

    drawn, folded = shown()
    assert drawn == 12
    assert list(folded) == ["Processor", "The agent itself"]
    area = browser.get(folded["Processor"])
    assert "Processor in use" in words(area)
    assert area.context["chosen"].days == 90
    assert area.content.decode().count('class="chart small"') == 1
    audit.flush()
    assert AuditEntry.objects.filter(action="machine.viewed", detail__contains='"section":"Processor"').count() == 1
    assert browser.get(f"{address}areas/6/").status_code == 404  # no network was ever measured
    assert browser.get(f"{address}areas/99/").status_code == 404
    limited = site.client(site.staff("cas", role="desk", departments=[site.department("Elders")]))
    assert limited.get(folded["Processor"]).status_code == 404
    ticket = site.ticket(machine)  # what an open ticket is about is drawn, wherever it stands
    line = ticket.lines.get()
    line.evidence = line.evidence_now = [
        {"role": "value", "signal": "system.cpu.utilization", "subject": "", "statistic": 2, "value": 0.5}
    ]
    line.save()
    assert shown() == (13, {title: at for title, at in folded.items() if title != "Processor"})
    assert "windows.viewed" not in set(AuditEntry.objects.values_list("action", flat=True))
    assert browser.get(folded["Processor"].replace("days=90", "days=7")).context["chosen"].closer
    audit.flush()
    assert AuditEntry.objects.filter(action="windows.viewed", detail__contains='"section":"Processor"').count() == 1
