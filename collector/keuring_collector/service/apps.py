"""Tells Django of the service application."""

from django.apps import AppConfig


class ServiceConfig(AppConfig):
    """The service's tables."""

    name = "keuring_collector.service"
    label = "service"
    default_auto_field = "django.db.models.BigAutoField"
