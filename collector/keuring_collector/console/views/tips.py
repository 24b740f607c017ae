"""Tips: where they hold and what they came to; and on a machine's page, telling one or putting it aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import pack
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.console.views.machines import endpoint_of
from keuring_collector.desk.acting import ActionError
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import TipChance
from keuring_collector.service.tips import figures, offering, rules

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponse


@requires(Right.LOOK)
@require_safe
def tips(request: HttpRequest) -> HttpResponse:
    """Every tip of the pack with its figures, and the months."""
    staff, now, state = staff_of(request), timezone.now(), pack.current()
    language = (get_language() or "nl")[:2]
    told = figures.per_tip(staff, state.pack, now)
    titles = rules.headlines([each.rule for each in told], state.pack, language)
    found = [(each, title, rules.is_offered(each.rule)) for each, title in zip(told, titles, strict=True)]
    context = {
        "tips": found,
        "months": figures.per_month(staff, now),
        "holding": any(each.machines for each, _title, _offered in found),
        "switched_on": settings.KEURING.tips,
        "business_hours": settings.KEURING.business_hours,
    }
    return render(request, "console/tips.html", context)


@requires(Right.ACT)
@require_POST
def act(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """A tip of a machine was told in person, or is not for its colleague."""
    endpoint, now = endpoint_of(request, identity), timezone.now()
    chance = get_object_or_404(TipChance, pk=number(request.POST.get("tip", "")) or 0, endpoint=endpoint)
    chance.endpoint = endpoint
    try:
        if request.POST.get("do") == "told":
            offering.tell(staff_of(request), chance, pack.current().pack, now)
            messages.success(request, _("Noted. In four weeks Keuring says whether it helped."))
        elif request.POST.get("do") == "aside":
            offering.put_aside(staff_of(request), chance, now)
            messages.success(request, _("Put aside: this tip does not come back to them."))
        else:
            messages.error(request, _("The console does not know this action."))
    except ActionError as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(reverse("machine", args=[identity]) + "#tips")
