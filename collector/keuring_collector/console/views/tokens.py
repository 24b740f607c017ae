"""One's own API tokens: made (and shown once), and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.console.views import settings
from keuring_collector.desk import api_tokens
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@requires(Right.OWN_ACCOUNT)
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Makes a token; its text is in this answer and nowhere else."""
    form = request.POST
    days = form.get("days", "")
    scopes, valid = form.getlist("scope"), number(days) or 0
    try:
        _token, text = api_tokens.make(staff_of(request), form.get("name", ""), scopes, valid, timezone.now())
    except api_tokens.TokenError as error:
        typed = {"name": form.get("name", ""), "days": days, "scopes": scopes}
        attempt = {**typed, "field": error.field, "message": str(error.message)}
        return render(request, "console/settings.html", {**settings.context(request), "attempt": attempt}, status=422)
    return render(request, "console/settings.html", {**settings.context(request), "made": text})


@requires(Right.OWN_ACCOUNT)
@require_POST
def revoke(request: HttpRequest, identity: str) -> HttpResponse:
    """Ends a token."""
    if api_tokens.revoke(staff_of(request), identity, timezone.now()):
        messages.success(request, _("Revoked; no program gets in with it any more."))
    return redirect("settings")
