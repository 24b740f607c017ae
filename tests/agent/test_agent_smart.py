"""smartctl's JSON, disk by disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring_agent.host import commands
from keuring_agent.host.linux import certificates, displays, memory, parts, processor, raid, storage, wireless
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.smartctl import parse
from keuring_agent.host.tree import Tree
from tests.agent.examples import quick
from tests.agent.trees import unpack

if TYPE_CHECKING:
    from pathlib import Path


def ata(*rows: tuple[int, str, int, int, str], **more: Any) -> dict[str, Any]:
    table = [
        {"id": identity, "name": name, "value": value, "raw": {"value": raw, "string": text}}
        for identity, name, value, raw, text in rows
    ]
    return {"ata_smart_attributes": {"table": table}, "rotation_rate": 7200, "logical_block_size": 512, **more}


def test_the_five_that_count() -> None:
    found = parse(
        ata(
            (5, "Reallocated_Sector_Ct", 100, 8, "8"),
            (187, "Reported_Uncorrect", 99, 1, "1"),
            (188, "Command_Timeout", 100, 0x0001_0002_0003, "1 2 3"),
            (197, "Current_Pending_Sector", 100, 16, "16"),
            (198, "Offline_Uncorrectable", 100, 4, "4"),
            (199, "UDMA_CRC_Error_Count", 200, 2, "2"),
            smart_status={"passed": False},
            power_on_time={"hours": 100},
            temperature={"current": 35},
        )
    )
    assert (found.kind, found.passed, found.power_on_time, found.temperature) == ("hdd", False, 100, 35)
    assert found[7:13] == (8, 1, 3, 16, 4, 2)


@pytest.mark.parametrize(
    ("row", "endurance"),
    [
        ((231, "SSD_Life_Left", 98, 98, "98"), 0.02),
        ((177, "Wear_Leveling_Count", 90, 1773, "1773"), 0.10),
        ((202, "Percent_Lifetime_Remain", 93, 7, "7"), 0.07),
        ((173, "Avg_Block-Erase_Count", 90, 10, "10"), None),
    ],
)
def test_wear_of_solid_state_disks(row: tuple[int, str, int, int, str], endurance: float | None) -> None:
    assert parse(ata(row) | {"rotation_rate": 0}).endurance == (
        endurance if endurance is None else pytest.approx(endurance)
    )
    assert parse(ata(row)).endurance is None  # a hard disk does not wear so


@pytest.mark.parametrize(
    ("name", "raw", "written"),
    [("Total_LBAs_Written", 1000, 512_000), ("Host_Writes_32MiB", 2, 2**26), ("Lifetime_Writes_GiB", 3, 3 * 2**30)],
)
def test_what_was_written(name: str, raw: int, written: float) -> None:
    assert parse(ata((241, name, 100, raw, str(raw)))).data_written == written


def test_makers_pack_more_into_a_raw_value() -> None:
    assert parse(ata((5, "Reallocated_Sector_Ct", 100, 65537, "1 (0 1)"))).reallocated_sectors == 1


@pytest.mark.parametrize(
    ("attribute", "field", "raw", "text", "count"),
    [
        # Hitachi and HGST: the count, and in brackets two more words.
        (5, "reallocated_sectors", 0x3095_0000_083F, "2111 (12437 0)", 2111),
        # The same where smartctl knows no format for the model and prints all 48 bits.
        (5, "reallocated_sectors", 0x3095_0000_083F, str(0x3095_0000_083F), 2111),
        (187, "reported_uncorrectable", 0x0001_0002_0009, str(0x0001_0002_0009), 9),
        (197, "pending_sectors", 0x0008_0000_0010, str(0x0008_0000_0010), 16),
        (198, "offline_uncorrectable", 0x0008_0000_0010, str(0x0008_0000_0010), 16),
        # Seagate: three equal counts of time-outs, in words, or as one number.
        (188, "command_timeouts", 0x0002_0002_0002, "2 2 2", 2),
        (188, "command_timeouts", 0x000C_000C_000C, "51540393996", 12),
        # Large, but a count.
        (5, "reallocated_sectors", 65_528, "65528", 65_528),
        (197, "pending_sectors", 70_000, "70000", 70_000),
    ],
)
def test_counts_packed_into_48_bits(attribute: int, field: str, raw: int, text: str, count: float) -> None:
    assert getattr(parse(ata((attribute, "named", 100, raw, text))), field) == count


def test_nvme() -> None:
    log = {"critical_warning": 4, "percentage_used": 120, "available_spare": 90, "media_errors": 1}
    log |= {"unsafe_shutdowns": 5, "data_units_written": 1000, "power_on_hours": 10, "temperature": 40}
    log |= {"warning_temp_time": 90}
    found = parse({"nvme_smart_health_information_log": log, "smart_status": {"passed": False}})
    assert (found.kind, found.critical_warning, found.endurance, found.available_spare) == ("nvme", 4, 1.2, 0.9)
    assert (found.media_errors, found.unsafe_shutdowns, found.data_written) == (1, 5, 512_000_000)
    assert (found.power_on_time, found.temperature) == (10, 40)
    assert found.warning_temperature_time == 5400  # told in minutes


def test_what_is_no_disk_says_why() -> None:
    message = {"smartctl": {"messages": [{"string": "Unable to detect device type", "severity": "error"}]}}
    with pytest.raises(NotMeasurable, match="Unable to detect device type"):
        parse(message)
    with pytest.raises(NotMeasurable, match="no SMART"):
        parse({})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["ata_smart_attributes", "nvme_smart_health_information_log", "smart_status", "temperature", "power_on_time"]
KEYS += ["device", "model_name", "rotation_rate", "scsi_grown_defect_list", "smartctl", "trim", "endurance_used"]


@quick
@given(st.dictionaries(st.sampled_from(KEYS), values) | values)
def test_nonsense_is_answered_with_none_or_a_reason(document: object) -> None:
    try:
        found = parse(document)
    except NotMeasurable as error:
        found = None
        reason = error.reason
    assert found is not None or reason


@pytest.mark.corpus
def test_recorded_disks_with_packed_counts(corpus: Path) -> None:
    """Two Seagates that pack time-outs, one shown in words and one as a number; a Hitachi that failed."""
    folder = corpus / "recorded" / "smartctl-json"
    expected = {
        "sat-Seagate_Enterprise_Capacity_3.5_HDD-ST2000NM0008": (2, 0, 0),
        "sat-Seagate_Exos_X16": (12, 0, 0),
        "smart-fail2": (None, 1975, 8),
    }
    for start, counts in expected.items():
        (path,) = folder.glob(f"*/{start}*.json")
        disk = parse(json.loads(path.read_text()))
        assert (disk.command_timeouts, disk.reallocated_sectors, disk.pending_sectors) == counts


@pytest.mark.corpus
def test_every_recorded_disk_is_understood(corpus: Path) -> None:
    files = sorted((corpus / "recorded" / "smartctl-json").glob("*/*.json"))
    assert len(files) > 80
    kinds: dict[str, int] = {}
    for path in files:
        document = json.loads(path.read_text())
        try:
            found = parse(document)
        except NotMeasurable:
            kinds["none"] = kinds.get("none", 0) + 1
            continue
        kinds[found.kind] = kinds.get(found.kind, 0) + 1
        assert found.passed in (True, False, None)
        assert any(value is not None for value in found[5:]), path.name
        assert found.endurance is None or 0 <= found.endurance <= 2.55, path.name
        assert found.temperature is None or 0 < found.temperature < 100, path.name
    assert kinds["nvme"] > 30
    assert kinds["hdd"] > 10
    assert kinds["ssd"] > 10
    assert kinds.get("none", 0) < 5


@pytest.mark.corpus
def test_a_recorded_server_is_understood(corpus: Path, tmp_path: Path) -> None:
    base = corpus / "recorded" / "node_exporter"
    unpack(base / "sys.ttar", tmp_path)
    (tmp_path / "proc").symlink_to(base / "proc")
    tree = Tree(str(tmp_path))

    assert processor.times(tree).total > 0
    assert processor.count(tree) == 8
    assert processor.load(tree).one == 0.21
    assert processor.pressure(tree, "io").some > 0
    assert memory.memory(tree).total > 0
    assert memory.errors(tree) == (1, 5)
    assert memory.oom_kills(tree) >= 0
    found = {one.sensor: one for one in parts.temperatures(tree)}
    assert any(name.startswith("coretemp") for name in found)
    assert all(-60 < one.celsius < 150 for one in found.values())
    assert parts.fans(tree)
    (battery,) = parts.batteries(tree)
    assert battery.full is not None
    assert battery.design is not None
    assert battery.full / battery.design < 1.05
    assert processor.throttled(tree) > 0
    assert "sda" in {line.split()[2] for line in tree.text("proc/diskstats").splitlines()}
    found_arrays = {one.array: one.missing for one in raid.arrays(tree)}
    expected = {"md1": 0, "md10": 0, "md4": 0, "md5": 1, "md6": 1}  # md0 is a stripe, which cannot miss a disk
    assert {name: count for name, count in found_arrays.items() if name.startswith("md")} == expected
    with pytest.raises(NotMeasurable, match="no Wi-Fi"):
        wireless.links(tree, commands.run, 1)
    for asked in (displays.in_use, displays.panel_made, certificates.certificates):
        with pytest.raises(NotMeasurable):
            asked(tree)
    for disk in storage.whole_disks(tree):
        assert disk in tree.names("sys/block")
