"""Knowledge articles of the rule pack, from Markdown to safe HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from keuring_collector.console.pack import PackState
    from keuring_collector.rulepack import Rule

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


def split(markdown: str, slug: str) -> tuple[str, str]:
    """The title (the first heading, else the slug) and the rest."""
    first, _, rest = markdown.lstrip().partition("\n")
    if first.startswith("# "):
        return first[2:].strip(), rest
    return slug.replace("-", " ").replace("_", " ").capitalize(), markdown


def article(state: PackState, slug: str, language: str) -> Article | None:
    """An article in a language; None when the pack has none of that name."""
    try:
        markdown = state.pack.article(slug, language)
    except (KeyError, FileNotFoundError):
        return None
    title, body = split(markdown, slug)
    return Article(slug, title, render(body))


def link(state: PackState, rule: Rule, language: str) -> Link | None:
    """The link to a rule's article."""
    found = article(state, rule.article, language) if rule.article else None
    return Link(found.title, reverse("article", args=[found.slug])) if found else None
