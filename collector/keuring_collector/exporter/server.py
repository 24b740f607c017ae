"""The HTTP server behind /metrics and /service-discovery: loopback only, nothing but GET."""

from __future__ import annotations

import json
import os
import re
import socketserver
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django.db
from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app, multiprocess

from keuring_collector import __version__, metrics  # noqa: F401 - that all of metrics.py is declared here too
from keuring_collector.errors import KeuringError
from keuring_collector.exporter.source import InventorySource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client.core import Metric

    from keuring_collector.config import Settings
    from keuring_collector.exporter.inventory import Inventory

ADDRESS: Final = "127.0.0.1"
DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
REQUEST_SECONDS: Final = 10
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9a-fA-F:]{2,39}\](:[0-9]{1,5})?")
_HELP: Final = b"Keuring's exporter: /metrics is for Prometheus, /service-discovery is where Prometheus finds it.\n"


class ExporterError(KeuringError):
    """/metrics cannot be served; the message says why and how to mend it."""


class Processes:
    """What all processes of the collector counted, added up, as a collector for prometheus-client's registry.

    Without a shared directory (one process alone) it is what this process counted, and what it costs itself.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._registry = CollectorRegistry()
        if directory is not None:
            multiprocess.MultiProcessCollector(self._registry, path=str(directory))  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        """The families of metrics.py, without those of processes that ended where only living ones count."""
        if self._directory is None:
            yield from REGISTRY.collect()
            return
        self._forget_dead(self._directory)
        yield from self._registry.collect()

    @staticmethod
    def _forget_dead(directory: Path) -> None:
        for path in directory.glob("gauge_live*_*.db"):
            pid = path.stem.rpartition("_")[2]
            if pid.isdecimal() and not _alive(int(pid)):
                multiprocess.mark_process_dead(int(pid), str(directory))  # type: ignore[no-untyped-call]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another account's process: it is there
    return True


def application(settings: Settings, source: InventorySource, directory: Path | None) -> WSGIApplication:
    """/metrics and /service-discovery as a WSGI application."""
    registry = CollectorRegistry()
    registry.register(Processes(directory))
    registry.register(source)
    scrape: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return []
        if path == "/metrics":
            return scrape(environ, start_response)
        status, kind, body = "200 OK", "text/plain; charset=utf-8", _HELP
        if path == "/service-discovery":
            kind, body = "application/json", json.dumps(targets(settings, environ)).encode()
        elif path != "/":
            status = "404 Not Found"
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def targets(settings: Settings, environ: WSGIEnvironment) -> list[dict[str, object]]:
    """Prometheus' HTTP service discovery: this collector, under the address by which it was asked."""
    host = environ.get("HTTP_HOST", "")
    if not _HOST.fullmatch(host):
        host = f"{ADDRESS}:{environ['SERVER_PORT']}"
    return [
        {
            "targets": [host],
            "labels": {
                "__meta_keuring_collector": settings.public_name,
                "__meta_keuring_version": __version__,
            },
        }
    ]


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """A scrape every few seconds is no news."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Binds without asking the name service for our own name, as the base class would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, int(self.server_address[1])
        self.setup_environ()


class Exporter:
    """A running server. ``port`` is the one that was given, also when 0 was asked for."""

    def __init__(self, server: WSGIServer) -> None:
        self._server = server
        self.port = server.server_port
        self._thread = threading.Thread(target=server.serve_forever, name="exporter", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where Prometheus finds it."""
        return f"http://{ADDRESS}:{self.port}/metrics"

    def close(self) -> None:
        """Stops serving and gives the port back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(settings: Settings) -> Exporter:
    """Serves /metrics on 127.0.0.1, port ``settings.metrics_port``, from a thread. Django must be set up.

    Raises ExporterError when the port is taken.
    """
    from keuring_collector.exporter.reading import read  # models can be imported once Django is set up

    def read_now() -> Inventory:
        try:
            return read(settings, time.time())
        finally:
            django.db.connections.close_all()  # this thread's own; the thread ends here

    return start(settings, InventorySource(read_now))


def start(settings: Settings, source: InventorySource) -> Exporter:
    """Serves /metrics with the inventory of ``source``. Raises ExporterError when the port is taken."""
    shared = os.environ.get(DIRECTORY_VARIABLE)
    directory = Path(shared) if shared else None
    server: WSGIServer
    try:
        server = _Server((ADDRESS, settings.metrics_port), _Handler)
    except OSError as error:
        raise ExporterError(
            f"{ADDRESS}:{settings.metrics_port}: /metrics cannot be served here: {error.strerror}; "
            "set metrics_port to a port that is free"
        ) from error
    server.set_app(application(settings, source, directory))
    return Exporter(server)
