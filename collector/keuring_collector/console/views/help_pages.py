"""Articles for every colleague, without signing in: the list, one article, search, a feed, and "did this help?"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import articles, pack, site
from keuring_collector.console.limits import Attempts
from keuring_collector.console.middleware import language_of
from keuring_collector.console.public import busy, is_open
from keuring_collector.console.views.knowledge import LONGEST_QUERY, picture_of
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import colleagues, knowledge, search

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from keuring_collector.service.knowledge import Read

ANSWERS: Final = Attempts(most=10, period=60.0)
ALIKE: Final = 4  # letters that a word found has in common with the one searched for; its stem, mostly


def _speak(language: str) -> None:
    if language not in LANGUAGES:
        raise Http404(_("There is no such page."))
    translation.activate(language)


def _every(language: str) -> list[Read]:
    found = knowledge.everything(pack.current().pack, language)
    return [_shown(each) for each in found if colleagues.may_read(each)]


def _shown(found: Read) -> Read:
    return replace(found, markdown=colleagues.part(found.markdown))


def _one(slug: str, language: str) -> Read:
    found = knowledge.read(pack.current().pack, slug, language)
    if found is None or not colleagues.may_read(found):
        raise Http404(_("There is no such article."))
    return _shown(found)


def _find(query: str, language: str) -> tuple[list[Read], str]:
    """What fits in the part that is for colleagues: what is for the desk is not told by searching for it either."""
    found, meant = knowledge.find(pack.current().pack, query, language)
    asked = search.words(meant or query)
    fitting = [each for each in map(_shown, filter(colleagues.may_read, found)) if _has(each, asked)]
    return fitting, meant if fitting else ""


def _has(found: Read, asked: list[str]) -> bool:
    told = re.findall(r"[^\W_]+", search.fold(f"{found.title} {found.markdown}"))
    return any(word.startswith(each[:ALIKE]) for each in asked for word in told)


@is_open
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To the list in the reader's language."""
    return HttpResponseRedirect(reverse("help_list", args=[language_of(request)]))


@is_open
@require_safe
def listed(request: HttpRequest, language: str) -> HttpResponse:
    """All articles for colleagues, or those that fit a search."""
    _speak(language)
    query, meant = request.GET.get("q", "").strip()[:LONGEST_QUERY], ""
    if query:
        found, meant = _find(query, language)
    else:
        found = _every(language)
    context = {
        "query": query,
        "meant": meant,
        "found": [(each, articles.excerpt(each.markdown)) for each in found],
        "others": [pair for pair in site.LANGUAGES if pair[0] != language],
    }
    return render(request, "console/help.html", context)


@is_open
@require_safe
def article(request: HttpRequest, language: str, slug: str) -> HttpResponse:
    """One article."""
    _speak(language)
    found = _one(slug, language)
    context = {
        "found": found,
        "body": articles.render(found.markdown, reverse("help_pictures", args=[slug])),
        "thanked": request.GET.get("thanks") == "1",
        "others": [pair for pair in site.LANGUAGES if pair[0] != language],
    }
    return render(request, "console/help_article.html", context)


@is_open
@require_safe
def feed(request: HttpRequest, language: str) -> HttpResponse:
    """The desk's articles that changed last, as Atom."""
    _speak(language)
    read = [each for each in _every(language) if each.language == language]

    def address(name: str, *arguments: str) -> str:
        return request.build_absolute_uri(reverse(name, args=[language, *arguments]))

    told = site.feed(
        read, language, address("help_list"), address("help_feed"), lambda each: address("help_article", each.slug)
    )
    return HttpResponse(told, content_type="application/atom+xml; charset=utf-8")


@csrf_exempt  # a form without a session: there is nobody in whose name another site could answer
@is_open
@require_POST
def helped(request: HttpRequest, language: str, slug: str) -> HttpResponseBase:
    """One more reader whom an article helped, or not; nobody is written down."""
    _speak(language)
    _one(slug, language)
    wait = ANSWERS.begin(request.META.get("REMOTE_ADDR", ""), timezone.now().timestamp())
    if wait:
        return busy(request, wait)
    answer = request.POST.get("helped", "")
    if answer in ("yes", "no"):
        knowledge.count_help(slug, helped=answer == "yes")
    return HttpResponseRedirect(f"{reverse('help_article', args=[language, slug])}?thanks=1")


@is_open
@require_safe
def picture(request: HttpRequest, slug: str, name: str = "") -> HttpResponse:  # noqa: ARG001
    """A picture that stands in what colleagues may read of an article."""
    read = [_one(slug, language) for language in LANGUAGES]
    if not any(f"(picture:{name})" in each.markdown for each in read):
        raise Http404(_("There is no such picture."))
    return picture_of(read[0], name)
