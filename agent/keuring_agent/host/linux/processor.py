"""Processor, load and pressure, from /proc and /sys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import CpuTimes, Load, NotMeasurable, Pressure

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_CPUS: Final = "sys/devices/system/cpu"


def times(tree: Tree) -> CpuTimes:
    """The first line of /proc/stat; guests are contained in user and nice already."""
    text = tree.data("proc/stat")
    fields = [int(field) for field in text[: text.index(b"\n")].split()[1:9]]
    fields += [0] * (8 - len(fields))
    idle, waiting = fields[3], fields[4]
    total = sum(fields)
    blocked = None
    start = text.find(b"\nprocs_blocked ")
    if start >= 0:
        blocked = int(text[start + 15 :].split(None, 1)[0])
    return CpuTimes((total - idle - waiting) * TICK, waiting * TICK, total * TICK, blocked)


def _numbers(tree: Tree, directory: str, prefix: str) -> list[str]:
    return [name for name in tree.names(directory) if name.startswith(prefix) and name[len(prefix) :].isdigit()]


def count(tree: Tree) -> int:
    """Logical processors that are switched on."""
    text = tree.data("proc/stat")
    found = sum(line.startswith(b"cpu") and not line.startswith(b"cpu ") for line in text.splitlines())
    if not found:
        raise NotMeasurable("/proc/stat lists no processors")
    return found


def frequency(tree: Tree) -> float:
    """Average of what cpufreq says; /proc/cpuinfo where there is no cpufreq."""
    policies = _numbers(tree, f"{_CPUS}/cpufreq", "policy")
    found = [tree.number(f"{_CPUS}/cpufreq/{policy}/scaling_cur_freq") for policy in policies]
    kilohertz = [value for value in found if value]
    if kilohertz:
        return 1000 * sum(kilohertz) / len(kilohertz)
    megahertz = [
        float(line.split(":")[1]) for line in tree.text("proc/cpuinfo").splitlines() if line.startswith("cpu MHz")
    ]
    if megahertz:
        return 1e6 * sum(megahertz) / len(megahertz)
    raise NotMeasurable("the system does not tell the frequency of this processor")


def throttled(tree: Tree) -> int:
    """Throttle counts of the packages, or of the cores where packages are not counted."""
    packages: dict[int, int] = {}
    cores = 0
    seen = False
    for cpu in _numbers(tree, _CPUS, "cpu"):
        directory = f"{_CPUS}/{cpu}"
        package = tree.number(f"{directory}/thermal_throttle/package_throttle_count")
        core = tree.number(f"{directory}/thermal_throttle/core_throttle_count")
        if package is not None:
            place = tree.number(f"{directory}/topology/physical_package_id") or 0
            packages[place] = max(packages.get(place, 0), package)
        cores += core or 0
        seen = seen or package is not None or core is not None
    if not seen:
        raise NotMeasurable("this processor does not count how often it slows itself down")
    return sum(packages.values()) if packages else cores


def throttled_time(tree: Tree) -> float:
    """Seconds for which the packages were throttled, each once."""
    packages: dict[int, int] = {}
    for cpu in _numbers(tree, _CPUS, "cpu"):
        took = tree.number(f"{_CPUS}/{cpu}/thermal_throttle/package_throttle_total_time_ms")
        if took is not None:
            place = tree.number(f"{_CPUS}/{cpu}/topology/physical_package_id") or 0
            packages[place] = max(packages.get(place, 0), took)
    if not packages:
        raise NotMeasurable("this processor does not tell for how long it slows itself down")
    return sum(packages.values()) / 1000


def load(tree: Tree) -> Load:
    """/proc/loadavg."""
    fields = tree.text("proc/loadavg").split()
    return Load(float(fields[0]), float(fields[2]))


def process_count(tree: Tree) -> int:
    """One look at the names in /proc; the processes themselves are not looked at."""
    found = sum(name.isdigit() for name in tree.names("proc"))
    if not found:
        raise NotMeasurable("/proc lists no processes")
    return found


def pressure(tree: Tree, resource: str) -> Pressure:
    """The totals of /proc/pressure: they miss nothing between two samples, as the averages would."""
    missing = "this kernel does not measure pressure (PSI); it does from Linux 4.20 on unless switched off"
    totals = {}
    for line in tree.text(f"proc/pressure/{resource}", missing).splitlines():
        kind, _, rest = line.partition(" ")
        totals[kind] = int(rest.rpartition("total=")[2]) / 1e6
    if "some" not in totals:
        raise NotMeasurable(f"/proc/pressure/{resource} has no totals")
    return Pressure(totals["some"], totals.get("full"))
