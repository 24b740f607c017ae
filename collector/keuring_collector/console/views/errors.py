"""Pages for when something is wrong: what, why, what next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from keuring_collector.addresses import console_url
from keuring_collector.console.permission import NotAllowed
from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Role, holders

if TYPE_CHECKING:
    from django.http import HttpRequest


_OF_DJANGO: Final = re.compile(r"No \w+ matches the given query\.")  # names our tables, in English alone


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: which right is missing, which roles have it, and who can help."""
    context = {
        "code": 403,
        "title": _("You may not do this"),
        "why": _("Your account does not have the right for this page."),
        "next": _("Ask an administrator, or go back to the queue."),
    }
    if isinstance(exception, NotAllowed) and isinstance(request.user, Staff):
        roles = ", ".join(str(role.label) for role in holders(exception.right))
        context["why"] = _("Your role is %(role)s, which may not: %(right)s. These roles may: %(roles)s.") % {
            "role": request.user.get_role_display(),
            "right": exception.right.label,
            "roles": roles,
        }
        if helpers := _who_could_help():
            context["next"] = _("If you need it for your work, ask %(names)s for another role.") % {"names": helpers}
    return render(request, "console/error.html", context, status=403)


def _who_could_help() -> str:
    """The first three administrators, by name."""
    found = Staff.objects.filter(is_active=True, role=Role.ADMINISTRATOR).order_by("pk")[:3]
    return ", ".join(person.shown_name for person in found)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """403 for a form that was not made by this console, or too long ago."""
    context = {
        "code": 403,
        "title": _("This form is too old"),
        "why": _("Since you opened the page you signed in again, or your browser keeps no cookies."),
        "next": _("Go back, reload the page and send it again. What you typed is still there after going back."),
    }
    return render(request, "console/error.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, with the reason when a view gave one."""
    reason = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    if _OF_DJANGO.fullmatch(reason):
        reason = ""
    context = {
        "code": 404,
        "title": _("This page does not exist"),
        "why": reason or _("The address may be mistyped, or what was here is gone."),
        "next": _("Go to the queue, or search."),
    }
    return render(request, "console/error.html", context, status=404)


def not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """405 for an address that is opened where a form is meant to be sent; ``allowed``: what it takes."""
    context = {
        "code": 405,
        "title": _("There is nothing to see at this address"),
        "why": _("Something is done here when a button is pressed; opened by itself it does nothing."),
        "next": _("Go back to the page with the button, or to the queue."),
    }
    response = render(request, "console/error.html", context, status=405)
    response.headers["Allow"] = allowed
    return response


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """400 for what cannot be read, as under another name than ours. Drawn without the frame, which asks for it."""
    context = {
        "code": 400,
        "title": _("This request cannot be read"),
        "why": _("It is too large, or broken on its way."),
        "next": _("Go back and try again with less, such as a smaller file."),
    }
    if isinstance(exception, DisallowedHost):
        context["why"] = _("This collector does not answer to the name that stands in the address.")
        context["next"] = _("Open %(address)s instead, or have an administrator set public_name.") % {
            "address": console_url(settings.KEURING)
        }
    return HttpResponse(render_to_string("console/error_bare.html", context), status=400)


def broken(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's
    """500. Drawn without the frame: what made the page fail may be what the frame needs."""
    context = {
        "code": 500,
        "title": _("Something went wrong on our side"),
        "why": _("The console met an error that it does not know. It has been written to the log."),
        "next": _("Try again. If it stays so, tell an administrator what you were doing and at what time."),
    }
    return HttpResponse(render_to_string("console/error_bare.html", context), status=500)
