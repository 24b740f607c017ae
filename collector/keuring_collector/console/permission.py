"""Which right a page needs. Every view of the console states one with ``requires``; a test asks each route for it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied

from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

P = ParamSpec("P")
STATED = "required_right"  # the attribute of a view that tells which right it needs


class NotAllowed(PermissionDenied):
    """Somebody's role lacks the right for this page."""

    def __init__(self, right: Right) -> None:
        super().__init__(f"this needs the right '{right.value}'")
        self.right = right


def staff_of(request: HttpRequest) -> Staff:
    """Who asks. Only for views behind LoginRequiredMiddleware, which lets nobody else through."""
    staff = request.user
    assert isinstance(staff, Staff)  # noqa: S101
    return staff


def home_of(staff: Staff) -> str:
    """The route where somebody begins: the queue, or for those who see counts alone the IT reports."""
    return "queue" if staff.may(Right.LOOK) or not staff.may(Right.REPORTS) else "it_reports"


def requires(
    right: Right,
) -> Callable[[Callable[Concatenate[HttpRequest, P], Any]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Lets only staff with ``right`` reach the view; others get a page that says who could help."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], Any],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponseBase:
            if not staff_of(request).may(right):
                raise NotAllowed(right)
            response: HttpResponseBase = view(request, *arguments, **named)
            return response

        setattr(guarded, STATED, right)
        return guarded

    return decorate
