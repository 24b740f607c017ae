"""Tells Django of the store application."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The store tables."""

    name = "keuring_collector.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
