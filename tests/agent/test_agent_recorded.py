"""Every recorded file that is of no one system through what reads it: disks by smartctl, batteries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host import smartctl
from keuring_agent.host.commands import Result
from keuring_agent.host.linux import parts
from keuring_agent.host.readings import Battery, NotMeasurable, Smart
from tests.agent.trees import tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.corpus
POWER = "sys/class/power_supply"


@pytest.fixture
def disks(corpus: Path) -> Path:
    return corpus / "recorded" / "smartctl-json"


@pytest.fixture
def batteries(corpus: Path) -> Path:
    return corpus / "recorded" / "glpi-agent" / "generic" / "batteries"


def asked(said: bytes, status: int = 0) -> Smart | None:
    def run(arguments: Sequence[str], _timeout: float) -> Result:
        assert arguments[0] == "smartctl"
        return Result(status, said)

    return smartctl.ask(run, 30, "/dev/sda")


def test_every_recorded_answer_of_smartctl_gives_health_or_a_reason(disks: Path) -> None:
    refused = {}
    files = [path for path in sorted(disks.rglob("*")) if path.is_file()]
    assert len(files) == 94
    for path in files:
        try:
            found = asked(path.read_bytes())
        except NotMeasurable as error:
            refused[path.name] = error.reason
            continue
        assert found is not None, path.name  # none of them sleeps
        assert found.kind in ("hdd", "ssd", "nvme")
        for name, value in found._asdict().items():
            assert value is None or isinstance(value, str | bool) or 0 <= value < 1e18, (path.name, name)
    assert set(refused) == {".gitignore", "helper.go", "smart-raid.json"}
    assert "JSON" in refused["helper.go"]


def test_the_exit_status_of_smartctl_takes_nothing_from_what_it_said(disks: Path) -> None:
    """Bits 2 to 7 tell of the disk; they are set where it is worst, which is when it must be heard."""
    document = json.loads((disks / "scrutiny" / "smart-fail2.json").read_bytes())
    for status in (0, 4, 8, 16, 32, 64, 128, 252):
        document["smartctl"]["exit_status"] = status
        found = asked(json.dumps(document).encode(), status)
        assert found is not None
        assert (found.reallocated_sectors, found.pending_sectors) == (1975, 8)


def test_older_smartctl_is_told_from_a_disk_without_health(corpus: Path) -> None:
    files = sorted((corpus / "recorded" / "glpi-agent" / "linux" / "smartctl").iterdir())
    assert len(files) == 5
    for path in files:
        with pytest.raises(NotMeasurable, match="version 7"):
            asked(path.read_bytes())


def test_a_recorded_disk_reads_as_its_own_document_says(disks: Path) -> None:
    """Against the raw document: what is told twice is told alike."""
    for path in sorted(disks.rglob("*.json")):
        document = json.loads(path.read_bytes())
        try:
            found = smartctl.parse(document)
        except NotMeasurable:
            continue
        assert found.serial_number == (" ".join(document.get("serial_number", "").split()) or None), path.name
        hours = document.get("power_on_time", {}).get("hours")
        assert hours is None or found.power_on_time == hours, path.name
        log = document.get("nvme_smart_health_information_log")
        if log is not None:
            assert found.kind == "nvme"
            assert found.media_errors == log.get("media_errors"), path.name
            assert found.available_spare == log["available_spare"] / 100, path.name


def upower(text: str) -> tuple[str, dict[str, str]]:
    """The battery's name and its files in /sys, as the kernel had them behind what upower printed."""
    fields = dict(re.findall(r"^ +([\w-]+): +(.+?) *$", f" {text}", re.MULTILINE))

    def micro(name: str) -> str:
        return str(round(float(fields[name].split()[0].replace(",", ".")) * 1e6))

    return fields["native-path"], {
        "type": "Battery",
        "present": "1",
        "capacity": fields["percentage"].rstrip("%"),
        "status": fields["state"].capitalize(),
        "energy_full": micro("energy-full"),
        "energy_full_design": micro("energy-full-design"),
        "manufacturer": fields.get("vendor", ""),
        "model_name": fields["model"],
    }


def read(root: Path, name: str, files: dict[str, str]) -> Battery:
    (found,) = parts.batteries(tree(root, {f"{POWER}/{name}/{key}": value for key, value in files.items()}))
    return found


@pytest.mark.parametrize(
    ("file", "name", "charge", "health", "model", "discharging"),
    [
        ("infos_1.txt", "BAT1", 1.0, 0.762349, "G71C000G7210", False),
        ("infos_2.txt", "BAT0", 0.88, 0.928269, "SMP DELL JHXPY53", False),
        ("infos_3.txt", "BAT0", 0.89, 0.835082, "ASUSTeK G750-59", False),
        ("infos_4.1.txt", "BAT0", 0.51, 1.0, "SMP-COS3.66 DELL XDY9K16", True),
    ],
)
def test_batteries_read_as_upower_read_them(
    file: str, name: str, charge: float, health: float, model: str, discharging: bool, batteries: Path, tmp_path: Path
) -> None:
    named, files = upower((batteries / "upower" / file).read_text(encoding="utf-8"))
    found = read(tmp_path, named, files)
    assert (found.battery, found.charge, found.model, found.discharging) == (name, charge, model, discharging)
    assert found.full is not None
    assert found.design is not None
    assert found.full / found.design == pytest.approx(health, abs=1e-5)


def test_a_battery_is_what_its_firmware_says_it_was_made_for(batteries: Path, tmp_path: Path) -> None:
    table = (batteries / "upower" / "dmidecode_4.txt").read_text(encoding="utf-8")
    design = re.search(r"Design Capacity: (\d+) mWh", table)
    assert design is not None
    name, files = upower((batteries / "upower" / "infos_4.1.txt").read_text(encoding="utf-8"))
    assert read(tmp_path, name, files).design == int(design[1]) / 1000


def test_a_battery_that_tells_charge_instead_of_energy(batteries: Path, tmp_path: Path) -> None:
    text = (batteries / "acpiconf" / "infos_1.txt").read_text(encoding="utf-8")
    fields = {key: int(value) for key, value in re.findall(r"^([\w ]+):\s+(\d+) m(?:Ah|V)$", text, re.MULTILINE)}
    files = {
        "type": "Battery",
        "capacity": "100",
        "status": "Full",
        "charge_full": str(fields["Last full capacity"] * 1000),
        "charge_full_design": str(fields["Design capacity"] * 1000),
        "voltage_min_design": str(fields["Design voltage"] * 1000),
    }
    found = read(tmp_path, "BAT0", files)
    assert found.full == pytest.approx(6880 * 7.6 / 1000)
    assert found.design == pytest.approx(7236 * 7.6 / 1000)


@pytest.mark.parametrize(("file", "own"), [("1", "BAT1"), ("2", "BAT0"), ("4", "BAT0")])
def test_of_all_power_supplies_only_the_machines_own_battery_counts(
    file: str, own: str, batteries: Path, tmp_path: Path
) -> None:
    listed = (batteries / "upower" / f"enumerate_{file}.txt").read_text(encoding="utf-8").split()
    files = {}
    for path in listed:
        kind, _, name = path.rpartition("/")[2].partition("_")
        name = name.removeprefix("power_")
        if kind == "DisplayDevice":
            continue  # upower's own sum of the others
        files[f"{POWER}/{name}/type"] = "Mains" if kind == "line" else "Battery"
        if not name.startswith("BAT"):
            files[f"{POWER}/{name}/scope"] = "Device"  # so the kernel marks what a mouse runs on
        files[f"{POWER}/{name}/capacity"] = "50"
    assert [found.battery for found in parts.batteries(tree(tmp_path, files))] == [own]
