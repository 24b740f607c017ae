"""The session of a colleague on My workplace: it opens that page alone, and nothing of the desk."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.utils import timezone

from keuring_collector.desk import audit
from keuring_collector.fleet.models import Colleague, Endpoint
from keuring_collector.service.workplace import whose

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

    from keuring_collector.service.workplace.whose import Whose

P = ParamSpec("P")
KEY: Final = "workplace"  # in the session
LONGEST: Final = 2 * 3600  # seconds
OPENED: Final = "opens_workplace"  # the attribute of a view that a colleague's session opens


def begin(request: HttpRequest, *, colleague: Colleague | None = None, endpoint: Endpoint | None = None) -> None:
    """Opens the page for a colleague, or for one machine, in this browser."""
    request.session.cycle_key()
    request.session[KEY] = {
        "colleague": colleague.pk if colleague else None,
        "endpoint": endpoint.pk if endpoint else None,
        "until": timezone.now().timestamp() + LONGEST,
    }
    seen = [endpoint] if endpoint else list(whose.of_colleague(colleague).machines) if colleague else []
    for each in seen:
        audit.record(None, "workplace.entered", audit.machine(each), {"by": "link" if endpoint else "oidc"})


def end(request: HttpRequest) -> None:
    """Closes it."""
    request.session.pop(KEY, None)


def current(request: HttpRequest) -> Whose | None:
    """Whose page this browser may see; None: nobody's. Asked anew each time: a machine may have gone to another."""
    kept = request.session.get(KEY)
    if not isinstance(kept, dict) or kept.get("until", 0) < timezone.now().timestamp():
        return None
    if kept.get("colleague"):
        colleague = Colleague.objects.filter(pk=kept["colleague"]).first()
        return whose.of_colleague(colleague) if colleague else None
    endpoint = Endpoint.objects.filter(pk=kept.get("endpoint") or 0, state=Endpoint.State.ACTIVE).first()
    return whose.of_machine(endpoint) if endpoint else None


def for_colleague(
    view: Callable[Concatenate[HttpRequest, Whose, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Lets only a colleague's session in, and tells the view whose it is; others are shown the door."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponseBase:
        found = current(request)
        if found is None:
            return redirect("workplace_door")
        return view(request, found, *arguments, **named)

    setattr(guarded, OPENED, True)
    return login_not_required(guarded)
