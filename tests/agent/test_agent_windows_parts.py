"""Windows: batteries, disks, heat, network and screens, after the documented forms."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import pytest

from keuring_agent.host.commands import Result
from keuring_agent.host.readings import (
    LinkCapability,
    NotMeasurable,
    WifiLink,
)
from keuring_agent.host.windows import (
    disks,
    displays,
    health,
    network,
    thermal,
    wireless,
)
from keuring_agent.host.windows.api import Wlan
from keuring_agent.host.windows.battery import BatteryReader, report
from tests.agent.windows import RecordedWindows, nvme_log, statistics

NOON = "2026-11-25T12:00:00.0000000Z"
NVME = disks.Disk(0, "nvme", True, "PC300", "2000", "ACE4_2E61")
HDD = disks.Disk(1, "hdd", None, "ST2000", "CC45", "Z1")
REPORT = """<?xml version="1.0" encoding="utf-8"?>
<BatteryReport xmlns="http://schemas.microsoft.com/battery/2012"><Batteries><Battery>
<Id>DELL 7VTMN</Id><Manufacturer>SMP</Manufacturer><DesignCapacity>51000</DesignCapacity>
<FullChargeCapacity>45200</FullChargeCapacity><CycleCount>230</CycleCount>
</Battery></Batteries></BatteryReport>"""


def test_two_batteries_go_by_the_drivers_names() -> None:
    rows: dict[str, list[dict[str, object]] | Exception] = {
        "Win32_Battery": [{"EstimatedChargeRemaining": 99, "BatteryStatus": 2}] * 2,
        "BatteryStaticData": [{"InstanceName": "B", "DesignedCapacity": 24000}, {"InstanceName": "A"}],
        "BatteryFullChargedCapacity": [
            {"InstanceName": "A", "FullChargedCapacity": 20000},
            {"InstanceName": "B", "FullChargedCapacity": 21000},
        ],
        "BatteryCycleCount": [{"InstanceName": "A", "CycleCount": 0}],
        "BatteryStatus": [
            {"InstanceName": "A", "RemainingCapacity": 5000, "Discharging": True},
            {"InstanceName": "B", "RemainingCapacity": 21000, "Discharging": False},
        ],
    }
    first, second = BatteryReader(RecordedWindows(rows=rows)).read(0)
    assert (first.charge, first.discharging, first.full, first.design, first.cycles) == (0.25, True, 20.0, None, None)
    assert (second.charge, second.discharging, second.design) == (1.0, False, 24.0)


def test_a_driver_that_tells_nothing_leaves_it_to_powercfg_once_an_hour() -> None:
    windows = RecordedWindows(
        rows={"Win32_Battery": [{"EstimatedChargeRemaining": 104, "BatteryStatus": 1}]}, report=REPORT
    )
    reader = BatteryReader(windows)
    (found,) = reader.read(0)
    assert found == ("BAT0", 1.0, True, 45.2, 51.0, 230, "SMP DELL 7VTMN")
    asked = windows.asked.count("BatteryStaticData")
    reader.read(60)
    assert windows.asked.count("BatteryStaticData") == asked
    for damaged in ("<BatteryReport>", "<!DOCTYPE a><a/>"):
        with pytest.raises(NotMeasurable):
            report(damaged)
    with pytest.raises(NotMeasurable, match="no battery"):
        BatteryReader(RecordedWindows(rows={"Win32_Battery": []})).read(0)


def test_disks_in_the_machine_and_sticks() -> None:
    rows: list[dict[str, object]] = [
        {"DeviceId": "1", "BusType": 11, "MediaType": 3, "HealthStatus": 1, "OperationalStatus": (5,)},
        {"DeviceId": "0", "BusType": 17, "MediaType": 4, "HealthStatus": 0, "SerialNumber": "ACE4_2E61."},
        {"DeviceId": "2", "BusType": 7, "MediaType": 0, "HealthStatus": 0},
        {"DeviceId": "3", "BusType": 16, "HealthStatus": 0},
    ]
    assert disks.ask(RecordedWindows(rows={"MSFT_PhysicalDisk": rows})) == [
        disks.Disk(0, "nvme", True, None, None, "ACE4_2E61"),
        disks.Disk(1, "hdd", False, None, None, None),
    ]
    older: list[dict[str, object]] = [
        {"DeviceID": r"\\.\PHYSICALDRIVE0", "MediaType": "Fixed hard disk media", "InterfaceType": "IDE", "Model": "X"}
    ]
    assert [one.name for one in disks.ask(RecordedWindows(rows={"Win32_DiskDrive": older}))] == ["PhysicalDrive0"]
    assert len(disks.physical([rows[0], {**rows[0], "Model": "X"}])) == 2  # one number twice, one without a model
    with pytest.raises(NotMeasurable, match="no physical disk"):
        disks.ask(RecordedWindows(rows={"MSFT_PhysicalDisk": [], "Win32_DiskDrive": []}))


def test_what_a_disk_has_done() -> None:
    answer = struct.pack("<5q4Iq", 4096, 8192, 2 * 10**7, 10**7, 7 * 10**7, 10, 5, 1, 0, 10**8) + bytes(20)
    assert disks.use("PhysicalDrive0", answer) == ("PhysicalDrive0", 4096, 8192, 3.0, 15, 3.0)
    assert disks.use("PhysicalDrive0", answer[:60]) is None
    with pytest.raises(NotMeasurable):
        disks.uses(RecordedWindows(), ["PhysicalDrive0"])


def test_the_log_of_an_nvme_disk() -> None:
    windows = RecordedWindows(devices={("PhysicalDrive0", 0x2D1400): nvme_log(warning=1, media_errors=3)})
    found = health.HealthReader(windows).read(NVME)
    assert found is not None
    assert (found.kind, found.passed, found.critical_warning, found.media_errors) == ("nvme", False, 1, 3)
    assert (found.temperature, found.endurance, found.available_spare) == (41, 0.07, 1.0)
    assert (found.power_on_time, found.unsafe_shutdowns, found.data_written) == (3000, 12, 17_800_000 * 512_000)
    assert found.warning_temperature_time == 120
    # What was asked: health (log page 2, 512 bytes), then who it is, of an NVMe disk by its own protocol.
    assert struct.unpack("<2I6I", windows.questions[0][:32]) == (50, 0, 3, 2, 2, 0, 40, 512)
    assert struct.unpack("<2I6I", windows.questions[1][:32]) == (50, 0, 3, 1, 1, 0, 40, 4096)
    assert health.label(bytes(48) + bytes(4) + b"FJ68N000000000001   ") == "FJ68N000000000001"
    assert health.label(bytes(4144)) is None


def attributes(**raw: int) -> tuple[int, ...]:
    table = b"".join(
        struct.pack("<BHBB6sB", int(name[1:]), 0x33, 100, 100, value.to_bytes(6, "little"), 0)
        for name, value in raw.items()
    )
    return tuple((b"\x10\x00" + table).ljust(512, b"\0"))


def test_the_table_of_an_ata_disk() -> None:
    place = r"SCSI\DISK&VEN_ST2000\4&1&0&010000"
    windows = RecordedWindows(
        rows={
            "Win32_DiskDrive": [{"DeviceID": r"\\.\PHYSICALDRIVE1", "PNPDeviceID": place}],
            "MSStorageDriver_FailurePredictData": [
                {"InstanceName": "OTHER_0", "VendorSpecific": attributes(a5=99)},
                {
                    "InstanceName": f"{place}_0",
                    "VendorSpecific": attributes(a5=8, a9=12000, a187=2, a194=0x2A0000001F, a197=1, a198=0, a199=4),
                },
            ],
            "MSStorageDriver_FailurePredictStatus": [{"InstanceName": f"{place}_0", "PredictFailure": True}],
        }
    )
    found = health.HealthReader(windows).read(HDD)
    assert found is not None
    assert (found.kind, found.passed, found.model) == ("hdd", False, "ST2000")
    assert (found.reallocated_sectors, found.pending_sectors, found.crc_errors) == (8, 1, 4)
    assert (found.reported_uncorrectable, found.power_on_time, found.temperature) == (2, 12000, 31)


def test_windows_own_counters_and_smartctl_before_all() -> None:
    counter: list[dict[str, object]] = [
        {"DeviceId": "1", "Temperature": 0, "Wear": 0, "PowerOnHours": 500, "ReadErrorsUncorrected": "7"}
    ]
    windows = RecordedWindows(rows={"MSFT_StorageReliabilityCounter": counter})
    found = health.HealthReader(windows).read(HDD)
    assert found is not None
    assert (found.temperature, found.endurance, found.power_on_time, found.reported_uncorrectable) == (
        None,
        None,
        500,
        7,
    )
    with pytest.raises(NotMeasurable, match="no SMART"):
        health.HealthReader(RecordedWindows()).read(HDD)
    spoken = b'{"device": {"protocol": "ATA"}, "smart_status": {"passed": true}, "model_name": "From smartctl"}'
    windows.programs["smartctl.exe"] = Result(0, spoken)
    told = health.HealthReader(windows).read(HDD)
    assert told is not None
    assert told.model == "From smartctl"


def test_a_disk_that_sleeps_is_not_woken() -> None:
    windows = RecordedWindows(asleep={"PhysicalDrive1"}, programs={"smartctl.exe": Result(0, b"{}")})
    assert health.HealthReader(windows).read(HDD) is None
    assert windows.asked == []


def test_a_thermal_zone_is_believed_when_it_moves() -> None:
    zone: dict[str, object] = {"InstanceName": r"ACPI\ThermalZone\TZ00_0", "CurrentTemperature": 3010}
    windows = RecordedWindows(rows={thermal.KIND: [zone]})
    reader = thermal.ThermalReader(windows)
    for now in (0, 60, 300):
        with pytest.raises(NotMeasurable, match="do not move"):
            reader.read(now)
    zone["CurrentTemperature"] = 3132
    with pytest.raises(NotMeasurable, match="do not move"):
        reader.read(360)  # not asked again so soon
    assert reader.read(600) == [("thermal zone TZ00", 40.05, None)]
    assert windows.asked.count(thermal.KIND) == 3
    with pytest.raises(NotMeasurable, match="no temperature sensor"):
        thermal.ThermalReader(RecordedWindows(rows={thermal.KIND: [{"CurrentTemperature": 0}]})).read(0)


CLASS = network._CLASS


def port_windows(choices: dict[str, object]) -> RecordedWindows:
    adapter: dict[str, object] = {"Name": "Ethernet", "InterfaceGuid": "{a1}", "HardwareInterface": True, "Speed": "1"}
    wifi = {**adapter, "Name": "Wi-Fi", "InterfaceGuid": "{b2}", "NdisPhysicalMedium": 9}
    return RecordedWindows(
        rows={"MSFT_NetAdapter": [adapter, wifi]},
        registry={
            rf"{CLASS}\0001": {"NetCfgInstanceId": "{A1}"},
            rf"{CLASS}\0001\Ndi\Params\*SpeedDuplex\enum": choices,
            rf"{CLASS}\0002": {"NetCfgInstanceId": "{B2}"},
            rf"{CLASS}\0002\Ndi\Params\*SpeedDuplex\enum": {"6": "1.0 Gbps"},
            rf"{CLASS}\Properties": {},
        },
    )


@pytest.mark.parametrize(
    ("choices", "speed"),
    [
        ({"0": "Automatisch onderhandelen", "4": "100 Mbps volledig duplex", "6": "1,0 Gbps volledig duplex"}, 1e9),
        ({"0": "Auto Negotiation", "6": "1.0 Gbps Full Duplex", "2500": "2.5 Gbps Full Duplex"}, 2.5e9),
        ({"0": "Auto Negotiation", "6": "1.0 Gbps Full Duplex", "77": "something else"}, None),
        ({"0": "Auto Negotiation"}, None),
    ],
)
def test_what_a_port_can_do(choices: dict[str, object], speed: float | None) -> None:
    windows = port_windows(choices)
    if speed is None:
        with pytest.raises(NotMeasurable, match="no network port"):
            network.capabilities(windows)
    else:
        assert network.capabilities(windows) == [LinkCapability("Ethernet", speed)]


def test_wifi_over_all_radios() -> None:
    found = [
        Wlan("{1}", True, -58, statistics(1000, 40)),
        Wlan("{2}", True, 0, b""),  # a driver that tells neither
        Wlan("{3}", False, -58, statistics(1000, 40)),
    ]
    assert wireless.links(found, {"{1}": "Wi-Fi thuis"}) == [
        WifiLink("Wi-Fi thuis", -58.0, 1000, 40),
        WifiLink("Wi-Fi 2", None, None, None),
        WifiLink("Wi-Fi 3", None, None, None),
    ]
    assert wireless.frames(statistics(1000, 40)[:300]) is None


def test_the_built_in_screen_tells_the_age() -> None:
    rows: dict[str, list[dict[str, object]] | Exception] = {
        "WmiMonitorConnectionParams": [
            {"InstanceName": "DEL", "VideoOutputTechnology": 10},
            {"InstanceName": "BOE", "VideoOutputTechnology": -2147483648},
        ],
        "WmiMonitorID": [
            {"InstanceName": "DEL", "WeekOfManufacture": 1, "YearOfManufacture": 2015},
            {"InstanceName": "BOE", "WeekOfManufacture": 20, "YearOfManufacture": 2021},
        ],
        "WmiMonitorBasicDisplayParams": [{"Active": True}, {"Active": False}],
    }
    windows = RecordedWindows(rows=rows)
    expected = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(weeks=19)
    assert displays.manufactured(windows) == expected.timestamp()
    assert displays.count(windows) == 1
    rows["WmiMonitorID"] = [{"InstanceName": "BOE", "WeekOfManufacture": 255, "YearOfManufacture": 2021}]
    with pytest.raises(NotMeasurable):  # that is the year of the model
        displays.manufactured(windows)
