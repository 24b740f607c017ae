"""How accounts are signed in to, whichever way somebody came: what django-allauth asks of us."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from keuring_collector.console import colleague, oidc
from keuring_collector.console.middleware import BY_PROVIDER, SIGNED_IN_AT
from keuring_collector.console.oidc import PROVIDER
from keuring_collector.console.permission import home_of
from keuring_collector.desk import audit
from keuring_collector.desk.models import Staff
from keuring_collector.fleet.models import Department
from keuring_collector.service.workplace.whose import by_mail

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialLogin
    from django.http import HttpRequest

    from keuring_collector.console.claims import Person

log = structlog.get_logger(__name__)


def _refused(request: HttpRequest, why: str, following: str) -> ImmediateHttpResponse:
    return ImmediateHttpResponse(oidc.refused(request, why, following))


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing in. Nobody makes an account by themselves, and allauth says nothing: our pages do."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's
        """No."""
        return False

    def login(self, request: HttpRequest, user: Staff) -> None:
        """The last step, after all factors: a session of its own, and a line in the audit."""
        if not Staff.objects.filter(pk=user.pk, is_active=True).exists():
            raise _refused(request, *_switched_off())
        by_provider = getattr(request, "oidc_person", None)
        super().login(request, user)
        request.session[SIGNED_IN_AT] = timezone.now().timestamp()
        if by_provider is not None and by_provider.has_second_factor:
            request.session[BY_PROVIDER] = True
        methods = request.session.get("account_authentication_methods", [])
        factors = "+".join(dict.fromkeys(str(each.get("type") or each.get("method")) for each in methods))
        audit.record(user, "signed.in", detail={"from": request.META.get("REMOTE_ADDR", ""), "by": factors})

    def add_message(self, *_arguments: Any, **_named: Any) -> None:
        """Nothing: the pages say it themselves."""

    def send_notification_mail(self, *_arguments: Any, **_named: Any) -> None:
        """Nothing: the audit holds it."""


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Which account of the desk a person of the provider gets, and with which role."""

    def list_apps(self, _request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """The provider of the settings, if there is one."""
        keuring = settings.KEURING
        if (
            not keuring.oidc_issuer
            or provider not in (None, PROVIDER)
            or client_id not in (None, keuring.oidc_client_id)
        ):
            return []
        app = SocialApp(
            provider=PROVIDER,
            provider_id=PROVIDER,
            name=keuring.oidc_name,
            client_id=keuring.oidc_client_id,
            secret=keuring.oidc_client_secret,
            settings={
                "server_url": keuring.oidc_issuer,
                "oauth_pkce_enabled": True,
                "scope": list(keuring.oidc_scopes),
            },
        )
        return [app]

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,  # noqa: ARG002 - allauth's
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,  # noqa: ARG002 - allauth's
    ) -> None:
        """Our own page for an answer that does not hold; what was wrong with it is for the log."""
        log.warning("sign-in by the provider refused", error=str(error), why=str(exception or ""))
        audit.record(None, "signed.in_failed", "", {"from": request.META.get("REMOTE_ADDR", ""), "by": PROVIDER})
        raise _refused(
            request,
            _("The answer of the sign-in service could not be used: it was too old, incomplete, or not meant for us."),
            _("Try again. If it stays so, ask an administrator; the collector's log says what was wrong."),
        )

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Finds or makes the account, and brings role and departments up to date."""
        person: Person = request.oidc_person  # type: ignore[attr-defined]
        _to_workplace(request, sociallogin, person)
        if person.role == "":
            raise _refused(
                request,
                _("The sign-in service knows you, but none of your groups has a role at this desk."),
                _("Ask an administrator to give you one."),
            )
        with transaction.atomic():
            staff = self._staff(request, sociallogin, person)
            if not staff.is_active:
                raise _refused(request, *_switched_off())
            _bring_up_to_date(staff, person)
        if sociallogin.state.get("next") == reverse("queue"):
            sociallogin.state["next"] = reverse(home_of(staff))
        if not sociallogin.is_existing:
            sociallogin.lookup()

    def _staff(self, request: HttpRequest, sociallogin: SocialLogin, person: Person) -> Staff:
        if sociallogin.is_existing:
            known: Staff = Staff.objects.get(pk=sociallogin.user.pk)
            return known
        staff = None
        if person.mail and person.mail_is_verified:
            same = list(Staff.objects.filter(email__iexact=person.mail)[:2])
            staff = same[0] if len(same) == 1 else None
        if staff is None:
            staff = self._made(request, person)
        SocialAccount.objects.create(user=staff, provider=PROVIDER, uid=person.subject, extra_data={})
        return staff

    def _made(self, request: HttpRequest, person: Person) -> Staff:
        role = person.role or settings.KEURING.oidc_default_role
        if not role:
            raise _refused(
                request,
                _("The sign-in service knows you, but you have no account at this desk."),
                _("Ask an administrator to add you, with the mail address that you sign in with."),
            )
        name = person.name[:150]
        try:
            UnicodeUsernameValidator()(name)
        except ValidationError:
            name = person.subject[:150]
        if Staff.objects.filter(username__iexact=name).exists():
            raise _refused(
                request,
                _("There is an account with your name at this desk already, and it is not known to be yours."),
                _("Ask an administrator to give that account the mail address that you sign in with."),
            )
        staff = Staff(
            username=name, first_name=person.first_name, last_name=person.last_name, email=person.mail, role=role
        )
        staff.set_unusable_password()
        staff.save()
        audit.record_now(None, "staff.added", f"staff/{name}", {"role": role, "by": PROVIDER})
        return staff


def _to_workplace(request: HttpRequest, sociallogin: SocialLogin, person: Person) -> None:
    """Opens My workplace for a colleague who came for it, or who has no account at the desk and would get none."""
    found = by_mail(person.mail) if person.mail_is_verified else None
    asked = str(sociallogin.state.get("next", "")).startswith(reverse("workplace"))
    if found is None:
        if asked:
            raise _refused(
                request,
                _("The sign-in service knows you, but no machine is known to be yours."),
                _("Ask the service desk to note your mail address with your machine."),
            )
        return
    at_the_desk = sociallogin.is_existing or Staff.objects.filter(email__iexact=person.mail).exists()
    may_work_here = bool(person.role or settings.KEURING.oidc_default_role) and person.role != ""
    if asked or not (at_the_desk or may_work_here):
        colleague.begin(request, colleague=found)
        raise ImmediateHttpResponse(redirect("workplace"))


def _bring_up_to_date(staff: Staff, person: Person) -> None:
    """Role and departments as the provider tells them, when the settings map them."""
    before = (staff.role, staff.department_ids)
    staff.role = person.role or staff.role
    if person.departments is not None:
        mapped = [each for each in Department.objects.all() if each.name.casefold() in person.departments]
        staff.limited = True
        staff.departments.set(mapped)
        staff.__dict__.pop("department_ids", None)
    if (staff.role, staff.department_ids) != before:
        staff.save(update_fields=["role", "limited"])
        names = sorted(staff.departments.values_list("name", flat=True)) if staff.limited else None
        told = {"role": staff.role, "departments": names}
        audit.record_now(None, "staff.role", f"staff/{staff.get_username()}", {"from": before[0], "to": told})


def _switched_off() -> tuple[str, str]:
    return (
        _("This account has been switched off."),
        _("An administrator can switch it on again."),
    )


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are kept encrypted with the collector's secret key."""

    error_messages: Final = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy(
            "This code is not right. Codes of an app change every half minute; a recovery code works once."
        ),
    }

    def get_totp_label(self, user: Staff) -> str:
        """The account as an app shows it."""
        return user.get_username()

    def get_totp_issuer(self) -> str:
        """The service as an app shows it."""
        return f"Keuring {settings.KEURING.public_name}"

    def encrypt(self, text: str) -> str:
        """For the database."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """From the database; a random secret, with which no code is right, when the key is another than it was."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.error("a second factor cannot be read: the secret key is another than when it was made")
            return base64.b32encode(hashlib.sha256(Fernet.generate_key()).digest()[:20]).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not while the role asks for a second factor."""
        staff = authenticator.user
        return not (isinstance(staff, Staff) and staff.role in settings.KEURING.mfa_required_for)


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"factors {settings.SECRET_KEY}".encode()).digest()))
