"""What is announced, for every colleague, without signing in: a page, each announcement, and an Atom feed.

Only where the organisation sets ``public_pages``, and only announcements that say so. Nothing about machines or people
is on these pages. Readings are counted, and nothing of who reads is kept: that a browser has read one, it knows itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from keuring_collector.console import articles
from keuring_collector.console.limits import Attempts
from keuring_collector.console.views import announcements
from keuring_collector.desk import wording
from keuring_collector.service import promises
from keuring_collector.service.announcing import current, letters, timing
from keuring_collector.service.models import Announcement, Promise

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

READ = "read"  # the cookie with what this browser has read
MOST_READ = 60
FEWEST_PROMISES = 5  # of fewer no share is told
READ_SECONDS = 180 * 86400
COUNTED = Attempts(most=60, period=60.0)  # readings that one address may add


def _open() -> None:
    if not settings.KEURING.public_pages:
        raise Http404(_("There is no such page."))


@login_not_required
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """What is coming."""
    _open()
    now = timezone.now()
    told = [*current.for_everybody(now), *current.called_off(now)]
    rows = [announcements.row(each, now, announcements.language()) for each in told]
    lately = promises.months(Promise.objects.all(), wording.local_day(now))
    kept, due = sum(month.kept for month in lately), sum(month.due for month in lately)
    context = {"rows": rows, "kept": kept, "due": due if due >= FEWEST_PROMISES else 0}
    return render(request, "console/news.html", context)


@login_not_required
@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One announcement; also one that is over or withdrawn, which says so."""
    _open()
    found = Announcement.objects.filter(pk=pk, public=True).exclude(state=Announcement.State.DRAFT).first()
    if found is None:
        raise Http404(_("There is no such announcement."))
    now = timezone.now()
    context = announcements.read(found, letters.language_of(found, announcements.language()), now)
    context["is_over"] = timing.is_over(found, wording.local_day(now))
    response = render(request, "console/news_item.html", context)
    _count(request, response, pk, now)
    return response


def _count(request: HttpRequest, response: HttpResponse, pk: int, now: datetime) -> None:
    """Counts a reading, once a browser. Fetching ahead is no reading, nor is asking for the headers alone."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", "") or request.method != "GET"
    read = [text for text in request.COOKIES.get(READ, "").split(".") if text.isdecimal()]
    if ahead or str(pk) in read or COUNTED.begin(request.META.get("REMOTE_ADDR", ""), now.timestamp()):
        return
    Announcement.objects.filter(pk=pk).update(reads=F("reads") + 1)
    kept = ".".join([*read, str(pk)][-MOST_READ:])
    response.set_cookie(
        READ, kept, max_age=READ_SECONDS, path=reverse("news"), secure=settings.KEURING.console_tls, httponly=True,
        samesite="Lax",
    )  # fmt: skip


@login_not_required
@require_safe
def feed(request: HttpRequest, language: str) -> HttpResponse:
    """The same as an Atom feed, in one language."""
    _open()
    now = timezone.now()
    if language not in ("nl", "en"):
        raise Http404(_("The feed is there in nl and en."))
    with override(language):
        made = Atom1Feed(
            title=_("Announcements of the service desk"),
            link=request.build_absolute_uri(reverse("news")),
            feed_url=request.build_absolute_uri(),
            description="",
            language=language,
        )
        for each in (*current.for_everybody(now), *current.called_off(now)):
            _add(made, request, each, language, now)
        text = made.writeString("utf-8")
    return HttpResponse(text, content_type="application/atom+xml; charset=utf-8")


def _add(made: Atom1Feed, request: HttpRequest, found: Announcement, language: str, now: datetime) -> None:
    spoken = letters.language_of(found, language)
    words, is_off = letters.WORDS[spoken], found.state == Announcement.State.WITHDRAWN
    with override(spoken):
        when = wording.capitalised(timing.in_words(found, now))
    if is_off:
        markdown = found.withdrawn_why
    else:
        must = found.text("must", spoken) or words["nothing"]
        parts = ((words["when"], when), (words["means"], found.text("means", spoken)), (words["must"], must))
        markdown = "\n\n".join(f"## {name}\n\n{text}" for name, text in parts if text)
    made.add_item(
        title=letters.heading(found, "withdrawn" if is_off else "first", spoken),
        link=request.build_absolute_uri(reverse("news_item", args=[found.pk])),
        description=articles.render(markdown),
        unique_id=f"urn:uuid:{found.step}",
        pubdate=found.published_at,
        updateddate=found.changed_at,
    )
