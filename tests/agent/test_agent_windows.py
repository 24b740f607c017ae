"""Windows: what its values, events, versions, updates and protection mean, after the documented forms."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import keuring_agent.host.windows
import keuring_rules
from keuring_agent import language
from keuring_agent.host.inventory import BugCheck
from keuring_agent.host.readings import Encryption, Incident, MalwareProtection, NotMeasurable, Shutdown, Updates
from keuring_agent.host.windows import cim, encryption, events, faults, identity, protection, starting, updates, values
from tests.agent.examples import quick
from tests.agent.windows import RecordedWindows, event

PACKAGE = Path(keuring_agent.host.windows.__file__).parent
NOON = "2026-11-25T12:00:00.1234567Z"
AT_NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20130813153755.000000+120", datetime(2013, 8, 13, 13, 37, 55, tzinfo=UTC).timestamp()),
        ("20230905000000.000000+000", datetime(2023, 9, 5, tzinfo=UTC).timestamp()),
        ("16010101000000.000000-000", None),
        ("20231305000000.000000+000", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times_of_wmi(text: object, expected: float | None) -> None:
    assert values.moment(text) == expected


def test_times_of_the_registry() -> None:
    recorded = 133_120_800_000_000_000  # the DriverDateData of a driver whose DriverDate is 2022-11-05
    assert values.filetime(recorded) == datetime(2022, 11, 5, tzinfo=UTC).timestamp()
    assert values.filetime(recorded.to_bytes(8, "little")) == values.filetime(recorded)
    assert values.filetime(b"short") is None
    assert values.filetime(0) is None


def test_numbers_and_texts_of_com() -> None:
    row = {"a": "512110190592", "b": -2147483648, "c": " x  y\0", "d": (72, 105, 0, 0), "e": "nan", "f": True}
    assert values.whole(row, "a") == 512110190592
    assert values.whole(row, "b") == 0x80000000
    assert values.text(row, "c") == "x y"
    assert values.characters(row, "d") == "Hi"
    assert values.number(row, "e") is None
    assert values.number(row, "f") is None
    assert values.flag(row, "f") is True


def test_a_query_takes_words_only() -> None:
    assert cim.wql("Win32_BIOS", ("SerialNumber",)) == "SELECT SerialNumber FROM Win32_BIOS"
    with pytest.raises(ValueError, match="are words"):
        cim.wql("Win32_BIOS; DROP", ("SerialNumber",))
    assert cim.reason(-2147217405) == cim.REFUSED  # 0x80041003, as COM gives it


def test_an_event_and_what_is_none() -> None:
    found = events.parse(event("disk", 153, 9, NOON, r"\Device\Harddisk0\DR0", "0x1"))
    assert found == events.Event("disk", 153, 9, AT_NOON, {}, [r"\Device\Harddisk0\DR0", "0x1"])
    assert events.parse("<Event/>") is None
    assert events.parse("<!DOCTYPE a [<!ENTITY b 'c'>]><Event/>") is None
    assert events.parse("no") is None


@given(st.text(max_size=200))
@quick
def test_whatever_an_event_says_is_an_event_or_none(text: str) -> None:
    found = events.parse(event("disk", 7, 1, NOON, "x").replace("x</Data>", f"{text}</Data>"))
    assert found is None or found.id == 7
    if found is not None:
        faults.fault(found, {0})


def test_reading_goes_on_where_it_stopped() -> None:
    windows = RecordedWindows(logs={"System": [event("disk", 7, number, NOON) for number in (1, 2, 3)]})
    wanted = {"disk": (7,)}
    position, found = events.go_on(windows, "System", wanted, "", None)
    assert (position, found) == ("record:3", [])
    windows.logs["System"].append(event("disk", 7, 4, NOON))
    position, found = events.go_on(windows, "System", wanted, position, None)
    assert (position, [one.record for one in found]) == ("record:4", [4])
    assert events.go_on(windows, "System", wanted, position, None) == ("record:4", [])
    windows.logs["System"] = [event("disk", 7, 1, NOON)]  # somebody cleared the log
    position, found = events.go_on(windows, "System", wanted, position, None)
    assert (position, [one.record for one in found]) == ("record:1", [1])


def test_a_flood_of_events_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_EVENTS", 2)
    windows = RecordedWindows(logs={"System": [event("disk", 7, number, NOON) for number in range(1, 6)]})
    everything = windows.events
    monkeypatch.setattr(windows, "events", lambda channel, query, after: everything(channel, query, after)[:2])
    position, seen = "record:1", []
    for _ in range(5):
        position, found = events.go_on(windows, "System", {"disk": (7,)}, position, None)
        seen += [one.record for one in found]
    assert seen == [2, 3, 4, 5]


def test_a_tally_counts_each_event_once() -> None:
    windows = RecordedWindows(logs={"System": [event("a", 1, 1, NOON), event("a", 2, 2, "2026-11-24T12:00:00Z")]})
    tally = events.Tally(windows, "System", {"a": (1, 2)})
    assert tally.total(AT_NOON) == {1: 1}  # the second was before the start
    assert tally.total(AT_NOON) == {1: 1}
    windows.logs["System"].append(event("a", 1, 3, NOON))
    assert tally.total(AT_NOON) == {1: 2}


def test_a_processor_that_is_held_back_is_counted_once_for_all_its_threads() -> None:
    def limited(record: int, number: str) -> str:
        named = {"Group": "0", "Number": number, "CapDurationInSeconds": "71"}
        return event("Microsoft-Windows-Kernel-Processor-Power", 37, record, NOON, named=named)

    log = [limited(1, "0"), limited(2, "1"), limited(3, "0"), limited(4, "1")]
    counting = (RecordedWindows(logs={"System": log}), "System", faults.THROTTLED, faults.processor_of)
    assert events.Tally(*counting).total(AT_NOON) == {"0:0": 2, "0:1": 2}
    assert events.Tally(*counting, faults.held_back).total(AT_NOON) == {"0:0": 142, "0:1": 142}


def found_in(text: str, inside: set[int] | None = None) -> Incident | None:
    parsed = events.parse(text)
    assert parsed is not None
    return faults.fault(parsed, {0} if inside is None else inside)


def test_faults_of_disks_and_file_systems() -> None:
    bad = found_in(event("disk", 7, 1, NOON, r"\Device\Harddisk0\DR0"))
    assert bad is not None
    assert (bad.kind, bad.subject) == ("io_error", "PhysicalDrive0")
    assert found_in(event("disk", 7, 1, NOON, r"\Device\Harddisk3\DR3")) is None
    assert found_in(event("disk", 157, 1, NOON, "", "0")) is not None
    assert found_in(event("disk", 157, 1, NOON, "", "4")) is None  # a stick that was pulled out
    damaged = found_in(event("Ntfs", 55, 1, NOON, "", r"\Device\HarddiskVolume3"))
    assert damaged is not None
    assert damaged.subject == "HarddiskVolume3"


def test_faults_of_the_processor_and_the_graphics() -> None:
    severe = found_in(event("Microsoft-Windows-WHEA-Logger", 18, 1, NOON, named={"ApicId": "2"}))
    assert severe is not None
    assert severe[1:] == ("machine_check", "2", "uncorrected")
    reset = found_in(event("Display", 4101, 1, NOON, "nvlddmkm", ""))
    assert reset is not None
    assert (reset.kind, reset.subject) == ("gpu_reset", "nvlddmkm")
    assert found_in(event("Microsoft-Windows-Kernel-Power", 41, 1, NOON, named={"BugcheckCode": "159"})) is None


def test_blue_screens_by_their_code() -> None:
    power = "Microsoft-Windows-Kernel-Power"
    log = [event(power, 41, number, NOON, named={"BugcheckCode": code}) for number, code in ((1, "0"), (2, "159"))]
    windows = RecordedWindows(logs={"System": log})
    assert faults.bug_checks(windows, "") == ("record:2", [])
    assert faults.bug_checks(windows, "record:0") == ("record:2", [BugCheck(AT_NOON, "0x0000009f")])


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ([], Shutdown(None, False)),
        ([("Microsoft-Windows-Kernel-General", 12, "")], Shutdown(True, False)),
        ([("Microsoft-Windows-Kernel-Power", 41, "0"), ("EventLog", 6008, "")], Shutdown(False, False)),
        ([("Microsoft-Windows-Kernel-Power", 41, "159")], Shutdown(False, True)),
        ([("Microsoft-Windows-WER-SystemErrorReporting", 1001, "")], Shutdown(False, True)),
    ],
)
def test_how_it_went_down(noted: list[tuple[str, int, str]], expected: Shutdown) -> None:
    log = [event(name, number, 1, NOON, named={"BugcheckCode": code}) for name, number, code in noted]
    assert faults.last_shutdown(RecordedWindows(logs={"System": log}), AT_NOON) == expected


def steps_log(*noted: tuple[int, dict[str, str]]) -> RecordedWindows:
    name = "Microsoft-Windows-Diagnostics-Performance"
    found = [event(name, number, 1, NOON, named=fields) for number, fields in noted]
    return RecordedWindows(logs={f"{name}/Operational": found})


def test_the_start_and_what_it_waited_for() -> None:
    windows = steps_log(
        (100, {"BootTime": "65123"}),
        (
            101,
            {"Name": "OneDrive.exe", "Path": r"C:\Program Files\Microsoft OneDrive\OneDrive.exe", "TotalTime": "9000"},
        ),
        (101, {"Name": "thesis.exe", "Path": r"C:\Users\x\thesis.exe", "TotalTime": "4000"}),
        (103, {"Name": "Spooler", "Path": r"C:\WINDOWS\System32\spoolsv.exe", "TotalTime": "900"}),
    )
    assert starting.duration(windows, AT_NOON, 60) == 65.123
    assert starting.steps(windows, AT_NOON, 60) == [("OneDrive", 9.0), ("other", 4.0)]
    empty = steps_log()
    assert starting.duration(empty, AT_NOON, 60) is None
    assert starting.steps(empty, AT_NOON, 60) is None
    for ask in (starting.duration, starting.steps):
        with pytest.raises(NotMeasurable, match="noted nothing"):
            ask(empty, AT_NOON, 3600)


def test_names_fit_the_dates_of_support() -> None:
    """Each row for Windows is found by a machine with that build, in each of the editions that it is for."""
    data = Path(keuring_rules.__file__).parent / "data" / "end_of_life.yaml"
    products = [
        one for one in yaml.safe_load(data.read_text(encoding="utf-8"))["products"] if "windows" in one["product"]
    ]
    assert len(products) >= 4
    editions = {
        "windows-11-home-pro": ("Core", "Professional", "CloudEdition"),
        "windows-11-enterprise": ("Enterprise",),
        "windows-10-ltsc": ("EnterpriseS", "IoTEnterpriseS"),
        "windows-10": ("Professional", "Core", "Education"),
    }
    for product in products:
        names = product["when"]["os.name"]
        for edition in editions[product["product"]]:
            for row in product["rows"]:
                build = next(text for text in row.get("version", ["19045"]) if text.isdecimal() and len(text) == 5)
                key = {"CurrentBuildNumber": build, "UBR": 100, "EditionID": edition, "CurrentMajorVersionNumber": 10}
                found = identity.from_registry(key, "amd64", "x")
                assert found is not None
                assert found.name.startswith(tuple(names if isinstance(names, list) else [names]))
                assert found.version.startswith(tuple(row.get("version", ["10.0"])))


@pytest.mark.parametrize(
    ("build", "key", "name"),
    [
        ("20348", {"EditionID": "ServerStandard", "InstallationType": "Server"}, "Windows Server 2022 Standard"),
        (
            "26100",
            {"EditionID": "ServerDatacenter", "InstallationType": "Server Core"},
            "Windows Server 2025 Datacenter",
        ),
        ("26100", {"EditionID": "ServerRdsh", "InstallationType": "Client"}, "Windows 11 Enterprise multi-session"),
        ("9600", {"EditionID": "Professional", "CurrentVersion": "6.3"}, "Windows 8.1 Pro"),
    ],
)
def test_names_of_versions(build: str, key: dict[str, object], name: str) -> None:
    found = identity.from_registry({"CurrentBuildNumber": build, "UBR": 7, **key}, "amd64", "x")
    assert found is not None
    assert (found.name, found.build) == (name, f"{build}.7")
    assert found.version == f"{key.get('CurrentVersion', '10.0')}.{build}"
    assert identity.from_registry({}, "amd64", "x") is None


def test_updates_without_signatures() -> None:
    waiting: list[dict[str, object]] = [
        {"Categories": ("0fa1201d-4330-4fa8-8ae9-b877473b6441",), "MsrcSeverity": None},
        {"Categories": ("e0789628-ce08-4437-be74-2495b842f43b",), "MsrcSeverity": None},
        {"Categories": (), "MsrcSeverity": "Important"},
        {"Categories": ("cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83",), "MsrcSeverity": ""},
    ]
    assert updates.count(waiting) == Updates(3, 2)


def test_when_updates_were_installed() -> None:
    day = datetime(2026, 11, 12, 3, tzinfo=UTC)
    history: list[dict[str, object]] = [
        {"Date": datetime(2026, 11, 25, tzinfo=UTC), "Operation": 1, "ResultCode": 2, "Title": "Defender (KB2267602)"},
        {"Date": datetime(2026, 11, 20, tzinfo=UTC), "Operation": 1, "ResultCode": 4, "Title": "Cumulatieve update"},
        {"Date": day, "Operation": 1, "ResultCode": 2, "Title": "Cumulatieve update"},
    ]
    assert updates.installed(RecordedWindows(history=history)) == day.timestamp()
    fixes: list[dict[str, object]] = [{"InstalledOn": "9/14/2026"}, {"InstalledOn": "10/2/2026"}, {"InstalledOn": ""}]
    older = RecordedWindows(rows={"Win32_QuickFixEngineering": fixes}, history=NotMeasurable("no"))
    assert updates.installed(older) == datetime(2026, 10, 2, tzinfo=UTC).timestamp()
    with pytest.raises(NotMeasurable, match="no date"):
        updates.installed(RecordedWindows(rows={"Win32_QuickFixEngineering": []}))


def test_a_restart_that_is_due() -> None:
    assert not updates.reboot_pending(RecordedWindows())
    servicing = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
    assert updates.reboot_pending(RecordedWindows(registry={servicing: {}}))


def test_encryption_suspended_half_done_and_locked() -> None:
    def volume(letter: str, protection: int, conversion: int | None, kind: int = 1) -> dict[str, object]:
        return {
            "DriveLetter": letter,
            "ProtectionStatus": protection,
            "ConversionStatus": conversion,
            "VolumeType": kind,
        }

    rows = [volume("C:", 0, 1), volume("D:", 1, 2), volume("E:", 2, None), volume("F:", 1, None), volume("G:", 0, 0, 2)]
    assert encryption.encryption(rows) == [
        *(Encryption("C:\\", False), Encryption("D:\\", False), Encryption("E:\\", True), Encryption("F:\\", True)),
    ]
    with pytest.raises(NotMeasurable):
        encryption.encryption([])


@pytest.mark.parametrize(
    ("start", "local", "policy", "expected"),
    [
        (2, (1, 1, 1), (None, None, None), True),
        (2, (1, 0, 1), (None, None, None), False),
        (2, (1, 0, 1), (None, 1, None), True),  # the organisation says so
        (2, (1, 1, 1), (None, None, 0), False),
        (4, (1, 1, 1), (None, None, None), False),  # the service is disabled
        (2, (1, None, 1), (None, None, None), None),
    ],
)
def test_the_firewall(start: int, local: tuple[Any, ...], policy: tuple[Any, ...], expected: bool | None) -> None:
    def keys(states: tuple[Any, ...]) -> list[values.Row | None]:
        return [None if state is None else {"EnableFirewall": state} for state in states]

    assert protection.firewall({"Start": start}, keys(local), keys(policy)) is expected


def test_a_firewall_of_another_maker() -> None:
    windows = RecordedWindows(rows={"FirewallProduct": [{"displayName": "X", "productState": 266256}]})
    assert protection.firewall_enabled(windows)
    windows.rows["FirewallProduct"] = [{"displayName": "X", "productState": 262144}]
    assert not protection.firewall_enabled(windows)


@pytest.mark.parametrize(("state", "on"), [(397568, True), (266240, True), (393472, False), (270336, False)])
def test_states_of_the_security_center(state: int, on: bool) -> None:
    assert protection.is_on(state) is on


def test_protection_against_malware() -> None:
    defender = {"AntivirusEnabled": True, "RealTimeProtectionEnabled": False}
    other: list[dict[str, object]] = [{"productState": 266240}, {"productState": 393472}]
    assert protection.malware_protection(other, defender) == MalwareProtection(True, None)
    assert protection.malware_protection([], defender) == MalwareProtection(False, None)
    with pytest.raises(NotMeasurable):
        protection.malware_protection([], None)


def reasons() -> set[str]:
    """Every reason that stands as a whole in the code: in the call itself, or as a constant of its module."""
    found = set(cim._REASONS.values())
    for path in PACKAGE.glob("*.py"):
        module = import_module(f"keuring_agent.host.windows.{path.stem}".removesuffix(".__init__"))
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotMeasurable"):
                continue
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                found.add(str(argument.value))
            elif isinstance(argument, ast.Name) and argument.id.strip("_").isupper():
                found.add(getattr(module, argument.id))
    return found


def test_every_reason_is_said_in_dutch_too() -> None:
    assert len(reasons()) > 40
    assert reasons() - set(language.texts("nl")) == set()


def test_windows_is_imported_in_the_thin_modules_and_when_asked_only() -> None:
    names = {
        "winreg",
        "pythoncom",
        "pywintypes",
        "win32api",
        "win32com",
        "win32crypt",
        "win32evtlog",
        "win32file",
        "win32ras",
    }
    users = set()
    for path in PACKAGE.glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            listed = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if {name.partition(".")[0] for name in listed} & names:
                users.add(path.stem)
                assert node not in tree.body
    assert users == {"cim", "registry", "eventlog", "devices", "calls"}
