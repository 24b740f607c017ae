"""The published articles as pages that need nothing else: for an intranet, with a feed of what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext, override

from keuring_collector.console import articles
from keuring_collector.service import colleagues, knowledge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keuring_collector.rulepack import RulePack
    from keuring_collector.service.knowledge import Read

LANGUAGES: Final = (("nl", "Nederlands"), ("en", "English"))
NEWEST: Final = 30  # entries of the feed


def pages(pack: RulePack, address: str, *, whole: bool = False) -> dict[str, str | bytes]:
    """{path: content} of the whole site. ``address`` is where it will stand, ending in a slash; empty: without feed.

    Drafts, who wrote what, and what is for the desk alone are not in it; with ``whole`` what is for the desk is.
    """
    made: dict[str, str | bytes] = {}
    for language, _name in LANGUAGES:
        # One that is there in the other language only stands with that language.
        read = [each for each in knowledge.everything(pack, language) if each.language == language]
        if not whole:
            read = [
                replace(each, markdown=colleagues.part(each.markdown)) for each in read if colleagues.may_read(each)
            ]
        with override(language):
            made |= _in_language(read, language, address)
        made |= _pictures(read)
    sheet = finders.find("console/site.css")
    assert isinstance(sheet, str)  # noqa: S101 - it stands beside this module
    made["style.css"] = Path(sheet).read_text(encoding="utf-8")
    begin = str(made["nl/index.html"])
    made["index.html"] = begin.replace('href="', 'href="nl/').replace('href="nl/../', 'href="')
    return made


def _in_language(read: Sequence[Read], language: str, address: str) -> dict[str, str]:
    frame = {"language": language, "languages": LANGUAGES, "feed": bool(address)}
    listed = [(each, articles.excerpt(each.markdown)) for each in read]
    made: dict[str, str] = {
        f"{language}/index.html": render_to_string("console/site.html", {**frame, "listed": listed})
    }
    for each in read:
        body = articles.render(each.markdown, f"../pictures/{each.slug}/", "")
        made[f"{language}/{each.slug}.html"] = render_to_string(
            "console/site.html", {**frame, "found": each, "body": body}
        )
    if address:
        own = f"{address}{language}/"
        made[f"{language}/feed.atom"] = feed(
            read, language, f"{own}index.html", f"{own}feed.atom", lambda each: f"{own}{each.slug}.html"
        )
    return made


def _pictures(read: Sequence[Read]) -> dict[str, bytes]:
    """The pictures that these articles show."""
    return {
        f"pictures/{each.slug}/{kept.name}": bytes(kept.content)
        for each in read
        if each.own is not None and "(picture:" in each.markdown
        for kept in each.own.pictures.all()
        if f"(picture:{kept.name})" in each.markdown
    }


def feed(read: Sequence[Read], language: str, home: str, own_address: str, link_of: Callable[[Read], str]) -> str:
    """The desk's own articles that changed last, the newest first, as Atom."""
    made = Atom1Feed(gettext("Knowledge"), home, "", language=language, feed_url=own_address)
    own = [(each.own.changed_at, each) for each in read if each.own is not None]
    for changed_at, each in sorted(own, key=lambda pair: pair[0], reverse=True)[:NEWEST]:
        link = link_of(each)
        text = articles.excerpt(each.markdown)
        made.add_item(each.title, link, text, unique_id=link, updateddate=changed_at, pubdate=changed_at)
    told: str = made.writeString("utf-8")
    return told
