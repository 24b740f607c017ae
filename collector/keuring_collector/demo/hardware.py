"""What the simulated organisation has bought: models, disks and systems. The makers do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GIB: Final = 1 << 30
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """A model of machine. ``hot`` is the temperature (Cel) that its maker calls too hot."""

    vendor: str
    name: str
    chassis: str  # laptop or desktop
    cpu: str
    cores: int
    memory: int  # By
    capacity: int  # By, of the system disk
    frequency: float  # Hz, at ease
    hot: float
    firmware: str
    battery: float = 0.0  # W.h when new; 0: none
    disk: str = "nvme"  # or ssd+hdd
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class System:
    """An operating system. ``support_days`` counts from now; None where the system itself does not say it."""

    type: str
    name: str
    version: str
    build: str
    support_days: float | None = None
    share: float = 1.0


_VK, _PT, _GG = "Veldkamp", "Poldertech", "Grachtengoed"
# fmt: off
_SMALL, _USUAL, _LARGE = (8 * GIB, 256 * GIB), (16 * GIB, 256 * GIB), (32 * GIB, 1024 * GIB)
LAPTOPS: Final = (
    Model(_VK, "Notitie 14 G2", "laptop", "VK Kern 5-1245", 8, *_USUAL, 1.6e9, 100, "N14.1.22", 52.0, share=0.30),
    Model(_VK, "Notitie 14 G3", "laptop", "VK Kern 5-1345", 12, *_USUAL, 1.8e9, 100, "N14.3.07", 54.0, share=0.34),
    Model(_PT, "Slagschip 15", "laptop", "PT Octo 7840", 16, *_LARGE, 2.2e9, 95, "PS15-118", 68.0, share=0.20),
    Model(_PT, "Vlonder 13", "laptop", "PT Quad 5500", 8, *_SMALL, 1.4e9, 95, "PV13-096", 41.0, share=0.16),
)
_TOWER: Final = "ssd+hdd"
DESKTOPS: Final = (
    Model(_VK, "Bureau 400", "desktop", "VK Kern 5-10500", 12, *_USUAL, 3.1e9, 100, "B4.2.41", disk=_TOWER, share=0.55),
    Model(_GG, "Werkbank Z4", "desktop", "GG Reken 2235", 12, *_LARGE, 3.8e9, 94, "Z4-2.93", disk=_TOWER, share=0.25),
    Model(_PT, "Kistje Mini", "desktop", "PT Quad 5600", 12, *_USUAL, 2.9e9, 95, "PK-2.10", share=0.20),
)
# fmt: on

WINDOWS: Final = (
    System("windows", "Windows 11 Enterprise", "24H2", "26100.4351", share=0.7),
    System("windows", "Windows 11 Enterprise", "25H2", "26200.7019", share=0.3),
)
LINUX: Final = (
    System("linux", "Debian GNU/Linux", "12", "6.1.0-40-amd64", share=0.5),
    System("linux", "Ubuntu", "24.04", "6.8.0-84-generic", share=0.3),
    System("linux", "Fedora Linux", "Werkplek 43", "6.17.4-200", support_days=240.0, share=0.2),
)
# For the machines whose support ends: the same maker's earlier editions.
SUPPORT_ENDING: Final = System("linux", "Fedora Linux", "Werkplek 42", "6.15.9-101", support_days=25.0)
SUPPORT_ENDED: Final = System("linux", "Fedora Linux", "Werkplek 41", "6.11.4-301", support_days=-40.0)

DISKS: Final = {
    "nvme": ("Keileem KX512", "KX2.14"),
    "ssd": ("Keileem S870", "S8R03"),
    "hdd": ("Draaischijf Blauw 2T", "DB01.81"),
}
