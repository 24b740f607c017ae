"""Every recorded output of a Mac through what reads it: values, or a reason."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from keuring_agent.host.darwin import (
    age,
    attached,
    battery,
    disks,
    fitted,
    graphics,
    identity,
    profile,
    protection,
    registry,
    software,
    wireless,
)
from keuring_agent.host.linux.displays import edid_made
from keuring_agent.host.readings import NotMeasurable, Program, WifiLink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_agent.host.darwin.profile import Item

pytestmark = pytest.mark.corpus

READERS: Final[tuple[Callable[[list[Item]], object], ...]] = (
    identity.of_profile,
    battery.of_profile,
    graphics.in_use,
    graphics.gpus,
    graphics.screens,
    attached.of_profile,
    fitted.of_memory,
    fitted.of_disks,
    fitted.of_bridge,
    disks.of_profile,
    wireless.of_profile,
    protection.of_profile,
)
# Not what system_profiler says of a machine, but what it can be asked, and what another program made of it.
NO_PROFILE: Final = {
    "datatypes",
    "sample1.SPApplicationsDataType.results.txt",
    "sample5.SPApplicationsDataType-xml.results.txt",
}


@pytest.fixture
def recordings(corpus: Path) -> Path:
    return corpus / "recorded" / "glpi-agent" / "macos"


def read(recordings: Path, name: str) -> list[Item]:
    return profile.read((recordings / "system_profiler" / name).read_bytes())


def test_every_output_of_system_profiler_gives_items_and_every_reader_values_or_a_reason(recordings: Path) -> None:
    files = sorted((recordings / "system_profiler").iterdir())
    assert len(files) == 23
    refused = set()
    for path in files:
        try:
            sections = profile.read(path.read_bytes())
        except NotMeasurable:
            refused.add(path.name)
            continue
        for reader in READERS:
            try:
                reader(sections)
            except NotMeasurable:
                continue  # it says why; see what is expected of each below
    assert refused == NO_PROFILE


def test_every_output_of_ioreg_is_understood(recordings: Path) -> None:
    files = sorted((recordings / "ioreg").iterdir())
    assert len(files) == 3
    for path in files:
        text = path.read_text(encoding="utf-8")
        entries = registry.read(text)
        assert len(entries) == len(re.findall(r"^[ |]*\+-o ", text, re.MULTILINE))
        assert len({key for entry in entries for key in entry.properties}) > 10
        for reader in (identity.of_registry, lambda found: battery.of_registry(found[0])):
            try:
                reader(entries)
            except NotMeasurable:
                continue
    assert len(registry.read((recordings / "ioreg/IOUSBDevice2").read_text(encoding="utf-8"))) == 557


@pytest.mark.parametrize(
    ("name", "model", "serial", "chassis", "processor", "firmware"),
    [
        ("10.4-powerpc", "PowerMac11,2", "CK54202SR6V", "desktop", "PowerPC G5 (1.1)", "5.2.7f1"),
        ("10.6.6-intel", "MacBook2,1", "W8737DR1Z5V", "laptop", "Intel Core 2 Duo", "MB21.00A5.B07"),
        ("11.0-apple-M1", "MacBookAir10,1", "E9O1Q6W5FAKE", "laptop", "Apple M1", "6723.81.1"),
    ],
)
def test_what_the_machines_are(
    name: str, model: str, serial: str, chassis: str, processor: str, firmware: str, recordings: Path
) -> None:
    found = identity.of_profile(read(recordings, name))
    assert found[:6] == ("Apple Inc.", model, serial, chassis, processor, firmware)


def test_the_registry_tells_the_same_of_another_machine(recordings: Path) -> None:
    entries = registry.read((recordings / "ioreg/IOPlatformExpertDevice").read_text(encoding="utf-8"))
    found = identity.of_registry(entries)
    assert found[:4] == ("Apple Inc.", "MacBook2,1", "W87305UMYA8", "laptop")
    assert age.made(found.serial_number, recent=False) == 1185148800  # week 30 of 2007; the model is of May that year


def test_when_the_machines_were_made(recordings: Path) -> None:
    made = {
        name: age.made(identity.of_profile(read(recordings, name)).serial_number, recent=False)
        for name in ("10.4-powerpc", "10.6.6-intel")
    }
    assert made == {"10.4-powerpc": 1129334400, "10.6.6-intel": 1189382400}  # October 2005, September 2007
    with pytest.raises(NotMeasurable, match="2021"):
        age.made(identity.of_profile(read(recordings, "11.0-apple-M1")).serial_number, recent=True)


def test_batteries(recordings: Path) -> None:
    charging = battery.of_profile(read(recordings, "charging-SPPowerDataType"))
    assert charging.charge == pytest.approx(3798 / 4069)
    assert charging.full == pytest.approx(4069 * 11.4 / 1000)
    assert (charging.cycles, charging.model, charging.discharging) == (125, "SMP bq20z451", False)
    m1 = battery.of_profile(read(recordings, "11.0-apple-M1"))
    assert (m1.charge, m1.cycles, m1.full) == (1.0, 1, None)
    worn_out = battery.of_profile(read(recordings, "10.6.6-intel"))  # it holds 0 of 0 mAh
    assert (worn_out.charge, worn_out.full, worn_out.cycles) == (None, None, 5)
    with pytest.raises(NotMeasurable, match="no battery"):
        battery.of_profile(read(recordings, "10.4-powerpc"))


def test_disks(recordings: Path) -> None:
    spinning = disks.of_profile(read(recordings, "SPSerialATADataType.xml"))["disk0"]
    assert (spinning.kind, spinning.passed, spinning.model) == ("hdd", True, "WDC WD2500AAJS-40VWA1")
    assert (spinning.firmware, spinning.serial_number) == ("58.01D02", "WD-WCARY1264478")
    solid = disks.of_profile(read(recordings, "SPSerialATADataType3.xml"))
    assert {name: (disk.kind, disk.model) for name, disk in solid.items()} == {"disk0": ("ssd", "VBOX HARDDISK")}
    laptop = disks.of_profile(read(recordings, "10.6.6-intel"))["disk0"]
    assert (laptop.kind, laptop.passed, laptop.model) == ("hdd", True, "FUJITSU MHW2080BHPL")
    mirrored = disks.of_profile(read(recordings, "fiberchannel"))
    assert {name for name, disk in mirrored.items() if disk.passed} == {"disk0", "disk1", "disk3"}


def test_screens_wifi_and_firewall(recordings: Path) -> None:
    assert graphics.in_use(read(recordings, "mojave-dual-video-cards")) == 1
    assert graphics.in_use(read(recordings, "11.0-apple-M1")) == 1
    assert graphics.in_use(read(recordings, "fiberchannel")) == 0  # a server
    assert wireless.of_profile(read(recordings, "10.6.6-intel")) == [WifiLink("en1", None, None, None)]  # it is off
    with pytest.raises(NotMeasurable, match="no Wi-Fi"):
        wireless.of_profile(read(recordings, "11.0-apple-M1"))
    assert protection.of_profile(read(recordings, "10.6.6-intel")) is False
    screen = registry.read((recordings / "ioreg/AppleDisplay").read_text(encoding="utf-8"))[0]
    assert edid_made(screen.data("IODisplayEDID")) == 1217289600  # week 31 of 2008


FIELD: Final = re.compile(r"'(NAME|VERSION)' => (?:'((?:[^'\\]|\\.)*)'|\"([^\"]*)\"|(\d+))")


def test_graphics_screens_memory_and_docks(recordings: Path) -> None:
    mojave = read(recordings, "mojave-dual-video-cards")
    assert [gpu.model for gpu in graphics.gpus(mojave)] == ["Intel HD Graphics 530", "AMD Radeon Pro 450"]
    assert [tuple(screen) for screen in graphics.screens(mojave)] == [("built-in", "Color LCD", None)]
    assert fitted.of_memory(read(recordings, "10.6.6-intel")) == (2, 2)
    assert fitted.of_memory(read(recordings, "10.4-powerpc")) == (8, 2)
    with pytest.raises(NotMeasurable, match="board"):
        fitted.of_memory(read(recordings, "11.0-apple-M1"))
    assert [tuple(one) for one in fitted.of_disks(read(recordings, "SPSerialATADataType.xml"))] == [
        ("WDC WD2500AAJS-40VWA1", "58.01D02")
    ]
    assert attached.of_profile(read(recordings, "SPUSBDataType.xml")) == []


def plain(name: str) -> str:
    """A program's name without the number that the second of two got, and with every letter as itself."""
    name = re.sub(r"\\x\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), name.replace("\\'", "'"))
    return re.sub(r"_\d+$", "", name.replace("’", "'"))


def test_programs_are_read_as_another_program_read_them(recordings: Path) -> None:
    """What GLPI's agent made of the same list: 349 programs, by name and version."""
    theirs = (recordings / "system_profiler" / "sample1.SPApplicationsDataType.results.txt").read_text(encoding="utf-8")
    expected: Counter[tuple[str, str]] = Counter()
    for row in theirs.split("\n    },"):
        fields = {key: text or quoted or number for key, text, quoted, number in FIELD.findall(row)}
        expected[plain(fields["NAME"]), fields.get("VERSION", "")] += 1
    (section,) = read(recordings, "sample1.SPApplicationsDataType")
    assert Counter((plain(item.name), item.fields.get("Version", "")) for item in section.items) == expected
    assert expected.total() == 349


def test_programs_that_are_looked_for_are_found_in_recorded_lists(recordings: Path) -> None:
    (section,) = read(recordings, "sample3.SPApplicationsDataType")
    found = [
        software.of_bundle(item.fields.get("Location", ""), item.fields.get("Version", "")) for item in section.items
    ]
    assert sorted(program for program in found if program is not None) == [
        Program("GIMP", "2.10.32"),
        Program("Google Chrome", "103.0.5060.134"),
        Program("Microsoft Excel", "16.66.1"),
        Program("Microsoft OneDrive", "24.050.0310"),
        Program("Microsoft Outlook", "16.66.1"),
        Program("Microsoft PowerPoint", "16.66.1"),
        Program("Microsoft Word", "16.66.1"),
        Program("Mozilla Firefox", "124.0.1"),
        Program("Safari", "15.6.1"),
        Program("Zoom", "5.16.10"),
    ]
