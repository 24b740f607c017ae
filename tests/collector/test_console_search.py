"""One search over everything that somebody may see, and what the command palette offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from keuring_collector.desk.models import Staff
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.usefixtures("contexts")
SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_one_search_finds_every_kind(site: Site) -> None:
    machine = site.machine("LT-0777", colleague=site.colleague("Marieke Schrijver"))
    site.fact(machine, 541, "7.2", "Schrijver 100%_Pro")
    ticket = site.ticket(machine)
    site.ticket(site.machine("WS-1"), state="resolved", closed_at=site.now)
    browser = site.client(site.staff())
    found = browser.get("/search/", {"q": "schrijver"}).context
    assert [each.host_name for each in found["machines"]] == ["LT-0777"]
    assert [each.name for each in found["colleagues"]] == ["Marieke Schrijver"]
    assert [row.ticket.pk for row in found["rows"]] == [ticket.pk]
    assert [hit.text for hit in found["programs"]] == ["Schrijver 100%_Pro"]
    assert browser.get(found["programs"][0].url).status_code == 200
    assert [hit.text for hit in browser.get("/search/", {"q": "100%_p"}).context["programs"]] == ["Schrijver 100%_Pro"]
    assert browser.get("/search/", {"q": "10__"}).context["programs"] == []  # signs are no wildcards
    for number in (str(ticket.pk), f"#{ticket.pk}"):
        assert browser.get("/search/", {"q": number}).context["rows"][0].ticket.pk == ticket.pk
    articles = browser.get("/search/", {"q": "volume-space"}).context["articles"]
    assert [hit.url for hit in articles][:1] == ["/articles/volume-space/"]
    assert "Nothing found" in words(browser.get("/search/", {"q": "zzzz qqxqqxq"}))
    assert "Write two letters or more" in words(browser.get("/search/", {"q": " x\0"}))
    assert "“<b>”" in words(browser.get("/search/", {"q": "<b>"})) or "<b>" not in words(
        browser.get("/search/", {"q": "<b>"})
    )


@SQLITE
def test_open_tickets_are_found_first_and_closed_ones_for_the_room_that_is_left(site: Site) -> None:
    machine = site.machine("LT-0777")
    closed = [site.ticket(machine, cause=f"past-{n}", state="resolved", closed_at=site.now).pk for n in range(3)]
    opened = [site.ticket(machine, cause=f"cause-{n}").pk for n in range(8)]
    browser = site.client(site.staff())

    def found(text: str) -> tuple[list[int], bool]:
        context = browser.get("/search/", {"q": text}).context
        return [row.ticket.pk for row in context["rows"]], context["more_tickets"]

    shown, more = found("lt-07")
    assert more
    assert set(shown[:8]) == set(opened)
    assert set(shown[8:]) < set(closed)
    assert found("past-1") == ([closed[1]], False)
    assert "Tickets 10+" in words(browser.get("/search/", {"q": "lt-07"}))
    number = closed[2]
    assert found(f"#{number}")[0][0] == number


@pytest.mark.parametrize("size", ["small", "large", "too many"])
def test_a_search_finds_the_same_whether_few_or_many_fit(
    site: Site, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keuring_collector.console import names, sought
    from keuring_collector.desk.models import TicketLine
    from keuring_collector.store import names as asked

    if size != "small":
        monkeypatch.setattr(sought, "FEW", 0)
        monkeypatch.setattr(sought, "_SUBJECTS", 0)
        monkeypatch.setattr(sought, "MOST", 0)
        monkeypatch.setattr(asked, "_WEIGHED", 0)
        monkeypatch.setattr(names, "LATEST", 1)
    if size == "too many":
        monkeypatch.setattr(sought, "MANY", 0)
    zoe = site.machine("LT-100_A", colleague=site.colleague("Zoë Bos", department=site.department("Archief")))
    other = site.machine("LT-2001A", colleague=site.colleague("Piet"))
    opened = site.ticket(zoe, subject="Fotoboek").pk
    past = site.ticket(other, cause="disk-failing", subject="Oud Spel", state="resolved", closed_at=site.now).pk
    TicketLine.objects.filter(ticket=past).update(active=False)
    browser = site.client(site.staff())

    def found(text: str) -> tuple[list[str], list[str], list[int]]:
        told = browser.get("/search/", {"q": text}).context
        people = [each.name for each in told["colleagues"]]
        return [each.host_name for each in told["machines"]], people, [row.ticket.pk for row in told["rows"]]

    assert found("zoë") == (["LT-100_A"], ["Zoë Bos"], [opened])
    assert found("ARCHIEF") == (["LT-100_A"], [], [opened])
    assert found("piet@example") == ([], ["Piet"], [])  # an address leads to the colleague alone
    assert found("0_a") == (["LT-100_A"], [], [opened])  # a sign, and no wildcard
    assert found("fotoBOEK") == ([], [], [opened])
    assert found("oud sp") == ([], [], [past])
    assert found("Disk Failing") == ([], [], [past])
    listed = {text: browser.get("/", {"q": text, "live": "1"}).json()["rows"] for text in ("boek", "oud sp")}
    assert {text: len(rows) for text, rows in listed.items()} == {"boek": 1, "oud sp": 0}


@pytest.mark.parametrize("weighed", [0, 2000])
@pytest.mark.parametrize("largest", [0, 1 << 24])
def test_one_of_many_numbers_is_found_however_they_are_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, weighed: int, largest: int
) -> None:
    import numpy as np

    from keuring_collector.console.lookups import among, many
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import names

    monkeypatch.setattr(names, "_WEIGHED", weighed)
    monkeypatch.setattr(names, "_LARGEST", largest)
    made = [site.machine(f"LT-{number}").pk for number in range(20)]
    for wanted in ([], made, made[:1], made[-1:], made[3:12:2], [*made[:2], made[-1] + 70_000]):
        found = Endpoint.objects.filter(among("pk", many(np.array(wanted, dtype=np.int64))))
        assert {each.pk for each in found} == set(wanted) & set(made)
        others = Endpoint.objects.exclude(among("pk", many(np.array(wanted, dtype=np.int64))))
        assert {each.pk for each in others} == set(made) - set(wanted)


def test_a_text_is_found_in_lines_as_python_would_find_it() -> None:
    import random

    from keuring_collector.console.names import Lines

    drawn = random.Random(7)
    for _table in range(60):
        texts = ["".join(drawn.choices("abÀé-", k=drawn.randrange(6))) for _line in range(drawn.randrange(1, 40))]
        numbers = drawn.sample(range(1, 1000), len(texts))
        lines = Lines(",".join(map(str, numbers)), "\n".join(texts))
        for _search in range(20):
            wanted = "".join(drawn.choices("aBàÉ-\n", weights=[5, 5, 5, 5, 5, 1], k=drawn.randrange(1, 4)))
            folded = wanted.lower()
            fitting = [(pk, text.lower()) for pk, text in zip(numbers, texts, strict=True) if folded in text.lower()]
            near = [0 if text == folded else 1 if text.startswith(folded) else 2 for _pk, text in fitting]
            rows, told = lines.holding(wanted)
            assert (rows.tolist(), told.tolist()) == ([pk for pk, _text in fitting], near)


def test_names_that_are_kept_are_found_as_the_database_would_find_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keuring_collector.console import names, sought
    from keuring_collector.desk import counting
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import names as listed

    monkeypatch.setattr(counting, "_kept", {})
    anna = site.colleague("Anna\nBos", mail="anna@example.org")  # a name of two lines
    monkeypatch.setattr(names, "LATEST", 4)
    monkeypatch.setattr(names, "MOST", 0)  # a small desk keeps nothing
    monkeypatch.setattr(sought, "FEW", 5)
    written = ("LT-7", "xlt-7", "LT-70", "lt-7", "WS-1", "LT-71", "alt-72", "LT-7", "Été-1", "LT_7", "WS-10")
    machines = [site.machine(name, colleague=anna) for name in written for _twice in range(2)]
    everybody, sales = site.staff(), site.department("Sales")
    limited = site.staff("cas", role="viewer", departments=[sales])
    Endpoint.objects.filter(pk__in=[each.pk for each in machines[::2]]).update(department=sales)

    def first(text: str, staff: Staff, most: int) -> list[int]:
        return sought.Sought(text).first_machines(staff, most)

    def right(text: str, staff: Staff, most: int) -> list[int]:
        """As whoever reads them all would place them."""
        seen = Endpoint.objects.filter(department=sales) if staff is limited else Endpoint.objects.all()
        names = [(each.host_name.lower(), each.pk) for each in seen.order_by("host_name", "pk")]
        fitting = [(name, pk) for name, pk in names if text.lower() in name]
        return [
            pk
            for name, pk in sorted(fitting, key=lambda it: (it[0] != text.lower(), not it[0].startswith(text.lower())))
        ][:most]

    for _search in range(2):  # the second time from what was kept
        for staff in (everybody, limited):
            for text in ("lt-7", "LT-7", "lt", "t-7", "ws-1", "t_7", "zzz", "-1"):
                for most in (3, 50):
                    assert first(text, staff, most) == right(text, staff, most), (text, most)
        latest = site.machine(f"LT-7{_search}-NEW")
        assert latest.pk in first("-new", everybody, 50)
    assert [pk for pk, _named in sought.Sought("a bos").people or ()] == [anna.pk]
    assert sought.Sought("a\nb").people == []
    assert len(first("été", everybody, 9)) == 2
    asked = listed.machines
    monkeypatch.setattr(listed, "machines", None)  # nobody reads them all again
    assert len(first("été", everybody, 9)) == 2
    gone = machines[0].pk
    Endpoint.objects.filter(pk=gone).delete()
    assert gone not in first("lt-7", everybody, 50)
    monkeypatch.setattr(listed, "machines", asked)
    browser = site.client(everybody)
    Endpoint.objects.filter(host_name="LT-7").update(state=Endpoint.State.REVOKED)
    shown = [row.endpoint.pk for row in browser.get("/machines/", {"q": "7"}).context["rows"]]
    active = Endpoint.objects.filter(host_name__contains="7", state=Endpoint.State.ACTIVE)
    assert shown == list(active.order_by("host_name", "pk").values_list("pk", flat=True))


@SQLITE
def test_pages_of_machines_by_name_are_those_of_the_whole_list(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.console import names
    from keuring_collector.console.views import machines
    from keuring_collector.desk import counting
    from keuring_collector.fleet.models import Endpoint

    monkeypatch.setattr(counting, "_kept", {})
    monkeypatch.setattr(names, "LATEST", 2)
    monkeypatch.setattr(names, "MOST", 0)
    monkeypatch.setattr(machines, "PAGE", 2)
    theirs = site.colleague("LT van Dam")
    for number in range(12):  # the first ten by name are no longer active
        site.machine(f"LT-{number:02}", state="active" if number > 9 else "revoked")
    for name in ("WS-1", "WS-2", "AA-1", "LT-99", "ZZ-1"):
        site.machine(name, colleague=theirs)
    site.machine("LT-001")
    browser = site.client(site.staff())
    pages = [browser.get("/machines/", {"q": "lt", "page": str(number)}).context for number in range(1, 5)]
    shown = [row.endpoint.host_name for page in pages for row in page["rows"]]
    found = Endpoint.objects.filter(state="active").order_by("host_name", "pk").values_list("host_name", flat=True)
    assert shown == list(found)
    assert pages[0]["count"] == 8


@SQLITE
def test_the_search_ends_at_the_departments_that_somebody_sees(site: Site) -> None:
    sales = site.department("Sales")
    machine = site.machine("LT-0777", colleague=site.colleague("Marieke"))
    site.ticket(machine)
    cas = site.client(site.staff("cas", role="viewer", departments=[sales]))
    for text in ("LT-0777", "Marieke"):
        assert "Nothing found" in words(cas.get("/search/", {"q": text}))
        assert cas.get("/search/suggest/", {"q": text}).json() == {"found": []}


@SQLITE
def test_the_palette_is_offered_machines_and_articles(site: Site) -> None:
    for number in range(9):
        site.machine(f"LT-{number}")
    machine = site.machine("XLT-0")
    browser = site.client(site.staff())
    found = browser.get("/search/suggest/", {"q": "lt-"}).json()["found"]
    assert [each["text"] for each in found if each["kind"] == "machine"] == [f"LT-{number}" for number in range(5)]
    exact = browser.get("/search/suggest/", {"q": "xlt-0"}).json()["found"][0]
    assert exact["url"] == f"/machines/{machine.uuid}/"
    assert exact["about"] == "Sanne de Vries"
    assert browser.get("/search/suggest/", {"q": "x"}).json() == {"found": []}


@SQLITE
def test_search_takes_few_queries_however_much_there_is(site: Site) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = site.client(site.staff())

    def queries() -> int:
        browser.get("/search/", {"q": "LT-"})
        with CaptureQueriesContext(connection) as captured:
            browser.get("/search/", {"q": "LT-"})
        return len(captured)

    site.ticket(site.machine("LT-000"))
    few = queries()
    for number in range(1, 9):
        site.ticket(site.machine(f"LT-{number:03}"))
    assert queries() == few


@SQLITE
def test_lists_tell_their_rows_as_the_page_marks_them(site: Site) -> None:
    import re

    from keuring_collector.desk import actions

    noor = site.staff()
    ticket, other = site.ticket(), site.ticket(site.machine("LT-1"), severity=2)
    browser = site.client(noor)
    actions.take(ticket.pk, actor=noor, now=site.now)
    for address in ("/", "/?severity=2", "/today/"):
        marked = re.findall(r'data-row="([^"]+)"', browser.get(address).content.decode())
        assert marked
        sign = "&" if "?" in address else "?"
        assert browser.get(f"{address}{sign}live=1").json() == {"rows": marked}
    before = browser.get("/?live=1").json()["rows"]
    actions.take(other.pk, actor=noor, now=site.now)
    assert len(set(browser.get("/?live=1").json()["rows"]) - set(before)) == 1
