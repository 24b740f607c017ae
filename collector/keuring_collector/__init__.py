"""Keuring's collector: ingest, rules, tickets, and the service desk's console."""

__version__ = "0.1.0"
