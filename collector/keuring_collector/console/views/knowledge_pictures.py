"""The pictures of an article: which there are, adding one, and taking one away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.roles import Right
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import pictures as kept
from keuring_collector.service.models import Article

if TYPE_CHECKING:
    from django.http import HttpRequest

NAMES = {"nl": "Nederlands", "en": "English"}


@requires(Right.RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def pictures(request: HttpRequest, slug: str) -> HttpResponse:
    """The page; a POST adds a picture."""
    article = get_object_or_404(Article, slug=slug)
    if request.method != "POST":
        return _page(request, article)
    upload = request.FILES.get("file")
    # One byte more than may be kept is enough to know that it is too large.
    content = b"" if upload is None or isinstance(upload, list) else upload.read(kept.LARGEST + 1)
    alts = {language: request.POST.get(f"alt_{language}", "") for language in LANGUAGES}
    try:
        kept.add(article, content, alts, actor=staff_of(request), now=timezone.now())
    except ActionError as error:
        where = error.field if isinstance(error, NotUnderstood) else ""
        return _page(request, article, str(error.message), where, 422)
    messages.success(request, _("Added. Copy its line into the text where it should stand."))
    return HttpResponseRedirect(reverse("article_pictures", args=[slug]))


@requires(Right.RULES)
@require_POST
def remove(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Takes one away."""
    article = get_object_or_404(Article, slug=slug)
    try:
        kept.remove(article, name, actor=staff_of(request))
        messages.success(request, _("Picture removed."))
    except ActionError as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(reverse("article_pictures", args=[slug]))


def _page(request: HttpRequest, article: Article, wrong: str = "", where: str = "", status: int = 200) -> HttpResponse:
    language = (get_language() or "nl")[:2]
    order = sorted(NAMES.items(), key=lambda pair: pair[0] != language)
    context = {
        "article": article,
        "title": article.title(language) or article.title_nl or article.title_en,
        "pictures": [
            (
                each,
                [
                    (code, name, f"![{alt}](picture:{each.name})")
                    for code, name in order
                    if (alt := getattr(each, f"alt_{code}"))
                ],
            )
            for each in article.pictures.defer("content")
        ],
        "alts": [(code, name, request.POST.get(f"alt_{code}", ""), bool(article.title(code))) for code, name in order],
        "wrong": wrong,
        "where": where,
    }
    return render(request, "console/article_pictures.html", context, status=status)
