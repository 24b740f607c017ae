"""Articles, from Markdown to safe HTML, and links to them."""

from __future__ import annotations

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
    from keuring_collector.console.pack import PackState
    from keuring_collector.rulepack import Rule
    from keuring_collector.service.knowledge import Read

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
def render(markdown: str) -> SafeString:
    """Markdown as HTML. Headings go one level down, under the page's own."""
    tokens = _PARSER.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    body: str = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return mark_safe(body)  # noqa: S308 - the parser escapes HTML


def excerpt(markdown: str) -> str:
    """What an article begins with, as plain text."""
    told = " ".join(unescape(strip_tags(render(markdown))).split())
    return Truncator(told).chars(180)


def shown(found: Read) -> Article:
    """An article to show."""
    return Article(found.slug, found.title, render(found.markdown))


def link(state: PackState, rule: Rule, language: str) -> Link | None:
    """The link to a rule's article: the desk's own when it wrote one, else the pack's."""
    found = knowledge.read(state.pack, rule.article, language) if rule.article else None
    return _link(found) if found else None


def related(state: PackState, rule: Rule | None, model: str, language: str) -> list[Link]:
    """The desk's articles about a rule or a model of machine, beside the rule's own article."""
    found = knowledge.about(state.pack, "rule", str(rule.id), language) if rule else []
    found += knowledge.about(state.pack, "model", model, language) if model else []
    return list(dict.fromkeys(_link(each) for each in found if rule is None or each.slug != rule.article))


def _link(found: Read) -> Link:
    return Link(found.title, reverse("article", args=[found.slug]))
