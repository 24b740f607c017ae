"""Temperatures, fans and batteries, from /sys/class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import Battery, Fan, NotMeasurable, Temperature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

_HWMON: Final = "sys/class/hwmon"
_POWER: Final = "sys/class/power_supply"
# drivetemp: reading it may keep a disk from going to sleep; disks tell their temperature through SMART.
_LEFT_OUT: Final = frozenset({"drivetemp"})
_COLDEST, _HOTTEST = -60.0, 250.0  # what lies outside is a sensor that is not connected


def _chips(tree: Tree) -> Iterator[tuple[str, str, list[str]]]:
    """(name, directory, files) of each hwmon chip; a second chip of the same name gets a number."""
    seen: dict[str, int] = {}
    for entry in tree.names(_HWMON):
        directory = f"{_HWMON}/{entry}"
        if tree.exists(f"{directory}/device/temp1_input") and not tree.exists(f"{directory}/temp1_input"):
            directory += "/device"  # drivers from before Linux 3.13
        name = tree.optional(f"{directory}/name") or entry
        if name in _LEFT_OUT:
            continue
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), directory, tree.names(directory)


def _channels(files: list[str], kind: str) -> list[str]:
    """temp1, temp2, ... in a chip's files."""
    stems = (name.removesuffix("_input") for name in files if name.endswith("_input"))
    return sorted((stem for stem in stems if stem.startswith(kind)), key=lambda stem: (len(stem), stem))


def _celsius(value: int | None) -> float | None:
    if value is None or not _COLDEST <= value / 1000 <= _HOTTEST or value == 0:
        return None
    return value / 1000


def temperatures(tree: Tree) -> list[Temperature]:
    """hwmon's sensors; the thermal zones where there are none. Cores are left out where their package is there."""
    found: dict[str, Temperature] = {}
    for chip, directory, files in _chips(tree):
        labels = {stem: tree.optional(f"{directory}/{stem}_label") or "" for stem in _channels(files, "temp")}
        has_package = any(label.startswith("Package") for label in labels.values())
        for stem, label in labels.items():
            if has_package and label.startswith("Core "):
                continue
            celsius = _celsius(tree.number(f"{directory}/{stem}_input"))
            if celsius is None:
                continue
            limit = _celsius(tree.number(f"{directory}/{stem}_crit")) or _celsius(
                tree.number(f"{directory}/{stem}_max")
            )
            name = f"{chip} {label or stem}"
            found.setdefault(name, Temperature(name, celsius, limit))
    if not found:
        for zone in tree.names("sys/class/thermal"):
            celsius = _celsius(tree.number(f"sys/class/thermal/{zone}/temp"))
            if zone.startswith("thermal_zone") and celsius is not None:
                name = tree.optional(f"sys/class/thermal/{zone}/type") or zone
                found.setdefault(name, Temperature(name, celsius, None))
    if not found:
        raise NotMeasurable("no temperature sensor is visible (virtual machines have none)")
    return list(found.values())


def fans(tree: Tree) -> list[Fan]:
    """hwmon's fans, those that stand still among them."""
    found = []
    for chip, directory, files in _chips(tree):
        for stem in _channels(files, "fan"):
            rpm = tree.number(f"{directory}/{stem}_input")
            if rpm is not None and rpm >= 0:
                label = tree.optional(f"{directory}/{stem}_label") or stem
                found.append(Fan(f"{chip} {label}", float(rpm)))
    if not found:
        raise NotMeasurable("no fan reports its speed")
    return found


def _capacity(tree: Tree, directory: str, which: str) -> float | None:
    """Watt-hours: told in energy, or in charge at the voltage that the battery is made for."""
    energy = tree.number(f"{directory}/energy_{which}")
    if energy:
        return energy / 1e6
    charge = tree.number(f"{directory}/charge_{which}")
    voltage = tree.number(f"{directory}/voltage_min_design") or tree.number(f"{directory}/voltage_now")
    return charge * voltage / 1e12 if charge and voltage else None


def batteries(tree: Tree) -> list[Battery]:
    """Batteries that feed the machine itself."""
    found = []
    for name in tree.names(_POWER):
        directory = f"{_POWER}/{name}"
        if tree.optional(f"{directory}/type") != "Battery" or tree.optional(f"{directory}/scope") == "Device":
            continue
        if tree.number(f"{directory}/present") == 0:
            continue
        percent = tree.number(f"{directory}/capacity")
        model = " ".join(
            part for part in (tree.optional(f"{directory}/{key}") for key in ("manufacturer", "model_name")) if part
        )
        found.append(
            Battery(
                name,
                None if percent is None else min(100, max(0, percent)) / 100,
                tree.optional(f"{directory}/status") == "Discharging",
                _capacity(tree, directory, "full"),
                _capacity(tree, directory, "full_design"),
                tree.number(f"{directory}/cycle_count") or None,  # 0: the battery does not count
                model or None,
            )
        )
    if not found:
        raise NotMeasurable("this machine has no battery")
    return found
