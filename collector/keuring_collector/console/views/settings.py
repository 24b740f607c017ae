"""Settings: one's own, and those of the collector (to read; they stand in its file and its environment)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from keuring_collector import config
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import api_tokens
from keuring_collector.desk.models import ApiToken
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# What a scope is of no use without; the others are for whoever looks.
_ASKED: Final = {ApiToken.Scope.ACT: Right.ACT, ApiToken.Scope.PRIVACY: Right.AUDIT}


@requires(Right.OWN_ACCOUNT)
@require_safe
def personal(request: HttpRequest) -> HttpResponse:
    """One's own: language, theme, how one signs in."""
    return render(request, "console/settings.html", context(request))


def context(request: HttpRequest) -> dict[str, Any]:
    """What the personal page shows."""
    staff = staff_of(request)
    factors = {each.type: each for each in Authenticator.objects.filter(user=staff)}
    totp, codes = factors.get(Authenticator.Type.TOTP), factors.get(Authenticator.Type.RECOVERY_CODES)
    return {
        "person": staff,
        "seen": sorted(staff.departments.values_list("name", flat=True)) if staff.limited else [],
        "has_password": staff.has_usable_password(),
        "has_factor": totp is not None,
        "factor_since": totp.created_at if totp else None,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "must_have_factor": staff.role in settings.KEURING.mfa_required_for,
        "may_see_settings": staff.may(Right.SETTINGS),
        "tokens": api_tokens.live(staff, timezone.now()),
        "scopes": [
            (scope.value, str(scope.label)) for scope in ApiToken.Scope if staff.may(_ASKED.get(scope, Right.LOOK))
        ],
    }


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the collector as people read it."""

    name: str
    meaning: str
    value: str
    hidden: bool
    where: str  # "environment", "file" or "" for the default


@requires(Right.SETTINGS)
@require_safe
def collector(request: HttpRequest) -> HttpResponse:
    """Every setting in force; secrets only as far as that they are set."""
    keuring = settings.KEURING
    shown, path = keuring.shown(), keuring.data_directory / config.FILE_NAME
    in_file = config.in_file(path)
    rows = [
        Setting(
            name,
            pgettext("setting", field.description or ""),
            shown.get(name, ""),
            name in config.SECRETS and name in shown,
            _where(name, in_file),
        )
        for name, field in config.Settings.model_fields.items()
    ]
    return render(request, "console/collector_settings.html", {"rows": rows, "file": path})


def _where(name: str, in_file: frozenset[str]) -> str:
    if config.ENVIRONMENT_PREFIX + name.upper() in os.environ:
        return "environment"
    return "file" if name in in_file else ""
