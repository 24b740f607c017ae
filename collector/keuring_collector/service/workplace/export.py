"""All that is kept of a colleague and their machines as one ZIP file, with a readme that says what is what.

JSON for what was said and done, CSV for what was measured. Everything that is kept is in it: tests hold it against the
list of tables, and against a row planted in each.
"""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np
from django.db.models import Q

from keuring.signals.catalogue import BY_ID, KEURING_HARDWARE_SERIAL_NUMBER
from keuring.signals.model import Statistic
from keuring_collector.desk import audit, wording
from keuring_collector.desk.models import AuditEntry, Inspection, Ticket
from keuring_collector.fleet.models import Warranty
from keuring_collector.fleet.serials import canonical
from keuring_collector.service.workplace import tables
from keuring_collector.store import subject as hot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_collector.service.workplace.whose import Whose
    from keuring_collector.store import Store
    from keuring_collector.store.subject import Windows

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Tables of measurements with too many rows for JSON.
_AS_CSV: Final = ("daily",)
# What the windows files hold already; of `journal` the rest is told.
_IN_WINDOWS: Final = ("history",)
README: Final = """Alles wat Keuring over jou en je machines bewaart
All that Keuring keeps about you and your machines
==================================================

Nederlands
----------
Gemaakt op {day}. Machines: {machines}.

desk/          wat de servicedesk vastlegde: je machine, tickets met hun verloop, keuringsrapporten, bezwaren
looks.json     wie er naar je machine, een ticket of een rapport keek, en wanneer
machines/NAAM/ wat die machine zelf meldde:
  facts.json, fact_change.json   eigenschappen en hoe ze veranderden
  event.json                     wat er gebeurde, zoals een programma dat vastliep
  unmeasured.json                wat niet te meten was, en waarom
  windows/SIGNAAL.csv            metingen per vijf minuten, zolang ze bewaard worden ({raw} dagen)
  reports.csv                    van wanneer tot wanneer elke meting liep, en wanneer ze binnenkwam
  daily.csv                      een waarde per dag ({daily} dagen)
  notice.json                    berichten voor deze machine
  overige bestanden              hoe ver de machine was met sturen, en wat het oordelen onthield (gecodeerd)

Tijden zijn UTC. Wat elk signaal betekent en waarvoor het dient staat in signals.json.
Had je machine eerder een andere collega? Dan gaat een deel van de historie over diens tijd.

English
-------
Made on {day}. Machines: {machines}.

desk/          what the service desk wrote down: your machine, tickets and their course, APK reports, objections
looks.json     who looked at your machine, a ticket or a report, and when
machines/NAME/ what that machine told itself:
  facts.json, fact_change.json   properties, and how they changed
  event.json                     what happened, such as a program that stopped
  unmeasured.json                what could not be measured, and why
  windows/SIGNAL.csv             measurements of five minutes, for as long as they are kept ({raw} days)
  reports.csv                    from when to when each measurement ran, and when it came in
  daily.csv                      one value a day ({daily} days)
  notice.json                    messages for this machine
  other files                    how far the machine was with sending, and what judging remembered (encoded)

Times are UTC. What each signal means and what it is for stands in signals.json.
Did your machine have another colleague before you? Then part of the history is of their time.
"""


def write(file: IO[bytes], whose: Whose, store: Store, now: datetime, kept: tuple[int, int]) -> int:
    """Writes the ZIP; ``kept``: days for which windows and daily points are kept. Returns how many files are in it."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        names = _folders(whose)
        day, machines = wording.local_day(now).isoformat(), ", ".join(names.values()) or "-"
        readme = README.format(day=day, machines=machines, raw=kept[0], daily=kept[1])
        archive.writestr("readme.txt", readme)
        for model in tables.about():
            _json(archive, f"desk/{tables.name(model)}.json", tables.rows(model, whose))
        _json(archive, f"desk/{tables.name(Warranty)}.json", _warranties(whose, store))
        _json(archive, "looks.json", looks(whose))
        seen: set[int] = set()
        for endpoint, name in names.items():
            seen |= _machine(archive, f"machines/{name}", store, endpoint)
        _json(archive, "signals.json", [_meaning(signal) for signal in sorted(seen)])
        return len(archive.namelist())


def _folders(whose: Whose) -> dict[int, str]:
    """{machine: the name of its folder}, each once."""
    names: dict[int, str] = {}
    for endpoint in whose.machines:
        clean = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in endpoint.host_name)
        names[endpoint.pk] = clean if clean not in names.values() else f"{clean}-{endpoint.pk}"
    return names


def _warranties(whose: Whose, store: Store) -> list[dict[str, Any]]:
    """What the organisation told of the warranty of their machines, which it keeps by serial number."""
    told = store.facts_of(KEURING_HARDWARE_SERIAL_NUMBER.id, whose.machine_ids)
    rows = Warranty.objects.filter(serial__in={canonical(str(value)) for value in told.values()})
    return [dict(row) for row in rows.order_by("serial").values()]


def subjects(whose: Whose) -> list[str]:
    """What the audit calls the machines, their tickets and their reports."""
    ids = whose.machine_ids
    tickets = Ticket.objects.filter(endpoint__in=ids).values_list("pk", flat=True)
    return [
        *(audit.machine(endpoint) for endpoint in whose.machines),
        *(f"ticket/{pk}" for pk in tickets),
        *(each.subject for each in Inspection.objects.filter(endpoint__in=ids).defer("content")),
    ]


def looks(whose: Whose) -> list[dict[str, Any]]:
    """Every line of the audit about them."""
    named = subjects(whose)
    found: list[dict[str, Any]] = []
    for first in range(0, len(named), 500):
        entries = AuditEntry.objects.filter(Q(subject__in=named[first : first + 500])).order_by("sequence")
        found += [
            {"at": each.at.isoformat(), "who": each.actor, "what": each.action, "of": each.subject, "more": each.told}
            for each in entries
        ]
    return sorted(found, key=lambda each: str(each["at"]))


def _json(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    archive.writestr(name, json.dumps(content, ensure_ascii=False, indent=1, default=tables.plain))


def _machine(archive: zipfile.ZipFile, folder: str, store: Store, endpoint: int) -> set[int]:
    """Writes what the hot tables hold of a machine; returns the signals it is about."""
    connection, seen = store.connection, set()
    for table in hot.COLUMNS:
        if table in _IN_WINDOWS:
            continue
        columns, found = hot.columns(table), hot.rows(connection, table, endpoint)
        if "signal_id" in columns:
            place = columns.index("signal_id")
            seen |= {row[place] for row in found}
        if table in _AS_CSV:
            _csv(archive, f"{folder}/{table}.csv", columns, found)
        else:
            told = [dict(zip(columns, map(_value, columns, row), strict=True)) for row in found]
            _json(archive, f"{folder}/{table}.json", told)
    recent: dict[int, list[Windows]] = {}
    for each in hot.recent(connection, endpoint):
        recent.setdefault(each.signal, []).append(each)
    signals = hot.signals(connection, endpoint)
    damaged: list[tuple[int, str, int, bytes]] = []
    _csv(archive, f"{folder}/reports.csv", ("start_at", "end_at", "received_at"), hot.reports(connection, endpoint))
    for signal in signals:
        with archive.open(f"{folder}/windows/{_name(signal)}.csv", "w") as file:
            file.write(("ends,subject," + ",".join(each.name.lower() for each in Statistic) + "\n").encode())
            _windows(file, hot.windows(connection, endpoint, signal, damaged))
            _windows(file, recent.get(signal, ()))
    if damaged:
        names = ("signal_id", "subject", "day", "block")
        _json(archive, f"{folder}/damaged.json", [
            {name: _value(name, value) for name, value in zip(names, row, strict=True)} for row in damaged
        ])  # fmt: skip
    return seen | set(signals)


def _windows(file: IO[bytes], found: Iterable[Windows]) -> None:
    """Adds a row for each window: its end, the subject, and what was kept of it; empty where it was not measured."""
    statistics = list(Statistic)
    for each in found:
        ends = np.char.add(np.datetime_as_string(each.ends.astype("datetime64[s]")), f",{_quoted(each.subject)},")
        cells = [
            ["" if math.isnan(value) else f"{value:.9g}" for value in each.columns[statistic].tolist()]
            if statistic in each.columns
            else [""] * len(each.ends)
            for statistic in statistics
        ]
        lines = [end + ",".join(row) for end, row in zip(ends.tolist(), zip(*cells, strict=True), strict=True)]
        file.write(("\n".join(lines) + "\n").encode())


def _csv(archive: zipfile.ZipFile, name: str, columns: Sequence[str], found: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.removesuffix("_id") for column in columns])
    writer.writerows(
        [_safe(_value(column, value)) for column, value in zip(columns, row, strict=True)] for row in found
    )
    archive.writestr(name, text.getvalue())


def _safe(value: Any) -> Any:
    """Text that no spreadsheet runs as a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _quoted(subject: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_safe(subject)])
    return text.getvalue()


def _value(column: str, value: Any) -> Any:
    """A cell as people and programs read it: signals and statistics by name, moments and days as such."""
    match column:
        case "signal_id":
            return _name(value)
        case "statistic":
            return Statistic(value).name.lower() if value in list(Statistic) else value
        case "day" | "compacted_day":
            return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
        case "at" | "since" if isinstance(value, float):
            return _moment(value)
        case _ if column.endswith("_at") and isinstance(value, int | float):
            return _moment(value)
        case _:
            return tables.plain(value)


def _moment(value: float) -> str | None:
    try:
        return datetime.fromtimestamp(value, UTC).isoformat() if value else None
    except (OverflowError, ValueError, OSError):
        return str(value)


def _name(signal: int) -> str:
    return BY_ID[signal].name if signal in BY_ID else f"signal-{signal}"


def _meaning(signal: int) -> dict[str, str]:
    if signal not in BY_ID:
        return {"signal": _name(signal)}
    known = BY_ID[signal]
    return {
        "signal": known.name, "unit": known.unit, "means": known.brief, "for": known.purpose,
        "privacy": known.privacy.name.lower(),
    }  # fmt: skip
