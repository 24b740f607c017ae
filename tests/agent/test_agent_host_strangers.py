"""Whatever other programs say or files hold, what reads them answers, or says that it cannot."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring_agent.host import x509
from keuring_agent.host.linux import (
    attached,
    backups,
    bundles,
    certificates,
    crashes,
    displays,
    firewall,
    fitted,
    fwupd,
    hangs,
    malware,
    signing_in,
    software,
    starting,
    units,
    update_habits,
    updates,
    wireless,
)
from keuring_agent.host.readings import NotMeasurable
from tests.agent.examples import quick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SEEDS: Final = [
    b"-----BEGIN CERTIFICATE-----\nMIIBIjANBgkq\n-----END CERTIFICATE-----",
    b"\x30\x1c\x30\x1a\x02\x01\x05\x30\x00\x30\x00\x30\x11\x17\x00\x17\x0d270304050607Z",
    b"Station 02:00 (on wlan0)\n\tsignal:  \t-61 [-63] dBm\n\ttx packets:\t412\n\ttx retries:\t37\n",
    b"table ip filter {\n chain a {\n type filter hook input priority filter; policy accept;\n"
    b" jump b\n }\n chain b {\n drop\n }\n}",
    b"-P INPUT ACCEPT\n-A INPUT -j own\n-A own -j DROP\n",
    b"Id=a.service\nLoadState=loaded\nType=oneshot\nResult=success\nExecMainStatus=0\n"
    b"ExecMainExitTimestampMonotonic=90000000\nInactiveExitTimestampMonotonic=1\nActiveEnterTimestampMonotonic=9000000\n",
    b'{"__REALTIME_TIMESTAMP":"1700000000000000","COREDUMP_EXE":"/usr/bin/vlc"}\n',
    b"ClamAV-VDB:07 Dec 2023 03-24 -0500:27115:2049977:90:hash:signature:builder:1701937454",
    b"Package: vlc-bin\nStatus: install ok installed\nVersion: 3.0.21-0+deb12u1\n",
    b"[connection]\ntype=wifi\n[802-1x]\nclient-cert=/etc/keys/a.pem\n",
    b"cert keys/a.pem\n<cert>\nx\n</cert>\n",
    b"\x00\xff\xff\xff\xff\xff\xff\x00" + bytes(120),
    b'{"_UID":"1000","__MONOTONIC_TIMESTAMP":"50000000","__REALTIME_TIMESTAMP":"1","UNIT":"cups.service"}\n',
    b'{"Devices": [{"Name": "UEFI dbx", "Version": "371", "Flags": ["internal"]}]}',
    b"\x10\x0f\x10\x00\x03\x03\x03" + bytes(8) + b"\0\0\x11\x10\x11\x00\x10\x00" + bytes(10) + b"\0\0\x7f\x04\0\0\0\0",
    b"scheduler is running\nprinter hall disabled since Thu Jan  1 07:30:00 2026 -\n\tAlerts: offline-report\n",
    b"firefox.x86_64   131.0.2-1.fc40   updates\nFEDORA-2024-1 Important/Sec. firefox-131.0.2-1.fc40.x86_64\n",
    b"[2024-05-01T10:00:00+0200] [ALPM] upgraded vlc (1 -> 2)\n",
    b"[Desktop Entry]\nType=Application\nName=GnuCash\n",
]


def times(found: Iterable[float | None]) -> None:
    assert all(one is None or math.isfinite(one) or one == math.inf for one in found)


def a_certificate(data: bytes) -> None:
    with suppress(NotMeasurable):
        times([x509.expires(data)])


def a_station(data: bytes) -> None:
    found = wireless.station("wlan0", data.decode("utf-8", "replace"))
    assert found.signal is None or -120 < found.signal < 0


def rules(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    assert {firewall.refuses(text), firewall.refuses_older(text)} <= {True, False}


def services(data: bytes) -> None:
    found = list(units.parse(data.decode("utf-8", "replace")))
    assert all(step.duration >= 1 for step in starting.longest(found, 10**9))
    times(backups._succeeded(unit, 0.0) for unit in found)


def a_journal(data: bytes) -> None:
    times(crash.time for crash in crashes.journal(data))
    named = {crash.program for crash in crashes.journal(data)}
    assert named <= {crashes.OTHER, *crashes._EXECUTABLES.values()}  # no name that is not on the list


def headers(data: bytes) -> None:
    times([malware._made(data), displays.edid_made(data)])


def packages(data: bytes) -> None:
    assert all(isinstance(version, str) for _, version in software.dpkg(data))


def connections(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    found = [*certificates._manager(text), *certificates._openvpn("etc/openvpn", text)]
    assert {use for use, _ in found} <= {"wifi", "wired", "vpn"}


def other_journals(data: bytes) -> None:
    found = hangs.journal(data)
    times(crash.time for crash in found)
    assert {crash.program for crash in found} <= {crashes.OTHER, *crashes._EXECUTABLES.values(), *hangs._NAMES.values()}
    desktop = signing_in.desktop(data)
    assert desktop is None or (desktop[0] >= 1000 and math.isfinite(desktop[1]))


def parts(data: bytes) -> None:
    assert all(name and version is not None for name, version in fwupd.devices(data) if name)
    displays.edid_model(data)
    with suppress(NotMeasurable):
        found = fitted.slots(data)
        assert 0 <= found.modules <= found.slots


def lists(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    printers = attached.queues(text)
    assert 0 <= printers.unreachable <= printers.installed
    assert updates.listed(text) >= 0
    assert updates.secure(text) >= 0
    assert bundles.entry(text) != ""
    times([update_habits._last_line(text), update_habits._last_upgrade(text)])


READERS = [
    *(a_certificate, a_station, rules, services, a_journal, headers, packages, connections),
    *(other_journals, parts, lists),
]


@st.composite
def disturbed(draw: st.DrawFn) -> bytes:
    """A good text with pieces cut out, doubled or replaced."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 20)))
        piece = draw(st.one_of(st.binary(max_size=8), st.just(bytes(data[begin:end]) * 2), st.just(b"9" * 5000)))
        data[begin:end] = piece
    return bytes(data)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(data=st.one_of(disturbed(), st.binary(max_size=200)))
@quick
def test_strange_input_is_no_fault(reader: Callable[[bytes], None], data: bytes) -> None:
    reader(data)
