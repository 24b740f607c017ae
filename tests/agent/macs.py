"""A made-up MacBook: its programs, which answer with mac_says.py, and what its files hold."""

from __future__ import annotations

import json
import os
import plistlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from keuring_agent.host.commands import Result
from keuring_agent.host.darwin import DarwinHost
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree
from tests.agent.mac_says import AT, PROFILES, SAID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from keuring_agent.host import commands


class Counters(NamedTuple):
    """What psutil says of an interface."""

    errin: int = 1
    errout: int = 2
    dropin: int = 3
    dropout: int = 0


class State(NamedTuple):
    """The same, of its link."""

    speed: int = 1000


class Partition(NamedTuple):
    """What psutil says of a mounted volume."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


PARTITIONS = [
    Partition("/dev/disk3s1s1", "/", "apfs", "ro,local,rootfs"),
    Partition("/dev/disk3s6", "/System/Volumes/VM", "apfs", "rw,local"),
    Partition("/dev/disk3s5", "/System/Volumes/Data", "apfs", "rw,local"),
    Partition("/dev/disk4s1", "/Volumes/A COLLEAGUE'S STICK", "hfs", "rw,local"),
]


def psutil_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has psutil say what differs on a Mac."""
    names = ["lo0", "en0", "en7", "awdl0", "utun3", "bridge0"]
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: {name: Counters() for name in names})
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {name: State() for name in names})
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: PARTITIONS)
    monkeypatch.setattr(psutil, "boot_time", lambda: AT)


def programs(said: Mapping[str, str] | None = None, asked: list[str] | None = None) -> commands.Run:
    """Programs that answer by the beginning of their command line; those without an answer are not installed.

    ``asked`` is filled with the command lines.
    """
    answers = {**SAID, **(said or {})}

    def run(arguments: Sequence[str], timeout: float) -> Result:
        assert 0 < timeout <= 30
        line = " ".join(arguments)
        if asked is not None:
            asked.append(line)
        if arguments[0] == "system_profiler" and arguments[1] == "-json" and "system_profiler" not in answers:
            return Result(0, json.dumps({kind: PROFILES[kind] for kind in arguments[2:]}).encode())
        for beginning, answer in answers.items():
            if line.startswith(beginning):
                return Result(0, answer.encode())
        raise NotMeasurable(f"{arguments[0]} is not installed")

    return run


def moment(text: str) -> datetime:
    """A date as property lists hold it: in UTC, without saying so."""
    return datetime.fromisoformat(text)


def report(identifier: str, bug_type: str = "309") -> str:
    """A report of a crash, in the form that macOS has since 12."""
    head = {"app_name": "X", "bundleID": identifier, "bug_type": bug_type, "timestamp": "2026-11-26 08:30:00.00 +0100"}
    return f"{json.dumps(head)}\n" + json.dumps({"procPath": "/opt/secret", "asi": {"x": ["abort()"]}})


def files(root: Path) -> Tree:
    """What such a Mac keeps on its disk."""
    (root / "System/Volumes/Data").mkdir(parents=True, exist_ok=True)
    lists: dict[str, Any] = {
        "Library/Preferences/com.apple.SoftwareUpdate.plist": {
            "LastSuccessfulDate": moment("2026-11-26T05:00:00"),
            "AutomaticallyInstallMacOSUpdates": True,
            "RecommendedUpdates": [
                {"Display Name": "macOS Sequoia 15.7.2", "Display Version": "15.7.2"},
                {"Display Name": "macOS Tahoe 26.1", "Display Version": "26.1"},
                {"Display Name": "Command Line Tools for Xcode", "Display Version": "16.4"},
            ],
        },
        "Library/Receipts/InstallHistory.plist": [
            {"date": moment("2026-10-01T10:00:00"), "displayName": "macOS 15.3.1", "processName": "softwareupdated"},
            {
                "date": moment("2026-11-20T10:00:00"),
                "displayName": "XProtectPlistConfigData",
                "processName": "softwareupdated",
                "contentType": "config-data",
            },
            {"date": moment("2026-11-25T10:00:00"), "displayName": "Some program", "processName": "installer"},
        ],
        "Library/Preferences/com.apple.TimeMachine.plist": {
            "Destinations": [
                {"SnapshotDates": [moment("2026-11-24T20:00:00"), moment("2026-11-25T20:00:00")]},
                {"LastKnownVolumeName": "A COLLEAGUE'S DISK"},
            ]
        },
        "Applications/Firefox.app/Contents/Info.plist": {"CFBundleShortVersionString": "128.5.0"},
        "Applications/zoom.us.app/Contents/Info.plist": {"CFBundleShortVersionString": "6.2.11 (43613)"},
        "Applications/Example.app/Contents/Info.plist": {"CFBundleShortVersionString": "1.0"},
    }
    for path, content in lists.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(plistlib.dumps(content))
    for name, text in {
        "Library/Logs/DiagnosticReports/Firefox-2026-11-26-083000.ips": report("org.mozilla.firefox"),
        "Library/Logs/DiagnosticReports/Some_2026-11-26-083100_mac.hang": "Identifier:  com.apple.Safari\n",
        "Library/Logs/DiagnosticReports/JetsamEvent-2026-11-20-083000.ips": report("", "298"),
        "Users/anna/Library/Logs/DiagnosticReports/own-2026-11-26-084000.ips": report("nl.example.own"),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Tree(str(root))


def written(tree: Tree, path: str, time: float) -> None:
    """Makes a file as old as a test wants it."""
    os.utime(tree.path(path), (time, time))


def mac(root: Path, said: Mapping[str, str] | None = None, asked: list[str] | None = None) -> DarwinHost:
    """The whole Mac; on this machine psutil tells of this machine."""
    return DarwinHost(run=programs(said, asked), tree=files(root))
