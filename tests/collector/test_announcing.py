"""Announcements: whom they concern, what changes for all to see, who is told of it and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals.catalogue import BY_NAME
from tests.collector.announcing_kit import announce, content, mails, sent, store, tell, today
from tests.collector.console_fixtures import DAY, MODEL, SPACE

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

__all__ = ["store"]  # the fixture
SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
INVENTORY, SYSTEM, VERSION = (BY_NAME[name].id for name in ("keuring.software.inventory", "os.name", "os.version"))
BATTERY, SECURE = BY_NAME["keuring.battery.model"].id, BY_NAME["keuring.secure_boot.enabled"].id


def test_a_selection_means_exactly_the_machines_it_says(site: Site, store: Store) -> None:
    from keuring_collector.service.announcing.audience import Fact, Selection, in_words, kept, machines

    sales = site.department("Sales")
    old, new, other = (site.machine(name) for name in ("LT-OLD", "LT-NEW", "WS-1"))
    far = site.machine("LT-FAR", colleague=site.colleague("Jan", department=sales))
    site.machine("LT-GONE", state="revoked")
    for machine, version in ((old, "7.2"), (new, "25.8.1"), (far, "24.2")):
        site.fact(machine, INVENTORY, version, "LibreOffice Writer")
    site.fact(other, INVENTORY, "7.0", "Libre[x]Office")
    for machine, model, system in ((old, "Notitie 14", "Windows"), (new, "Notitie 14", "Debian")):
        site.fact(machine, MODEL, model)
        site.fact(machine, SYSTEM, system)
    for slot, battery in (("BAT0", "Kaap"), ("BAT1", "Hoorn")):
        site.fact(old, BATTERY, battery, slot)
    site.fact(new, SECURE, value=True)
    site.ticket(new, cause="battery-wear")

    def meant(**fields: Any) -> set[int]:
        selection = Selection(**fields)
        found = machines(selection, store)
        assert kept(selection.as_json()) == selection
        assert machines(selection, store, among=[old.pk, far.pk]) == found & {old.pk, far.pk}
        return found

    assert meant() == {old.pk, new.pk, other.pk, far.pk}
    assert meant(software="libreoffice writer") == {old.pk, new.pk, far.pk}
    assert meant(software="Libre*", version_below="25.8") == {old.pk, far.pk, other.pk}
    assert meant(software="libre[x]*") == {other.pk}
    assert meant(software="libreoffice writer", version_from="24", version_below="25") == {far.pk}
    assert meant(software="*writer", departments=(sales.pk,)) == {far.pk}
    assert meant(departments=(99999,)) == set()  # a department that is gone is nobody, never everybody
    assert meant(facts=(Fact("keuring.hardware.model", "in", ("NOTITIE 14",)), Fact("os.name", "in", ("Debian",)))) == {
        new.pk
    }
    assert meant(facts=(Fact("os.name", "not_in", ("Windows",)),)) == {new.pk, other.pk, far.pk}
    assert meant(facts=(Fact("keuring.battery.model", "in", ("Hoorn",)),)) == {old.pk}
    assert old.pk not in meant(facts=(Fact("keuring.battery.model", "not_in", ("Hoorn",)),))
    assert meant(facts=(Fact("keuring.secure_boot.enabled", "in", ("ja",)),)) == {new.pk}
    assert meant(cause="battery-wear") == {new.pk}
    told = in_words(Selection("LibreOffice", "24", "25.8", departments=(sales.pk,), cause="battery-wear"))
    assert told[:2] == ["Sales", "LibreOffice, versie 24 of later maar vóór 25.8"]
    assert len(told) == 3


def test_a_measured_value_is_the_latest_known_one_of_each_part(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keuring_collector.service.announcing import measured
    from keuring_collector.service.announcing.audience import Selection, in_words, kept, machines
    from keuring_collector.service.announcing.measured import Measured

    full, roomy, silent, both, unknown = (site.machine(f"LT-{number}") for number in range(5))
    gib, hours = 1024**3, 3600
    site.measure(full, SPACE, [40 * gib] * 8 + [3 * gib], subject="C:")  # the newest report is still in the journal
    site.measure(roomy, SPACE, [3 * gib] * 8 + [40 * gib], subject="C:")
    site.measure(both, SPACE, [2 * gib] * 20, subject="D:", step=6 * hours)  # from here daily points alone
    site.measure(both, SPACE, [90 * gib, float("nan"), 80 * gib, float("nan")], subject="C:", step=300)
    site.measure(silent, SPACE, [1 * gib], subject="C:")
    long_ago = site.now.timestamp() - 9 * DAY
    for table in ("endpoint_head", "journal"):
        sql = f"UPDATE {table} SET end_at = ? WHERE endpoint_id = ?"
        store.connection.execute(sql, (long_ago, silent.pk))
    some = {full.pk, roomy.pk, both.pk}

    def meant(comparison: str, value: str, *, among: set[int] | None = None, **fields: Any) -> set[int]:
        chosen = Selection(measured=(Measured("keuring.filesystem.available", comparison, value, **fields),))
        assert kept(chosen.as_json()) == chosen
        return machines(chosen, store, among)

    assert meant("below", "5 GiB") == {full.pk, both.pk}
    assert meant("below", "5 GiB", part="c*") == {full.pk}
    assert meant("above", "5 GiB") == {roomy.pk, both.pk}
    assert meant("at_most", "3 GiB", among={full.pk, roomy.pk}) == {full.pk}
    assert meant("at_least", "40 GiB", part="C:") == {roomy.pk, both.pk}
    assert meant("at_least", "80,5 GiB") == set()  # of the part the newest value that is one
    assert meant("below", "5 GiB", days=1) == {full.pk}  # what the daily points know is older
    assert meant("below", "5 GiB", days=30) == {full.pk, both.pk, silent.pk}
    assert meant("below", "5000 GiB") == some  # what was never measured meets nothing
    assert unknown.pk not in meant("at_least", "0 GiB", days=90)
    tickets = Selection(cause="volume-space", measured=(Measured("keuring.filesystem.available", "below", "5 GiB"),))
    assert machines(tickets, store) == set()
    site.ticket(full)
    assert machines(tickets, store) == {full.pk}  # all of it together
    # Of many machines the answer is kept for five minutes: what is measured meanwhile counts after them.
    one = tickets.measured[0]
    monkeypatch.setattr(measured, "FEW", 2)
    assert measured.passing(one, store, some, site.now.timestamp()) == {full.pk, both.pk}
    site.measure(roomy, SPACE, [1 * gib], subject="C:")
    assert measured.passing(one, store, some, site.now.timestamp() + 299) == {full.pk, both.pk}
    assert measured.passing(one, store, some, site.now.timestamp() + 301) == some
    assert in_words(tickets)[0] == "Ruimte over is lager dan 5 GiB (gemeten in de laatste 7 dagen)"


@SQLITE
def test_what_cannot_be_used_is_refused_by_name(site: Site) -> None:
    from keuring_collector.desk.acting import ActionError, NotPossible, NotUnderstood
    from keuring_collector.service.announcing import writing
    from keuring_collector.service.announcing.audience import Fact, Selection
    from keuring_collector.service.announcing.measured import Measured

    noor = site.staff()
    for field, fields in (
        ("title_nl", {"texts": {("title", "nl"): "", ("title", "en"): "", ("means", "nl"): "", ("means", "en"): ""}}),
        ("title_en", {"texts": {("title", "en"): ""}}),
        ("title_nl", {"texts": {("title", "nl"): "x" * 201}}),
        ("means_en", {"texts": {("means", "en"): "x" * 10_001}}),
        ("when", {"when": "someday"}),
        ("starts_on", {"when": "date"}),
        ("starts_on", {"when": "date", "starts_on": today(site, 3000)}),
        ("ends_on", {"when": "period", "starts_on": today(site, 3), "ends_on": today(site, 3)}),
        ("remind_days", {"remind_days": 61}),
        ("channels", {"channels": ("pigeon",)}),
        ("software", {"selection": Selection(software="**")}),
        ("software", {"selection": Selection(version_below="3")}),
        ("version_from", {"selection": Selection("Word", version_from="new")}),
        ("facts", {"selection": Selection(facts=(Fact("host.name", "in", ("LT-1",)),))}),
        ("facts", {"selection": Selection(facts=(Fact("os.name", "like", ("W",)),))}),
        ("facts", {"selection": Selection(facts=(Fact("os.name", "in", ()),))}),
        ("facts", {"selection": Selection(facts=(Fact("os.version", "below", ("ten",)),))}),
        ("measured", {"selection": Selection(measured=(Measured("os.name", "below", "3"),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.vpn.connections", "above", "0"),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.battery.health", "near", "60 %"),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.battery.health", "below", "60 GB"),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.battery.health", "below", ""),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.boot.duration", "above", "90s", "C:"),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.boot.duration", "above", "90s", days=91),))}),
        ("measured", {"selection": Selection(measured=(Measured("keuring.boot.duration", "above", "90s"),) * 3)}),
        ("departments", {"selection": Selection(departments=(4711,))}),
    ):
        with pytest.raises(NotUnderstood) as refused:
            writing.save(None, content(site, **fields), actor=noor, now=site.now)
        assert refused.value.field == field, fields
    for field, fields in (
        ("means_en", {"texts": {("means", "en"): ""}}),
        ("starts_on", {"when": "date", "starts_on": today(site, -1)}),
        ("tell_by", {"when": "unknown"}),
        ("tell_by", {"when": "unknown", "tell_by": today(site, -1)}),
    ):
        draft = writing.save(None, content(site, **fields), actor=noor, now=site.now)
        with pytest.raises(NotUnderstood) as refused:
            writing.publish(draft, actor=noor, now=site.now)
        assert refused.value.field == field, fields
        with pytest.raises(NotPossible):
            writing.withdraw(draft, "No.", actor=noor, now=site.now)
    made = announce(site, noor)
    with pytest.raises(NotUnderstood, match="zeg waarom"):
        writing.save(made, content(site, when="date", starts_on=today(site, 12)), actor=noor, now=site.now)
    for act in (
        lambda: writing.publish(made, actor=noor, now=site.now),
        lambda: writing.discard(made, actor=noor),
        lambda: writing.save(made, content(site), actor=noor, now=site.now, seen=1),
        lambda: writing.save(made, content(site), actor=noor, now=site.now + timedelta(days=20)),
    ):
        with pytest.raises(ActionError):
            act()


@SQLITE
def test_whoever_sees_some_departments_speaks_to_those_alone(site: Site) -> None:
    from keuring_collector.desk.acting import NotUnderstood
    from keuring_collector.service.announcing.audience import Selection
    from keuring_collector.service.announcing.current import seen_by

    sales, finance = site.department("Sales"), site.department("Finance")
    cas, lead = site.staff("cas", role="team_lead", departments=[sales]), site.staff()
    for selection in (Selection(), Selection(departments=(sales.pk, finance.pk))):
        with pytest.raises(NotUnderstood, match="maar enkele afdelingen"):
            announce(site, cas, selection=selection)
    own = announce(site, cas, selection=Selection(departments=(sales.pk,)))
    everybody = announce(site, lead)
    announce(site, lead, selection=Selection(departments=(finance.pk,)))
    assert {each.pk for each in seen_by(cas)} == {own.pk, everybody.pk}
    assert len(seen_by(lead)) == 3


def test_everybody_is_told_once_by_each_channel_and_new_machines_too(site: Site, store: Store) -> None:
    from keuring_collector.service.announcing import telling
    from keuring_collector.service.announcing.audience import Selection
    from keuring_collector.store import notices

    sales, noor = site.department("Sales"), site.staff()
    jan, eva = (site.colleague(name, department=sales, language=lang) for name, lang in (("Jan", "nl"), ("Eva", "en")))
    first, second = site.machine("LT-1", colleague=jan), site.machine("LT-2", colleague=jan)
    site.machine("LT-9")  # of another department
    made = announce(site, noor, selection=Selection(departments=(sales.pk,)))
    assert (tell(site, store), tell(site, store), tell(site, store, 1)) == (3, 0, 0)
    assert mails() == [("jan@example.org", "Nieuwe kantoorpakketten")]
    (waiting,) = notices.of(store.connection, first.pk, site.now.timestamp())
    assert waiting.titles == {"nl": "Nieuwe kantoorpakketten", "en": "New office programs"}
    assert "Je hoeft niets te doen. Je knoppen staan elders." in waiting.bodies["nl"]
    assert 10 * 86400 < waiting.expires_at - site.now.timestamp() < 12 * 86400
    third = site.machine("LT-3", colleague=eva)
    assert tell(site, store, 1.1) == 0  # it is looked for now and then
    assert tell(site, store, 2) == 2
    assert mails()[0] == ("eva@example.org", "New office programs")
    assert len(notices.of(store.connection, third.pk, site.now.timestamp())) == 1
    assert len(notices.of(store.connection, second.pk, site.now.timestamp())) == 1
    # A reminder in time, to those who were told before; nothing when it is over.
    assert tell(site, store, 24 * 7 + 3) == 5
    assert ("jan@example.org", "Binnenkort: Nieuwe kantoorpakketten") in mails()
    assert tell(site, store, 24 * 8) == 0
    assert tell(site, store, 24 * 12) == 0
    made.refresh_from_db()
    assert made.next_look is None
    assert made.told.count() == 10
    assert telling.forget(site.now + timedelta(days=80)) == 0
    assert telling.forget(site.now + timedelta(days=110)) == 10


def test_a_change_reaches_who_was_told_and_takes_back_what_has_not_left(site: Site, store: Store) -> None:
    from keuring_collector.desk.models import Outgoing
    from keuring_collector.service.announcing import writing
    from keuring_collector.store import notices

    noor, jan, eva = site.staff(), site.colleague("Jan"), site.colleague("Eva")
    told, away = site.machine("LT-1", colleague=jan), site.machine("LT-2", colleague=eva)
    made = announce(site, noor)
    tell(site, store)
    # Jan has read his mail, and his machine has the notice; Eva's mail waits, and her machine is off.
    Outgoing.objects.filter(to="jan@example.org").update(sent_at=site.now)
    (first,) = notices.of(store.connection, told.pk, site.now.timestamp())
    notices.answer(store.connection, told.pk, [first.notice_id], notices.State.RECEIVED, site.now.timestamp())
    later = site.now + timedelta(hours=1)
    moved = content(site, when="date", starts_on=today(site, 20), note="The supplier is late.")
    made = writing.save(made, moved, actor=noor, now=later)
    assert mails() == [("jan@example.org", "Nieuwe kantoorpakketten")]
    assert tell(site, store, 1) == 4
    assert tell(site, store, 3) == 0
    assert mails() == [
        ("eva@example.org", "Nieuwe kantoorpakketten"),
        ("jan@example.org", "Gewijzigd: Nieuwe kantoorpakketten"),
        ("jan@example.org", "Nieuwe kantoorpakketten"),
    ]
    body = Outgoing.objects.get(subject__startswith="Gewijzigd").body
    assert "wanneer: het was “op" in body
    assert "The supplier is late." in body
    assert "Hallo Jan," in body
    titles = [
        [notice.titles["nl"] for notice in notices.of(store.connection, machine.pk, later.timestamp())]
        for machine in (told, away)
    ]
    assert titles == [["Gewijzigd: Nieuwe kantoorpakketten"], ["Nieuwe kantoorpakketten"]]
    # A small edit troubles nobody; what waits says it as it is now.
    typo = content(site, when="date", starts_on=today(site, 20), texts={("title", "nl"): "Nieuwe pakketten"})
    made = writing.save(made, typo, actor=noor, now=later)
    tell(site, store, 4)
    assert [n.titles["nl"] for n in notices.of(store.connection, away.pk, later.timestamp())] == ["Nieuwe pakketten"]
    sent(later)
    count = len(mails())
    writing.withdraw(made, "We keep the old ones.", actor=noor, now=later + timedelta(hours=4))
    assert tell(site, store, 6) == 3  # Jan and Eva by mail; of the machines the one that has something
    assert len(mails()) == count + 2
    assert ("eva@example.org", "Gaat niet door: Nieuwe pakketten") in mails()
    assert notices.of(store.connection, away.pk, later.timestamp()) == []
    assert tell(site, store, 9) == 0


def test_large_audiences_are_told_in_parts(site: Site, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.service.announcing import channels, telling

    monkeypatch.setattr(telling, "AT_ONCE", 2)
    for number in range(5):
        site.machine(f"LT-{number}", colleague=site.colleague(f"Collega {number}"))
    announce(site, site.staff(), channels=("mail",))
    parts = iter((False, True))
    assert telling.tell(store, site.now, lambda _each: "", lambda: next(parts)) == 2
    assert len(mails()) == 2
    assert tell(site, store) == 3
    assert len({to for to, _subject in mails()}) == 5
    assert set(channels.CHANNELS) == {"mail", "machine", "chat"}


@SQLITE
def test_the_job_says_where_to_read_it_when_that_is_possible(site: Site, tmp_path: Path) -> None:
    from keuring_collector import config
    from keuring_collector.desk.models import Outgoing
    from keuring_collector.processes.jobs import Work
    from keuring_collector.processes.packs import PackWatch

    site.machine()
    open_one, other = announce(site, site.staff(), public=True), announce(site, site.staff("cas"))
    settings = config.Settings(data_directory=tmp_path, database=site.url, public_pages=True)
    Work(settings, PackWatch(None), bool).announce(site.now)
    bodies = dict(Outgoing.objects.values_list("step", "body"))
    assert f"https://localhost:7480/news/{open_one.pk}/" in bodies[open_one.step]
    assert "/news/" not in bodies[other.step]


@SQLITE
def test_what_is_announced_for_a_machine_or_a_department(site: Site, store: Store) -> None:
    from keuring_collector.service.announcing import current, writing
    from keuring_collector.service.announcing.audience import Fact, Selection

    noor, machine = site.staff(), site.machine("LT-1")
    far = site.machine("LT-2", colleague=site.colleague("Jan", department=site.department("Sales")))
    site.fact(machine, MODEL, "Notitie 14")
    model = Selection(facts=(Fact("keuring.hardware.model", "in", ("Notitie 14",)),))
    later = announce(site, noor, selection=model)
    sooner = announce(site, noor, when="unknown", tell_by=today(site, 5), public=True)
    writing.save(None, content(site), actor=noor, now=site.now)  # a draft is announced to nobody
    off = announce(site, noor)
    writing.withdraw(off, "Not now.", actor=noor, now=site.now)
    assert current.for_machine(machine, store, site.now) == [sooner, later]
    assert current.for_machine(far, store, site.now) == [sooner]
    assert current.for_machine(machine, store, site.now + timedelta(days=12)) == [sooner]
    assert current.for_everybody(site.now) == [sooner]


def test_markdown_as_plain_text() -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.service.announcing.letters import plain

    text = "## Now\n\n1. Open **it**.\n2. See [here](https://x.example/a).\n\n- one\n- two\n\n<b>no</b> `x`"
    text += "\n\n```\ncode\n```"
    assert plain(text) == "Now\n1. Open it.\n2. See here (https://x.example/a).\n- one\n- two\n<b>no</b> x\ncode"
    assert plain("") == ""
