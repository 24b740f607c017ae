"""Windows: programs, certificates, backups and the clock; and what hangs."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host import x509
from keuring_agent.host.commands import Result
from keuring_agent.host.readings import (
    Backup,
    Certificate,
    ClockState,
    Crash,
    NotMeasurable,
    Program,
)
from keuring_agent.host.windows import (
    backups,
    certificates,
    clock,
    crashes,
    limits,
    programs,
    software,
)
from tests.agent.windows import EXPIRES, W32TM, RecordedWindows, certificate, event

if TYPE_CHECKING:
    from pathlib import Path

NOON = "2026-11-25T12:00:00.0000000Z"


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("Microsoft Office LTSC Professional Plus 2021 - nl-nl", "16.0.14332.1", Program("Microsoft Office", "2021")),
        ("Microsoft Office Standard 2016", "16.0.4266.1001", Program("Microsoft Office", "2016")),
        ("Microsoft 365 Apps for enterprise - en-us", "16.0.17928", Program("Microsoft 365 Apps", "16.0.17928")),
        ("Mozilla Firefox ESR (x64 nl)", "128.5.0", Program("Mozilla Firefox ESR", "128.5.0")),
        ("Mozilla Firefox (x64 en-US)", "132.0.2", Program("Mozilla Firefox", "132.0.2")),
        ("Python 3.11.7 (64-bit)", "3.11.7150.0", Program("Python", "3.11.7")),
        ("Python 3.11.7 Core Interpreter (64-bit)", "3.11.7150.0", None),
        ("Eclipse Temurin JDK with Hotspot 21.0.5+11 (x64)", "21.0.5.11", Program("Eclipse Temurin", "21.0.5.11")),
        ("LibreOffice 24.8 Help Pack (Dutch)", "24.8.3.2", None),
        ("A colleague's own game", "1", None),
        (None, "1", None),
    ],
)
def test_programs_that_are_looked_for(name: str | None, version: str, expected: Program | None) -> None:
    assert software.program({"DisplayName": name, "DisplayVersion": version}) == expected
    assert software.program({"DisplayName": name, "DisplayVersion": version, "SystemComponent": 1}) is None


def test_programs_of_the_machine_and_of_who_is_signed_in() -> None:
    below = r"Microsoft\Windows\CurrentVersion\Uninstall"
    person = "S-1-5-21-407181654-3485178747-2417891341-1001"
    windows = RecordedWindows(
        registry={
            rf"HKLM\SOFTWARE\{below}\a": {"DisplayName": "Python 3.12.1 (64-bit)", "DisplayVersion": "3.12.1150.0"},
            rf"HKLM\SOFTWARE\WOW6432Node\{below}\b": {"DisplayName": "Python 3.9.13 (32-bit)", "DisplayVersion": "3"},
            rf"HKU\{person}\SOFTWARE\{below}\c": {"DisplayName": "Zoom Workplace", "DisplayVersion": "6.2.7"},
            rf"HKU\S-1-5-18\SOFTWARE\{below}\d": {"DisplayName": "Slack", "DisplayVersion": "4"},
        }
    )
    assert software.programs(windows) == [Program("Python", "3.9.13"), Program("Zoom", "6.2.7")]
    with pytest.raises(NotMeasurable):
        software.programs(RecordedWindows())


def test_crashes_and_hangs_by_the_makers_names() -> None:
    excel = r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE"
    crashed = ("EXCEL.EXE", "16.0.17928.20216", "1", "x.dll", "1", "1", "c0000005", "0", "1", "1", excel)
    windows = RecordedWindows(
        logs={
            "Application": [
                event("Application Error", 1000, 1, NOON, *crashed),
                event("Application Error", 1000, 2, NOON, *crashed[:10], r"D:\thesis\excel.exe"),
                event("Application Error", 1000, 3, NOON, "secret.exe", "1.0"),
                event("Application Hang", 1002, 4, NOON, "OUTLOOK.EXE", "16.0.1", "1", "1", "1", excel),
            ]
        }
    )
    assert crashes.read(windows, crashes.CRASHED, "") == ("record:4", [])
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    assert crashes.read(windows, crashes.CRASHED, "record:0").crashes == [
        Crash(noon, "Microsoft Excel", "16.0.17928.20216"),
        Crash(noon, "other"),
        Crash(noon, "other"),
    ]
    assert crashes.read(windows, crashes.HUNG, "record:0").crashes == [Crash(noon, "Microsoft Outlook", "16.0.1")]


def test_certificates_to_sign_in_with() -> None:
    older, later = EXPIRES - timedelta(days=300), EXPIRES + timedelta(days=9)
    found = [
        certificate(expires=older),  # renewed since
        certificate(),
        certificate(issuer="Another CA", expires=later),
        certificate(client=False, expires=older),
        certificate(issuer="MS-Organization-P2P-Access [2026]", expires=older),
        b"no certificate \x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02",
    ]
    assert certificates.certificates(found) == [
        Certificate("machine", EXPIRES.timestamp()),
        Certificate("machine (2)", later.timestamp()),
    ]
    assert x509.names(found[0]) == x509.names(found[1])
    with pytest.raises(NotMeasurable):
        certificates.certificates(found[3:])


def test_backups_that_succeeded() -> None:
    history = r"HKU\S-1-12-1-1-2-3-4\SOFTWARE\Microsoft\Windows\CurrentVersion\FileHistory"
    log = [event("Microsoft-Windows-Backup", 4, 1, NOON), event("Microsoft-Windows-Backup", 5, 2, NOON)]
    windows = RecordedWindows(
        logs={"Microsoft-Windows-Backup": log},
        registry={history: {"ProtectedUpToTime": 133_120_800_000_000_000}},
    )
    assert backups.backups(windows) == [
        Backup("Windows Backup", datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()),
        Backup("File History", datetime(2022, 11, 5, tzinfo=UTC).timestamp()),
    ]
    at_work = RecordedWindows(registry={history: {"ProtectedUpToTime": 0}})
    assert backups.backups(at_work) == [Backup("File History", None)]  # what was told before holds
    with pytest.raises(NotMeasurable, match="no backup"):
        backups.backups(RecordedWindows())


def test_the_clock_in_two_languages() -> None:
    assert clock.parse(W32TM["en"]) == ClockState(True, -0.0012345)
    assert clock.parse(W32TM["nl"]) == ClockState(True, 0.002)
    assert clock.parse(W32TM["en"].replace("0(no warning)", "3(not synchronized)")) == ClockState(False, None)
    assert clock.parse(W32TM["en"].replace("0x0A000001", "0x4C4F434C")) == ClockState(False, None)
    with pytest.raises(NotMeasurable):
        clock.parse("The following error occurred: 0x80070426")
    settings = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters"
    assert clock.read(RecordedWindows(registry={settings: {"Type": "NoSync"}})) == ClockState(False, None)
    with pytest.raises(NotMeasurable, match="does not run"):
        clock.read(RecordedWindows(programs={"w32tm.exe": Result(1, b"")}))


def test_what_hangs_is_left_behind_and_not_asked_again() -> None:
    bounds, release, asked = limits.Limits(), threading.Event(), []

    def hang() -> str:
        asked.append(1)
        release.wait(60)
        return "late"

    with pytest.raises(NotMeasurable, match="in time"):
        bounds.within(0.01, "a disk", hang)
    with pytest.raises(NotMeasurable, match="still does not"):
        bounds.within(5, "a disk", hang)
    assert bounds.within(5, "another", lambda: 7) == 7
    assert asked == [1]
    release.set()
    bounds._hanging["a disk"].join(5)
    assert bounds.within(5, "a disk", lambda: "again") == "again"
    with pytest.raises(KeyError):
        bounds.within(5, "an error", lambda: {"a": 1}["x"])


@pytest.mark.skipif(sys.platform == "win32", reason="uses programs of POSIX systems")
def test_a_program_is_bounded_and_found_in_its_place_only(tmp_path: Path) -> None:
    tool = tmp_path / "tool.exe"
    tool.write_text('#!/bin/sh\nif [ "$1" = wait ]; then exec sleep 60; fi\necho "$1"; exit 3\n')
    tool.chmod(0o755)
    assert programs.run("tool.exe", ["hello"], 5, [str(tmp_path)]) == Result(3, b"hello\n")
    with pytest.raises(NotMeasurable, match="tool took longer"):
        programs.run("tool.exe", ["wait"], 0.05, [str(tmp_path)])
    with pytest.raises(NotMeasurable, match="tool is not installed"):
        programs.run("tool.exe", [], 5, [str(tmp_path / "elsewhere")])
