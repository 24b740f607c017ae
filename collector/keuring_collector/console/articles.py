"""Articles, from Markdown to safe HTML, and links to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from markdown_it import MarkdownIt

from keuring_collector.service import knowledge

if TYPE_CHECKING:
    from markdown_it.token import Token

    from keuring_collector.console.pack import PackState
    from keuring_collector.rulepack import Rule
    from keuring_collector.service.knowledge import Read

_HEADING: Final = re.compile(r"^#{1,6} .*$", re.MULTILINE)
# The name of a picture tells its size, so that a page does not jump while it comes in.
PICTURE: Final = re.compile(r"[0-9a-f]{16}-(?P<width>\d{1,5})x(?P<height>\d{1,5})\.(?:png|jpg|webp)")
# HTML in an article is shown as text, and links that could run something are refused by the parser.
_PARSER: Final = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Article:
    """An article to show: its title, and its body without that title."""

    slug: str
    title: str
    body: SafeString


@dataclass(frozen=True, slots=True)
class Link:
    """Where an article is, and what it is called."""

    title: str
    url: str


@lru_cache(maxsize=128)
def render(markdown: str, pictures: str = "", ending: str = "/") -> SafeString:
    """Markdown as HTML. Its highest heading comes right below the page's own. Of images only the article's own pictures
    are shown, at the address ``pictures`` with their name and ``ending``; of others, what they show, in words.
    """
    tokens = _PARSER.parse(markdown)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    down = 2 - min((int(token.tag[1]) for token in headings), default=2)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) + down)}"
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                _picture(child, pictures, ending)
    body: str = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return mark_safe(body)  # noqa: S308 - the parser escapes HTML


def _picture(token: Token, pictures: str, ending: str) -> None:
    """Makes the image of a parsed text one of the article's pictures, or the words for it."""
    source = str(token.attrs.get("src", ""))
    found = PICTURE.fullmatch(source.removeprefix("picture:")) if source.startswith("picture:") else None
    if found is None or not pictures:
        token.type, token.tag = "text", ""
        return
    token.attrs["src"] = f"{pictures}{found[0]}{ending}"
    token.attrs |= {"width": found["width"], "height": found["height"], "loading": "lazy"}


def excerpt(markdown: str) -> str:
    """What an article begins with, as plain text without its headings."""
    told = " ".join(unescape(strip_tags(render(_HEADING.sub("", markdown)))).split())
    return Truncator(told).chars(180)


def shown(found: Read) -> Article:
    """An article to show."""
    return Article(found.slug, found.title, render(found.markdown, reverse("article_pictures", args=[found.slug])))


def beside(state: PackState, rule: Rule | None, model: str, language: str) -> tuple[Link | None, list[Link]]:
    """The link to a rule's article (the desk's own when it wrote one, else the pack's), and those to the desk's
    articles about the rule or a model of machine.
    """
    slug = (rule.article or "") if rule else ""
    about = [("rule", str(rule.id))] if rule else []
    own, others = knowledge.beside(state.pack, slug, [*about, ("model", model)] if model else about, language)
    return (_link(own) if own else None), [_link(each) for each in others]


def _link(found: Read) -> Link:
    return Link(found.title, reverse("article", args=[found.slug]))
