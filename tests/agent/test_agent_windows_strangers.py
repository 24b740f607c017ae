"""Whatever Windows answers, what reads it gives readings that make sense, or says that it cannot."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import (
    battery,
    certificates,
    clock,
    crashes,
    disks,
    displays,
    encryption,
    events,
    faults,
    graphics,
    health,
    identity,
    network,
    parts,
    protection,
    software,
    starting,
    surroundings,
    thermal,
    updates,
    wireless,
)
from tests.agent.examples import quick
from tests.agent.windows import certificate, event, nvme_log, statistics

Rows = list[dict[str, object]]
DISK: Final = disks.Disk(0, "nvme", None, None, None, None)
# What makes sense somewhere, so that more than the first look at a field is reached.
SENSIBLE: Final = [
    *("0", "1", "17", "48", "22631", "C:", "X", "PCI\\VEN_8086", "\\\\.\\PHYSICALDRIVE0", "Fixed hard disk media"),
    *("20230905000000.000000+000", "9/14/2026", "01D8F9A1B2C3D4E5", "ACPI\\ThermalZone\\TZ00_0", "{A-B}", "NET"),
    *("Microsoft Office Standard 2016", "Example Dock", "2.0, 0, 1.38", "Professional", "99999999999999999999"),
]
VALUES: Final = st.one_of(
    st.sampled_from(SENSIBLE),
    st.sampled_from([0, 1, 2, 3, 4, 16, 17, 3010, 2021, -2147483648, 0x80000000, 10**30, True, False]),
    st.floats(),
    st.integers(),
    st.text(max_size=30),
    st.binary(max_size=12),
    st.none(),
    st.lists(st.integers(-5, 0x11FFFF), max_size=4).map(tuple),
    st.lists(st.sampled_from(SENSIBLE), max_size=3).map(tuple),
    st.sampled_from([datetime(2026, 11, 25, tzinfo=UTC), datetime(1, 1, 1)]),  # noqa: DTZ001  # COM's empty date
)
Parser = Callable[[Rows], Any]
# Fields, and what reads them.
GROUPS: Final[list[tuple[tuple[str, ...], list[Parser]]]] = [
    (identity.SYSTEM, [lambda rows: [identity.from_cim(row, "amd64", "x") for row in rows]]),
    (
        ("CurrentBuildNumber", "UBR", "EditionID", "InstallationType", "CurrentMajorVersionNumber", "CurrentVersion"),
        [lambda rows: [identity.from_registry(row, "amd64", "x") for row in rows]],
    ),
    (
        ("Manufacturer", "Model", "SerialNumber", "SMBIOSBIOSVersion", "ReleaseDate", "ChassisTypes", "Name"),
        [lambda rows: [identity.hardware(row, row, row, row) for row in rows]],
    ),
    (
        ("Categories", "MsrcSeverity", "Date", "Operation", "ResultCode", "Title", "InstalledOn"),
        [updates.count, updates.last_installed, updates.last_fix],
    ),
    (
        ("Start", "NoAutoUpdate", "AllowAutoUpdate", "AUOptions", "EnableFirewall"),
        [
            lambda rows: [updates.automatic(row, row, row) for row in rows],
            lambda rows: [protection.firewall(row, rows, rows) for row in rows],
        ],
    ),
    ((*protection.PRODUCT, *protection.STATUS), [lambda rows: protection.malware_protection(rows, {**rows[0]})]),
    (encryption.FIELDS, [encryption.encryption]),
    (
        (*battery.STATUS, *battery.STATIC, *battery.FULL, *battery.CYCLES, *battery.SIMPLE),
        [lambda rows: battery.batteries(rows, rows, battery.wear(rows, rows, rows))],
    ),
    (disks.PHYSICAL, [disks.physical]),
    (disks.DRIVE, [disks.drives]),
    (health.COUNTERS, [lambda rows: health.counted(DISK, rows[0])]),
    (thermal.FIELDS, [thermal.zones]),
    (network.ADAPTER, [network.ports]),
    (network.OLDER, [network.older_ports]),
    (("0", "4", "6", "2500", "x"), [lambda rows: [network.fastest(row) for row in rows]]),
    (
        (*displays.PARAMETERS, *displays.CONNECTION, *graphics.SCREEN),
        [
            displays.in_use,
            lambda rows: displays.panel_made(rows, rows),
            lambda rows: graphics.screens(rows, rows),
        ],
    ),
    ((*graphics.CONTROLLER, *graphics.ENGINE), [graphics.gpus, graphics.busy]),
    (
        ("DisplayName", "DisplayVersion", "UninstallString", "SystemComponent"),
        [
            lambda rows: software.oldest(one for one in map(software.program, rows) if one is not None),
            lambda rows: software.oldest(one for one in map(software.further, rows) if one is not None),
        ],
    ),
    (parts.DRIVER, [parts.drivers]),
    (parts.LICENCE, [lambda rows: parts.licences(rows, 1.7e9)]),
    (
        (*parts.MODULE, *parts.ARRAY, *parts.TPM, *parts.SERVICE, "Update Revision"),
        [
            lambda rows: parts.memory_slots(rows, rows),
            parts.tpm,
            parts.failed_services,
            lambda rows: parts.microcode(rows[0]),
        ],
    ),
    (
        (*surroundings.DEVICE, *surroundings.PRINTER, *surroundings.ADAPTER, *surroundings.OLDER),
        [surroundings.docks, surroundings.printers, surroundings.vpn_connections],
    ),
]


def sensible(found: Any) -> None:
    """Every number in it is finite."""
    if isinstance(found, float):
        assert math.isfinite(found)
    elif isinstance(found, list | tuple):
        for one in found:
            sensible(one)


@pytest.mark.parametrize("number", range(len(GROUPS)))
@given(data=st.data())
@quick
def test_whatever_rows_hold(number: int, data: st.DataObject) -> None:
    fields, parsers = GROUPS[number]
    values = data.draw(st.lists(VALUES, min_size=len(fields), max_size=len(fields)))
    shifted = values[len(fields) // 2 :] + values
    rows: Rows = [dict(zip(fields, drawn, strict=False)) for drawn in (values, shifted)]
    for parser in parsers:
        with suppress(NotMeasurable):
            sensible(parser(rows))


BYTES: Final[list[tuple[Callable[[bytes], Any], bytes]]] = [
    (lambda data: health.nvme(DISK, data), nvme_log()),
    (lambda data: health.ata(DISK, data, None), b"\x10\x00\x05\x33\x00\x64\x64\x08" + bytes(500)),
    (health.label, bytes(48) + b"    FJ68N000000000001   "),
    (lambda data: disks.use("PhysicalDrive0", data), bytes(88)),
    (wireless.frames, statistics(1000, 40)),
    (lambda data: certificates.certificates([data]), certificate()),
    (
        lambda data: clock.parse(data.decode("utf-8", "replace")),
        b"A: 0\nB: 4\nC: 0x0A000001\nD: 0.1s\nE: 0.1s\nF: 0.1s\n",
    ),
    (
        lambda data: list(battery.report(data.decode("utf-8", "replace")).values()),
        b"<a><Battery><Id>x</Id></Battery></a>",
    ),
]


@pytest.mark.parametrize("number", range(len(BYTES)))
@given(at=st.integers(0, 5000), data=st.binary(max_size=8), end=st.integers(0, 6000))
@quick
def test_whatever_bytes_say(number: int, at: int, data: bytes, end: int) -> None:
    parser, seed = BYTES[number]
    damaged = (seed[: at % (len(seed) + 1)] + data + seed[at % (len(seed) + 1) + len(data) :])[:end]
    for one in (damaged, data):
        with suppress(NotMeasurable):
            sensible(parser(one))


@given(texts=st.lists(st.text(max_size=20), max_size=12), number=st.integers(0, 70000))
@quick
def test_whatever_events_say(texts: list[str], number: int) -> None:
    for provider in ("disk", "Ntfs", "Display", "Microsoft-Windows-WHEA-Logger", "Application Hang"):
        found = events.parse(event(provider, number, 1, "2026-11-25T12:00:00Z", *texts))
        if found is not None:  # not every character may stand in XML
            faults.fault(found, {0})
            faults.shutdown([found])
            crashes.crash(found)
            starting.longest([found])
