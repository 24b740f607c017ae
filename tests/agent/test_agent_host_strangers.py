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
    backups,
    certificates,
    crashes,
    displays,
    firewall,
    malware,
    software,
    starting,
    units,
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


READERS = [a_certificate, a_station, rules, services, a_journal, headers, packages, connections]


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
