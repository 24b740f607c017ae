"""The signal catalogue: whole, well written, minimal, and stable for ever."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from keuring.policy.v1 import policy_pb2
from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring.signals.catalogue import SIGNALS
from keuring.signals.model import Kind, Privacy, Statistic, ValueType
from tests.contract.ucum import is_unit
from tests.repository import ROOT

FOLDER: Final = ROOT / "protos" / "keuring" / "signals"
IDS: Final = Path(__file__).parent / "golden" / "signal_ids.json"
NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+")
# What a catalogue of the health of machines never holds (PRODUCT: Never).
FORBIDDEN: Final = re.compile(
    r"(^|[._])(user|username|login|screen(shot)?|keystroke|keyboard|mouse|idle|window_title|url|browser|document|clipboard|"
    r"command(_line)?|cmdline|argv|location|gps|camera|microphone|ssid)([._]|$)"
)
HARMLESS: Final = {"keuring.smart.command_timeouts"}  # commands to a disk
SUBJECTS: Final = {
    "", "mountpoint", "device", "interface", "sensor", "fan", "battery", "processor", "array",
    "step", "program", "backup", "certificate", "driver", "gpu", "display", "dock", "port", "licence",
}  # fmt: skip


def test_it_covers_the_ground() -> None:
    assert len(SIGNALS) >= 60
    assert len(catalogue.BY_ID) == len(catalogue.BY_NAME) == len(SIGNALS)
    assert {signal.kind for signal in SIGNALS} == set(Kind)
    assert {signal.privacy for signal in SIGNALS} == set(Privacy)


def test_names_are_those_of_opentelemetry_or_ours() -> None:
    for signal in SIGNALS:
        assert NAME.fullmatch(signal.name), signal.name
        assert signal.name.startswith(("system.", "keuring.", "hw.", "os.", "host.", "process.", "device.")), (
            signal.name
        )
        assert len(signal.name) <= 64
        assert not FORBIDDEN.search(signal.name) or signal.name in HARMLESS, signal.name
        for attribute in signal.attributes:
            assert re.fullmatch(r"[a-z][a-z0-9_.]*", attribute)
            assert not FORBIDDEN.search(attribute), f"{signal.name}: {attribute}"
        if signal.otel:
            assert signal.name.startswith("keuring."), f"{signal.name} has OpenTelemetry's name already"
            assert re.fullmatch(r"[a-z][a-z0-9_.]*(\{[a-z_.]+=[a-z_]+\})?", signal.otel), signal.otel


def test_no_name_is_the_beginning_of_another() -> None:
    """A name that is a namespace too is neither. (OpenTelemetry's own are as they are.)"""
    names = {signal.name for signal in SIGNALS if signal.name.startswith("keuring.")}
    parents = {".".join(name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 1)}
    assert names & parents == set()


def test_units_are_ucum() -> None:
    for signal in SIGNALS:
        if signal.kind is Kind.FACT and signal.value is not ValueType.NUMBER:
            assert signal.unit == "", f"{signal.name} is no number and has no unit"
        else:
            assert is_unit(signal.unit), f"{signal.name}: {signal.unit!r}"
        if signal.name.endswith(("utilization", "_ratio")):
            assert signal.unit == "1", f"{signal.name} is a ratio from 0 to 1"


@pytest.mark.parametrize(
    "unit", ["1", "By", "s", "Cel", "Hz", "W.h", "bit/s", "{error}", "By/s", "MiBy", "m2", "%", "/s"]
)
def test_the_checker_of_units_takes_good_ones(unit: str) -> None:
    assert is_unit(unit)


@pytest.mark.parametrize(
    "unit", ["", "bytes", "percent", "C°", "sec", "MB/", "{}", "{a b}", "KiHz", "count", "°C", "2"]
)
def test_the_checker_of_units_refuses_bad_ones(unit: str) -> None:
    assert not is_unit(unit)


def test_every_signal_says_what_and_why() -> None:
    for signal in SIGNALS:
        for text in (signal.brief, signal.purpose):
            assert re.fullmatch(r"[A-Z].{10,200}\.", text), f"{signal.name}: {text!r} is no sentence"
        assert signal.brief != signal.purpose
    assert len({signal.brief for signal in SIGNALS}) == len(SIGNALS)


def test_statistics_fit_the_kind() -> None:
    for signal in SIGNALS:
        if signal.kind is Kind.GAUGE:
            assert signal.statistics, signal.name
            assert Statistic.SUM not in signal.statistics, signal.name
            assert signal.precision > 0, signal.name
        elif signal.kind is Kind.COUNTER:
            assert signal.statistics == (Statistic.SUM,), signal.name
            assert signal.precision > 0, signal.name
        else:
            assert signal.statistics == (), signal.name
        assert not signal.attributes or signal.kind is Kind.EVENT, signal.name
        assert signal.subject in SUBJECTS, signal.name
        assert signal.platforms, signal.name
        assert set(signal.platforms) <= {"linux", "windows", "macos"}, signal.name


def test_what_could_tell_when_somebody_works_is_called_presence() -> None:
    telling = re.compile(
        r"(cpu\.utilization|load_average|uptime|\.network\..*(io|bytes)|disk\.(read|write)$|power\.(ac|plugged))"
    )
    for signal in SIGNALS:
        if telling.search(signal.name) and signal.name != "keuring.cpu.iowait.utilization":
            assert signal.privacy is Privacy.PRESENCE, signal.name


def test_what_names_a_machine_is_called_identity() -> None:
    for signal in SIGNALS:
        if re.search(r"(serial|host\.name|host_name|uuid|machine_id|asset)", signal.name):
            assert signal.privacy is Privacy.IDENTITY, signal.name


def test_numbers_are_those_of_the_wire() -> None:
    for statistic in Statistic:
        assert report_pb2.Statistic.Value(f"STATISTIC_{statistic.name}") == int(statistic)
    for privacy in Privacy:
        assert policy_pb2.PrivacyClass.Value(f"PRIVACY_CLASS_{privacy.name}") == int(privacy)
    assert len(report_pb2.Statistic.keys()) == len(Statistic) + 1
    assert len(policy_pb2.PrivacyClass.keys()) == len(Privacy) + 1


def test_ids_and_names_stay_what_they_are() -> None:
    """An id travels and is stored for years. The golden file may only grow: add new signals at its end."""
    golden: dict[str, str] = json.loads(IDS.read_text(encoding="utf-8"))
    now = {str(signal.id): signal.name for signal in SIGNALS}
    changed = {number: (name, now.get(number)) for number, name in golden.items() if now.get(number) != name}
    assert changed == {}, "an id never changes its meaning and is never taken away: mark the signal planned instead"
    new = {number: name for number, name in now.items() if number not in golden}
    assert new == {}, f"add to {IDS.name}, at its end: {json.dumps(new)}"
    assert len(set(golden.values())) == len(golden)


def test_constants_and_list_come_from_the_yaml() -> None:
    declared = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["signals"]:
            declared[entry["id"]] = entry
    assert declared.keys() == catalogue.BY_ID.keys()
    listed = (FOLDER / "SIGNALS.md").read_text(encoding="utf-8")
    for number, entry in declared.items():
        found = catalogue.BY_ID[number]
        assert (found.name, found.unit, found.kind.value) == (entry["name"], entry["unit"], entry["kind"])
        assert getattr(catalogue, found.name.upper().replace(".", "_")) is found
        assert f"| `{found.name}`" in listed
    assert f"{len(declared)} signals" in listed
