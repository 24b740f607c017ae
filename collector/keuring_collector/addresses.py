"""Addresses and ports: whether one is free, and where the running processes listen.

Each process keeps a small file with its addresses in ``run/`` of the data directory.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import socket
from typing import TYPE_CHECKING, Final

from keuring_collector.errors import KeuringError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.config import Settings

RUN: Final = "run"


class PortTakenError(KeuringError):
    """A port cannot be opened; the message says which, why, and which setting moves it."""


def join(host: str, port: int) -> str:
    """``host:port``, with brackets where the host is an IPv6 address."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        version = 4
    return f"[{host}]:{port}" if version == 6 else f"{host}:{port}"


def write(data_directory: Path, process: str, addresses: dict[str, str]) -> None:
    """Notes where a process of this collector listens."""
    directory = data_directory / RUN
    directory.mkdir(mode=0o700, exist_ok=True)
    temporary = directory / f".{process}-{os.getpid()}"
    temporary.write_text(json.dumps({"pid": str(os.getpid()), **addresses}), encoding="utf-8")
    temporary.replace(directory / f"{process}.json")


def read(data_directory: Path, process: str) -> dict[str, str] | None:
    """Where a process listens, or None when it is not running."""
    try:
        content: dict[str, str] = json.loads((data_directory / RUN / f"{process}.json").read_text(encoding="utf-8"))
        os.kill(int(content["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return content


def forget(data_directory: Path, process: str) -> None:
    """Takes the note away when the process ends, unless a newer process has written its own."""
    path = data_directory / RUN / f"{process}.json"
    try:
        if json.loads(path.read_text(encoding="utf-8"))["pid"] == str(os.getpid()):
            path.unlink()
    except (OSError, ValueError, KeyError):
        return


def check_free(host: str, port: int, setting: str) -> None:
    """Raises PortTakenError, with the reason, when the port cannot be opened."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reasons = {
                errno.EADDRINUSE: "another program listens there",
                errno.EACCES: "ports below 1024 need the right to open them (CAP_NET_BIND_SERVICE)",
                errno.EADDRNOTAVAIL: "this machine does not have that address (setting 'listen_address')",
            }
            reason = reasons.get(error.errno or 0, str(error))
            raise PortTakenError(taken(host, port, setting, reason)) from error


def taken(host: str, port: int, setting: str, reason: str) -> str:
    """What is said of a port that cannot be opened."""
    return (
        f"port {port} on {host} cannot be opened: {reason}; stop that program, or choose another port with "
        f"'{setting}' in keuring.toml (or ${'KEURING_' + setting.upper()})"
    )


def console_url(settings: Settings) -> str:
    """Where the console is, as people reach it, with a slash at the end."""
    running = read(settings.data_directory, "console")
    if running is not None:
        return running["url"]
    scheme = "https" if settings.console_tls else "http"
    return f"{scheme}://{join(settings.public_name, settings.console_port)}/"
