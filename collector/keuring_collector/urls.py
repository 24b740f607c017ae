"""All addresses: the API's below /api/, the console's everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import include, path

from keuring_collector.console import urls as console

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("keuring_collector.api.application")),
    path("", include(console)),
]

handler400 = console.handler400
handler403 = console.handler403
handler404 = console.handler404
handler500 = console.handler500
