"""The API put together, and its addresses below /api/."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseNotAllowed
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from keuring_collector import __version__
from keuring_collector.api import (
    announcements,
    articles,
    auditing,
    backtests,
    desk,
    fleet_tickets,
    ills,
    inspections,
    it_report,
    machines,
    messages,
    outgoing,
    people,
    privacy,
    problems,
    quiet,
    scores,
    skilling,
    skills,
    starting,
    tickets,
    tips,
    visiting,
    visits,
    warranties,
    writing,
)

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.urls import URLPattern, URLResolver
    from ninja.openapi.schema import OpenAPISchema


class Api(NinjaAPI):
    """NinjaAPI, whose description says what errors and files really look like."""

    def get_openapi_schema(self, **_named: Any) -> OpenAPISchema:
        """The OpenAPI description, worked out once: that takes seconds of a processor, and anybody may ask for it."""
        return self._description

    @cached_property
    def _description(self) -> OpenAPISchema:
        """Errors are problem details, and files are files alone."""
        schema = super().get_openapi_schema()
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    content = response.get("content", {})
                    if int(status) >= 400 and "application/json" in content:
                        response["content"] = {problems.MEDIA_TYPE: content["application/json"]}
                    elif len(content) > 1:  # what is said of a file comes beside what ninja makes of bytes
                        content.pop("application/json", None)
        return schema


api = Api(
    title="Keuring",
    version=__version__,
    description="What the service desk's console does, for programs.",
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
problems.install(api)
# These add to the routers of desk, messages, skills and visits, which have the same addresses.
ADDING = (articles, skilling, visiting, writing)
for _router in (
    tickets.router,
    machines.router,
    desk.router,
    messages.router,
    scores.router,
    announcements.router,
    skills.router,
    tips.router,
    visits.router,
    backtests.router,
    ills.router,
    outgoing.router,
    it_report.router,
    warranties.router,
    quiet.router,
    starting.router,
    fleet_tickets.router,
    inspections.router,
    people.router,
    auditing.router,
    privacy.router,
):
    api.add_router("", _router)


@csrf_exempt
@login_not_required
def missing(request: HttpRequest, rest: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """An address of which there is none."""
    return problems.answer(
        problems.ProblemError(
            404, "There is nothing at this address.", request.path, "Look at /api/openapi.json for what there is."
        )
    )


def _patterns() -> list[URLPattern | URLResolver]:
    """The addresses. Tokens let in, not sessions: so no sign-in page, and no form's secret."""
    found = list(api.urls[0])
    for each in found:
        each.callback = _described(each.callback)
    return [*found, path("", missing), path("<path:rest>", missing)]


def _described(view: Any) -> Any:
    """A way that an address does not take becomes a problem too."""

    def answered(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        try:
            response: HttpResponse = view(request, *arguments, **named)
        finally:
            request.close()  # files that were sent are read or refused by now
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response.headers["Allow"]
            told = problems.answer(
                problems.ProblemError(405, f"This address takes {allowed} only.", request.path, f"Send {allowed}.")
            )
            told.headers["Allow"] = allowed
            return told
        return response

    answered.__dict__.update(view.__dict__)
    return csrf_exempt(login_not_required(answered))


urlpatterns = _patterns()
app_name = "api"
