"""Targets: what the agent reads on a Mac: texts, property lists and reports of macOS and its programs."""

from __future__ import annotations

import functools
import json
import math
import plistlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from keuring_agent.host.darwin import (
    age,
    attached,
    backups,
    battery,
    certificates,
    clock,
    disks,
    fitted,
    graphics,
    identity,
    memory,
    network,
    plists,
    processes,
    profile,
    protection,
    registry,
    reports,
    services,
    software,
    starting,
    thermal,
    updates,
    wireless,
)
from keuring_agent.host.readings import NotMeasurable
from tests.agent import mac_says
from tests.fuzz.target import Target, attempt, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import SearchStrategy

OF_TEXT: tuple[Callable[[str], object], ...] = (
    identity.of_versions,
    protection.of_state,
    protection.gatekeeper,
    protection.of_filevault,
    clock.of_setup,
    memory.of_statistics,
    network.of_interfaces,
    wireless.of_diagnostics,
    thermal.pressed,
    thermal.slowed,
    starting.by_cause,
    starting.by_record,
    functools.partial(starting.until_login, booted=1795680000.0),
    services.of_list,
    services.to_desktop,
    attached.of_status,
    attached.connected,
    certificates.of_identities,
    functools.partial(certificates.of_keychain, wanted=["A1" * 20]),
    functools.partial(age.made, recent=True),
    functools.partial(age.made, recent=False),
    software.of_identifier,
    identity.chassis,
)
OF_PROFILE: tuple[Callable[[Any], object], ...] = (
    identity.of_profile,
    battery.of_profile,
    graphics.in_use,
    graphics.screens,
    graphics.gpus,
    disks.of_profile,
    wireless.of_profile,
    protection.of_profile,
    fitted.of_memory,
    fitted.of_disks,
    fitted.of_bridge,
    attached.of_profile,
)
OF_RECORD: tuple[Callable[[object], object], ...] = (
    functools.partial(updates.of_settings, version="15.3.1"),
    backups.of_record,
    disks.of_diskutil,
    disks.of_sets,
)


def sound(value: object) -> None:
    """No number that is none, however deep."""
    if isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, dict):
        for part in value.values():
            sound(part)
    elif isinstance(value, list | tuple):
        for part in value:
            sound(part)


def swallow_text(data: bytes) -> None:
    """Reads it as each of macOS's programs could have said it."""
    text = data.decode("utf-8", "replace")
    for reader in OF_TEXT:
        sound(attempt(NotMeasurable, functools.partial(reader, text))[0])
    sound(fitted.of_extensions(text, text))
    sound(list(processes.read(text)))


def swallow_profile(data: bytes) -> None:
    """Reads it as system_profiler's, in whichever form it seems to be."""
    sections, _ = attempt(NotMeasurable, lambda: profile.read(data))
    for reader in OF_PROFILE if sections is not None else ():
        sound(attempt(NotMeasurable, functools.partial(reader, sections))[0])


def swallow_registry(data: bytes) -> None:
    """Reads it as ioreg's."""
    entries = registry.read(data.decode("utf-8", "replace"))
    for entry in entries:
        found = battery.of_registry(entry)
        sound(found)
        assert found.charge is None or 0 <= found.charge <= 1
        sound(attempt(NotMeasurable, functools.partial(battery.temperature, entry))[0])
        for name in entry.properties:
            entry.data(name)
    sound(graphics.of_accelerators(entries))
    attempt(NotMeasurable, lambda: identity.of_registry(entries))


def swallow_record(data: bytes) -> None:
    """Reads it as a property list, of each kind that is known."""
    record, refusal = attempt(NotMeasurable, lambda: plists.read(data))
    for reader in () if refusal else OF_RECORD:
        sound(attempt(NotMeasurable, functools.partial(reader, record))[0])


def swallow_report(data: bytes) -> None:
    """Reads it as the head of a report of a crash."""
    for name in ("a.ips", "a.crash", "a.hang"):
        found = reports.header(name, data)
        assert found.kind in ("", "crash", "hang")
        # No name that is not on the list, whatever a report says.
        assert found.program in {software.OTHER, *software._IDENTIFIERS.values()}


def _texts() -> Sequence[bytes]:
    return [text.encode() for text in mac_says.SAID.values() if not text.startswith("<?xml")]


def _profiles() -> Sequence[bytes]:
    text = (
        "Hardware:\n\n    Hardware Overview:\n\n      Model Identifier: MacBook2,1\n      Serial Number: W8737DR1Z5V\n"
    )
    listed = [{"_dataType": kind, "_items": items} for kind, items in mac_says.PROFILES.items()]
    return [text.encode(), json.dumps(mac_says.PROFILES).encode(), plistlib.dumps(listed)]


def _registries() -> Sequence[bytes]:
    texts = (mac_says.BATTERY, mac_says.INTEL_BATTERY, mac_says.PLATFORM, mac_says.ACCELERATOR)
    return [text.encode() for text in texts]


RECORDS: list[Any] = [
    {
        "LastSuccessfulDate": datetime(2026, 11, 26),  # noqa: DTZ001  # as property lists hold them
        "RecommendedUpdates": [{"Display Name": "macOS Sequoia 15.7.2", "Display Version": "15.7.2"}],
    },
    {"Destinations": [{"SnapshotDates": [datetime(2026, 11, 25)]}, {}]},  # noqa: DTZ001
    mac_says.DISK,
    mac_says.MIRROR,
]


def _records() -> Sequence[bytes]:
    return [plistlib.dumps(record, fmt=form) for record in RECORDS for form in plistlib.PlistFormat]


def changed(documents: Sequence[Any], write: Callable[[Any], bytes]) -> SearchStrategy[bytes]:
    """Documents in which some values are of another kind, or absurd."""
    odd = st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "²", "99999999999999999999", "-52 dBm", "spdisplays_yes", "x" * 300]),
        st.builds(list),
        st.builds(dict),
        st.builds(lambda: [1, {"_name": 1}, [[]]]),
    )

    @st.composite
    def one(draw: st.DrawFn) -> bytes:
        document = draw(st.sampled_from(documents))
        return write(replaced(draw, document, odd))

    return one()


def replaced(draw: st.DrawFn, value: Any, odd: SearchStrategy[Any]) -> Any:
    """A copy of a document, in which about one value of twelve is another."""
    if not draw(st.integers(0, 11)):
        return draw(odd)
    if isinstance(value, dict):
        return {key: replaced(draw, part, odd) for key, part in value.items()}
    if isinstance(value, list):
        return [replaced(draw, part, odd) for part in value]
    return value


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


REPORTS = [
    b'{"app_name":"X","bundleID":"org.mozilla.firefox","bug_type":"309","timestamp":"2026-11-26 08:30:00"}\n{}',
    b"Process:         Safari [123]\nIdentifier:      com.apple.Safari\nVersion:         14.1\n",
]

TARGETS = (
    Target("mac-text", swallow_text, _texts, lambda: lines_of(_texts())),
    Target("mac-profile", swallow_profile, _profiles, lambda: changed([mac_says.PROFILES], _json)),
    Target("mac-registry", swallow_registry, _registries, lambda: lines_of(_registries())),
    Target("mac-record", swallow_record, _records, lambda: changed(RECORDS, plistlib.dumps)),
    Target("mac-report", swallow_report, lambda: REPORTS, lambda: lines_of(REPORTS)),
)
