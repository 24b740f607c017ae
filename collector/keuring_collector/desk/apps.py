"""Tells Django of the desk application."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The desk tables."""

    name = "keuring_collector.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
