"""Signing in and out, a password of one's own, and how the console looks and speaks for its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from keuring_collector.console.limits import Attempts
from keuring_collector.console.middleware import LANGUAGE_COOKIE, LANGUAGES, THEME_COOKIE, THEMES
from keuring_collector.console.permission import home_of, requires, staff_of
from keuring_collector.console.typed import leads_inside
from keuring_collector.desk import audit
from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest

ATTEMPTS: Final = Attempts()
_YEAR: Final = 365 * 86400
# Django's word for the name in its messages about passwords; our catalogues say it in our own words.
_WORDS_OF_DJANGO: Final = (_("username"),)


class SignIn(AuthenticationForm):
    """Name and password. One message for a wrong name and a wrong password, so that names cannot be guessed."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.error_messages = {
            "invalid_login": _(
                "This name and password do not belong together. Check both; capitals count. "
                "An administrator can give you a new one-time password with keuring-collector reset-password."
            ),
            "inactive": _("This account has been switched off. An administrator can switch it on again."),
        }
        self.fields["username"].label = _("Name")
        self.fields["password"].label = _("Password")


def _safe(request: HttpRequest, address: str, otherwise: str) -> str:
    """``address`` when it leads into this console, else the place ``otherwise``."""
    return address if leads_inside(request, address) else resolve_url(otherwise)


def _ways() -> dict[str, object]:
    """The ways in that the sign-in page offers."""
    keuring = settings.KEURING
    return {"local": keuring.local_accounts, "provider": keuring.oidc_name if keuring.oidc_issuer else ""}


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; after five failed attempts in a minute an address has to wait."""
    onward = _safe(request, request.POST.get("next") or request.GET.get("next", ""), "queue")
    if request.user.is_authenticated:
        return redirect(onward)
    if request.method != "POST" or not settings.KEURING.local_accounts:
        return render(request, "console/sign_in.html", {"form": SignIn(request), "next": onward, **_ways()})
    address, began = request.META.get("REMOTE_ADDR", ""), timezone.now().timestamp()
    form = SignIn(request, request.POST)
    if wait := ATTEMPTS.begin(address, began):
        context = {"form": SignIn(request), "next": onward, "wait": int(wait) + 1, "name": request.POST.get("username")}
        context |= _ways()
        response = render(request, "console/sign_in.html", context, status=429)
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response
    if not form.is_valid():
        typed = request.POST.get("username", "")
        # Only a name that is somebody's: people type a password in the wrong field.
        known = Staff.objects.filter(username=typed).exists()
        audit.record(None, "signed.in_failed", f"staff/{typed}" if known else "", {"from": address})
        return render(request, "console/sign_in.html", {"form": form, "next": onward, **_ways()}, status=422)
    ATTEMPTS.succeeded(address, began)
    staff = form.get_user()
    if onward == resolve_url("queue") and isinstance(staff, Staff):
        onward = resolve_url(home_of(staff))
    entering = Login(staff, redirect_url=onward)
    signed_in: HttpResponse = perform_password_login(request, {"username": staff.get_username()}, entering)
    if isinstance(staff, Staff) and staff.language in LANGUAGES:
        _remember(signed_in, LANGUAGE_COOKIE, staff.language)
    return signed_in


@requires(Right.OWN_ACCOUNT)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    audit.record(staff_of(request), "signed.out")
    logout(request)
    return redirect("sign_in")


@requires(Right.OWN_ACCOUNT)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Choosing a password of one's own; the only page for whoever still has a one-time password."""
    staff = staff_of(request)
    form = PasswordChangeForm(staff, request.POST if request.method == "POST" else None)
    form.fields["old_password"].label = _("One-time password") if staff.must_change_password else _("Present password")
    form.fields["new_password1"].label = _("New password")
    form.fields["new_password1"].help_text = _("At least 12 characters. A few words in a row are easy to remember.")
    form.fields["new_password2"].label = _("New password, once more")
    form.fields["new_password2"].help_text = ""
    if request.method == "POST" and form.is_valid():
        form.save()
        staff.must_change_password = False
        staff.save(update_fields=["must_change_password"])
        update_session_auth_hash(request, staff)
        audit.record(staff, "password.changed")
        messages.success(request, _("Your password has been changed."))
        return redirect(home_of(staff))
    status = 422 if request.method == "POST" else 200
    return render(request, "console/password.html", {"form": form, "forced": staff.must_change_password}, status=status)


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=name != THEME_COOKIE
    )


@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Language and theme; kept in a cookie, and the language also with the account."""
    onward = _safe(request, request.POST.get("next", ""), "queue")
    response = HttpResponseRedirect(onward)
    language, theme = request.POST.get("language", ""), request.POST.get("theme", "")
    if language in LANGUAGES:
        translation.activate(language)
        _remember(response, LANGUAGE_COOKIE, language)
        if isinstance(request.user, Staff):
            request.user.language = language
            request.user.save(update_fields=["language"])
    if theme in THEMES:
        _remember(response, THEME_COOKIE, theme)
    return response
