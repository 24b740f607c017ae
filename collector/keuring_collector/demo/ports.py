"""Ports for the demo: the usual ones, or free ones where those are taken."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from keuring_collector import addresses
from keuring_collector.config import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = ("report_port", "enrolment_port", "console_port", "metrics_port")


def usual(environment: Mapping[str, str]) -> dict[str, int]:
    """The ports that the settings ask for: the defaults, or those of the environment."""
    found = {}
    for name in NAMES:
        text = environment.get(f"KEURING_{name.upper()}", "")
        found[name] = int(text) if text.isdigit() else int(Settings.model_fields[name].default)
    return found


def choose(wanted: Mapping[str, int], host: str = "127.0.0.1") -> dict[str, int]:
    """For each setting the port that is wanted, or a free one where that is taken (or 0)."""
    chosen: dict[str, int] = {}
    held: list[socket.socket] = []
    try:
        for name, port in wanted.items():
            if port and port not in chosen.values() and _is_free(host, port, name):
                chosen[name] = port
                continue
            # Held until all are chosen, so that none is given out twice.
            probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            held.append(probe)
            probe.bind((host, 0))
            chosen[name] = int(probe.getsockname()[1])
    finally:
        for probe in held:
            probe.close()
    return chosen


def _is_free(host: str, port: int, setting: str) -> bool:
    try:
        addresses.check_free(host, port, setting)
    except addresses.PortTakenError:
        return False
    return True
