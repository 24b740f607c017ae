"""What the console loads before its first page, and that the garbage collector leaves it alone."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from keuring_collector import logs
from keuring_collector.processes import application
from tests.collector.django_database import set_up_django

if TYPE_CHECKING:
    import pytest


def test_the_console_loads_what_pages_need_and_leaves_it_out_of_garbage_collection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up_django()
    from django.template.engine import Engine
    from django.template.loaders import cached

    monkeypatch.setattr(logs, "configure", lambda _level: None)
    held = gc.get_freeze_count()
    try:
        assert callable(application.load("keuring_collector.wsgi:application"))
        assert gc.get_freeze_count() - held > 100_000
        (loader,) = Engine.get_default().template_loaders
        assert isinstance(loader, cached.Loader)
        assert {"console/base.html", "console/parts/card.html"} <= set(loader.get_template_cache)
    finally:
        gc.unfreeze()
