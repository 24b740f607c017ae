"""Tells Django of the desk application."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class DeskConfig(AppConfig):
    """The desk tables."""

    name = "keuring_collector.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connections of Django read times in a faster way."""
        from keuring_collector.desk import moments

        connection_created.connect(moments.register)
