"""The export of My workplace: nothing that is kept of a machine is left out, and it is there at once."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER
from tests.collector.console_fixtures import CPU, LAST, MEAN, MODEL, USED
from tests.collector.test_workplace import enter

if TYPE_CHECKING:
    from django.test import Client

    from keuring_collector.desk.models import Ticket
    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

only_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def exported(browser: Client) -> zipfile.ZipFile:
    response: Any = browser.post("/workplace/export/")
    assert response["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def plant(site: Site, machine: Endpoint) -> dict[str, str]:
    """A row about a machine in every table that can hold one: {table: what is to be found of it}."""
    from keuring_collector.desk import actions, notices
    from keuring_collector.desk.models import (
        Attachment,
        Incident,
        Notice,
        Outgoing,
        TicketLink,
        TicketOutcome,
        Waiting,
    )  # fmt: skip
    from keuring_collector.fleet import warranties
    from keuring_collector.fleet.models import Certificate, MachineCertificate, MachineOwner
    from keuring_collector.service.models import Promise, Told
    from keuring_collector.service.workplace import objecting, whose
    from tests.collector.announcing_kit import announce

    noor = site.staff("noor", email="noor@example.org")
    ticket, moment = site.ticket(machine), site.now
    actions.take(ticket.pk, actor=noor, now=moment)
    site.inspection(machine)
    notices.tell(ticket, [noor], Notice.Kind.MENTION, noor, moment, text="mark-notice")
    Attachment.objects.create(ticket=ticket, name="mark-file", kind="text/plain", size=1, content=b"a", added_at=moment)
    TicketLink.objects.create(ticket=ticket, number="mark-link")
    TicketOutcome.objects.create(ticket=ticket, result="came", kind="mark", looked_at=moment)
    Incident.objects.create(endpoint=machine, cause="mark-incident", at=moment, imported_at=moment)
    Waiting.objects.create(
        endpoint=machine, cause="mark-waiting", rule="r", severity=2, why="rule",
        waiting_since=moment, since=moment, judged_at=moment,
    )  # fmt: skip
    Certificate.objects.create(
        serial="mark-serial", endpoint=machine, request_hash=b"x", chain="c", not_before=moment, not_after=moment
    )
    MachineCertificate.objects.create(fingerprint="mark-fingerprint", endpoint=machine)
    MachineOwner.objects.create(host_name="MARK-OWNER", colleague=site.colleague())
    warranties.tell("MARK7", site.today, moment)
    warranties.tell("ANOTHERS", site.today, moment)
    announcement = announce(site, noor)
    Told.objects.create(announcement=announcement, channel="machine", occasion="mark-told", at=moment, endpoint=machine)
    Promise.objects.create(kind="hand", text="mark-promise", due_on=site.today, made_at=moment, ticket=ticket)
    plant_habits(site, machine, ticket)
    objecting.make(whose.of_machine(machine), machine, "mark-objection", moment)
    assert Outgoing.objects.get().to == "noor@example.org"
    return {
        "desk_notice": "mark-notice", "desk_attachment": "mark-file", "desk_ticketlink": "mark-link",
        "desk_incident": "mark-incident", "desk_waiting": "mark-waiting", "fleet_certificate": "mark-serial",
        "fleet_machinecertificate": "mark-fingerprint", "fleet_machineowner": "MARK-OWNER",
        "service_tipchance": "mark-chance", "service_tipoffer": "mark-offer", "service_stop": "mark-stop",
        "service_stopitem": "mark-item", "service_objection": "mark-objection", "service_told": "mark-told",
        "service_promise": "mark-promise",
    }  # fmt: skip


def plant_habits(site: Site, machine: Endpoint, ticket: Ticket) -> None:
    """The same in the tables of tips and visits."""
    from keuring_collector.service.models import Place, Round, Seat, Stop, StopItem, TipChance, TipLook, TipOffer

    day, colleague, finance = site.today, site.colleague(), site.department()
    TipLook.objects.create(endpoint=machine, looked_on=day)
    TipChance.objects.create(endpoint=machine, rule="r", subject="mark-chance", since=day, seen_on=day)
    TipOffer.objects.create(
        endpoint=machine, colleague=colleague, rule="r", subject="mark-offer", way="notice", offered_on=day
    )
    Seat.objects.create(colleague=colleague, place=Place.objects.create(department=finance, room="201"))
    walk = Round.objects.create(department=finance, day=day, starts_at=site.now, minutes=60)
    stop = Stop.objects.create(round=walk, colleague=colleague, endpoint=machine, minutes=5, note="mark-stop")
    StopItem.objects.create(stop=stop, kind="ticket", ticket=ticket, text="mark-item")


def plant_hot(site: Site, machine: Endpoint) -> None:
    """The same in every table of measurements."""
    from keuring_collector.console import readings
    from keuring_collector.store import facts, notices
    from keuring_collector.store.schema import names

    site.measure(machine, CPU, [0.25] * 9 + [0.75], statistic=MEAN, step=3600 * 12)
    site.measure(machine, USED, [0.5, 0.625], subject="=C:", statistic=LAST, compacted=False)
    connection = readings.store().connection
    with connection.transaction():
        facts.put_facts(connection, [(machine.pk, 1, MODEL, "", site.now.timestamp(), "mark-fact")])
        facts.put_facts(
            connection, [(machine.pk, 1, KEURING_HARDWARE_SERIAL_NUMBER.id, "", site.now.timestamp(), "mark 7")]
        )
        facts.put_events(connection, [(machine.pk, 1, 1, 400, "mark-event", site.now.timestamp(), 1, {})])
        facts.put_unmeasured(connection, [(machine.pk, CPU, "mark", 1.0, "mark-reason")])
        note = notices.Notice("mark-note", notices.Kind.TIP, {"nl": "x"}, {})
        notices.put(connection, [machine.pk], note, site.now.timestamp())
        connection.execute(
            "INSERT INTO quarantine (endpoint_id, epoch, sequence, received_at, reason, detail, report) "
            "VALUES (?, 1, 1, 1.0, 'mark-quarantine', '', ?)",
            (machine.pk, b"poison"),
        )
        assert {"history", "journal", "snapshot"} <= set(names())


def test_the_export_holds_every_table_that_tells_of_a_machine(site: Site) -> None:
    from django.apps import apps

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Colleague
    from keuring_collector.service.workplace import entering, tables, whose
    from keuring_collector.store import subject

    machine, other = site.machine(), site.machine("LT-0999", colleague=site.colleague("Jan Jansen"))
    site.ticket(other)
    plant_hot(site, machine)
    marks = plant(site, machine)
    assert entering.make(other, site.now)
    archive = exported(enter(site, machine))
    content = {name: archive.read(name).decode() for name in archive.namelist()}
    # Django's tables: each with a row of ours, and none of another's.
    kept = {tables.name(model) for model in tables.about()}
    for table in kept - {"fleet_colleague", "fleet_machineowner", "desk_undo", "desk_quiet", "service_seat"}:
        rows = json.loads(content[f"desk/{table}.json"])
        assert rows, table
    for table, mark in marks.items():
        if table != "fleet_machineowner":
            assert mark in content[f"desk/{table}.json"], table
    whole = "\n".join(content.values())
    (warranty,) = json.loads(content["desk/fleet_warranty.json"])  # kept by serial number: no table leads to it
    assert (warranty["serial"], warranty["ends"]) == ("MARK7", site.today.isoformat())
    for secret in ("LT-0999", "Jan Jansen", "noor@example.org", "ANOTHERS"):
        assert secret not in whole, secret
    # A link brings the machine, not the colleague; who signed in gets both.
    assert json.loads(content["desk/fleet_colleague.json"]) == []
    sanne = Colleague.objects.get(name="Sanne de Vries")
    assert "MARK-OWNER" in str(tables.rows(_model("fleet", "MachineOwner"), whose.of_colleague(sanne)))
    assert tables.rows(_model("service", "Seat"), whose.of_colleague(sanne))
    assert "sanne.de.vries@example.org" in str(tables.rows(Colleague, whose.of_colleague(sanne)))
    # Every table of ours was looked at: about somebody, or left out with a reason, or with no way to a machine.
    every = {tables.name(model) for app in tables.APPS for model in apps.get_app_config(app).get_models()}
    nobody = every - kept - set(tables.LEFT_OUT) - {tables.name(Staff)}
    assert nobody == {
        "fleet_department", "fleet_enrolmenttoken", "desk_auditentry", "desk_audithead", "desk_backtest",
        "desk_savedfilter", "desk_fleetticket", "desk_fleethistory", "desk_job", "desk_ruleswitch", "desk_deskstate",
        "desk_demotion", "desk_apitoken", "service_articlehelp", "service_packindexed", "service_itreport",
        "service_messagetemplate", "service_announcement", "service_announcementversion",
        "service_itcomment", "service_plannedchange", "desk_kept", "service_place", "service_visitinghour",
        "service_visitexception", "service_calendarkey", "service_round", "service_deed", "service_moodcount",
        "service_moodline", "service_moodlinkused", "service_skill", "service_skillneed", "service_staffskill",
        "service_growthstep", "fleet_warranty", "desk_incidentsource", "desk_incidentleftout",
    }  # fmt: skip
    # The hot tables.
    folder = "machines/LT-0231/"
    for table in subject.COLUMNS:
        if table != "history":
            name = f"{folder}{table}.csv" if table == "daily" else f"{folder}{table}.json"
            assert len(content[name].splitlines()) > 1, table
    for table, mark in (
        ("fact", "mark-fact"), ("fact_change", "mark-fact"), ("event", "mark-event"), ("unmeasured", "mark-reason"),
        ("notice", "mark-note"), ("quarantine", "mark-quarantine"),
    ):  # fmt: skip
        assert mark in content[f"{folder}{table}.json"], table
    windows = content[f"{folder}windows/system.cpu.utilization.csv"].splitlines()
    assert windows[0] == "ends,subject,last,min,mean,max,sum"
    assert [line.split(",")[4] for line in windows[1:]] == ["0.25"] * 9 + ["0.75"]
    # From when to when those ran that are compacted.
    assert len(content[f"{folder}reports.csv"].splitlines()) > 2
    recent = content[f"{folder}windows/system.filesystem.utilization.csv"].splitlines()
    assert [line.split(",")[1:3] for line in recent[1:]] == [["'=C:", "0.5"], ["'=C:", "0.625"]]
    assert "workplace.entered" in content["looks.json"]
    assert "wat is wat" not in content["readme.txt"]
    assert "LT-0231" in content["readme.txt"]


def _model(app: str, name: str) -> Any:
    from django.apps import apps

    return apps.get_model(app, name)


@only_sqlite
def test_a_year_of_history_is_exported_well_within_a_minute(site: Site) -> None:
    """A tenth of the series of a real machine, over as long as they are kept, in a tenth of the time."""
    from keuring_collector.console import readings
    from keuring_collector.store.block import Block, pack

    machine = site.machine()
    day = int(site.now.timestamp() // 86400)
    ends = np.arange(300.0, 86400.0, 300.0)
    rng = np.random.default_rng(7)
    columns = {statistic: rng.random(len(ends)) for statistic in (2, 3, 4)}
    data = pack(CPU, day, Block(ends + day * 86400, columns))
    connection = readings.store().connection
    with connection.transaction():
        connection.execute_many(
            "INSERT INTO history (endpoint_id, signal_id, subject, day, windows, block) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (machine.pk, CPU, f"cpu{part:02}", day - back, len(ends), data)
                for part in range(15)
                for back in range(90)
            ],
        )
        connection.execute_many(
            "INSERT INTO daily VALUES (?, ?, ?, 3, ?, 288, 1, 0, 0.5, 1, 144)",
            [(machine.pk, CPU, f"cpu{part:02}", day - back) for part in range(15) for back in range(400)],
        )
    browser = enter(site, machine)
    began = time.process_time()
    archive = exported(browser)
    spent = time.process_time() - began
    assert archive.read("machines/LT-0231/windows/system.cpu.utilization.csv").count(b"\n") == 1 + 15 * 90 * len(ends)
    assert archive.read("machines/LT-0231/daily.csv").count(b"\n") == 1 + 15 * 400
    assert spent < 6.0  # of the processor, not of the clock


@pytest.mark.soak
@only_sqlite
def test_the_fullest_machine_is_exported_within_a_minute(site: Site) -> None:
    """As many series as a machine may have, of every signal that is measured, for as long as is kept by default."""
    from keuring.signals.catalogue import BY_ID
    from keuring_collector.console import readings
    from keuring_collector.ingest.decode import MAX_SERIES
    from keuring_collector.store.block import Block, pack

    machine = site.machine()
    day, rng = int(site.now.timestamp() // 86400), np.random.default_rng(7)
    ends = np.arange(300.0, 86401.0, 300.0)
    parts: list[tuple[int, str, tuple[int, ...]]] = []
    for number in itertools.count():
        parts += [
            (signal.id, f"part-{number}" if signal.subject else "", signal.statistics)
            for signal in BY_ID.values()
            if signal.statistics and (signal.subject or not number)
        ]
        if sum(len(part[2]) for part in parts) >= MAX_SERIES:
            break
    series = sum(len(part[2]) for part in parts)
    history, daily = [], []
    for signal, subject, statistics in parts:
        columns = {int(each): 1000 * rng.random(len(ends)) for each in statistics}
        data = pack(signal, day, Block(ends + day * 86400, columns))
        history += [(machine.pk, signal, subject, day - back, len(ends), data) for back in range(90)]
        daily += [(machine.pk, signal, subject, int(each), day - back) for each in statistics for back in range(400)]
    connection = readings.store().connection
    with connection.transaction():
        connection.execute_many("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", history)
        connection.execute_many("INSERT INTO daily VALUES (?, ?, ?, ?, ?, 288, 1, 0, 0.5, 1, 144)", daily)
    browser = enter(site, machine)
    began = time.process_time()
    archive = exported(browser)
    spent = time.process_time() - began
    print(f"{series} series, {len(history) * len(ends)} windows, {len(daily)} daily points: {spent:.1f} s of processor")
    assert archive.read("machines/LT-0231/daily.csv").count(b"\n") == 1 + len(daily)
    assert spent < 60.0  # of the processor, not of the clock
