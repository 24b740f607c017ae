"""Tells Django of the console application."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages; it has no tables of its own."""

    name = "keuring_collector.console"
    label = "console"
