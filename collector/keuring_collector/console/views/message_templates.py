"""The templates of messages to colleagues: which there are, and changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.roles import Right
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service.messages import templates
from keuring_collector.service.messages.shipped import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

NAMES = {"nl": "Nederlands", "en": "English"}
EMPTY = Wording("", "", "")


@requires(Right.TEXTS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All templates, and the shipped ones that were removed."""
    language = (get_language() or "nl")[:2]
    context = {
        "rows": [(each, each.texts[language]) for each in templates.every()],
        "removed": [(each, each.texts[language]) for each in templates.removed()],
    }
    return render(request, "console/message_templates.html", context)


@requires(Right.TEXTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new template."""
    return _keep(request, "") if request.method == "POST" else _editor(request, None, dict.fromkeys(LANGUAGES, EMPTY))


@requires(Right.TEXTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Changes one, removes it, or goes back to the shipped words."""
    found = templates.get(key) or next((each for each in templates.removed() if each.key == key), None)
    if found is None:
        raise Http404(_("There is no such template."))
    if request.method != "POST":
        return _editor(request, found, found.texts)
    staff, now = staff_of(request), timezone.now()
    match request.POST.get("do"):
        case "remove":
            templates.remove(key, actor=staff, now=now)
            messages.success(request, _("Removed."))
        case "restore":
            templates.restore(key, actor=staff)
            messages.success(request, _("The shipped words are back."))
        case _:
            return _keep(request, key, found)
    return HttpResponseRedirect(reverse("message_templates"))


def _keep(request: HttpRequest, key: str, found: templates.Template | None = None) -> HttpResponse:
    typed = {
        code: Wording(*(request.POST.get(f"{part}_{code}", "") for part in ("name", "subject", "body")))
        for code in LANGUAGES
    }
    try:
        templates.save(key, typed, actor=staff_of(request), now=timezone.now())
    except NotUnderstood as error:
        return _editor(request, found, typed, str(error.message), error.field, 422)
    messages.success(request, _("Kept. The next message is written with it."))
    return HttpResponseRedirect(reverse("message_templates"))


def _editor(
    request: HttpRequest, found: templates.Template | None, typed: Mapping[str, Wording], wrong: str = "",
    where: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    language = (get_language() or "nl")[:2]
    order = sorted(NAMES.items(), key=lambda pair: pair[0] != language)
    context: dict[str, Any] = {
        "found": found,
        "texts": [(code, name, typed[code]) for code, name in order],
        "words": [
            ("{colleague}", _("first name of the colleague")),
            ("{machine}", _("name of the machine")),
            ("{saw}", _("what we saw, in plain words: the rule's line for face to face")),
            ("{date}", _("day on which it is expected to trouble them")),
            ("{day}", _("day on which somebody comes, chosen with the message")),
            ("{who}", _("who comes")),
            ("{article}", _("the article: its address, or its text where pages are not open")),
        ],
        "wrong": wrong,
        "where": where,
    }
    return render(request, "console/message_template.html", context, status=status)
