"""Tells Django of the fleet application."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    """The fleet tables."""

    name = "keuring_collector.fleet"
    label = "fleet"
    default_auto_field = "django.db.models.BigAutoField"
