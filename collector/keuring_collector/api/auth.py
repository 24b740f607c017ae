"""Who a program speaks for: a bearer token, and the right and scope that an operation needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone, translation
from ninja.security import HttpBearer

from keuring_collector.api.problems import ProblemError
from keuring_collector.console.limits import Attempts
from keuring_collector.desk import api_tokens
from keuring_collector.desk.models import ApiToken, Staff
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest

# A token that syncs tickets may ask often; somebody who guesses tokens may not.
REQUESTS: Final = Attempts(most=600, period=60.0)
WRONG: Final = Attempts(most=20, period=60.0)


class Bearer(HttpBearer):
    """Lets in tokens with a scope, of staff with a right."""

    openapi_description = "An API token of somebody at the desk; made on the console under Settings."

    def __init__(self, right: Right, scope: ApiToken.Scope) -> None:
        self.right = right
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Any:
        """Whoever the token is of. Raises ProblemError."""
        kind, _space, text = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, text.strip() if kind.lower() == "bearer" else "")

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """The token. Raises ProblemError when it is none, or not enough, or asks too often."""
        now, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
        began = now.timestamp()
        if wait := WRONG.begin(address, began):
            raise _too_often(wait, "Too many requests without a valid token from this address.")
        found = api_tokens.find(token, now) if token else None
        if found is None:
            raise ProblemError(
                401,
                "There is no valid token in the header Authorization.",
                "header.Authorization",
                "Send `Authorization: Bearer keuring-api.…`; make a token on the console under Settings.",
            )
        WRONG.succeeded(address, began)
        if wait := REQUESTS.begin(found.pk, began):
            raise _too_often(wait, "This token may ask 600 times a minute.")
        if self.scope not in found.scope_set:
            raise ProblemError(
                403, f"This token lacks the scope '{self.scope.value}'.", "token", "Make a token that has it."
            )
        if not found.owner.may(self.right):
            raise ProblemError(
                403,
                f"The role of the token's owner ({found.owner.role}) lacks the right '{self.right.value}'.",
                "token",
                "Ask an administrator for another role.",
            )
        request.user = found.owner
        if found.owner.language:
            translation.activate(found.owner.language)
        return found


READ: Final = Bearer(Right.LOOK, ApiToken.Scope.READ)
SIGNALS: Final = Bearer(Right.LOOK, ApiToken.Scope.SIGNALS)
ACT: Final = Bearer(Right.ACT, ApiToken.Scope.ACT)
REPORTS: Final = Bearer(Right.REPORTS, ApiToken.Scope.READ)
ANSWER: Final = Bearer(Right.REPORTS, ApiToken.Scope.ACT)
PLAN: Final = Bearer(Right.PLANS, ApiToken.Scope.ACT)
ANNOUNCE: Final = Bearer(Right.ANNOUNCE, ApiToken.Scope.ACT)
PRIVACY: Final = Bearer(Right.AUDIT, ApiToken.Scope.PRIVACY)
AUDIT: Final = Bearer(Right.AUDIT, ApiToken.Scope.READ)
STAFF_READ: Final = Bearer(Right.STAFF, ApiToken.Scope.READ)
STAFF: Final = Bearer(Right.STAFF, ApiToken.Scope.ACT)
RULES_READ: Final = Bearer(Right.RULES, ApiToken.Scope.READ)
RULES: Final = Bearer(Right.RULES, ApiToken.Scope.ACT)
SETTINGS_READ: Final = Bearer(Right.SETTINGS, ApiToken.Scope.READ)
SETTINGS: Final = Bearer(Right.SETTINGS, ApiToken.Scope.ACT)
TEXTS: Final = Bearer(Right.TEXTS, ApiToken.Scope.ACT)
TEAM: Final = Bearer(Right.TEAM, ApiToken.Scope.ACT)
ACT_READ: Final = Bearer(Right.ACT, ApiToken.Scope.READ)  # to read what is for those who work on tickets


def staff_of(request: HttpRequest) -> Staff:
    """Whom the token of this request is of."""
    owner = request.user
    assert isinstance(owner, Staff)  # noqa: S101 - Bearer put it there
    return owner


def _too_often(wait: float, detail: str) -> ProblemError:
    return ProblemError(429, detail, "", f"Wait {int(wait) + 1} seconds.", after=int(wait) + 1)
