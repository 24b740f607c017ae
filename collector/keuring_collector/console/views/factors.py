"""Second factors: django-allauth's views in our addresses, and what happens around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.views import reauthenticate
from allauth.mfa import signals
from allauth.mfa.base.views import authenticate
from allauth.mfa.base.views import reauthenticate as reauthenticate_by_code
from allauth.mfa.recovery_codes.views import generate_recovery_codes, view_recovery_codes
from allauth.mfa.totp.views import activate_totp, deactivate_totp
from django.dispatch import receiver
from django.urls import path

from keuring_collector.console.permission import requires
from keuring_collector.desk import audit
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.urls import URLPattern

    from keuring_collector.desk.models import Staff

_own = requires(Right.OWN_ACCOUNT)

# allauth looks these up by name.
urlpatterns: list[URLPattern] = [
    path("sign-in/code/", authenticate, name="mfa_authenticate"),
    path("settings/again/", _own(reauthenticate), name="account_reauthenticate"),
    path("settings/again/code/", _own(reauthenticate_by_code), name="mfa_reauthenticate"),
    path("settings/factor/", _own(activate_totp), name="mfa_activate_totp"),
    path("settings/factor/remove/", _own(deactivate_totp), name="mfa_deactivate_totp"),
    path("settings/codes/", _own(view_recovery_codes), name="mfa_view_recovery_codes"),
    path("settings/codes/make/", _own(generate_recovery_codes), name="mfa_generate_recovery_codes"),
]


@receiver(signals.authenticator_added)
def _added(user: Staff, **_: Any) -> None:
    audit.record_now(user, "mfa.added")


@receiver(signals.authenticator_removed)
def _removed(user: Staff, **_: Any) -> None:
    audit.record_now(user, "mfa.removed")


@receiver(signals.authenticator_reset)
def _made_codes(user: Staff, **_: Any) -> None:
    audit.record_now(user, "mfa.codes")


@receiver(signals.authentication_failed)
def _failed(user: Staff, **_: Any) -> None:
    audit.record(None, "signed.in_failed", f"staff/{user.get_username()}", {"by": "code"})
