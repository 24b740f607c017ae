"""Linux: graphics, screens, docks, printers and private networks.

In the forms that the kernel, VESA (EDID) and CUPS document; this machine has none of these parts.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host.inventory import (
    Dock,
    Gpu,
    GpuUse,
    Printers,
    Screen,
)
from keuring_agent.host.linux import (
    LinuxHost,
    attached,
    displays,
    graphics,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree
from tests.agent.trees import answering, own, tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks this machine's kernel")

PCI_IDS = """\
#	List of PCI ID's
1002  Advanced Micro Devices, Inc. [AMD/ATI]
	73bf  Navi 21 [Radeon RX 6800]
		1002 0e3a  Reference
8086  Intel Corporation
	5917  UHD Graphics 620
C 03  Display controller"""


def card(number: int, slot: str, driver: str, maker: str, device: str, **more: str) -> dict[str, str]:
    base = f"sys/class/drm/card{number}/device"
    files = {"uevent": f"DRIVER={driver}\nPCI_SLOT_NAME={slot}", "vendor": maker, "device": device, **more}
    return {f"{base}/{name}": text for name, text in files.items()}


def test_graphics_processors_by_their_names(tmp_path: Path) -> None:
    files = card(1, "0000:00:02.0", "i915", "0x8086", "0x5917")
    files |= card(0, "0000:03:00.0", "amdgpu", "0x1002", "0x73bf")
    files |= card(2, "0000:04:00.0", "nvidia", "0x10de", "0x2504")
    files |= card(3, "0000:05:00.0", "ast", "0x1a03", "0x2000")
    files |= {"sys/class/drm/card1-eDP-1/status": "connected", "sys/class/drm/renderD128/dev": "226:128"}
    files |= {"proc/driver/nvidia/gpus/0000:04:00.0/information": "Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   1"}
    files |= {"sys/module/nvidia/version": "535.183.01", "proc/sys/kernel/osrelease": "6.1.0-26-amd64"}
    files |= {"usr/share/misc/pci.ids": PCI_IDS}
    assert graphics.gpus(tree(tmp_path, files)) == [
        Gpu("gpu0", "Intel UHD Graphics 620", "i915 6.1.0-26-amd64"),
        Gpu("gpu1", "AMD Navi 21 [Radeon RX 6800]", "amdgpu 6.1.0-26-amd64"),
        Gpu("gpu2", "NVIDIA GeForce RTX 3060", "nvidia 535.183.01"),
        Gpu("gpu3", "0x1a03 0x2000", "ast 6.1.0-26-amd64"),
    ]
    for read in (graphics.gpus, graphics.use):
        with pytest.raises(NotMeasurable, match="no graphics processor"):
            read(Tree(str(tmp_path / "none")))


def test_a_graphics_processor_that_sleeps_is_not_asked(tmp_path: Path) -> None:
    told = {"gpu_busy_percent": "37", "mem_info_vram_used": "1000", "mem_info_vram_total": "4000"}
    files = card(0, "0000:00:01.0", "amdgpu", "0x1002", "0x1", **told)
    files |= card(1, "0000:00:02.0", "amdgpu", "0x1002", "0x2", **told)
    files |= {"sys/class/drm/card1/device/power/runtime_status": "suspended"}
    files |= card(2, "0000:00:03.0", "i915", "0x8086", "0x3")
    assert graphics.use(tree(tmp_path, files)) == [GpuUse("gpu0", 0.37, 1000, 4000)]


def edid(maker: str, product: int, *descriptors: bytes, week: int = 20, year: int = 2019) -> bytes:
    letters = [ord(letter) - 64 for letter in maker]
    head = b"\x00\xff\xff\xff\xff\xff\xff\x00" + struct.pack(">H", letters[0] << 10 | letters[1] << 5 | letters[2])
    head += struct.pack("<HI", product, 0x01020304) + bytes([week, year - 1990])  # four bytes of serial number
    return head.ljust(54, b"\0") + b"".join(descriptors).ljust(74, b"\0")


def descriptor(kind: int, text: str) -> bytes:
    return b"\0\0\0" + bytes([kind]) + b"\0" + (text + "\n").encode().ljust(13)[:13]


def test_screens_by_maker_and_model_and_never_by_their_serial_number(tmp_path: Path) -> None:
    dell = edid("DEL", 0xA0C4, descriptor(0xFF, "SECRET123"), descriptor(0xFC, "DELL U2415"))
    panel = edid("XYZ", 0x2F1, week=0, year=2020)
    root = tree(tmp_path, {f"sys/class/drm/card0-{name}/status": "connected" for name in ("DP-1", "eDP-1", "DP-3")})
    tree(tmp_path, {"sys/class/drm/card0-DP-2/status": "disconnected", "sys/class/drm/card0-Writeback-1/status": "x"})
    (tmp_path / "sys/class/drm/card0-DP-1/edid").write_bytes(dell)
    (tmp_path / "sys/class/drm/card0-eDP-1/edid").write_bytes(panel)
    found = displays.screens(root)
    assert found == [
        Screen("DP-1", "DELL U2415", 1557792000.0),
        Screen("DP-3", None, None),
        Screen("eDP-1", "XYZ 02F1", 1593561600.0),
    ]
    assert "SECRET" not in repr(found)
    assert displays.edid_model(edid("GSM", 7, descriptor(0xFC, "27UL550"))) == "LG 27UL550"
    assert displays.edid_model(bytes(128)) is None
    with pytest.raises(NotMeasurable, match="no connector"):
        displays.screens(Tree(str(tmp_path / "none")))


def test_how_many_screens_it_can_drive_is_told_with_more_than_the_agent_may_see() -> None:
    with pytest.raises(NotMeasurable, match="could read the screen itself"):
        LinuxHost().display_limit()


def test_docks_on_thunderbolt_and_usb(tmp_path: Path) -> None:
    bolt, usb = "sys/bus/thunderbolt/devices", "sys/bus/usb/devices"
    files = {f"{bolt}/0-0/device_name": "Laptop's own dock port", f"{bolt}/0-0/vendor_name": "Maker"}
    files |= {f"{bolt}/0-1/device_name": "WD19TB Thunderbolt Dock", f"{bolt}/0-1/vendor_name": "Dell"}
    files |= {f"{bolt}/0-1/unique_id": "secret", f"{bolt}/0-301/device_name": "Portable SSD X5"}
    files |= {f"{usb}/1-4/product": "ThinkPad USB-C Dock", f"{usb}/1-4/manufacturer": "Lenovo"}
    files |= {f"{usb}/1-4/bDeviceClass": "09", f"{usb}/1-4/serial": "secret"}
    files |= {f"{usb}/1-4.1/product": "ThinkPad USB-C Dock", f"{usb}/1-4.1/manufacturer": "Lenovo"}
    files |= {f"{usb}/1-4.1/bDeviceClass": "09"}
    files |= {f"{usb}/1-4.2/product": "Dock Audio", f"{usb}/1-4.2/bDeviceClass": "00"}
    files |= {f"{usb}/1-5/product": "USB Keyboard", f"{usb}/1-5/bDeviceClass": "00"}
    assert attached.docks(tree(tmp_path, files)) == [
        Dock("dock 1", "Dell WD19TB Thunderbolt Dock"),
        Dock("dock 2", "Lenovo ThinkPad USB-C Dock"),
    ]
    assert attached.docks(tree(tmp_path / "bare", {f"{usb}/usb1/product": "xHCI Host Controller"})) == []
    with pytest.raises(NotMeasurable, match="neither USB nor Thunderbolt"):
        attached.docks(Tree(str(tmp_path / "none")))


LPSTAT = """\
scheduler is running
printer front-desk is idle.  enabled since Thu Jan  1 09:00:00 2026
	Form mounted:
	Description: disabled since forever
	Alerts: none
printer hall now printing hall-41.  enabled since Thu Jan  1 09:12:00 2026
	Alerts: media-low-warning
printer lab disabled since Thu Jan  1 07:30:00 2026 -
	Paused
	Alerts: paused offline-report
printer attic is idle.  enabled since Thu Jan  1 08:00:00 2026
	Alerts: offline-report
	Location: connecting-to-device
printer cellar now printing cellar-2.  enabled since Thu Jan  1 08:00:00 2026
	Alerts: connecting-to-device
"""


def test_printers_that_cannot_be_reached(tmp_path: Path) -> None:
    root = own(tmp_path, {"run/cups/cups.sock": ""})
    assert attached.printers(root, answering(lpstat=LPSTAT), 1) == Printers(5, 3)
    assert attached.printers(root, answering(lpstat="scheduler is running\n"), 1) == Printers(0, 0)
    with pytest.raises(NotMeasurable, match="does not answer"):
        attached.printers(root, answering(lpstat="scheduler is not running\n"), 1)
    with pytest.raises(NotMeasurable, match="lpstat is not installed"):
        attached.printers(root, answering(), 1)
    with pytest.raises(NotMeasurable, match="no print service"):
        attached.printers(own(tmp_path / "none"), answering(lpstat=LPSTAT), 1)


def interface(name: str, **files: str) -> dict[str, str]:
    return {f"sys/class/net/{name}/{key}": text for key, text in {"flags": "0x1091", "type": "65534", **files}.items()}


def test_private_networks_that_are_up(tmp_path: Path) -> None:
    files = interface("wg0", uevent="DEVTYPE=wireguard\nINTERFACE=wg0", carrier="1")
    files |= interface("wg1", uevent="DEVTYPE=wireguard", flags="0x90")  # down
    files |= interface("tun0", tun_flags="0x1001", carrier="1")
    files |= interface("tun1", tun_flags="0x1001", carrier="0")  # its program has ended
    files |= interface("vnet0", tun_flags="0x1002", carrier="1")  # of a virtual machine
    files |= interface("ppp0", type="512", carrier="1")
    files |= interface("eth0", type="1", carrier="1", uevent="INTERFACE=eth0")
    files |= interface("lo", type="772", flags="0x9")
    files |= interface("odd", flags="nothing", tun_flags="?")
    assert attached.vpn_connections(tree(tmp_path, files)) == 3
    assert attached.vpn_connections(tree(tmp_path / "plain", interface("eth0", type="1"))) == 0
    with pytest.raises(NotMeasurable, match="cannot be read"):
        attached.vpn_connections(Tree(str(tmp_path / "none")))
