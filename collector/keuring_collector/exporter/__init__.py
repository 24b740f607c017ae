"""/metrics for Prometheus and service discovery of collectors, on a loopback port of its own."""

from keuring_collector.exporter.server import Exporter, ExporterError, serve

__all__ = ["Exporter", "ExporterError", "serve"]
