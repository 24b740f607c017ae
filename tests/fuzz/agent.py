"""Targets: what the agent reads that others wrote: disks through smartctl, package managers, the kernel, people."""

from __future__ import annotations

import functools
import json
import math
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from keuring.signals.model import Kind
from keuring_agent import config, enrolment_token
from keuring_agent.errors import ConfigError, TokenError
from keuring_agent.host import smartctl
from keuring_agent.host.linux import identity, system, update_habits, updates
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree
from keuring_agent.sensors.kernel import classify
from tests.fuzz.target import Target, attempt, folder, lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

SATA: dict[str, Any] = {
    "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
    "model_name": "Made-up SSD 500GB",
    "serial_number": "S0",
    "rotation_rate": 0,
    "smart_status": {"passed": True},
    "ata_smart_attributes": {
        "table": [
            {"id": 5, "name": "Reallocated_Sector_Ct", "value": 100, "raw": {"value": 0, "string": "0"}},
            {"id": 188, "name": "Command_Timeout", "value": 100, "raw": {"value": 4295032833, "string": "1 1 1"}},
            {"id": 177, "name": "Wear_Leveling_Count", "value": 93, "raw": {"value": 50, "string": "50 (Average 17)"}},
            {"id": 241, "name": "Total_LBAs_Written", "value": 99, "raw": {"value": 123456789, "string": "123456789"}},
        ]
    },
    "power_on_time": {"hours": 1234},
    "temperature": {"current": 31},
    "logical_block_size": 512,
}
NVME: dict[str, Any] = {
    "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
    "model_name": "Made-up NVMe",
    "smart_status": {"passed": False},
    "nvme_smart_health_information_log": {
        "critical_warning": 1,
        "temperature": 40,
        "available_spare": 9,
        "percentage_used": 103,
        "data_units_written": 12345,
        "power_on_hours": 999,
        "unsafe_shutdowns": 3,
        "media_errors": 7,
    },
}
SCSI: dict[str, Any] = {
    "device": {"type": "scsi"},
    "scsi_grown_defect_list": 2,
    "scsi_error_counter_log": {"read": {"total_uncorrected_errors": 1}, "write": {"total_uncorrected_errors": 0}},
}
ABSENT: dict[str, Any] = {"smartctl": {"exit_status": 2, "messages": [{"string": "Open failed", "severity": "error"}]}}


def swallow_smartctl(data: bytes) -> None:
    """Reads what smartctl said."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return  # the caller's business, which knows what smartctl is
    found, _ = attempt(NotMeasurable, lambda: smartctl.parse(document))
    if found is None:
        return
    assert found.kind in ("hdd", "ssd", "nvme")
    assert found.passed is None or isinstance(found.passed, bool)
    for value in found._asdict().values():
        assert value is None or isinstance(value, str | bool | float)
        assert not isinstance(value, float) or math.isfinite(value)


def _smartctl() -> Sequence[bytes]:
    return [json.dumps(document).encode() for document in (SATA, NVME, SCSI, ABSENT)]


def smart_documents() -> SearchStrategy[bytes]:
    """Documents of smartctl in which some values are of another kind, or absurd."""
    odd = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**400), 10**400),
        st.floats(),
        st.sampled_from(["", "²", "² (x", "(", "12 (34)", "x" * 300]),
        st.builds(list),
        st.builds(dict),
        st.builds(lambda: [1, None, {"id": True}]),
    )

    @st.composite
    def changed(draw: st.DrawFn) -> bytes:
        document = json.loads(json.dumps(draw(st.sampled_from([SATA, NVME, SCSI, ABSENT]))))
        for _ in range(draw(st.integers(1, 4))):
            place: Any = document
            while place:
                keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
                key = draw(st.sampled_from(keys))
                if isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 3)):
                    place = place[key]
                    continue
                place[key] = draw(odd)
                break
        return json.dumps(document).encode()

    return changed()


def swallow_apt(data: bytes) -> None:
    """Reads what apt printed, and its history."""
    text = data.decode("utf-8", "replace")
    found = updates.parse(text)
    assert found.security is not None
    assert 0 <= found.security <= found.pending
    moment = update_habits._last_upgrade(text)
    assert moment is None or math.isfinite(moment)


APT = [
    b"Inst libc6 [2.36-9+deb12u8] (2.36-9+deb12u9 Debian-Security:12/stable-security [amd64])\n"
    b"Inst new-package (1.0 Debian:12/stable [all])\nConf libc6 (2.36 Debian)\n",
    b"Start-Date: 2026-05-04  08:00:01\nCommandline: apt-get upgrade\nUpgrade: libc6:amd64 (1, 2)\n"
    b"End-Date: 2026-05-04  08:00:09\n\nStart-Date: 2026-05-05  08:00:01\nInstall: x:amd64 (1)\nEnd-Date: 2026-05-05\n",
]


@functools.cache
def _root() -> Path:
    root = folder("root")
    for name in ("var/log", "etc", "usr/lib"):
        (root / name).mkdir(parents=True)
    return root


def swallow_wtmp(data: bytes) -> None:
    """Reads the record of starts and stops."""
    (_root() / "var/log/wtmp").write_bytes(data)
    found = system.last_shutdown(Tree(str(_root())), 0.0)
    assert found.clean in (None, True, False)


def _wtmp() -> Sequence[bytes]:
    def record(kind: int, name: bytes) -> bytes:
        return kind.to_bytes(2, "little") + bytes(42) + name.ljust(32, b"\0") + bytes(384 - 76)

    boot, down = record(2, b"reboot"), record(1, b"shutdown")
    return [boot, boot + down + boot, boot + boot, down[:100] + boot]


def swallow_release(data: bytes) -> None:
    """Reads os-release."""
    (_root() / "etc/os-release").write_bytes(data)
    found, _ = attempt(NotMeasurable, lambda: identity.operating_system(Tree(str(_root()))))
    if found is None:
        return
    assert found.type == "linux"
    assert found.support_end is None or math.isfinite(found.support_end)


RELEASES = [
    b'NAME="Fedora Linux"\nVERSION_ID=43\nPRETTY_NAME="Fedora Linux 43"\nSUPPORT_END=2026-12-02\n',
    b"NAME='Debian GNU/Linux'\nVERSION_ID=\"12\"\nID=debian\n# a comment\n\nBUILD_ID=rolling\n",
]


def swallow_kernel_message(data: bytes) -> None:
    """Classifies a message of the kernel."""
    found = classify(data.decode("utf-8", "replace"))
    if found is not None:
        signal, _, severity = found
        assert signal.kind is Kind.EVENT
        assert severity in ("", "corrected", "uncorrected")


MESSAGES = [
    b"blk_update_request: I/O error, dev sda, sector 12345 op 0x0:(READ) flags 0x80700",
    b"EXT4-fs error (device sdb1): ext4_find_entry:1455: inode #2: comm ls: reading directory lblock 0",
    b"mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: be00000000800400",
    b"Oops: 0000 [#1] PREEMPT SMP",
]


def swallow_token(data: bytes) -> None:
    """Reads a pasted token."""
    token, refused = attempt(TokenError, lambda: enrolment_token.parse(data.decode("utf-8", "replace")))
    assert token.root if token else "keuring-collector token" in refused


TOKENS = [
    b"keuring1.eyJhIjoibG9jYWxob3N0Ojc0NDQiLCJjIjoiTUlJQiIsInQiOiJpZC5zZWNyZXQifQ",
    b"keuring1.eyJhIjoxLCJjIjoiIiwidCI6W119",
]


def tokens() -> SearchStrategy[bytes]:
    """Tokens whose content is of any kind."""
    import base64

    parts = st.one_of(st.none(), st.integers(), st.text(max_size=10), st.just("TUlJQg=="), st.lists(st.integers()))
    contents = st.one_of(parts, st.dictionaries(st.sampled_from(["a", "c", "t", "x"]), parts, max_size=4))
    return contents.map(lambda found: b"keuring1." + base64.urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"="))


def swallow_agent_settings(data: bytes) -> None:
    """Reads the agent's settings file."""
    path = _root() / "agent.toml"
    path.write_bytes(data)
    settings, _ = attempt(ConfigError, lambda: config.load(path, environment={}))
    assert settings is None or settings.backoff_minimum <= settings.backoff_maximum


SETTINGS = [
    b'state_directory = "/var/lib/keuring-agent"\nsample_interval = 60\nwindows_per_flush = 3\n',
    b'disabled_signals = ["system.uptime"]\nprivacy_classes = ["hardware"]\ncollector = ["host:7443"]\n',
]


def agent_settings() -> SearchStrategy[bytes]:
    """Lines with known and unknown names and values of all kinds."""
    values = st.one_of(
        st.integers(-(2**70), 2**70).map(str),
        st.floats().map(repr),
        st.sampled_from(["true", '""', '"/x"', "[]", '["a"]', "[1]", "{}", "2026-01-01"]),
    )
    lines = st.dictionaries(st.sampled_from([*config.NAMES, "unknown"]), values, max_size=5)
    return lines.map(lambda found: "".join(f"{name} = {value}\n" for name, value in found.items()).encode())


TARGETS = (
    Target("smartctl", swallow_smartctl, _smartctl, smart_documents),
    Target("apt", swallow_apt, lambda: APT, lambda: lines_of(APT)),
    Target("wtmp", swallow_wtmp, _wtmp, lambda: st.lists(st.sampled_from(_wtmp()), max_size=5).map(b"".join)),
    Target("os-release", swallow_release, lambda: RELEASES, lambda: lines_of(RELEASES)),
    Target("kernel-message", swallow_kernel_message, lambda: MESSAGES, lambda: lines_of(MESSAGES)),
    Target("enrolment-token", swallow_token, lambda: TOKENS, tokens),
    Target("agent-settings", swallow_agent_settings, lambda: SETTINGS, agent_settings),
)
