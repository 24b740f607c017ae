"""Incidents pulled from TOPdesk and Zammad, against servers that page, sort, refuse and slow down as documented: each
number once, from where it left off, and what matches nothing is listed and never guessed.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from keuring.signals import catalogue
from keuring_collector.connectors import sources
from tests.collector.announcing_kit import store
from tests.collector.command import complaint, keuring_here, ok
from tests.collector.console_fixtures import words
from tests.connectors.serving import Answer, Asked, Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.config import Settings
    from keuring_collector.connectors.pulling import Pulled
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

__all__ = ["store"]  # the fixture
sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
HOME = ("127.0.0.0/8",)
CAUSES = {"volume-space", "battery-wear"}
MAPPING = ("Hardware / Accu=battery-wear", "Opslag*=volume-space", "Aanvraag*=")


def moment(days: float, seconds: float = 0) -> dt.datetime:
    return dt.datetime(2026, 9, 1, 9, 30, tzinfo=dt.UTC) + dt.timedelta(days=days, seconds=seconds)


def one(number: int, days: float, category: str, machine: str = "", mail: str = "") -> dict[str, Any]:
    """An incident as a list of ours; each ITSM says it in its own way."""
    return {"number": f"M26{number:02}", "at": moment(days), "changed": moment(days + 1), "category": category,
            "machine": machine, "mail": mail}  # fmt: skip


class Topdesk:
    """Answers 206 while there is more, 200 at the end, 204 for nothing; only the fields that were asked for."""

    name, machine_field, category_field = "topdesk", "", ""

    def __init__(self, incidents: list[dict[str, Any]]) -> None:
        self.incidents, self.instead = incidents, list[Answer]()

    def __call__(self, asked: Asked) -> Answer:
        if self.instead:
            return self.instead.pop(0)
        if asked.headers.get("Authorization") != f"Basic {base64.b64encode(b'keuring:geheim').decode()}":
            return Answer(401, b"")
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        wanted = re.fullmatch(r"modificationDate=ge=(\S+Z)", query["query"])
        if parts.path != "/tas/api/incidents" or wanted is None or query["sort"] != "modificationDate:asc":
            return Answer(400, b'[{"message": "The query is not valid"}]')
        since, start = dt.datetime.fromisoformat(wanted[1]), int(query["pageStart"])
        found = sorted((each for each in self.incidents if each["changed"] >= since), key=lambda each: each["changed"])
        size = int(query["pageSize"])
        page, fields = found[start : start + size], query["fields"].split(",")
        if not page:
            return Answer(204, b"")
        body = [{name: value for name, value in self.said(each).items() if name in fields} for each in page]
        return Answer(206 if start + size < len(found) else 200, json.dumps(body).encode())

    @staticmethod
    def said(each: dict[str, Any]) -> dict[str, Any]:
        parent, _slash, child = each["category"].partition(" / ")
        form = "%Y-%m-%dT%H:%M:%S.%f+0000"
        return {
            "id": "2f1c", "number": each["number"], "briefDescription": "Mijn laptop", "request": "Hij doet het niet",
            "callDate": each["at"].strftime(form), "creationDate": each["at"].strftime(form),
            "modificationDate": each["changed"].strftime(form),
            "category": {"id": "c", "name": parent} if parent else None,
            "subcategory": {"id": "s", "name": child} if child else None,
            "object": {"id": "o", "name": each["machine"]} if each["machine"] else None,
            "caller": {"dynamicName": "Vries, Sanne de", "email": each["mail"]},
        }  # fmt: skip


class Zammad(Topdesk):
    """Its search counts pages, says nothing of a total, and sends every attribute."""

    name, machine_field, category_field = "zammad", "asset", "category"

    def __call__(self, asked: Asked) -> Answer:
        if self.instead:
            return self.instead.pop(0)
        if asked.headers.get("Authorization") != "Token token=geheim":
            return Answer(401, b'{"error": "Invalid token"}')
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        wanted = re.fullmatch(r'updated_at:\["(\S+Z)" TO \*\]', query["query"])
        ordered = (query["sort_by"], query["order_by"], query["expand"]) == ("updated_at", "asc", "true")
        if parts.path != "/api/v1/tickets/search" or wanted is None or not ordered:
            return Answer(422, b'{"error": "Unprocessable"}')
        since, size = dt.datetime.fromisoformat(wanted[1]), int(query["per_page"])
        found = sorted((each for each in self.incidents if each["changed"] >= since), key=lambda each: each["changed"])
        first = (int(query["page"]) - 1) * size
        return Answer(200, json.dumps([self.said(each) for each in found[first : first + size]]).encode())

    @staticmethod
    def said(each: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": 3, "number": each["number"], "title": "Mijn laptop", "state": "closed", "group": "Servicedesk",
            "created_at": each["at"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "updated_at": each["changed"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "customer": each["mail"] or "-", "category": each["category"] or None, "asset": each["machine"] or None,
        }  # fmt: skip


def settings_of(itsm: Topdesk, served: Served, **changed: Any) -> Settings:
    from django.conf import settings

    told = {
        "incidents_from": itsm.name, "incidents_url": f"http://127.0.0.1:{served.port}", "incidents_login": "keuring",
        "incidents_secret": "geheim", "incidents_causes": MAPPING, "private_networks": HOME,
        "incidents_machine_field": itsm.machine_field, "incidents_category_field": itsm.category_field,
    }  # fmt: skip
    return settings.KEURING.model_copy(update={**told, **changed})


class Pulling:
    """A site whose incidents come from a server; ``run`` is the job, so many days after 1 September."""

    def __init__(self, site: Site, store: Store, itsm: Topdesk, served: Served) -> None:
        self.site, self.store, self.itsm, self.served = site, store, itsm, served

    def run(self, days: float = 30, **changed: Any) -> Pulled | None:
        from keuring_collector.connectors import pulling

        told = settings_of(self.itsm, self.served, incidents_days=90, **changed)
        return pulling.pull(told, CAUSES, self.store, moment(days), bool)


@pytest.fixture(params=[Topdesk, Zammad])
def pulling(request: pytest.FixtureRequest, site: Site, store: Store) -> Iterator[Pulling]:
    itsm = request.param([])
    with serving(itsm) as served:
        yield Pulling(site, store, itsm, served)


@sqlite
def test_each_is_counted_once_where_it_belongs_and_nothing_is_guessed(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    from keuring_collector.desk.models import Incident, IncidentLeftOut, IncidentSource

    site, sanne, jan = pulling.site, pulling.site.colleague("Sanne"), pulling.site.colleague("Jan")
    by_name = site.machine("LT-1", colleague=sanne)
    by_serial = site.machine("LT-2", colleague=jan)
    site.machine("LT-3", colleague=jan)
    site.fact(by_serial, catalogue.KEURING_HARDWARE_SERIAL_NUMBER.id, "5CG1234XYZ")
    pulling.itsm.incidents = [
        one(1, 0, "Hardware / Accu", machine="lt-1"),
        one(2, 1, "Opslag / Schijf vol", machine="5cg 1234xyz"),
        one(3, 2, "Hardware / Accu", mail="sanne@example.org"),  # Sanne has one machine
        one(4, 3, "Hardware / Accu", mail="jan@example.org"),  # Jan has two
        one(5, 4, "Hardware / Accu", machine="LT-99", mail="sanne@example.org"),  # no machine of ours
        one(6, 5, "Telefonie / Toestel", machine="LT-1"),
        one(7, 6, "Aanvraag / Muis", machine="LT-1"),
        one(8, 7, "", machine="LT-1"),
    ]
    pulled = pulling.run()
    assert pulled is not None
    assert (pulled.read, len(pulled.added), pulled.already, pulled.aside) == (8, 3, 0, 1)
    assert list(Incident.objects.order_by("number").values_list("number", "endpoint", "cause", "at", "source")) == [
        ("M2601", by_name.pk, "battery-wear", moment(0), pulling.itsm.name),
        ("M2602", by_serial.pk, "volume-space", moment(1), pulling.itsm.name),
        ("M2603", by_name.pk, "battery-wear", moment(2), pulling.itsm.name),
    ]
    assert list(IncidentLeftOut.objects.order_by("number").values_list("number", "why", "machine")) == [
        ("M2604", "no_machine", ""),
        ("M2605", "machine", "LT-99"),
        ("M2606", "category", ""),
        ("M2608", "category", ""),
    ]
    kept = json.dumps([list(map(str, row)) for row in IncidentLeftOut.objects.values_list()])
    assert not re.search("sanne|jan@|laptop|doet het", kept, re.IGNORECASE)
    if pulling.itsm.name == "topdesk":
        assert not re.search(b"briefDescription|request", b"".join(each.path.encode() for each in pulling.served.asked))
    # Again adds nothing; one that gets its category later is counted then, and one that changes it stays what it was.
    pulling.itsm.incidents[5] |= {"category": "Opslag / Vol", "changed": moment(29)}
    pulling.itsm.incidents[0] |= {"category": "Opslag / Vol", "changed": moment(29)}
    again = pulling.run(31)
    assert again is not None
    assert [each.number for each in again.added] == ["M2606"]
    assert Incident.objects.get(number="M2601").cause == "battery-wear"
    assert sorted(IncidentLeftOut.objects.values_list("number", flat=True)) == ["M2604", "M2605", "M2608"]
    assert IncidentSource.objects.get().since == moment(29)
    # On the page: what is counted, what is not and why; of which only who sees all departments learns.
    monkeypatch.setattr(settings, "KEURING", settings_of(pulling.itsm, pulling.served))
    page = words(site.client(site.staff("lea", role="team_lead")).get("/scoreboard/incidents/"))
    for told in ("Left out 3 incidents", "A machine that is not known here LT-99", "11 read, 4 of them counted"):
        assert told in page, told
    cas = site.staff("cas", role="desk", departments=[site.department()])
    assert "LT-99" not in words(site.client(cas).get("/scoreboard/incidents/"))


@sqlite
def test_pages_are_followed_and_what_breaks_off_goes_on(pulling: Pulling, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.desk.models import Incident, IncidentSource

    module = f"keuring_collector.connectors.{pulling.itsm.name}.incidents.PAGE"
    monkeypatch.setattr(module, 4)
    pulling.site.machine("LT-1")
    # Six changed within one second: more than a page, so that time alone does not get past them.
    pulling.itsm.incidents = [
        one(number, 0 if 2 < number < 9 else number / 10, "Opslag", machine="LT-1") | {
            "changed": moment(5, 0.1 * number) if 2 < number < 9 else moment(5 + (number - 5.5) / 10)
        }
        for number in range(14)
    ]  # fmt: skip
    itsm = pulling.itsm
    calls = 0

    def third_fails(asked: Asked) -> Answer:
        nonlocal calls
        calls += 1
        return Answer(503) if calls == 3 else itsm(asked)

    pulling.served.answer = third_fails
    with pytest.raises(sources.SourceError, match="answers 503"):
        pulling.run()
    some = Incident.objects.count()
    assert 4 <= some < 14
    assert "answers 503" in IncidentSource.objects.get().error
    pulling.run(30.1)
    assert sorted(Incident.objects.values_list("number", flat=True)) == [f"M26{n:02}" for n in range(14)]
    row = IncidentSource.objects.get()
    assert (row.error, row.added, row.since) == ("", 14, moment(5.75).replace(microsecond=0))


@sqlite
def test_it_waits_when_asked_to_and_says_what_is_wrong(pulling: Pulling) -> None:
    from keuring_collector.desk.models import Incident, IncidentSource
    from keuring_collector.processes.jobs import Work
    from keuring_collector.processes.packs import PackWatch

    pulling.site.machine("LT-1")
    pulling.itsm.incidents = [one(1, 0, "Opslag", machine="LT-1")]
    pulling.itsm.instead = [Answer(429, headers={"Retry-After": "7200"})]
    with pytest.raises(sources.TryLaterError, match="wait 7200 seconds"):
        pulling.run(30)
    assert pulling.run(30 + 1.9 / 24) is None
    assert len(pulling.served.asked) == 1
    cases = [
        (Answer(302, headers={"Location": "https://example.org/"}), "sends on to another address"),
        (Answer(404), r"there is nothing .404.; look at 'incidents_url'"),
        (Answer(200, b"<html>Sign in</html>"), "is no JSON"),
        (Answer(200, b'{"error": "no"}'), "answered no list of"),
        (Answer(200, b'[{"number": "1", "created_at": "soon", "callDate": "soon"}]'), "has 'soon' where its"),
        (Answer(cut=True), "it gave no answer"),
    ]
    for answer, told in cases:
        pulling.itsm.instead = [answer]
        with pytest.raises(sources.SourceError, match=told):
            pulling.run(31)
    with pytest.raises(sources.SourceError, match="look at 'incidents_login' and 'incidents_secret'"):
        pulling.run(31, incidents_secret="wrong")
    with pytest.raises(sources.SourceError, match=r"127\.0\.0\.1 is a private address"):
        pulling.run(31, private_networks=())
    with pytest.raises(sources.SourceError, match="no rule has the cause 'battery-were'"):
        pulling.run(31, incidents_causes=("Accu=battery-were",))
    assert not Incident.objects.exists()
    pulled = pulling.run(31)
    assert pulled is not None
    assert len(pulled.added) == 1
    # The job does not fail over it, and so comes back at its own time; the page has the reason.
    pulling.itsm.instead = [Answer(500)]
    changed = settings_of(pulling.itsm, pulling.served, incidents_causes=())
    Work(changed, PackWatch(None), bool).pull_incidents(moment(32))
    assert "answers 500" in IncidentSource.objects.get().error


def test_a_setting_that_cannot_be_is_refused(tmp_path: Path) -> None:
    from keuring_collector import config

    cases = {
        "INCIDENTS_URL": ("http://topdesk.example.org", "write https://NAME/"),
        "INCIDENTS_CAUSES": ("Accu battery-wear", "'Accu battery-wear': write CATEGORY=CAUSE"),
        "INCIDENTS_FROM": ("topdesk", "'incidents_from' needs 'incidents_url' and 'incidents_secret'"),
    }
    for name, (value, told) in cases.items():
        with pytest.raises(config.ConfigError, match=told):
            config.load(tmp_path, environment={f"KEURING_{name}": value})


@sqlite
def test_the_command_shows_without_writing_and_pulls(site: Site, collector: Path) -> None:
    with serving(Topdesk([one(1, 0, "Opslag", machine="LT-77"), one(2, 1, "Fiets", machine="LT-1")])) as served:
        told = {
            "incidents_from": "topdesk", "incidents_url": f"http://127.0.0.1:{served.port}",
            "incidents_secret": "geheim", "incidents_login": "keuring", "incidents_causes": "Opslag*=volume-space",
            "private_networks": "127.0.0.0/8",
        }  # fmt: skip
        shown = ok(keuring_here(collector, "incidents", "pull", "--dry-run", "--since", "2026-08-01", **told))
        assert "LT-77" in shown
        assert "no cause for its category: Fiets (1)" in shown
        assert "nothing was written" in shown
        assert "2 read, 0 new" in ok(keuring_here(collector, "incidents", "pull", "--since", "2026-08-01", **told))
        told["incidents_from"] = "servicenow"
        refused = complaint(keuring_here(collector, "incidents", "pull", **told))
        assert "'incidents_from' is 'servicenow'; there are: topdesk, zammad" in refused
    assert "name your ITSM in the setting 'incidents_from'" in complaint(keuring_here(collector, "incidents", "pull"))
