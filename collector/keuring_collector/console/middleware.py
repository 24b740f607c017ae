"""What every page needs before its view runs: the reader's language, a session that ends, a password of one's own."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user, logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from keuring_collector.console.typed import leads_inside
from keuring_collector.console.views import errors
from keuring_collector.desk.models import Staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

LANGUAGES: Final = ("nl", "en")
THEMES: Final = ("auto", "light", "dark")
LANGUAGE_COOKIE: Final = "language"
THEME_COOKIE: Final = "theme"
SIGNED_IN_AT: Final = "signed_in_at"
LONGEST_SESSION: Final = 12 * 3600  # seconds, however busy somebody is
SEEN_AT: Final = "seen_at"
ASKED_BY_ITSELF: Final = "live"  # in the address of what a page asks now and then, whether or not anybody is there
SEEN_EVERY: Final = 60  # seconds between two notes that somebody is here, so that not every page writes
_WITHOUT_OWN_PASSWORD: Final = frozenset({"password", "sign_out", "preferences"})
_WITHOUT_FACTOR: Final = _WITHOUT_OWN_PASSWORD | {
    "mfa_activate_totp", "mfa_view_recovery_codes", "account_reauthenticate", "mfa_reauthenticate",
}  # fmt: skip
BY_PROVIDER: Final = "second_factor_by_provider"  # in the session: the provider asked for a second factor itself


def language_of(request: HttpRequest) -> str:
    """What this reader chose: their account's language, else the cookie's, else the desk's."""
    staff = getattr(request, "user", None)
    chosen = staff.language if isinstance(staff, Staff) else ""
    chosen = chosen or request.COOKIES.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else settings.LANGUAGE_CODE


def _drop_nul(request: HttpRequest) -> None:
    """Takes NUL out of what was sent: no text has any, and PostgreSQL neither keeps nor seeks it. Raises Http404 where
    the path has one. The API reads bodies by itself, and says what is wrong with them.
    """
    if "\0" in request.path_info:
        raise Http404
    if "%00" in request.META.get("QUERY_STRING", ""):
        request.GET = QueryDict(request.GET.urlencode().replace("%00", ""))
    is_form = request.method == "POST" and not request.path_info.startswith("/api/")
    if is_form and "%00" in (sent := request.POST.urlencode()):
        request.POST = QueryDict(sent.replace("%00", ""))


class SignInFirst(LoginRequiredMiddleware):
    """Asks everybody who they are. Whoever sent a form after their session ended goes back to its page afterwards,
    for the address that it was sent to shows nothing, and is told that it was not done.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        """The way to the sign-in page."""
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        messages.warning(request, _("You had been signed out, so nothing was done. Sign in, and do it once more."))
        page = request.headers.get("Referer", "")
        onward = urlsplit(page)._replace(scheme="", netloc="").geturl() if leads_inside(request, page) else ""
        return redirect_to_login(onward or reverse("queue"), reverse("sign_in"))


class Reader:
    """Speaks the reader's language, ends sessions that are too old, and sends whoever has a one-time password to
    choose their own, and whose role asks for a second factor to set one up. Stands after authentication and after
    Django's LocaleMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response, or the sign-in page when the session is too old."""
        request.user = get_user(request)  # themselves: pages look at them hundreds of times, and each detour costs
        if isinstance(request.user, Staff) and self._is_too_old(request):
            logout(request)
        if isinstance(request.user, Staff) and ASKED_BY_ITSELF not in request.GET:
            self._note_seen(request)
        language = language_of(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        _drop_nul(request)
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            response = errors.not_allowed(request, response.headers["Allow"])
        # Pages hold names of colleagues: no cache keeps them, and "back" after signing out shows nothing.
        response.headers.setdefault("Cache-Control", "no-store, private")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=()")
        return response

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Redirects to the password page while the password is not the reader's own."""
        staff = request.user
        name = request.resolver_match.url_name if request.resolver_match else None
        if isinstance(staff, Staff) and staff.must_change_password and name not in _WITHOUT_OWN_PASSWORD:
            return HttpResponseRedirect(reverse("password"))
        if isinstance(staff, Staff) and name not in _WITHOUT_FACTOR and self._lacks_factor(request, staff):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return None

    @staticmethod
    def _lacks_factor(request: HttpRequest, staff: Staff) -> bool:
        """Whether their role asks for a second factor, and neither they nor their provider has one."""
        if staff.role not in settings.KEURING.mfa_required_for or request.session.get(BY_PROVIDER):
            return False
        return not Authenticator.objects.filter(user=staff, type=Authenticator.Type.TOTP).exists()

    @staticmethod
    def _note_seen(request: HttpRequest) -> None:
        """Starts the half hour of the session anew, at most once a minute."""
        now, before = timezone.now().timestamp(), request.session.get(SEEN_AT)
        if not isinstance(before, int | float) or not 0 <= now - before < SEEN_EVERY:
            request.session[SEEN_AT] = now

    @staticmethod
    def _is_too_old(request: HttpRequest) -> bool:
        began = request.session.get(SIGNED_IN_AT)
        return not isinstance(began, int | float) or timezone.now().timestamp() - began > LONGEST_SESSION
