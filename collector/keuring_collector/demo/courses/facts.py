"""Facts, events and what cannot be measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue as signals
from keuring.signals.model import Status
from keuring_collector.demo.courses import clock, programs
from keuring_collector.demo.hardware import DISKS
from keuring_collector.demo.plan import Problem
from keuring_collector.demo.presence import DAY
from keuring_collector.demo.sheet import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keuring.signals.model import Signal
    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Planted
    from keuring_collector.demo.presence import Windows

AGENT_VERSION = "0.1.0"
FIRMWARE_AGE = 400 * DAY


def _text(signal: Signal, value: str, subject: str = "") -> report_pb2.Fact:
    return report_pb2.Fact(signal_id=signal.id, subject=subject, string_value=value)


def _number(signal: Signal, value: float, subject: str = "") -> report_pb2.Fact:
    return report_pb2.Fact(signal_id=signal.id, subject=subject, number_value=value)


def _truth(signal: Signal, value: bool, subject: str = "") -> report_pb2.Fact:
    return report_pb2.Fact(signal_id=signal.id, subject=subject, boolean_value=value)


def _time(signal: Signal, value: float, subject: str = "") -> report_pb2.Fact:
    fact = report_pb2.Fact(signal_id=signal.id, subject=subject)
    fact.time_value.FromSeconds(int(value))
    return fact


def steady(machine: Machine, now: float) -> list[report_pb2.Fact]:
    """The facts that do not change throughout."""
    model, system = machine.model, machine.system
    facts = [
        _text(signals.OS_TYPE, system.type),
        _text(signals.OS_NAME, system.name),
        _text(signals.OS_VERSION, system.version),
        _text(signals.OS_BUILD_ID, system.build),
        _text(signals.HOST_NAME, machine.host_name),
        _text(signals.HOST_ARCH, "amd64"),
        _text(signals.KEURING_HARDWARE_VENDOR, model.vendor),
        _text(signals.KEURING_HARDWARE_MODEL, model.name),
        _text(signals.KEURING_HARDWARE_SERIAL_NUMBER, machine.serial),
        _text(signals.KEURING_HARDWARE_CHASSIS, model.chassis),
        _text(signals.KEURING_CPU_MODEL, model.cpu),
        _number(signals.SYSTEM_CPU_LOGICAL_COUNT, float(model.cores)),
        _text(signals.KEURING_FIRMWARE_VERSION, model.firmware),
        _time(signals.KEURING_FIRMWARE_RELEASED, now - _firmware_age(machine)),
        _text(signals.KEURING_AGENT_VERSION, AGENT_VERSION),
    ]
    if system.support_days is not None:
        facts.append(_time(signals.KEURING_OS_SUPPORT_END, now + system.support_days * DAY))
    if system.type == "linux":
        facts.append(_truth(signals.KEURING_FIREWALL_ENABLED, value=True))
    for volume in machine.volumes:
        facts.append(_text(signals.KEURING_FILESYSTEM_TYPE, volume.kind, volume.mountpoint))
        if system.type == "linux":
            facts.append(_truth(signals.KEURING_FILESYSTEM_READ_ONLY, value=False, subject=volume.mountpoint))
            facts.append(_truth(signals.KEURING_FILESYSTEM_ENCRYPTED, value=True, subject=volume.mountpoint))
    for disk in machine.disks:
        name, firmware = DISKS[disk.kind]
        facts.append(_text(signals.KEURING_SMART_MODEL, name, disk.device))
        facts.append(_text(signals.KEURING_SMART_FIRMWARE, firmware, disk.device))
        facts.append(_text(signals.KEURING_SMART_SERIAL_NUMBER, disk.serial, disk.device))
        facts.append(_text(signals.KEURING_SMART_TYPE, disk.kind, disk.device))
        facts.append(_truth(signals.KEURING_SMART_PASSED, value=True, subject=disk.device))
    if machine.battery:
        facts.append(_text(signals.KEURING_BATTERY_MODEL, f"{model.vendor} {model.battery:.0f} Wh", "BAT0"))
    facts.extend(programs.facts(machine))
    card, speed = ("eth0", 1e9) if model.chassis == "desktop" else ("wlan0", 866e6)
    facts.append(_number(signals.KEURING_NETWORK_LINK_SPEED, speed, card))
    return facts


def _firmware_age(machine: Machine) -> float:
    for item in machine.planted:
        if item.problem in (Problem.OLD_FIRMWARE, Problem.FIRMWARE_OF_TWO_YEARS):
            return item.pace * DAY
    return FIRMWARE_AGE


class WhileIll(NamedTuple):
    """Facts that differ while a planted course goes on, and in which windows it does, begins, and is over."""

    facts: list[report_pb2.Fact]
    going_on: NDArray[np.bool_]
    begins: NDArray[np.bool_]
    mended: NDArray[np.bool_]


def while_ill(machine: Machine, windows: Windows) -> WhileIll:
    """What the system says otherwise while it is ill."""
    facts: list[report_pb2.Fact] = []
    since = until = float("inf")
    for item in machine.planted:
        since, until = item.since, item.until
        match item.problem:
            case Problem.DISK_VERDICT:
                facts = [_truth(signals.KEURING_SMART_PASSED, value=False, subject=item.subject)]
            case Problem.READ_ONLY:
                facts = [_truth(signals.KEURING_FILESYSTEM_READ_ONLY, value=True, subject=item.subject)]
            case Problem.FILE_SYSTEM_DAMAGE:
                since = item.hinders
                volume = next(each for each in machine.volumes if each.device == item.subject)
                facts = [_truth(signals.KEURING_FILESYSTEM_READ_ONLY, value=True, subject=volume.mountpoint)]
            case Problem.SLOW_LINK:
                facts = [_number(signals.KEURING_NETWORK_LINK_SPEED, 1e8, item.subject)]
            case Problem.NETWORK_ERRORS:
                since = item.hinders
                facts = [_number(signals.KEURING_NETWORK_LINK_SPEED, 1e8, item.subject)]
    going_on = (windows.start >= since) & (windows.start < until) & bool(facts)
    turned = np.diff(going_on.astype(np.int8), prepend=np.int8(0))
    return WhileIll(facts, going_on, turned > 0, turned < 0)


def changing(machine: Machine, windows: Windows) -> Iterator[list[report_pb2.Fact]]:
    """For each window, the facts that may change; the same objects as long as they do not."""
    pending = windows.patched > windows.boot_time
    synchronised = np.ones(len(windows), dtype=bool)
    for item in machine.planted:
        if item.problem in clock.UNSYNCHRONISED:
            synchronised = (windows.start < item.since) | (windows.start >= item.until)
    known: dict[tuple[bool, float, bool], list[report_pb2.Fact]] = {}
    for key in zip(pending.tolist(), windows.patched.tolist(), synchronised.tolist(), strict=True):
        if key not in known:
            known[key] = [
                _truth(signals.KEURING_REBOOT_PENDING, key[0]),
                _time(signals.KEURING_UPDATES_LAST_INSTALLED, key[1]),
                _truth(signals.KEURING_CLOCK_SYNCHRONISED, key[2]),
            ]
        yield known[key]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a window; ``index`` is the window's."""

    signal: Signal
    subject: str
    index: int
    count: int = 1
    attribute: tuple[str, str] | None = None


def events(machine: Machine, windows: Windows, random: np.random.Generator) -> dict[int, list[report_pb2.Event]]:
    """What happened, by window."""
    found: dict[int, list[report_pb2.Event]] = {}
    for item in machine.planted:
        after = np.flatnonzero((windows.start >= item.since) & (windows.start < min(item.hinders, item.until)))
        if not len(after):
            continue
        for each in _happened(item, after, after[windows.opens_session[after]], random):
            attributes = dict([each.attribute]) if each.attribute else {}
            event = report_pb2.Event(
                signal_id=each.signal.id, subject=each.subject, count=each.count, attributes=attributes
            )
            event.observe_time.FromMilliseconds(int((windows.start[each.index] + 30.0) * 1000))
            found.setdefault(each.index, []).append(event)
    for index, event in programs.stops(machine, windows, random):
        found.setdefault(index, []).append(event)
    return found


def _happened(
    item: Planted, after: NDArray[np.int64], opens: NDArray[np.int64], random: np.random.Generator
) -> Iterator[Happened]:
    """What a course leads to, in the windows ``after`` it began; those of ``opens`` begin a stretch of being on."""
    subject, count = item.subject, int(item.pace)
    match item.problem:
        case Problem.IO_ERRORS:
            for index in after[random.random(len(after)) < item.pace / 9.0].tolist():
                yield Happened(signals.KEURING_DISK_IO_ERROR, subject, index, int(random.integers(1, 9)))
        case Problem.MACHINE_CHECKS | Problem.ONE_MACHINE_CHECK:
            for index in _spread(after, count):
                yield Happened(signals.KEURING_CPU_MACHINE_CHECK, subject, index, attribute=("severity", "corrected"))
        case Problem.UNCLEAN_SHUTDOWNS | Problem.ONE_UNCLEAN_SHUTDOWN:
            for index in _spread(opens, count):
                yield Happened(signals.KEURING_SYSTEM_UNCLEAN_SHUTDOWN, "", index, attribute=("cause", "unknown"))
        case Problem.KERNEL_OOPSES | Problem.ONE_OOPS:
            for index in _spread(after, count):
                yield Happened(signals.KEURING_KERNEL_OOPS, "", index)
        case Problem.FILE_SYSTEM_DAMAGE:
            for index in _spread(after, count):
                yield Happened(signals.KEURING_FILESYSTEM_ERROR, subject, index, int(random.integers(1, 5)))


def _spread(among: np.ndarray[tuple[int], np.dtype[np.int64]], count: int) -> list[int]:
    """``count`` of these, evenly spread, the first among them."""
    if not len(among):
        return []
    return sorted({int(among[int(place)]) for place in np.linspace(0, len(among) - 1, count + 1)[:-1]})


def unmeasured(machine: Machine) -> list[report_pb2.Unmeasured]:
    """What the machine's agent says it cannot measure, and why."""
    platform = PLATFORM[machine.system.type]
    found = []
    if not machine.battery:
        about_batteries = (signals.HW_BATTERY_CHARGE, signals.KEURING_BATTERY_HEALTH)
        found = [(signal, "this machine has no battery") for signal in about_batteries]
    known = [signal for signal in signals.SIGNALS if signal.status is Status.EMITTED]
    found += [(signal, "the system does not tell") for signal in known if platform not in signal.platforms]
    return [report_pb2.Unmeasured(signal_id=signal.id, reason=reason) for signal, reason in found]
