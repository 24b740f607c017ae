"""Pages that need no sign-in, where the organisation wants them (the setting ``public_pages``): nobody's name, no way
into the console, few requests from one address, and kept by caches for some minutes.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from keuring_collector.console.limits import Attempts

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

P = ParamSpec("P")
LOOKS: Final = Attempts(most=300, period=60.0)  # an office may have one address for all of its colleagues
KEPT_SECONDS: Final = 300


def is_open(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Makes a view one of the open pages; where they are not wanted, there is no such page."""

    @login_not_required
    @wraps(view)
    def opened(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponseBase:
        if not settings.KEURING.public_pages:
            raise Http404(_("There is no such page."))
        wait = LOOKS.begin(request.META.get("REMOTE_ADDR", ""), timezone.now().timestamp())
        if wait:
            return busy(request, wait)
        response: HttpResponseBase = view(request, *arguments, **named)
        # What somebody who has signed in gets may carry their session's cookie; that, no cache may keep.
        if response.status_code == 200 and request.method in ("GET", "HEAD") and not request.user.is_authenticated:
            response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
        return response

    return opened


def busy(request: HttpRequest, wait: float) -> HttpResponseBase:
    """What an address gets that asks too often."""
    response = render(request, "console/help_busy.html", status=429)
    response.headers["Retry-After"] = str(int(wait) + 1)
    return response
