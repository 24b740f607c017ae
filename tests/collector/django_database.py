"""Django in the test's own process, on a database of the test's own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY: list[str] = []


def set_up_django() -> None:
    """Sets Django up once per process, in a data directory that holds nothing."""
    if not _READY:
        _READY.append(tempfile.mkdtemp(prefix="keuring-django-"))
        os.environ["DJANGO_SETTINGS_MODULE"] = "keuring_collector.settings"
        os.environ.setdefault("KEURING_DATA_DIRECTORY", _READY[0])
        import django

        django.setup()


@contextlib.contextmanager
def pointed_at(url: str) -> Iterator[None]:
    """Lets Django's ORM work on the database at ``url``, in the test's own process."""
    set_up_django()
    from django.db import connections

    from keuring_collector import settings
    from keuring_collector.desk import counting

    counting.forget()

    def close() -> None:
        connections.close_all()
        with contextlib.suppress(AttributeError):  # this thread had none
            del connections["default"]

    before = connections.settings["default"]
    close()
    connections.settings["default"] = connections.configure_settings({"default": settings._database(url)})["default"]
    try:
        yield
    finally:
        close()
        connections.settings["default"] = before


@pytest.fixture
def django_url(migrated_url: str) -> Iterator[str]:
    """A migrated database that Django's ORM works on in this test; runs once on each kind."""
    with pointed_at(migrated_url):
        yield migrated_url
