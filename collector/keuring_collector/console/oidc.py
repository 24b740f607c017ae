"""Signing in by an OpenID Connect provider: django-allauth's code flow with PKCE, and what it leaves out.

allauth trusts an ID token that came over TLS without looking at its signature, and sends no nonce. Here the signature,
the issuer, the audience, the expiry and the nonce are always checked, and userinfo must be of the same subject.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import jwt
import structlog
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from requests import RequestException

from keuring_collector.console import claims
from keuring_collector.console.typed import leads_inside

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp, SocialToken

log = structlog.get_logger(__name__)
PROVIDER: Final = "oidc"
# Signatures that only the provider can make; never a shared secret, never none.
_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"})


def refused(request: HttpRequest, why: str, following: str) -> HttpResponse:
    """The page for somebody whom the desk does not let in."""
    return render(request, "console/refused.html", {"why": why, "following": following}, status=403)


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """What the provider says, checked. ``nonce`` is the one that this browser was sent off with."""

    nonce: str = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's own description, when it is of the issuer that the settings name."""
        found: dict[str, Any] = super().openid_config
        if found.get("issuer", "").rstrip("/") != settings.KEURING.oidc_issuer.rstrip("/"):
            raise OAuth2Error("the provider describes itself as another issuer than the setting 'oidc_issuer'")
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **named: Any) -> Any:
        """Who signed in. Raises OAuth2Error for anything that does not hold."""
        id_token = named["response"].get("id_token")
        if not id_token:
            raise OAuth2Error("the provider sent no ID token")
        found = self._decode_id_token(app, id_token)
        if self.openid_config.get("userinfo_endpoint"):
            userinfo = self._fetch_user_info(token.token)
            if userinfo.get("sub") != found.get("sub"):
                raise OAuth2Error("the provider's userinfo is of somebody else")
            found = {**userinfo, **found}
        login = self.get_provider().sociallogin_from_response(request, found)
        request.oidc_person = claims.read(found, settings.KEURING)  # type: ignore[attr-defined]
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(id_token)
        except jwt.PyJWTError as error:
            raise OAuth2Error("the ID token cannot be read") from error
        if header.get("alg") not in _ALGORITHMS or "kid" not in header:
            raise OAuth2Error(f"the ID token is signed in a way that is not taken: {header.get('alg')}")
        found: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        if "exp" not in found or not found.get("sub"):
            raise OAuth2Error("the ID token has no end or no subject")
        if not self.nonce or not secrets.compare_digest(str(found.get("nonce", "")).encode(), self.nonce.encode()):
            raise OAuth2Error("the ID token answers another question than ours (nonce)")
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:  # noqa: ARG002 - allauth's
        """Where the provider sends the browser back to."""
        return request.build_absolute_uri(reverse("oidc_callback"))


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """The one provider of the settings."""

    id = PROVIDER
    oauth2_adapter_class = Adapter

    def redirect(self, request: HttpRequest, process: str, next_url: str | None = None, **named: Any) -> HttpResponse:
        """Sends the browser to the provider, with a nonce that is kept beside the state."""
        nonce = secrets.token_urlsafe(24)
        named["auth_params"] = {**self.get_auth_params(), "nonce": nonce}
        response: HttpResponse = super().redirect(request, process, next_url, nonce=nonce, **named)
        return response

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Where to go afterwards. allauth would take scopes and more from the address; nothing else is taken here."""
        onward = request.GET.get("next", "")
        next_url = onward if leads_inside(request, onward) else reverse("queue")
        return {"process": AuthProcess.LOGIN, "next_url": next_url}

    def get_login_url(self, _request: HttpRequest, **_named: Any) -> str:
        """Where signing in begins."""
        return reverse("oidc_login")

    def get_callback_url(self) -> str:
        """Where the provider sends the browser back to, as a path."""
        return reverse("oidc_callback")

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is kept of the claims: nothing but who it is."""
        return {"sub": data["sub"]}


class _Callback(OAuth2CallbackView):  # type: ignore[misc]
    def _get_state(self, request: HttpRequest, provider: Provider) -> tuple[Any, Any]:
        state, response = super()._get_state(request, provider)
        if state:
            self.adapter.nonce = state.get("nonce", "")
        return state, response


@login_not_required
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Sends somebody to the provider."""
    _check_set()
    try:
        response: HttpResponse = OAuth2LoginView.adapter_view(Adapter(request, PROVIDER))(request)
    except (OAuth2Error, RequestException) as error:
        log.warning("the sign-in service cannot be used", why=str(error))
        why = _("The sign-in service does not answer, or is another than the settings say.")
        return refused(request, why, _("Try again in a moment. If it stays so, ask an administrator."))
    return response


@login_not_required
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Takes in what the provider answered."""
    _check_set()
    response: HttpResponse = _Callback.adapter_view(Adapter(request, PROVIDER))(request)
    return response


def _check_set() -> None:
    if not settings.KEURING.oidc_issuer:
        raise Http404(_("Signing in by another service is not set up here."))
