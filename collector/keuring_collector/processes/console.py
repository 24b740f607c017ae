"""The console process: granian serves Django over HTTPS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import multiprocessing
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

import structlog
from granian.constants import Interfaces, SSLProtocols
from granian.server import Server

from keuring_collector import addresses, logs, supervisor
from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError
from keuring_collector.fleet.authority import AuthorityError
from keuring_collector.processes.application import load

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.config import Settings

log = structlog.get_logger(__name__)
THREADS: Final = 4
CERTIFICATE_SECONDS: Final = 3600.0  # how often it is looked whether the certificate was renewed
END_SECONDS: Final = 5


def run(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT. Raises KeuringError when it cannot start."""
    certificate, key = certificate_of(settings)
    host = settings.listen_address
    port = settings.console_port or _free_port(host)
    addresses.check_free(host, port, "console_port")
    # A worker is a fresh process: forking one off would copy locks that our threads may hold.
    multiprocessing.set_start_method("spawn")
    server = Server(
        "keuring_collector.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        websockets=False,
        blocking_threads=THREADS,
        backpressure=64,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls13,
        respawn_failed_workers=True,
        workers_kill_timeout=END_SECONDS,
        log_dictconfig=logs.to_root("_granian", "granian.access"),
    )
    scheme = "https" if certificate else "http"
    url = f"{scheme}://{addresses.join(settings.public_name, port)}/"

    def ready() -> None:
        addresses.write(settings.data_directory, "console", {"url": url})
        threading.Thread(target=_announce_when_open, args=(host, port, url), name="ready", daemon=True).start()

    server.on_startup(ready)
    server.on_shutdown(lambda: addresses.forget(settings.data_directory, "console"))
    if certificate is not None and settings.console_certificate is None:
        threading.Thread(target=_watch_certificate, args=(settings,), name="certificate", daemon=True).start()
    server.serve(target_loader=load)
    return 0


def certificate_of(settings: Settings) -> tuple[Path | None, Path | None]:
    """Certificate and key to serve with, both None for plain HTTP. Raises CommandError for what cannot be."""
    if not settings.console_tls:
        if not _is_loopback(settings.listen_address):
            raise CommandError(
                f"setting 'console_tls' is false, but 'listen_address' is {settings.listen_address}: plain HTTP is "
                'only served on a loopback address; set console_tls = true, or listen_address = "127.0.0.1"'
            )
        return None, None
    if (settings.console_certificate is None) != (settings.console_key is None):
        raise CommandError("settings 'console_certificate' and 'console_key' belong together: set both, or neither")
    if settings.console_certificate is not None and settings.console_key is not None:
        _check_pair(settings.console_certificate, settings.console_key)
        return settings.console_certificate, settings.console_key
    authority = workspace.authority(settings)
    authority.server_identity(dt.datetime.now(dt.UTC))
    return authority.server_files


def _check_pair(certificate: Path, key: Path) -> None:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise CommandError(
            f"settings 'console_certificate' ({certificate}) and 'console_key' ({key}) cannot be used: {error}; "
            "both are PEM files that this account can read, and the key belongs to the first certificate"
        ) from error


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _free_port(host: str) -> int:
    """A port for `console_port = 0`; granian cannot tell which one it was given."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _announce_when_open(host: str, port: int, url: str) -> None:
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            supervisor.announce("console", url=url)
            return


def _watch_certificate(settings: Settings) -> None:
    """Renews our own certificate in time, and lets granian start a fresh worker with it."""
    authority = workspace.authority(settings)
    shown = authority.server_identity(dt.datetime.now(dt.UTC)).chain
    while True:
        time.sleep(CERTIFICATE_SECONDS)
        try:
            current = authority.server_identity(dt.datetime.now(dt.UTC)).chain
        except AuthorityError as error:
            log.error("console certificate not renewed", error=str(error))
            continue
        if current != shown:
            shown = current
            os.kill(os.getpid(), signal.SIGHUP)
