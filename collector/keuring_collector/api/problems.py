"""Errors as problem details (RFC 9457): what went wrong, where, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from ninja import Schema
from ninja.errors import HttpError, ValidationError

from keuring_collector.desk import actions
from keuring_collector.store import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ninja import NinjaAPI

log = structlog.get_logger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "No valid token",
    403: "Not allowed",
    404: "Not there",
    405: "Not this way",
    409: "Not as it was",
    413: "Too much at once",
    422: "Not understood",
    429: "Too many requests",
    500: "An error of ours",
    503: "Not now",
}


class Problem(Schema):
    """What every error looks like."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    where: str = ""
    mend: str = ""


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, detail: str, where: str = "", mend: str = "", after: int = 0) -> None:
        super().__init__(detail)
        self.problem = Problem(title=TITLES[status], status=status, detail=detail, where=where, mend=mend)
        self.after = after


def answer(error: ProblemError) -> JsonResponse:
    """The response for a problem."""
    response = JsonResponse(error.problem.model_dump(), status=error.problem.status, content_type=MEDIA_TYPE)
    if error.after:
        response.headers["Retry-After"] = str(error.after)
    if error.problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Keuring"'
    return response


def install(api: NinjaAPI) -> None:
    """Makes every error of an API a problem."""
    api.exception_handler(ProblemError)(lambda _request, error: answer(error))
    api.exception_handler(Http404)(lambda request, error: answer(_missing(request, error)))
    api.exception_handler(ValidationError)(lambda _request, error: answer(_invalid(error)))
    api.exception_handler(HttpError)(lambda _request, error: answer(_http(error)))
    api.exception_handler(RequestDataTooBig)(
        lambda _request, _error: answer(ProblemError(413, "The body is larger than 2.5 MB.", "body", "Send less."))
    )
    api.exception_handler(MultiPartParserError)(
        lambda _request, error: answer(
            ProblemError(400, str(error), "body", "Send multipart form data as /api/openapi.json describes it.")
        )
    )
    api.exception_handler(actions.NotUnderstood)(
        lambda _request, error: answer(ProblemError(422, str(error.message), error.field))
    )
    api.exception_handler(actions.ActionError)(
        lambda _request, error: answer(
            ProblemError(409, str(error.message), "", "Read the ticket again and send its new stamp as `seen`.")
        )
    )
    api.exception_handler(DatabaseError)(lambda _request, error: answer(_away(error)))
    api.exception_handler(StorageError)(lambda _request, error: answer(_away(error)))
    api.exception_handler(Exception)(lambda request, error: answer(_ours(request, error)))


def _missing(request: HttpRequest, error: Http404) -> ProblemError:
    detail = (
        str(error.args[0]) if error.args and isinstance(error.args[0], str) else "There is nothing at this address."
    )
    return ProblemError(404, detail, request.path, "Look at /api/openapi.json for what there is.")


def _invalid(error: ValidationError) -> ProblemError:
    """The first thing that is wrong, with its place; how many more there are."""
    first = error.errors[0]
    where = ".".join(str(part) for part in first.get("loc", ()))
    more = f" ({len(error.errors) - 1} more)" if len(error.errors) > 1 else ""
    return ProblemError(422, f"{first.get('msg', 'not understood')}{more}", where, "Look at /api/openapi.json.")


def _http(error: HttpError) -> ProblemError:
    status = error.status_code if error.status_code in TITLES else 400
    return ProblemError(
        status, str(error), "body" if status == 400 else "", "Send JSON as /api/openapi.json describes it."
    )


def _away(error: Exception) -> ProblemError:
    log.error("the API waits for the database", error=str(error))
    return ProblemError(503, "The database is busy or away.", "", "Try again in a few seconds.", after=5)


def _ours(request: HttpRequest, error: Exception) -> ProblemError:
    log.error("the API failed", path=request.path, exc_info=error)
    return ProblemError(
        500, "The collector met an error that it does not know; it is in the log.", request.path, "Try again."
    )
